package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestSyncOnceHasPatience: a record that fails for a moment, as servers do
// under many writers, is tried again before `sync --once` gives up.
func TestSyncOnceHasPatience(t *testing.T) {
	record, err := nehrsandbox.New(nehrsandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	web := httptest.NewServer(record.Handler())
	defer web.Close()
	s := startServersFor(t, 6, web.URL+"/fhir")
	record.Break(1, nehrsandbox.Fault{Kind: nehrsandbox.FailAfter, Match: nehrsandbox.Transactions, Times: 4})
	c, _ := s.sync(t)
	if c.DeadLetters > 0 || len(s.patients(t)) < 4 {
		t.Errorf("%+v with %d Patients, want everybody written", c, len(s.patients(t)))
	}
	if second, _ := s.sync(t); second.Written != 0 {
		t.Errorf("second run: %+v, want nothing left to write", second)
	}
}

// TestSyncOnceGivesUp: a record that is not there is exit code 3, with nothing
// on stdout.
func TestSyncOnceGivesUp(t *testing.T) {
	web := httptest.NewServer(nil)
	address := web.URL
	web.Close()
	s := startServersFor(t, 2, address+"/fhir")
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"sync", "--once"}, stdio{strings.NewReader(""), &out, &errs, s.env}); code != exitUnreachable || out.Len() > 0 {
		t.Errorf("exit code %d with %q on stdout, want %d with none", code, out.String(), exitUnreachable)
	}
}
