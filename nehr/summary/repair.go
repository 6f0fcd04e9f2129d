package summary

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Canonical URLs of IPS 1.1.0 that no resource of the record claims.
const (
	canonicalIPS       = "http://hl7.org/fhir/uv/ips/StructureDefinition/"
	profileBundle      = canonicalIPS + "Bundle-uv-ips"
	profileComposition = canonicalIPS + "Composition-uv-ips"
	profileAllergy     = canonicalIPS + "AllergyIntolerance-uv-ips"
	profileRequest     = canonicalIPS + "MedicationRequest-uv-ips"
	profileMedication  = canonicalIPS + "Medication-uv-ips"
	profileProcedure   = canonicalIPS + "Procedure-uv-ips"
	profileReport      = canonicalIPS + "DiagnosticReport-uv-ips"
	profileResults     = canonicalIPS + "Observation-results-uv-ips"
	profileSpecimen    = canonicalIPS + "Specimen-uv-ips"
	profileVitals      = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
)

// profiles are those of the types that have one in every summary.
var profiles = map[string]string{
	"Patient": nehr.ProfileIPSPatient, "Condition": nehr.ProfileIPSCondition, "AllergyIntolerance": profileAllergy,
	"MedicationStatement": nehr.ProfileIPSMedicationStatement, "MedicationRequest": profileRequest, "Medication": profileMedication,
	"Immunization": nehr.ProfileIPSImmunization, "Procedure": profileProcedure, "Specimen": profileSpecimen,
	"Practitioner": nehr.ProfileIPSPractitioner, "PractitionerRole": nehr.ProfileIPSPractitionerRole, "Organization": nehr.ProfileIPSOrganization,
}

// absentExtension is R4's data-absent-reason.
func absentExtension(reason string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("url", fhirjson.Text(nehr.ExtensionDataAbsent)), fhirjson.F("valueCode", fhirjson.Text(reason)))
}

func absentElement(reason string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("extension", fhirjson.List(absentExtension(reason))))
}

// shaped is a copy of a resource as it stands in the document: with the profile of
// IPS that it keeps and no other claim, with narrative, with ids and references of
// the document. Where IPS demands what the record does not say, its absence is said.
func (m *maker) shaped(r *fhirjson.Value) *fhirjson.Value {
	c := r.Clone()
	typ := typeOf(c)
	id := strings.TrimPrefix(m.inside[typ+"/"+c.Get("id").Str()], "urn:uuid:")
	labels := c.Get("meta", "security")
	c.Delete("text")
	c.Delete("meta")
	c.Delete("implicitRules")
	for _, within := range c.Get("contained").Items() {
		for _, name := range []string{"text", "meta", "implicitRules"} {
			within.Delete(name)
		}
	}
	switch typ {
	case "Patient":
		m.shapePatient(c)
	case "Practitioner":
		if len(c.Get("name").Items()) == 0 {
			c.Set("name", fhirjson.List(absentElement("unknown")))
		}
	case "Organization":
		require(c, "name")
	case "MedicationStatement":
		requireChoice(c, "effective", "effectiveDateTime")
	case "Immunization":
		requireChoice(c, "occurrence", "occurrenceDateTime")
	case "Procedure":
		requireChoice(c, "performed", "performedDateTime")
	case "Observation", "DiagnosticReport":
		requireChoice(c, "effective", "effectiveDateTime")
	}
	profile := profiles[typ]
	switch typ {
	case "Condition":
		if c.Get("clinicalStatus") == nil {
			profile = "" // IPS demands it by a code, and none would be true
		}
	case "Observation":
		profile = shapeObservation(c)
	case "DiagnosticReport":
		if c.Get("status").Str() == "final" && len(c.Get("category").Items()) == 1 {
			profile = profileReport
		}
	}
	m.resolve(c)
	c.Set("id", fhirjson.Text(id))
	meta := fhirjson.Fields()
	if profile != "" {
		meta.Set("profile", fhirjson.List(fhirjson.Text(profile)))
	}
	meta.Set("security", labels)
	if len(meta.Members()) > 0 {
		c.SetFirst(2, "meta", meta)
	}
	if div := m.own(r); div != "" {
		c.SetFirst(3, "text", fhirjson.Fields(fhirjson.F("status", fhirjson.Text("generated")), fhirjson.F("div", fhirjson.Text(div))))
	}
	return c
}

// shapePatient leaves out what is of this installation and not of her: identifiers
// that are no national ones (a pairwise subject of her sign-in must not leave), and
// those that have no number.
func (m *maker) shapePatient(c *fhirjson.Value) {
	kept := fhirjson.List()
	for _, i := range c.Get("identifier").Items() {
		if i.Get("value").Str() != "" && (i.Get("use").Str() == "official" || strings.HasPrefix(i.Get("system").Str(), nationalIdentifiers)) {
			kept.Append(i)
		}
	}
	c.Delete("identifier")
	if len(kept.Items()) > 0 {
		c.Set("identifier", kept)
	}
	if len(c.Get("name").Items()) == 0 {
		c.Set("name", fhirjson.List(fhirjson.Fields(fhirjson.F("_text", absentElement("unknown")))))
	}
}

// unregistered is a copy of the patient without the system that registered her.
func unregistered(patient *fhirjson.Value) *fhirjson.Value {
	c := patient.Clone()
	extensions := slices.DeleteFunc(slices.Clone(c.Get("extension").Items()), func(e *fhirjson.Value) bool {
		return e.Get("url").Str() == nehr.ExtensionRegistrationSystem
	})
	c.Delete("extension")
	if len(extensions) > 0 {
		c.Set("extension", fhirjson.List(extensions...))
	}
	return c
}

// nationalIdentifiers is what the systems of the national guide begin with.
var nationalIdentifiers = strings.TrimSuffix(nehr.SystemPHN, "phn")

// require says that a required string is not known where it is not there.
func require(c *fhirjson.Value, name string) {
	if c.Get(name).Str() == "" && c.Get("_"+name) == nil {
		c.Set("_"+name, absentElement("unknown"))
	}
}

// requireChoice does so for a choice, of which no branch may be there.
func requireChoice(c *fhirjson.Value, choice, branch string) {
	for _, member := range c.Members() {
		if strings.HasPrefix(strings.TrimPrefix(member.Name, "_"), choice) {
			return
		}
	}
	c.Set("_"+branch, absentElement("unknown"))
}

// shapeObservation brings an observation to the profile of IPS that is for it, and
// gives that profile; "" where it keeps none, which no section forbids.
func shapeObservation(c *fhirjson.Value) (profile string) {
	has := func(codes []string) bool {
		return slices.ContainsFunc(codes, func(code string) bool { return coded(c.Get("code"), nehr.SystemLOINC, code) })
	}
	final := c.Get("status").Str() == "final"
	switch {
	case has([]string{"82810-3"}):
		profile = nehr.ProfileIPSPregnancyStatus
	case has(dueDates):
		profile = nehr.ProfileIPSPregnancyEDD
	case categorised(c, "vital-signs"):
		return profileVitals
	case placeObservation(c) == results && final:
		if categorised(c, "laboratory") && len(c.Get("performer").Items()) > 0 && !slices.Contains([]string{"valueInteger", "valueBoolean", "valueSampledData"}, valueOf(c)) {
			return nehr.ProfileIPSLaboratory
		}
		return profileResults
	}
	if profile != "" {
		// These profiles forbid the system that recorded it; what was measured or found
		// is not in these members.
		for _, name := range []string{"device", "bodySite", "specimen", "referenceRange"} {
			if name != "device" && c.Get(name) != nil || len(c.Get("component").Items()) > 0 {
				return ""
			}
		}
		c.Delete("device")
	}
	if placeObservation(c) == pregnancy {
		onlySlice(c)
	}
	return profile
}

// onlySlice keeps a final observation of a pregnancy out of the slice of results. IPS
// 1.1.0 tells the slices of its Bundle apart by the profile that an entry keeps, and
// such an observation keeps both, which validators call an error of the document. The
// profile of results fixes the bare code final; here it is told in a word as well.
func onlySlice(c *fhirjson.Value) {
	if c.Get("status").Str() == "final" && c.Get("_status") == nil {
		c.Set("_status", fhirjson.Fields(fhirjson.F("extension", fhirjson.List(fhirjson.Fields(
			fhirjson.F("url", fhirjson.Text("http://hl7.org/fhir/StructureDefinition/rendered-value")), fhirjson.F("valueString", fhirjson.Text("final")))))))
	}
}

// valueOf is the name of the branch of value[x] that is there.
func valueOf(c *fhirjson.Value) string {
	for _, member := range c.Members() {
		if strings.HasPrefix(member.Name, "value") {
			return member.Name
		}
	}
	return ""
}
