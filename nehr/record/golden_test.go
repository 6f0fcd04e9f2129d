package record_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// Nothing leaves unvalidated, a retraction neither: every resource that mapping
// makes can be retracted, and its bundle is valid.
func TestG2_EveryGoldenCaseCanBeRetracted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "golden", "*", "want.json"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d golden cases (%v), want at least 60", len(files), err)
	}
	w := sandboxWorld(t, record.ByID)
	judge, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	overlaid, err := validate.New(validate.Config{Overlays: []string{validate.OverlayPassportOptional}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			w := *w
			w.T = t
			w.writer = w.with(record.Config{Validate: func(b []byte) error {
				if judge.Validate(b).OK() {
					return nil
				}
				if o := overlaid.Validate(b); !o.OK() {
					return fmt.Errorf("%v", o.Issues)
				}
				return nil
			}})
			l := &ledger{w: &w}
			d := goldenDesired(t, file)
			owned := 0
			for _, e := range d.Entries {
				if e.Owned {
					owned++
				}
			}
			l.write(d)
			// The number was wrong: the rest of the old Patient has to be valid too.
			l.write(renumbered(d))
			if r := l.write(record.Desired{Deleted: true}); r.Retracted != owned {
				t.Errorf("%d of %d were retracted", r.Retracted, owned)
			}
		})
	}
}

// renumbered is the same woman under another number.
func renumbered(d record.Desired) record.Desired {
	out := record.Desired{Bundle: d.Bundle}
	for _, e := range d.Entries {
		if e.Type == "Patient" {
			old := e.Identifier.Value
			e.Identifier.Value += "9"
			e.Resource = []byte(strings.Replace(string(e.Resource), `"`+old+`"`, `"`+e.Identifier.Value+`"`, 1))
		}
		out.Entries = append(out.Entries, e)
	}
	for i := range out.Entries {
		e := &out.Entries[i]
		if e.Type != "Patient" {
			continue
		}
		from := e.FullURL
		e.FullURL = entry(false, "Patient", e.Identifier.System, e.Identifier.Value, "").FullURL
		for j := range out.Entries {
			out.Entries[j].Resource = []byte(strings.ReplaceAll(string(out.Entries[j].Resource), from, e.FullURL))
		}
	}
	return out
}

// goldenDesired reads a golden bundle as what shall stand.
func goldenDesired(t *testing.T, file string) record.Desired {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			FullURL  string          `json:"fullUrl"`
			Resource json.RawMessage `json:"resource"`
			Request  struct {
				URL string `json:"url"`
			} `json:"request"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(b, &bundle); err != nil {
		t.Fatal(err)
	}
	var d record.Desired
	for _, e := range bundle.Entry {
		v := parse(t, string(e.Resource))
		// A condition names the identifier; of what is put by id, any will do.
		key := record.Identifier{}
		for _, i := range v.Get("identifier").Items() {
			id := record.Identifier{System: i.Get("system").Str(), Value: i.Get("value").Str()}
			if id.Value == "" {
				continue
			}
			query := strings.NewReplacer("%3A", ":", "%2F", "/").Replace(e.Request.URL)
			if key.Value == "" || strings.Contains(query, id.System+"%7C"+id.Value) {
				key = id
			}
		}
		v.Delete("id")
		d.Entries = append(d.Entries, record.Entry{
			FullURL: e.FullURL, Type: v.Get("resourceType").Str(), Resource: v.Encode(),
			Owned: !strings.Contains(e.Request.URL, "?"), Identifier: key,
		})
	}
	return d
}
