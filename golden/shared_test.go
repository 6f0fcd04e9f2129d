package golden_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/golden"
	"github.com/nehrbridge/nehrbridge/golden/reference"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// TestD090_SharedDocuments maps the documents of the reference implementation,
// with and without context, and judges the bundles as those of the cases are.
func TestD090_SharedDocuments(t *testing.T) {
	maps, err := config.Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapper.New(mapper.Config{Maps: maps})
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := dhis2.DecodeContext(reference.Read(t, "data/dhis2/system-info.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		file   string
		issues []mapper.Rule // that have to be among them
	}{
		{"tracked-entity-lk-anc-consistent.json", []mapper.Rule{mapper.RuleWeeksLMP}},
		{"tracked-entity-lk-anc.json", []mapper.Rule{mapper.RuleForeignEvent}},
		{"tracked-entity-lk-anc-minimal.json", []mapper.Rule{mapper.RuleNoProgram}},
		{"tracked-entity-who-anc.json", nil},
	} {
		for name, c := range map[string]*dhis2.Context{"with context": ctx, "without": nil} {
			t.Run(strings.TrimSuffix(tt.file, ".json")+" "+name, func(t *testing.T) {
				te, err := dhis2.DecodeTrackedEntity(reference.Read(t, "data/dhis2/"+tt.file))
				if err != nil {
					t.Fatal(err)
				}
				res, err := m.Map(te, c)
				if err != nil {
					t.Fatal(err)
				}
				rules := map[mapper.Rule]bool{}
				for _, i := range res.Issues {
					rules[i.Rule] = true
				}
				for _, want := range tt.issues {
					if !rules[want] {
						t.Errorf("no issue %s", want)
					}
				}
				bundle, err := res.Bundle.AppendJSON(nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := golden.Valid(bundle, mapper.Config{}); err != nil {
					t.Error(err)
				}
				if url := os.Getenv("ORACLE_VALIDATOR_URL"); url != "" {
					if err := verdict(&http.Client{Timeout: time.Minute}, url, bundle); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}
