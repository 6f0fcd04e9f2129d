package validate

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkBundle judges a transaction of 41 entries of one invented mother,
// without an issue.
func BenchmarkBundle(b *testing.B) {
	text, err := os.ReadFile("testdata/mother.json")
	if err != nil {
		b.Fatal(err)
	}
	v, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	if got := v.Validate(text); !got.OK() {
		b.Fatal(got.Issues)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		v.Validate(text)
	}
}

// BenchmarkValid is the yardstick: encoding/json's check of the same text.
func BenchmarkValid(b *testing.B) {
	text, err := os.ReadFile("testdata/mother.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !json.Valid(text) {
			b.Fatal("not JSON")
		}
	}
}

// BenchmarkEntries judges one mother and ten of them in one bundle: the cost
// grows with the number of entries and no faster.
func BenchmarkEntries(b *testing.B) {
	v := plainValidator(b)
	for _, n := range []int{1, 10} {
		text := mothers(b, n)
		if got := v.Validate(text); !got.OK() {
			b.Fatal(got.Issues[0])
		}
		b.Run(strconv.Itoa(41*n), func(b *testing.B) {
			for b.Loop() {
				v.Validate(text)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(41*n), "ns/entry")
		})
	}
}

// mothers is the sample bundle with its entries n times, under other fullUrls.
func mothers(b *testing.B, n int) []byte {
	doc := edit(b, sample(b, "mother"), "meta", "")
	entries := doc.get("entry")
	all := entries.members
	entries.members = nil
	for i := range n {
		for _, e := range all {
			text := strings.ReplaceAll(string(e.text()), "urn:uuid:", fmt.Sprintf("urn:x:%d:", i))
			copied, err := parseTree([]byte(text))
			if err != nil {
				b.Fatal(err)
			}
			entries.members = append(entries.members, copied)
		}
	}
	return doc.text()
}
