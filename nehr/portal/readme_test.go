package portal_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesPagesAndAttacks: each page that is registered and each attack that is
// tried stands in the README, and none that is not.
func TestReadmeNamesPagesAndAttacks(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`"(?:GET|POST) (/[a-z./-]*)(?:\{\$\})?"`)
	attack := regexp.MustCompile(`func (TestAttack\w+)`)
	there := map[string]bool{}
	err = fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		form := page
		if strings.HasSuffix(path, "_test.go") {
			form = attack
		}
		for _, m := range form.FindAllStringSubmatch(string(source), -1) {
			there[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(there) < 25 {
		t.Fatalf("%d pages and attacks: the test looks at nothing", len(there))
	}
	for name := range there {
		if !strings.Contains(string(readme), "`"+name+"`") {
			t.Errorf("the README does not name %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`(/[a-z./-]*|TestAttack\\w+)`").FindAllStringSubmatch(string(readme), -1) {
		if !there[m[1]] {
			t.Errorf("the README names %s, which is not there", m[1])
		}
	}
}

// TestReadmeNamesAttacksAtTheGate: the same of the packages behind the pages, by package
// and name.
func TestReadmeNamesAttacksAtTheGate(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`((?:access|summary)\\.TestAttack\\w+)`").FindAllStringSubmatch(string(readme), -1) {
		listed[m[1]] = true
	}
	there := map[string]bool{}
	for _, name := range []string{"access", "summary"} {
		files, err := fs.Glob(os.DirFS("../"+name), "*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile("../" + name + "/" + file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`func (TestAttack\w+)`).FindAllStringSubmatch(string(source), -1) {
				there[name+"."+m[1]] = true
			}
		}
	}
	for name := range there {
		if !listed[name] {
			t.Errorf("the README does not name %s", name)
		}
	}
	for name := range listed {
		if !there[name] {
			t.Errorf("the README names %s, which is not there", name)
		}
	}
}
