package golden_test

import (
	"flag"
	"testing"

	"github.com/nehrbridge/nehrbridge/golden"
)

var update = flag.Bool("update", false, "write what the mapper gives: read every change before you keep it")

// TestCases runs the project's own cases.
func TestCases(t *testing.T) {
	report, err := golden.Run(".", golden.Options{Update: *update})
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range report.Results {
		t.Run(res.Name, func(t *testing.T) {
			switch res.Status {
			case golden.OK, golden.Updated:
			default:
				t.Errorf("%s\nwhy: %s", res, res.Why)
			}
			if res.Why == "" {
				t.Error("why.txt does not say what the case is for")
			}
		})
	}
}
