package record_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

func drawState(t *rapid.T) record.State {
	var s record.State
	for i := range rapid.IntRange(0, 8).Draw(t, "resources") {
		typ := rapid.SampledFrom([]string{"Patient", "Observation", "Appointment"}).Draw(t, "type")
		key := nehr.Key{System: rapid.SampledFrom([]string{"urn:a", "urn:b"}).Draw(t, "system"), Value: strings.Repeat("v", i+1)}
		w := record.Written{
			FullURL: nehr.FullURL(typ, key), Type: typ, Identifier: record.Identifier(key), Owned: rapid.Bool().Draw(t, "owned"),
			ID: rapid.SampledFrom([]string{"", "17", nehr.ID(typ, key)}).Draw(t, "id"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "bodies") {
			w.Bodies = append(w.Bodies, []byte(rapid.StringN(1, 40, 80).Draw(t, "body")))
		}
		w.Said = rapid.SampledFrom([]uint64{0, 1, 1 << 63}).Draw(t, "said")
		if rapid.Bool().Draw(t, "before") {
			w.Before = []byte(`{"name":[]}`)
		}
		s.Resources = append(s.Resources, w)
	}
	return s
}

func TestStateSurvivesTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawState(t)
		b, err := record.EncodeState(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := record.DecodeState(b)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		again, err := record.EncodeState(got)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("encoded again it differs (%v)", err)
		}
		for n := 1; n < len(b); n++ { // a file that was cut
			if _, err := record.DecodeState(b[:n]); !errors.As(err, new(*record.StateError)) {
				t.Fatalf("cut at %d of %d: got %v, want a StateError", n, len(b), err)
			}
		}
	})
}

func TestStateOfAnotherForm(t *testing.T) {
	for name, tt := range map[string]struct {
		bytes []byte
		newer bool
	}{
		"newer":   {[]byte{3, 0, 0}, true},
		"zero":    {[]byte{0, 0, 0}, false},
		"too far": {[]byte{1, 0, 0, 7}, false},
	} {
		_, err := record.DecodeState(tt.bytes)
		e, ok := errors.AsType[*record.StateError](err)
		if !ok || e.Newer() != tt.newer || !e.Permanent() {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if s, err := record.DecodeState(nil); err != nil || len(s.Resources) != 0 {
		t.Errorf("no bytes are an entity that was never written: got %+v, %v", s, err)
	}
	if _, err := record.EncodeState(record.State{Resources: []record.Written{{FullURL: "http://x", Type: "Patient"}}}); err == nil {
		t.Error("a fullUrl without UUID was encoded")
	}
}

// The state of a woman with 41 resources has to be small: a ledger of a million
// rows holds it for each.
func TestStateIsCompact(t *testing.T) {
	var s record.State
	for i := range 41 {
		k := nehr.Key{System: nehr.SystemDHIS2DataElementUID, Value: "dBwrot7S420-" + strings.Repeat("x", 10) + string(rune('A'+i))}
		s.Resources = append(s.Resources, record.Written{FullURL: nehr.FullURL("Observation", k), Type: "Observation", Identifier: record.Identifier(k), Owned: true, ID: nehr.ID("Observation", k), Said: 1 << 60})
	}
	b, err := record.EncodeState(s)
	if err != nil {
		t.Fatal(err)
	}
	if per := len(b) / 41; per > 56 {
		t.Errorf("%d bytes per resource, want at most 56", per)
	}
}

func FuzzDecodeState(f *testing.F) {
	k := nehr.Key{System: "urn:a", Value: "1"}
	b, err := record.EncodeState(record.State{Resources: []record.Written{{FullURL: nehr.FullURL("Patient", k), Type: "Patient", Identifier: record.Identifier(k), ID: "9", Bodies: [][]byte{[]byte("{}")}, Before: []byte("{}")}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := record.DecodeState(b)
		if err != nil {
			if !errors.As(err, new(*record.StateError)) {
				t.Errorf("got %T", err)
			}
			return
		}
		again, err := record.EncodeState(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := record.DecodeState(again); err != nil || !back.Equal(s) {
			t.Errorf("%v: %+v became %+v", err, s, back)
		}
	})
}
