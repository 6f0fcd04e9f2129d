package lint_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/lint"
)

func ExampleCheck() {
	m := &mapper.Map{Name: "small", Program: dhis2.MustUID("Aaaaaaaaaa1")}
	stage := dhis2.ProgramStage{ID: dhis2.MustUID("Aaaaaaaaaa2"), Name: "Delivery"}
	report := lint.Check(m, []dhis2.Program{{ID: m.Program, Stages: []dhis2.ProgramStage{stage}}})
	for _, f := range report.Findings {
		fmt.Println(f.Severity, f.Rule, f.Stage, f.Name)
	}
	// Output:
	// warning stage-unmapped Aaaaaaaaaa2 Delivery
}
