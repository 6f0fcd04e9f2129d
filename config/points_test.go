package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPointsOfIssue(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string]string
		problem    string
	}{
		{"two", "points:\n  SbxClinic01: \"1234\"\n  SbxClinic02: 0B17\n", map[string]string{"SbxClinic01": "1234", "SbxClinic02": "0B17"}, ""},
		{"leading zeros without quotes", "points:\n  SbxClinic01: 0042\n", map[string]string{"SbxClinic01": "0042"}, ""},
		{"none", "points: {}\n", nil, "want points of issue"},
		{"another key", "point: {SbxClinic01: \"1234\"}\n", nil, "did you mean points?"},
		{"no UID", "points: {clinic: \"1234\"}\n", nil, "points.clinic"},
		{"twice the unit", "points:\n  SbxClinic01: \"1234\"\n  SbxClinic01: \"1235\"\n", nil, "stands twice"},
		{"twice the point", "points:\n  SbxClinic01: \"1234\"\n  SbxClinic02: \"1234\"\n", nil, "points.SbxClinic02: the point of SbxClinic01"},
		{"short", "points: {SbxClinic01: \"123\"}\n", nil, "four digits or capitals"},
		{"lower case", "points: {SbxClinic01: \"12ab\"}\n", nil, "four digits or capitals"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := loadPoints("points.yaml", []byte(c.text))
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %v, want %q", err, c.problem)
				}
				return
			}
			if d := cmp.Diff(c.want, got); err != nil || d != "" {
				t.Errorf("%v %s", err, d)
			}
		})
	}
	if _, err := PointsOfIssue("no such file.yaml"); err == nil {
		t.Error("a file that is not there")
	}
}

func TestLoad_phn(t *testing.T) {
	s, err := Load("", []string{"NEHRBRIDGE_PHN_PROVISIONAL=true", "NEHRBRIDGE_PHN_ROUTE_SECRET=said-to-the-Route"})
	if err != nil || !s.PHN.Provisional || s.PHN.Route.Secret.Reveal() != "said-to-the-Route" {
		t.Errorf("%v", err)
	}
	if p := settingProblems(t, s.ForPHN()); len(p) != 3 {
		t.Errorf("got %v, want DHIS2 with its token, and the record", p)
	}
}
