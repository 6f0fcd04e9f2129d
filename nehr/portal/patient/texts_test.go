package patient

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// TestD098_EachTextIsThere: each text that a page or a handler uses is there, which the
// frame then holds to three languages, and none is there for nothing.
func TestD098_EachTextIsThere(t *testing.T) {
	literal := regexp.MustCompile(`"([a-z]+_?[A-Za-z0-9_-]*)"`)
	used := map[string]bool{}
	frame := map[string]bool{"language": true, "privacy": true, "back_home": true, "session_over": true, "sign_in": true, "welcome": true}
	read := func(files fs.FS, pattern string) {
		names, err := fs.Glob(files, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			page, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`\.Tf? "([a-z0-9_]+)"`).FindAllStringSubmatch(string(page), -1) {
				if _, known := texts[m[1]]; !known && !frame[m[1]] {
					t.Errorf("%s uses %s, which is no text", name, m[1])
				}
				used[m[1]] = true
			}
			for _, m := range literal.FindAllStringSubmatch(string(page), -1) {
				used[m[1]] = true
			}
		}
	}
	read(pageFiles, "pages/*.html")
	read(os.DirFS("."), "*.go")
	groups := []string{"status_", "do_", "item_", "appointment_", "action_", "purpose_", "state_", "class_", "until_", "nil_", "emergency_", "menu_", "share_ends_", "document_", "correction_"}
	for key := range texts {
		made := false
		for _, g := range groups {
			made = made || strings.HasPrefix(key, g)
		}
		if !used[key] && !made {
			t.Errorf("%s is used nowhere", key)
		}
	}
	for _, code := range access.EmergencyCodes {
		if _, known := texts["emergency_"+string(code)]; !known {
			t.Errorf("the emergency %s has no text", code)
		}
	}
	for _, class := range access.Classes {
		if _, known := texts["class_"+string(class)]; !known {
			t.Errorf("the class %s has no text", class)
		}
	}
}
