package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// command runs nehrbridge with the settings of the test's servers.
func (s *testServers) command(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, stdio{strings.NewReader(""), &out, &errs, s.env}); code != want {
		t.Fatalf("%v: exit code %d, want %d\n%s", args, code, want, errs.String())
	}
	return out.String()
}

// TestD036_QuarantineIsListedAndComesBack: a mother without a health number is
// set aside and listed with the reason, and is carried over by herself when
// she gets one.
func TestD036_QuarantineIsListedAndComesBack(t *testing.T) {
	s := startServersFor(t, 6, startNEHR(t))
	if c, _ := s.sync(t); c.Quarantined != 1 {
		t.Fatalf("counts %+v, want one quarantined", c)
	}
	type letter struct {
		TrackedEntity dhis2.UID `json:"trackedEntity"`
		Class         string    `json:"class"`
		Message       string    `json:"message"`
	}
	var listed letter
	if err := json.Unmarshal([]byte(s.command(t, exitDone, "dead-letters", "list", "--class", "quarantine")), &listed); err != nil {
		t.Fatal(err)
	}
	if listed.TrackedEntity != dhis2.MustUID("SbxMother03") || !strings.Contains(listed.Message, "personal health number") {
		t.Errorf("listed %+v", listed)
	}
	if got := s.command(t, exitDone, "dead-letters", "show", "SbxMother03"); !strings.Contains(got, `"class":"quarantine"`) {
		t.Errorf("show gives %s", got)
	}
	s.command(t, exitFound, "dead-letters", "show", "SbxMother01")
	s.command(t, exitUsage, "dead-letters", "discard")
	if got := s.command(t, exitDone, "dead-letters", "retry", "--class", "quarantine"); !strings.Contains(got, `"retried":1`) {
		t.Errorf("retry gives %s", got)
	}

	mustDo(t, s.dhis2.SetAttribute(dhis2.MustUID("SbxMother03"), dhis2.MustUID("IrUmPkFMDU5"), "SBX2TEST001"))
	if c, _ := s.sync(t); c.Written != 1 || c.Quarantined != 0 {
		t.Errorf("with a number: %+v, want her written", c)
	}
	if got := s.command(t, exitDone, "dead-letters", "list"); got != "" {
		t.Errorf("still set aside: %s", got)
	}
}

// TestBackup copies the database and checks the copy.
func TestBackup(t *testing.T) {
	s := startServersFor(t, 6, startNEHR(t))
	s.sync(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	s.command(t, exitDone, "backup", file)
	if _, err := database.Check(t.Context(), file); err != nil {
		t.Errorf("the copy: %v", err)
	}
	s.command(t, exitUsage, "backup", file) // never over another file
}
