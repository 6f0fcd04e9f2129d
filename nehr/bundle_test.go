package nehr_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// mother is a small bundle that has every way of writing an entry.
func mother() *nehr.Bundle {
	phn := nehr.Key{System: nehr.SystemPHN, Value: "405423CDFG7"}
	visit := nehr.Key{System: nehr.SystemDHIS2Event, Value: "aBcDeFgHiJ1"}
	p := nehr.NewPatientLK()
	p.Identifier = append(p.Identifier, nehr.PHNIdentifier(phn.Value), nehr.AbsentPassport(nehr.AbsentUnknown))
	p.Name = []nehr.HumanName{{Text: "நிலா"}}
	p.Name[0].FamilyExt = nehr.Absent(nehr.AbsentUnknown)
	p.Name[0].Given, p.Name[0].GivenExt = nehr.AbsentStrings(nehr.AbsentUnknown)
	e := nehr.NewEncounterLK()
	e.Identifier = []nehr.Identifier{visit.Identifier()}
	e.Subject = nehr.Ref(nehr.FullURL("Patient", phn), "")
	return &nehr.Bundle{
		Profile:    nehr.ProfileLKTransaction,
		Identifier: nehr.Key{System: nehr.SystemHIMSTransaction, Value: "PQfMcpmXeFE"},
		Timestamp:  "2026-01-02T03:04:05+05:30",
		Entries: []nehr.Entry{
			{FullURL: nehr.FullURL("Patient", phn), Resource: p, Key: phn},
			{FullURL: nehr.FullURL("Encounter", visit), Resource: e, Key: visit, Owned: true},
		},
	}
}

func TestBundleRequestLines(t *testing.T) {
	got, err := mother().AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(got))
	for _, want := range []string{
		`"request":{"method":"PUT","url":"Patient?identifier=http%3A%2F%2Ffhir.health.gov.lk%2Fips%2Fidentifier%2Fphn%7C405423CDFG7"}`,
		`"request":{"method":"PUT","url":"Encounter/` + nehr.ID("Encounter", nehr.Key{System: nehr.SystemDHIS2Event, Value: "aBcDeFgHiJ1"}) + `"}`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s", want)
		}
	}
}
