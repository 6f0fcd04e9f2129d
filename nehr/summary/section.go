package summary

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// part is a section of the summary.
type part int

// The sections in the order of the document.
const (
	problems part = iota
	allergies
	medicines
	pregnancy
	vitals
	results
	immunizations
	procedures
	past
	social
	plan
	parts // how many
)

// layout is the code that IPS 1.1.0 gives each section, and which classes of data of
// nehr/access may be in it.
var layout = [parts]struct {
	loinc   string
	classes []string
}{
	problems:      {"11450-4", []string{"problems"}},
	allergies:     {"48765-2", []string{"allergies"}},
	medicines:     {"10160-0", []string{"medicines"}},
	pregnancy:     {"10162-6", []string{"observations", "laboratory", "vitals"}},
	vitals:        {"8716-3", []string{"vitals"}},
	results:       {"30954-2", []string{"laboratory", "observations", "documents"}},
	immunizations: {"11369-6", []string{"immunizations"}},
	procedures:    {"47519-4", []string{"procedures"}},
	past:          {"11348-0", []string{"problems"}},
	social:        {"29762-2", []string{"observations"}},
	plan:          {"18776-5", []string{"referrals", "visits", "observations"}},
}

// known are the classes that some section, or none, holds.
var known = []string{"demographics", "visits", "vitals", "laboratory", "observations", "problems", "allergies", "medicines",
	"immunizations", "procedures", "referrals", "documents"}

// from tells whether something of the section may be withheld.
func (w Withheld) from(p part) bool {
	if !w.Any && len(w.Classes) == 0 {
		return false
	}
	if len(w.Classes) == 0 {
		return true
	}
	return slices.ContainsFunc(w.Classes, func(class string) bool {
		return slices.Contains(layout[p].classes, class) || !slices.Contains(known, class)
	})
}

// codes of observations that belong to the history of pregnancies.
var (
	dueDates = []string{"11778-8", "11779-6", "11780-4"} // value set edd-method-uv-ips
	outcomes = []string{"11636-8", "11637-6", "11638-4", "11639-2", "11640-0", "11612-9", "11613-7", "11614-5", "33065-4"}
	// of this pregnancy and of those before, which no value set of IPS lists
	pregnancyLOINC  = []string{"82810-3", "8665-2", "11996-6", "11977-6", "64708-1", "68497-7", "11885-1", "11881-0", "18185-9", "11948-7"}
	pregnancySNOMED = []string{"249045009", "268470003", "246435002", "57036006", "11687002", "161732006", "364325004"}
	// notes on what is to be done, and why she is referred
	planLOINC  = []string{"18776-5", "51847-2", "42349-1"}
	planSNOMED = []string{"183924009"}
)

// place finds the section of a resource; ok is false where it has none.
func place(r *fhirjson.Value) (p part, ok bool) {
	if retracted(r) {
		return 0, false
	}
	status := r.Get("status").Str()
	switch typeOf(r) {
	case "Condition":
		if coded(r.Get("verificationStatus"), nehr.SystemConditionVerification, "refuted") {
			return 0, false // what she was found not to have is no problem of hers
		}
		for _, over := range []string{"inactive", "remission", "resolved"} {
			if coded(r.Get("clinicalStatus"), nehr.SystemConditionClinical, over) {
				return past, true
			}
		}
		return problems, true
	case "AllergyIntolerance":
		return allergies, !coded(r.Get("verificationStatus"), "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "refuted")
	case "MedicationStatement", "MedicationRequest":
		return medicines, true
	case "Immunization":
		return immunizations, true
	case "Procedure":
		return procedures, true
	case "DiagnosticReport":
		return results, true
	case "Observation":
		return placeObservation(r), true
	case "Appointment":
		return plan, slices.Contains([]string{"proposed", "pending", "booked", "arrived", "checked-in", "waitlist"}, status)
	case "ServiceRequest":
		return plan, slices.Contains([]string{"draft", "active", "on-hold"}, status)
	}
	return 0, false
}

func placeObservation(r *fhirjson.Value) part {
	has := func(system string, codes []string) bool {
		return slices.ContainsFunc(codes, func(c string) bool { return coded(r.Get("code"), system, c) })
	}
	switch {
	case has(nehr.SystemLOINC, dueDates), has(nehr.SystemLOINC, outcomes), has(nehr.SystemLOINC, pregnancyLOINC), has(nehr.SystemSNOMED, pregnancySNOMED):
		return pregnancy
	case has(nehr.SystemLOINC, planLOINC), has(nehr.SystemSNOMED, planSNOMED):
		return plan
	case categorised(r, "vital-signs"):
		return vitals
	case categorised(r, "social-history"), has(nehr.SystemSNOMED, []string{"110483000"}), has(nehr.SystemLOINC, []string{"72166-2", "74013-4", "62526-9"}):
		return social
	}
	return results
}

// retracted tells whether a resource was entered in error.
func retracted(r *fhirjson.Value) bool {
	return r.Get("status").Str() == "entered-in-error" ||
		slices.ContainsFunc(r.All("verificationStatus.coding.code"), func(c *fhirjson.Value) bool { return c.Str() == "entered-in-error" })
}

func categorised(r *fhirjson.Value, code string) bool {
	for _, c := range r.Get("category").Items() {
		if coded(c, nehr.SystemObservationCategory, code) {
			return true
		}
	}
	return false
}

// coded tells whether a CodeableConcept has a code.
func coded(concept *fhirjson.Value, system, code string) bool {
	for _, c := range concept.Get("coding").Items() {
		if c.Get("code").Str() == code && c.Get("system").Str() == system {
			return true
		}
	}
	return false
}

// systemAbsent is IPS's code system for what is absent or not known.
const systemAbsent = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"

// over tells whether a statement that there is none is not so any more. What is not
// taken, or taken later, is no statement about now either.
func over(r *fhirjson.Value) bool {
	for _, c := range r.All("clinicalStatus.coding.code") {
		if slices.Contains([]string{"inactive", "remission", "resolved"}, c.Str()) {
			return true
		}
	}
	switch typeOf(r) {
	case "MedicationStatement", "MedicationRequest":
		return !slices.Contains([]string{"active", "unknown", ""}, r.Get("status").Str())
	}
	return false
}

// absence tells whether a resource says that there is nothing (none), or that
// nothing is known.
func absence(r *fhirjson.Value) (none, unknown bool) {
	for _, name := range []string{"code", "medicationCodeableConcept", "vaccineCode"} {
		for _, c := range r.Get(name, "coding").Items() {
			code := c.Get("code").Str()
			switch c.Get("system").Str() {
			case systemAbsent:
				none = none || strings.HasPrefix(code, "no-known-")
				unknown = unknown || strings.HasSuffix(code, "-info")
			case nehr.SystemSNOMED: // of the value sets absent-unknown of IPS
				none = none || slices.Contains([]string{"160245001", "716186003", "787481004", "787480003"}, code)
			}
		}
	}
	return none, unknown
}
