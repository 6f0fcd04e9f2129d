package dhis2_test

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

func TestParseUID(t *testing.T) {
	for _, s := range []string{"eozjj9UivfS", "IrUmPkFMDU5", "a0000000000", "Zzzzzzzzzzz"} {
		if u, err := dhis2.ParseUID(s); err != nil || u.String() != s || u.IsZero() {
			t.Errorf("%s: got %v, %v", s, u, err)
		}
	}
	for name, s := range map[string]string{
		"empty": "", "short": "eozjj9Uivf", "long": "eozjj9UivfSS", "digit first": "1ozjj9UivfS", "hyphen": "eozjj9Uiv-S",
		"blank": " ozjj9UivfS", "not ASCII": "eozjj9Uivé", "Tamil": "மாதிரி", "line break": "eozjj9Uivf\n", "at sign": "@ozjj9UivfS",
		"bracket": "[ozjj9UivfS", "back quote": "`ozjj9UivfS", "brace": "{ozjj9UivfS",
	} {
		if u, err := dhis2.ParseUID(s); !errors.Is(err, dhis2.ErrUID) || !u.IsZero() {
			t.Errorf("%s: got %v, %v, want ErrUID", name, u, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("MustUID took what is no UID")
		}
	}()
	dhis2.MustUID("no")
}

// TestUIDInDocuments: a text that is no UID is absent and costs nothing else;
// another JSON type is an error.
func TestUIDInDocuments(t *testing.T) {
	for text, want := range map[string]string{
		`"eozjj9UivfS"`: "eozjj9UivfS", `"eozjj9Uivf"`: "", `""`: "", `null`: "", `"eozjj9Uiv\u0066S"`: "", `"ééééé"`: "",
	} {
		u := dhis2.MustUID("Zzzzzzzzzzz")
		if err := json.Unmarshal([]byte(text), &u); err != nil || u.String() != want {
			t.Errorf("%s: got %q, %v, want %q", text, u, err, want)
		}
	}
	for _, text := range []string{`5`, `true`, `{}`, `["eozjj9UivfS"]`} {
		var u dhis2.UID
		if err := json.Unmarshal([]byte(text), &u); err == nil {
			t.Errorf("%s: got %q and no error", text, u)
		}
	}
	if b, err := json.Marshal(dhis2.MustUID("eozjj9UivfS")); err != nil || string(b) != `"eozjj9UivfS"` {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestUIDInConfiguration: there a damaged UID is an error.
func TestUIDInConfiguration(t *testing.T) {
	var u dhis2.UID
	if err := u.UnmarshalText([]byte("eozjj9UivfS")); err != nil || u.String() != "eozjj9UivfS" {
		t.Errorf("got %q, %v", u, err)
	}
	if b, err := u.MarshalText(); err != nil || string(b) != "eozjj9UivfS" {
		t.Errorf("got %s, %v", b, err)
	}
	if err := u.UnmarshalText([]byte("eozjj9Uivf")); !errors.Is(err, dhis2.ErrUID) {
		t.Errorf("got %v, want ErrUID", err)
	}
}
