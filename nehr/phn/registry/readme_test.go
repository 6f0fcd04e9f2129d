package registry_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesTheAttacks holds the list in ../README.md to the tests.
func TestReadmeNamesTheAttacks(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	attack, named := regexp.MustCompile(`(?m)^func (TestAttack\w+)\(`), 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range attack.FindAllStringSubmatch(string(text), -1) {
			named++
			if !strings.Contains(string(readme), "| `"+m[1]+"` |") {
				t.Errorf("README.md does not name %s", m[1])
			}
		}
	}
	if named < 8 {
		t.Errorf("%d attacks found: the test looks at nothing", named)
	}
}
