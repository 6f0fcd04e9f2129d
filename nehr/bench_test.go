package nehr_test

import (
	v1 "encoding/json"
	"fmt"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// manyEntries is a bundle of forty entries: the frame, a Patient and facts of
// each kind, as one mother's pregnancy gives them.
func manyEntries() *nehr.Bundle {
	b := mother()
	facts := instances(absolute())
	for i := 0; len(b.Entries) < 40; i++ {
		r := facts[i%len(facts)].resource
		k := nehr.Key{System: nehr.SystemDHIS2DataElementUID, Value: fmt.Sprintf("aBcDeFgHiJ1-kLmNoPqRs%02d", i)}
		b.Entries = append(b.Entries, nehr.Entry{
			FullURL: nehr.FullURL(r.ResourceType(), k), Resource: r, Key: k, Owned: true,
		})
	}
	return b
}

func BenchmarkBundleEncode(b *testing.B) {
	bundle := manyEntries()
	dst, err := bundle.AppendJSON(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = bundle.AppendJSON(dst[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBundleEncodeV1 encodes the same document with encoding/json from
// maps, as the yardstick of the same run.
func BenchmarkBundleEncodeV1(b *testing.B) {
	doc, err := manyEntries().AppendJSON(nil)
	if err != nil {
		b.Fatal(err)
	}
	var tree any
	if err := v1.Unmarshal(doc, &tree); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v1.Marshal(tree); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	doc, err := nehr.Encode(instances(absolute())[0].resource)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := nehr.Decode(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFullURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if len(nehr.FullURL("Encounter", visitKey)) != 45 {
			b.Fatal("no URL")
		}
	}
}
