package golden_test

import (
	"flag"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/golden"
)

var update = flag.Bool("update", false, "write what the mapper gives: read every change before you keep it")

// TestCases runs the project's own cases. Each bundle is valid, since Run
// checks it.
func TestCases(t *testing.T) {
	if *update {
		report, err := golden.Run(".", golden.Options{Update: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(report)
	}
	for _, res := range cases(t) {
		t.Run(res.Name, func(t *testing.T) { verify(t, res) })
	}
}

// TestRows runs the cases by the rows of the correctness table that they are
// for, as the end of why.txt says.
func TestRows(t *testing.T) {
	id := regexp.MustCompile(`\b[DG]-?\d+\b`)
	rows := map[string][]golden.Result{}
	for _, res := range cases(t) {
		_, ids, _ := strings.Cut(res.Why, "(")
		for _, row := range id.FindAllString(ids, -1) {
			rows[row] = append(rows[row], res)
		}
	}
	// What is clinical has a positive, a negative, a cleared and a corrected
	// variant.
	for _, row := range []string{"D-001", "D-002", "D-003", "D-005", "D-007", "D-012", "D-013", "D-015", "D-016", "D-018", "D-021"} {
		if n := len(rows[row]); n < 4 {
			t.Errorf("row %s has %d cases, want its variants", row, n)
		}
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		t.Run(row, func(t *testing.T) {
			for _, res := range rows[row] {
				t.Run(res.Name, func(t *testing.T) { verify(t, res) })
			}
		})
	}
}

// TestEnough holds the number of cases: one that is lost is noticed.
func TestEnough(t *testing.T) {
	bundles, mappers := 0, map[string]bool{}
	for _, res := range cases(t) {
		if part, is := strings.CutPrefix(res.Name, "resources/"); is {
			name, _, _ := strings.Cut(part, "/")
			mappers[name] = true
		} else {
			bundles++
		}
	}
	if bundles < 200 {
		t.Errorf("%d cases of whole bundles, want at least 200", bundles)
	}
	for _, m := range strings.Fields(`patient identifiers name address phone contact consent organization location
		device practitioner encounter observation bloodpressure pregnancy condition medication course immunization
		servicerequest task appointment attribute-observation detected-issue`) {
		if !mappers[m] {
			t.Errorf("the mapper %s has no case of its own", m)
		}
	}
}

// runOnce runs all cases for the tests that look at them from several sides.
var runOnce = sync.OnceValues(func() (golden.Report, error) { return golden.Run(".", golden.Options{}) })

func cases(t *testing.T) []golden.Result {
	t.Helper()
	report, err := runOnce()
	if err != nil {
		t.Fatal(err)
	}
	return report.Results
}

func verify(t *testing.T, res golden.Result) {
	if res.Status != golden.OK {
		t.Errorf("%s\nwhy: %s", res, res.Why)
	}
	if res.Why == "" {
		t.Error("why.txt does not say what the case is for")
	}
}
