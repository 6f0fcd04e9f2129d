package validate

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The table of differences in README.md is the list that the differential test
// uses.
func TestReadmeListsTheDifferences(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| rule | who is stricter | reason |\n|---|---|---|\n")
	if !found {
		t.Fatal("README.md has no table of differences")
	}
	var want strings.Builder
	for _, d := range differences {
		who := "ours"
		if len(d.rules) == 0 {
			who = "HL7's"
		}
		fmt.Fprintf(&want, "| %s | %s | %s |\n", d.name, who, d.reason)
	}
	if table != want.String() {
		t.Errorf("the table of differences in README.md should end with\n%s", want.String())
	}
}
