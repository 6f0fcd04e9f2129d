package clinician

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/portal/upload"
)

// TestD098_EachTextIsThere: each text that a page or a handler uses is there, which the
// frame then holds to three languages, and none is there for nothing.
func TestD098_EachTextIsThere(t *testing.T) {
	texts := allTexts()
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
			for _, m := range regexp.MustCompile(`\.Tf? "([a-z0-9_]+)"|v\.Tf?\("([a-z0-9_]+)"[,)]`).FindAllStringSubmatch(string(page), -1) {
				key := m[1] + m[2]
				if _, known := texts[key]; !known && !frame[key] && !strings.HasSuffix(name, "_test.go") {
					t.Errorf("%s uses %s, which is no text", name, key)
				}
			}
			if strings.HasPrefix(name, "texts") || strings.HasPrefix(name, "writetexts") || strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, m := range literal.FindAllStringSubmatch(string(page), -1) {
				used[m[1]] = true
			}
		}
	}
	read(pageFiles, "pages/*.html")
	read(os.DirFS("."), "*.go")
	read(os.DirFS("../authored"), "*.go")
	for key := range used {
		if _, known := texts[key]; !known && (strings.HasPrefix(key, "problem_") || strings.HasPrefix(key, "failed_")) {
			t.Errorf("%s has no text", key)
		}
	}
	groups := []string{"status_", "item_", "step_", "class_", "nil_", "emergency_", "menu_", "sex_", "by_", "asked_", "ends_", "state_", "type_", "upload_", "form_"}
	for key := range texts {
		made := false
		for _, g := range groups {
			made = made || strings.HasPrefix(key, g)
		}
		if !used[key] && !made {
			t.Errorf("%s is used nowhere", key)
		}
	}
	var made []string
	for _, code := range access.EmergencyCodes {
		made = append(made, "emergency_"+string(code))
	}
	for _, class := range access.Classes {
		made = append(made, "class_"+string(class))
	}
	for _, state := range []access.State{access.Asked, access.Active, access.Refused, access.Withdrawn, access.Ended} {
		made = append(made, "asked_"+string(state))
	}
	for _, reason := range []access.Reason{access.ReasonConsent, access.ReasonReferral, access.ReasonEmergency} {
		made = append(made, "by_"+string(reason))
	}
	for _, days := range endDays {
		made = append(made, "ends_"+days)
	}
	for _, state := range []authored.State{authored.Draft, authored.Signing, authored.Signed, authored.Amended, authored.Withdrawn, authored.Failed} {
		made = append(made, "state_"+string(state))
	}
	for _, kind := range []authored.Kind{authored.Observation, authored.Note, authored.Document} {
		made = append(made, "form_"+string(kind))
	}
	for _, typ := range authored.DocumentTypes {
		made = append(made, "type_"+typ.Code)
	}
	for _, why := range []upload.Reason{upload.Empty, upload.TooLarge, upload.Unknown, upload.Damaged, upload.Pixels, upload.Active} {
		made = append(made, "upload_"+strings.ReplaceAll(string(why), "-", "_"))
	}
	for _, key := range made {
		if _, known := texts[key]; !known {
			t.Errorf("%s has no text", key)
		}
	}
}

// TestItemsHaveWords: each state of a medicine, problem, vaccine and allergy in FHIR has
// words.
func TestItemsHaveWords(t *testing.T) {
	for _, code := range []string{"active", "recurrence", "relapse", "inactive", "remission", "resolved", "completed", "intended", "stopped", "on-hold", "unknown", "not-taken", "refuted", "unconfirmed", "given", "not-done"} {
		if _, known := texts["item_"+code]; !known {
			t.Errorf("item_%s has no text", code)
		}
	}
}
