package summary_test

import (
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// A patient of whom nothing is recorded has a summary that says so, and does not say
// that she has no problems.
func ExampleDocument() {
	patient, err := fhirjson.Parse([]byte(`{"resourceType":"Patient","id":"1","name":[{"text":"Nilmini Udaharana"}],"birthDate":"1996-03-09"}`))
	if err != nil {
		panic(err)
	}
	made, err := summary.Document(summary.Record{Resources: []*fhirjson.Value{patient}},
		summary.Options{At: time.Date(2025, 9, 1, 3, 0, 0, 0, time.UTC)})
	if err != nil {
		panic(err)
	}
	for _, s := range made.Sections {
		fmt.Println(s.Title+":", s.State)
	}
	// Output:
	// Problems: no-information
	// Allergies and intolerances: no-information
	// Medicines: no-information
}
