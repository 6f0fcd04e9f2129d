package nehr_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

func TestParseDecimal(t *testing.T) {
	for _, good := range []string{"0", "-0", "10.50", "0.000", "118", "-3.25", "1e3", "1E+3", "1.5e-10", "123456789012345678901234567890"} {
		d, err := nehr.ParseDecimal(good)
		if err != nil || d.String() != good {
			t.Errorf("%q: %q, %v", good, d, err)
		}
	}
	for _, bad := range []string{"", "-", "+1", "01", "1.", ".5", "1,5", " 1", "1 ", "1e", "1e+", "NaN", "Infinity", "0x10", "1_000", "٣", "--1",
		"1234567890123456789012345678901234567890123456789012345678901234567890"} {
		if d, err := nehr.ParseDecimal(bad); !errors.Is(err, nehr.ErrDecimal) || d != (nehr.Decimal{}) {
			t.Errorf("%q: %q, %v", bad, d, err)
		}
	}
}

// TestDecimalKeepsItsDigits: 10.50 says that it was measured to a hundredth.
func TestDecimalKeepsItsDigits(t *testing.T) {
	o := nehr.NewObservation()
	o.ValueQuantity = nehr.UCUMQuantity(decimal("10.50"), "g/dL", "g/dL")
	doc, err := nehr.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"resourceType":"Observation","status":"final","valueQuantity":{"value":10.50,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}}`
	if string(doc) != want {
		t.Errorf("got %s", doc)
	}
	r, err := nehr.Decode(doc)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.(*nehr.Observation).ValueQuantity.Value.String(); got != "10.50" {
		t.Errorf("read again: %s", got)
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"10.50", "-1e-3", "01", "1.", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := nehr.ParseDecimal(s)
		if err != nil {
			return
		}
		if d.String() != s || !json.Valid([]byte(s)) {
			t.Fatal("a decimal that JSON does not have")
		}
	})
}
