package mapper_test

import (
	"encoding/json"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// FuzzMap: whatever bytes decode as a document, mapping them does not panic,
// and a bundle that comes out is valid.
func FuzzMap(f *testing.F) {
	for _, te := range []*dhis2.TrackedEntity{
		full(), mother(), whoMother(), mother(visit(value("cw35l7X4hnV", "x"), value("cw35l7X4hnV", "11"))),
		with(mother(visit()), func(te *dhis2.TrackedEntity) { te.Enrollments = append(te.Enrollments, te.Enrollments[0]) }),
	} {
		document, err := json.Marshal(te)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	m, err := mapper.New(mapper.Config{Maps: embeddedMaps, Plausibility: mapper.PlausibilityDetectedIssue})
	if err != nil {
		f.Fatal(err)
	}
	judge, err := validate.New(validate.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		te, err := dhis2.DecodeTrackedEntity(document)
		if err != nil {
			return
		}
		anyDocument(t, m, judge, te, "")
	})
}
