package record_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// Each fault of the server in the middle of a correction: what the caller may
// know of it, that nothing is forgotten, and that trying again ends it.
func TestFaultsLeaveNothingUnknown(t *testing.T) {
	type class struct{ retryable, conflict, permanent, unknown bool }
	tests := map[sandbox.FaultKind]class{
		sandbox.Slow:               {retryable: true, unknown: true},
		sandbox.TooManyRequests:    {retryable: true},
		sandbox.FailBefore:         {retryable: true, unknown: true},
		sandbox.FailAfter:          {retryable: true, unknown: true},
		sandbox.CutBody:            {retryable: true, unknown: true},
		sandbox.Conflict:           {conflict: true},
		sandbox.PreconditionFailed: {conflict: true},
		sandbox.HTML:               {retryable: true, unknown: true},
		sandbox.Reset:              {retryable: true, unknown: true},
		sandbox.LoseAnswer:         {retryable: true, unknown: true},
		sandbox.Garbage:            {retryable: true, unknown: true},
		sandbox.WrongShape:         {retryable: true, unknown: true},
		sandbox.DropEntry:          {retryable: true, unknown: true},
	}
	for kind, want := range tests {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, err := sandbox.New(sandbox.Config{})
			if err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(s.Handler())
			t.Cleanup(func() { web.Close(); s.Close() })
			w := newWorld(t, web.URL+"/fhir", record.ByID)
			l := &ledger{w: w}
			m := w.healthy()
			m.patient = `,"telecom":[{"system":"phone","value":"+94111"}]`
			l.write(w.desired(m))
			condition := w.idOf(l, "Condition")
			if kind == sandbox.Slow { // longer than the writer waits
				impatient, err := client.New(client.Config{BaseURL: web.URL + "/fhir", Timeout: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				w.spy.Server = impatient
			}
			s.Break(1, sandbox.Fault{Kind: kind, Match: sandbox.Transactions, Times: 1, Delay: time.Hour})
			m.cardiac, m.phn, m.patient = false, "Q", `,"telecom":[{"system":"phone","value":"+94222"}]`
			_, err = l.try(w.writer, w.desired(m))
			var (
				retryable interface{ Retryable() bool }
				conflict  interface{ Conflict() bool }
				permanent interface{ Permanent() bool }
				unknown   interface{ Unknown() bool }
			)
			got := class{
				errors.As(err, &retryable) && retryable.Retryable(),
				errors.As(err, &conflict) && conflict.Conflict(),
				errors.As(err, &permanent) && permanent.Permanent(),
				errors.As(err, &unknown) && unknown.Unknown(),
			}
			if got != want {
				t.Errorf("%v is %+v, want %+v", err, got, want)
			}
			known := map[string]int{}
			for _, r := range l.state().Resources {
				known[r.Type]++
			}
			if known["Condition"] != 1 || known["Patient"] != 2 {
				t.Errorf("known are %v: what stood and what may stand must be", known)
			}
			// DHIS2 has changed once more when it is tried again.
			m.patient = `,"telecom":[{"system":"phone","value":"+94333"}]`
			l.write(w.desired(m))
			if got := w.status("Condition", condition); got != "false entered-in-error" {
				t.Errorf("the Condition is %s", got)
			}
			p := w.read("Patient", w.idOf(l, "Patient"))
			if all := scalars(p.All("telecom.value")); len(all) != 1 || all[0] != "+94333" {
				t.Errorf("her numbers are %s", all)
			}
		})
	}
}
