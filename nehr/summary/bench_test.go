package summary_test

import (
	"fmt"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// large is a record of 200 resources: one mother's journey, and her visits again.
func large(b testing.TB) []*fhirjson.Value {
	list := mothers(b)["lk-whole-journey"]
	for n := 0; len(list) < 200; n++ {
		r := list[n]
		if typ := r.Get("resourceType").Str(); typ == "Patient" || typ == "Organization" || typ == "Device" {
			continue
		}
		c := r.Clone()
		c.Set("id", fhirjson.Text(fmt.Sprint(r.Get("id").Str(), n)))
		list = append(list, c)
	}
	return list
}

// BenchmarkDocument makes and encodes the summary of a record of 200 resources.
func BenchmarkDocument(b *testing.B) {
	record := summary.Record{Resources: large(b)}
	b.ReportAllocs()
	for b.Loop() {
		made, err := summary.Document(record, summary.Options{At: at})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(made.Bundle.Encode())))
	}
}

// BenchmarkCreate seals and keeps a summary of that size; one commit to the disk each.
func BenchmarkCreate(b *testing.B) {
	h := newHouse(b)
	content := document(b, summary.Record{Resources: large(b)}, summary.Options{}).Bundle.Encode()
	for b.Loop() {
		h.create(summary.NewLink{Content: content})
	}
}
