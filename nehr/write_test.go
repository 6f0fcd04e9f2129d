package nehr_test

import (
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// TestWritesAsTheLibraryDoes holds the plans to the library, byte by byte, for
// whatever is set; what holds an empty node is refused by both ways alike.
func TestWritesAsTheLibraryDoes(t *testing.T) {
	written := 0
	rapid.Check(t, func(t *rapid.T) {
		r := anyResource(t)
		got, err := nehr.Encode(r)
		if err != nil {
			return
		}
		written++
		want, err := json.Marshal(r)
		if err != nil || string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s (%v)", got, want, err)
		}
	})
	if written == 0 {
		t.Error("nothing was written")
	}
}

// TestEveryTypeIsWrittenByItsPlan: what this project writes needs the library
// for nothing, and is the same.
func TestEveryTypeIsWrittenByItsPlan(t *testing.T) {
	for _, i := range instances(absolute()) {
		t.Run(i.name, func(t *testing.T) {
			if !nehr.WrittenByPlan(i.resource) {
				t.Error("its plan does not know it")
			}
			got, err := nehr.Encode(i.resource)
			want, wrong := json.Marshal(i.resource)
			if err != nil || wrong != nil || string(got) != string(want) {
				t.Errorf("got  %s (%v)\nwant %s (%v)", got, err, want, wrong)
			}
		})
	}
}
