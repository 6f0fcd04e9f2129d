package validate

import (
	"encoding/json"
	"os"
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
