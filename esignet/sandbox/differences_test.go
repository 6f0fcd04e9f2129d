package sandbox

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDifferencesListed holds the README's table of differences to those that
// TestRecordings allows.
func TestDifferencesListed(t *testing.T) {
	doc, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(doc), "What differs from the recordings:\n")
	if !ok {
		t.Fatal("the README has no table of differences")
	}
	table, _, _ = strings.Cut(table, "\n\nWhere")
	listed := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d{3}-[^ ]+) \| (.+) \|$`).FindAllStringSubmatch(table, -1) {
		listed[row[1]] = row[2]
	}
	for name, why := range differences {
		if listed[name] != why {
			t.Errorf("%s: the README says %q, the test %q", name, listed[name], why)
		}
	}
	for name := range listed {
		if differences[name] == "" {
			t.Errorf("%s is in the README alone", name)
		}
	}
}
