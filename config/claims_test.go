package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// TestD065_EmbeddedClaimMaps: the national number and the picture are not asked for,
// only the name is essential, and every attribute is one of the program's UID map.
func TestD065_EmbeddedClaimMaps(t *testing.T) {
	all, err := ClaimMaps(nil)
	if err != nil {
		t.Fatal(err)
	}
	maps, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no embedded claim map")
	}
	for _, m := range all {
		known := map[string]bool{}
		for _, a := range ByProgram(maps, m.Program).Attributes {
			known[a.UID.String()] = true
		}
		for _, a := range m.Attributes {
			if !known[a.UID.String()] {
				t.Errorf("%s: the UID map of the program has no attribute %s", m.Name, a.UID)
			}
			if a.Claim == "individual_id" || a.Claim == "picture" || a.Essential != (a.Claim == "name") {
				t.Errorf("%s: asks for %s, essential %v", m.Name, a.Claim, a.Essential)
			}
		}
		if _, err := claims.New(*m); err != nil {
			t.Error(err)
		}
	}
}

// TestClaimMaps_mistakes have a place and a cure each.
func TestClaimMaps_mistakes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "claims.yaml")
	const text = `name: mine
program: eozjj9UivfS
languages: [en]
attributes:
  - {uid: VQl0wK3eqiw, claim: name, kind: txt}
  - {uid: nonsense, claim: birthdate, kind: date, esential: true}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ClaimMaps([]string{file})
	e, ok := errors.AsType[*MapError](err)
	if !ok {
		t.Fatal(err)
	}
	for _, want := range []string{":5:43: attributes[0].kind: want one of subject", ":6:11: attributes[1].uid: not a DHIS2 UID", ":6:51: attributes[1].esential: unknown key: did you mean essential?"} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("%v\nlacks %s", e, want)
		}
	}
	good := strings.NewReplacer("txt", "text", "nonsense", "Yie7mOY913J", ", esential: true", "").Replace(text)
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ClaimMaps([]string{file}); err == nil || !strings.Contains(err.Error(), "lk-anc is for this program too") {
		t.Errorf("two maps of one program: %v", err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(good, "mine", "lk-anc", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := ClaimMaps([]string{file})
	if err != nil || len(all) != 1 || len(all[0].Attributes) != 2 {
		t.Errorf("%v, %v", all, err)
	}
}
