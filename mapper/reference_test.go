package mapper_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// The documents of the reference implementation. What is expected of them was
// written down from the documents, not from the reference's expected bundle,
// which holds its own defects (D-090).

// referenceFacts is what the consistent document says: event and element (or
// a key of our own), type, code, value and date.
var referenceFacts = []struct{ id, typ, code, value, date string }{
	{"ANEt5ec0HOM-plTkCmySMzT", "Condition", "sct|38341003", "active confirmed", "2025-09-04"},
	{"ANEt5ec0HOM-R4EnBNPKblS", "Condition", "sct|56265001", "active confirmed", "2025-09-04"},
	{"ANEt5ec0HOM-No3jJWIR7bn", "Observation", "loinc|11885-1", "18 wk", "2025-09-04"},
	{"ANEt5ec0HOM-BqkEw3MQDNI", "Observation", "dhis2|BqkEw3MQDNI", "4 a", "2025-09-04"},
	{"ANEt5ec0HOM-YuZEbIjLLKZ", "Observation", "sct|842009", "sct|2667000", "2025-09-04"},
	{"ANEt5ec0HOM-n2rSTrjRQ8O", "Observation", "sct|17276009", "sct|2667000", "2025-09-04"},
	{"ANEt5ec0HOM-vuDExM32SZ6", "Observation", "loinc|8665-2", "2025-07-02", "2025-09-04"},
	{"ANEt5ec0HOM-r5TIiovGHdi", "Observation", "loinc|11779-6", "2026-04-08", "2025-09-04"},
	{"ANEt5ec0HOM-OMe6LMsusv4", "Observation", "loinc|11638-4", "2", "2025-09-04"},
	{"ANEt5ec0HOM-TRkCMVFhrmr", "Observation", "loinc|11996-6", "3", "2025-09-04"},
	{"ANEt5ec0HOM-NPnDmeGBLsl", "Observation", "loinc|11977-6", "2", "2025-09-04"},
	{"ANEt5ec0HOM-J3eLUAZkM6M", "MedicationStatement", "atc|B03BB01", "active", "2025-09-04"},
	{"ANEt5ec0HOM-RpRCMceQhks", "Immunization", "sct|871732000", "completed", "2025-09-04"},
	{"ANEt5ec0HOM", "Encounter", "urn:dhis2:programStage|LWJcStrI6kM", "finished", "2025-09-04"},
	{"iLU4Tgp6dzF-pregnancy-status", "Observation", "loinc|82810-3", "loinc|LA15173-0", "2025-09-03"},

	{"bEPWxMXbAdX-blood-pressure", "Observation", "loinc|85354-9", "loinc|8480-6 120 mm[Hg]", "2025-09-16"},
	{"bEPWxMXbAdX-gu4sr8eOZcT", "Observation", "loinc|11885-1", "18 wk", "2025-09-16"},
	{"bEPWxMXbAdX-Ei55u2kvdzm", "Observation", "sct|268470003", "sct|52101004", "2025-09-16"},
	{"bEPWxMXbAdX-k7K4aO0RXew", "Observation", "sct|26237000", "sct|52101004", "2025-09-16"},
	{"bEPWxMXbAdX-yQk0w6KiXHJ", "Observation", "loinc|25428-4", "sct|10828004", "2025-09-16"},
	{"bEPWxMXbAdX", "Encounter", "urn:dhis2:programStage|GX0z9IXFaso", "finished", "2025-09-16"},
	{"iLU4Tgp6dzF-GCHralHLuAB", "MedicationStatement", "atc|A11GA01", "active", "2025-09-16"},
}

// told is what a resource says, in the form of referenceFacts.
func told(res nehr.Resource) (code, value, date string) {
	first := func(s []string) string {
		if len(s) == 0 {
			return ""
		}
		return s[0]
	}
	switch x := res.(type) {
	case *nehr.Condition:
		return first(coded(x.Code)), x.ClinicalStatus.Coding[0].Code + " " + x.VerificationStatus.Coding[0].Code, x.RecordedDate
	case *nehr.MedicationStatement:
		return first(coded(x.MedicationCodeableConcept)), string(x.Status), x.EffectivePeriod.Start
	case *nehr.Immunization:
		return first(coded(&x.VaccineCode)), string(x.Status), x.Recorded
	case *nehr.Encounter:
		return first(coded(&x.Type[0])), string(x.Status), x.Period.Start
	case *nehr.Observation:
		code, date = first(coded(&x.Code)), x.EffectiveDateTime
		switch {
		case x.ValueQuantity != nil:
			value = x.ValueQuantity.Value.String() + " " + x.ValueQuantity.Code
		case x.ValueInteger != nil:
			value = strconv.Itoa(*x.ValueInteger)
		case x.ValueCodeableConcept != nil:
			value = first(coded(x.ValueCodeableConcept))
		case x.ValueDateTime != "":
			value = x.ValueDateTime
		default:
			var parts []string
			for _, c := range x.Component {
				parts = append(parts, first(coded(&c.Code)), c.ValueQuantity.Value.String(), c.ValueQuantity.Code)
			}
			value = strings.Join(parts, " ")
		}
	}
	return code, value, date
}

// reference maps a document of the reference with the context made from its
// system info.
func reference(t *testing.T, name string) *record {
	t.Helper()
	return mappedIn(t, document(t, name), systemInfo(t))
}

func expectFacts(t *testing.T, r *record, skip string) {
	t.Helper()
	expected := map[string]bool{}
	for _, f := range referenceFacts {
		if skip != "" && (strings.HasPrefix(f.id, skip) || f.id == "iLU4Tgp6dzF-GCHralHLuAB") {
			continue
		}
		expected[f.typ+" "+f.id] = true
		found := false
		for _, res := range r.byURL {
			ids := res.Common().Identifier
			if res.ResourceType() == f.typ && len(ids) > 0 && ids[len(ids)-1].Value == f.id {
				found = true
				code, value, date := told(res)
				same(t, f.typ+" "+f.id, []string{code, value, date}, []string{f.code, f.value, f.date})
			}
		}
		if !found {
			t.Errorf("%s %s is missing", f.typ, f.id)
		}
	}
	for _, res := range r.byURL {
		switch res.(type) {
		case *nehr.Patient, *nehr.Practitioner, *nehr.Organization, *nehr.Location, *nehr.Device:
			continue
		}
		ids := res.Common().Identifier
		if !expected[res.ResourceType()+" "+ids[len(ids)-1].Value] {
			t.Errorf("%s %s is a fact that the document does not hold", res.ResourceType(), ids[len(ids)-1].Value)
		}
	}
}

// Each fact of the document is found with the right code, unit and date, and
// there are no others.
func TestD090_ConsistentDocument(t *testing.T) {
	r := reference(t, "tracked-entity-lk-anc-consistent.json")
	expectFacts(t, r, "")
	p := one[*nehr.Patient](r)
	n := p.Name[0]
	same(t, "patient", []string{
		p.FindIdentifier(nehr.SystemPHN).Value, p.FindIdentifier(nehr.SystemNIC).Value, p.FindIdentifier("urn:dhis2:anc:regno").Value,
		p.FindIdentifier("urn:dhis2:trackedEntity").Value, n.Text, n.Family, p.BirthDate, string(p.Gender), p.Telecom[0].Value, p.Address[0].District, p.Address[0].Country,
	}, []string{"12345678", "200012345678", "ANC00000001", "KGY0UKmRqqh", "John A. B. C. Doe", "", "1997-08-01", "female", "+94712345678", "Kandy", "LK"})
	same(t, "practitioner", one[*nehr.Practitioner](r).FindIdentifier("urn:dhis2:user:uid").Value, "M5zQapPyTZI")
	same(t, "bundle", []string{r.Bundle.Meta.Profile[0], r.Bundle.Identifier.System, r.Bundle.Identifier.Value, r.Bundle.Timestamp},
		[]string{nehr.ProfileLKTransaction, nehr.SystemHIMSTransaction, "KGY0UKmRqqh", "2025-09-16T13:47:48.966+00:00"})
	// D-004, D-024, D-025, D-031, D-040: what the reference's expected bundle
	// locks in.
	i := one[*nehr.Immunization](r)
	same(t, "rubella", []string{i.OccurrenceDateTime, i.OccurrenceString}, []string{"", "unknown"})
	for _, o := range all[*nehr.Observation](r) {
		if len(o.EffectiveDateTime) != len("2025-09-04") {
			t.Errorf("midnight is a day, not %s", o.EffectiveDateTime)
		}
	}
	// The contradiction that the reference passes on unseen (D-026).
	same(t, "weeks", len(r.issues(mapper.RuleWeeksLMP)), 2)
	valid(t, r.json)
}

// The event of another woman is refused, the rest maps.
func TestD090_DocumentWithAForeignEvent(t *testing.T) {
	r := reference(t, "tracked-entity-lk-anc.json")
	i := r.issues(mapper.RuleForeignEvent)
	if len(i) != 1 || i[0].Event != uid("bEPWxMXbAdX") || i[0].Severity != mapper.Error {
		t.Fatalf("want one error on the event, got %v", r.result.Issues)
	}
	expectFacts(t, r, "bEPWxMXbAdX")
	if strings.Contains(string(r.json), "bEPWxMXbAdX") {
		t.Error("something of the foreign event is in the bundle")
	}
	valid(t, r.json)
}

// A document cut down by hand: no program, no UID of the enrollment.
func TestMinimalDocument(t *testing.T) {
	for _, ctx := range []*dhis2.Context{nil, systemInfo(t)} {
		r := mappedIn(t, document(t, "tracked-entity-lk-anc-minimal.json"), ctx)
		p := one[*nehr.Patient](r)
		same(t, "patient", []string{p.FindIdentifier(nehr.SystemPHN).Value, p.Name[0].Text, absentElement(p.BirthDateExt)}, []string{"12345678", "Jane Doe", "unknown"})
		same(t, "issue", len(r.issues(mapper.RuleNoProgram)), 1)
		valid(t, r.json)
	}
}

// Explain names the source of each element of the bundle.
func TestExplainNamesTheSource(t *testing.T) {
	r := reference(t, "tracked-entity-lk-anc-consistent.json")
	lines, err := r.result.Explain(r.json)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) < 500 {
		t.Fatalf("only %d elements are explained", len(lines))
	}
	byPath := map[string]mapper.Provenance{}
	for _, l := range lines {
		if _, twice := byPath[l.Path]; twice {
			t.Errorf("%s is explained twice", l.Path)
		}
		byPath[l.Path] = l
		same(t, "tracked entity", l.TrackedEntity, uid("KGY0UKmRqqh"))
	}
	for i, e := range r.Bundle.Entry {
		at := "Bundle.entry[" + strconv.Itoa(i) + "].resource."
		res := r.byURL[e.FullURL]
		ids := res.Common().Identifier
		id := ids[len(ids)-1]
		l := byPath[at+"resourceType"]
		switch id.System {
		case "urn:dhis2:dataelement:uid":
			same(t, id.Value, l.Event.String()+"-"+l.Element.String(), id.Value)
		case "urn:dhis2:course":
			same(t, id.Value, l.Enrollment.String()+"-"+l.Element.String(), id.Value)
			same(t, id.Value, l.Event.String(), "bEPWxMXbAdX")
		case "urn:dhis2:eventId":
			same(t, id.Value, l.Event.String(), id.Value)
		case "urn:dhis2:user:uid":
			same(t, id.Value, l.User.String(), id.Value)
		case "urn:dhis2:organisationUnit:uid":
			same(t, id.Value, l.OrganisationUnit.String(), id.Value)
		}
		switch res := res.(type) {
		case *nehr.Device:
			same(t, "device", l.SystemInfo, true)
		case *nehr.Patient:
			same(t, "birth date", byPath[at+"birthDate"].Attribute, uid(birthAttribute))
			same(t, "name", byPath[at+"name[0].text"].Attribute, uid(nameAttribute))
			same(t, "phone", byPath[at+"telecom[0].value"].Attribute, uid(phoneAttribute))
			same(t, "address", byPath[at+"address[0].district"].Attribute, uid(addressAttribute))
			same(t, "gender", byPath[at+"gender"].Attribute, uid(genderAttribute))
			same(t, "PHN", byPath[at+"identifier[0].value"].Attribute, uid(phnAttribute))
		case *nehr.Observation:
			if len(res.Component) > 0 {
				same(t, "systolic", byPath[at+"component[0].valueQuantity.value"].Element, uid("Y3xF4qecAVw"))
			}
		}
	}
}

// valid fails where the validator finds an error in a bundle.
func valid(t testing.TB, bundle []byte) {
	t.Helper()
	v, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range v.Validate(bundle).Issues {
		if i.Severity == validate.Error || i.Severity == validate.Fatal {
			t.Errorf("%s: %s (%s)", i.Location, i.Diagnostics, i.Rule)
		}
	}
}
