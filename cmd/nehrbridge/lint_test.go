package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/mapper/lint"
)

// TestLintServer compares the embedded map with a server that runs its
// program, and with one on which an element has changed.
func TestLintServer(t *testing.T) {
	server, address := startDHIS2(t, 1)
	env := []string{"NEHRBRIDGE_DHIS2_URL=" + address, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken}
	lintOnce := func(want int) lint.Report {
		t.Helper()
		var out, errs bytes.Buffer
		if got := run(t.Context(), []string{"lint"}, stdio{strings.NewReader(""), &out, &errs, env}); got != want {
			t.Fatalf("exit code %d, want %d\n%s%s", got, want, out.String(), errs.String())
		}
		var r lint.Report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}

	clean := lintOnce(exitDone)
	if clean.Map != "lk-anc" || len(clean.Coverage) < 4 {
		t.Errorf("map %q with %d rows of coverage", clean.Map, len(clean.Coverage))
	}

	changed := dhis2sandbox.ANC()
	changed.Stages[1].Elements[0].DataElement.ValueType = "FILE_RESOURCE"
	if err := server.Load(dhis2sandbox.Dataset{Programs: []dhis2.Program{changed}}); err != nil {
		t.Fatal(err)
	}
	report := lintOnce(exitFound)
	uid := changed.Stages[1].Elements[0].DataElement.ID
	for _, f := range report.Findings {
		if f.Element == uid && f.Severity == lint.Error {
			return
		}
	}
	t.Errorf("no error is about data element %s, whose value type has changed", uid)
}
