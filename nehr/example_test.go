package nehr_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// One visit of a mother whose Patient is found by her number: the Patient may
// be others' too and is matched, the Encounter is this system's own.
func Example() {
	phn := nehr.Key{System: nehr.SystemPHN, Value: "12345678"}
	event := nehr.Key{System: nehr.SystemDHIS2Event, Value: "aBcDeFgHiJ1"}

	mother := nehr.NewPatientIPS()
	mother.Identifier = []nehr.Identifier{nehr.PHNIdentifier(phn.Value)}
	mother.Name = []nehr.HumanName{{Text: "Kumari"}}
	mother.BirthDateExt = nehr.Absent(nehr.AbsentUnknown)

	visit := nehr.NewEncounter()
	visit.Identifier = []nehr.Identifier{event.Identifier()}
	visit.Subject = nehr.Ref(nehr.FullURL("Patient", phn), "")
	visit.Period = &nehr.Period{Start: "2026-02-03", End: "2026-02-03"}

	bundle := nehr.Bundle{Entries: []nehr.Entry{
		{FullURL: nehr.FullURL("Patient", phn), Resource: mother, Key: phn},
		{FullURL: nehr.FullURL("Encounter", event), Resource: visit, Key: event, Owned: true},
	}}
	doc, err := bundle.AppendJSON(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(doc) > 0, "PUT Patient?"+nehr.IdentifierQuery(phn))
	fmt.Println("PUT Encounter/" + nehr.ID("Encounter", event))
	// Output:
	// true PUT Patient?identifier=http%3A%2F%2Ffhir.health.gov.lk%2Fips%2Fidentifier%2Fphn%7C12345678
	// PUT Encounter/32c7a493-daac-5b7d-a775-cbcf7b7c4ba1
}

// A pressure of which one half was measured is still a blood pressure.
func ExampleNewBloodPressure() {
	systolic, err := nehr.ParseDecimal("118")
	if err != nil {
		fmt.Println(err)
		return
	}
	o := nehr.NewBloodPressure(&systolic, nil)
	for _, c := range o.Component {
		fmt.Println(c.Code.Text, c.ValueQuantity.Value, c.ValueQuantity.Unit)
	}
	// Output:
	// Systolic blood pressure 118 mmHg
}

// A fact that is no longer true is not deleted: it says that it never was.
func ExampleRetract() {
	c := nehr.NewMedicalHistory()
	fmt.Println(nehr.Retract(c), len(c.Meta.Profile))
	doc, err := nehr.Encode(c)
	fmt.Println(string(doc), err)
	// Output:
	// true 0
	// {"resourceType":"Condition","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]}]} <nil>
}
