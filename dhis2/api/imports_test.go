package api_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

var uids = cmp.AllowUnexported(dhis2.UID{})

// eventPayload is an event for one of the demo's mothers.
func eventPayload(uid, element, value string) api.Payload {
	return api.Payload{Events: []dhis2.Event{{Event: dhis2.MustUID(uid), Program: sandbox.ANCProgram, ProgramStage: dhis2.MustUID("GX0z9IXFaso"),
		Enrollment: dhis2.MustUID("SbxEnr00001"), OrgUnit: dhis2.MustUID("SbxClinic01"), OccurredAt: "2026-02-02",
		DataValues: []dhis2.DataValue{{DataElement: dhis2.MustUID(element), Value: value}}}}}
}

func TestImport(t *testing.T) {
	_, c := serve(t, sandbox.Config{})
	const weight = "cw35l7X4hnV"
	good, bad := eventPayload("ApiEvent001", weight, "61.5"), eventPayload("ApiEvent002", weight, quoted)
	both := api.Payload{Events: append(append([]dhis2.Event{}, good.Events...), bad.Events...)}
	refused := []api.Refusal{{Code: "E1302", Kind: "EVENT", UID: dhis2.MustUID("ApiEvent002")}}
	for _, tc := range []struct {
		name     string
		payload  api.Payload
		options  api.ImportOptions
		want     api.ImportReport
		complete bool
	}{
		{"checked only", good, api.ImportOptions{Validate: true}, api.ImportReport{Status: "OK", Created: 1}, true},
		{"all or nothing", both, api.ImportOptions{}, api.ImportReport{Status: "ERROR", Ignored: 2, Refusals: refused}, false},
		{"what can be", both, api.ImportOptions{Single: true}, api.ImportReport{Status: "OK", Created: 1, Ignored: 1, Refusals: refused}, false},
		{"again", good, api.ImportOptions{Strategy: api.Create}, api.ImportReport{Status: "ERROR", Ignored: 1,
			Refusals: []api.Refusal{{Code: "E1030", Kind: "EVENT", UID: dhis2.MustUID("ApiEvent001")}}}, false},
		{"change", good, api.ImportOptions{}, api.ImportReport{Status: "OK", Updated: 1}, true},
		{"delete", good, api.ImportOptions{Strategy: api.Delete}, api.ImportReport{Status: "OK", Deleted: 1}, true},
	} {
		report, err := c.Import(t.Context(), tc.payload, tc.options)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(&tc.want, report, uids); diff != "" || report.Complete() != tc.complete {
			t.Errorf("%s: complete %t\n%s", tc.name, report.Complete(), diff)
		}
	}
	if r := (api.ImportReport{Refusals: refused}); !r.Has("E1302") || r.Has("E1064") || refused[0].String() != "EVENT ApiEvent002: E1302" {
		t.Errorf("got %v of %v", r.Has("E1302"), refused[0])
	}
}

func TestImportFailures(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault sandbox.Fault
		want  verdict
	}{
		{"refused before it was read", sandbox.Fault{Status: 409, Code: "E1003", Message: quoted}, verdict{status: 409}},
		{"no payload", sandbox.Fault{Status: 400, Message: quoted}, verdict{status: 400}},
		{"forbidden", sandbox.Fault{Status: 403, Message: quoted}, verdict{status: 403, forbidden: true}},
		{"proxy", sandbox.Fault{Status: 502}, verdict{status: 502, retryable: true}},
		{"login page", sandbox.Fault{Kind: sandbox.FaultLoginPage}, verdict{status: 200, retryable: true, unauthorized: true}},
		{"login", sandbox.Fault{Kind: sandbox.FaultLogin}, verdict{status: 302, retryable: true, unauthorized: true}},
		{"broken off", sandbox.Fault{Kind: sandbox.FaultGarbage}, verdict{status: 200, retryable: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := serve(t, sandbox.Config{})
			s.Inject(tc.fault)
			_, err := c.Import(t.Context(), eventPayload("ApiEvent001", "cw35l7X4hnV", quoted), api.ImportOptions{})
			e := apiError(t, err)
			if got := verdictOf(e); got != tc.want || e.Method != "POST" || e.Path != "/api/tracker" {
				t.Errorf("got %+v of %s %s, want %+v", got, e.Method, e.Path, tc.want)
			}
			if strings.Contains(err.Error(), "Nimali") {
				t.Errorf("the error quotes the server: %q", err)
			}
		})
	}
	t.Run("another document", func(t *testing.T) {
		c := raw(t, "application/json", `{"pager":{}}`)
		_, err := c.Import(t.Context(), api.Payload{}, api.ImportOptions{})
		if e := apiError(t, err); !e.Retryable() || e.Method != "POST" {
			t.Errorf("got %v", err)
		}
	})
	// Whether it happened is not known; a second CREATE tells.
	t.Run("the answer is lost", func(t *testing.T) {
		s, _ := serve(t, sandbox.Config{})
		web := httptest.NewServer(s.Handler())
		defer web.Close()
		c := client(t, api.Config{BaseURL: web.URL, Token: sandbox.DefaultToken, Timeout: time.Minute})
		s.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Method: "POST", Times: 1})
		payload := eventPayload("ApiEvent001", "cw35l7X4hnV", "61.5")
		_, err := c.Import(t.Context(), payload, api.ImportOptions{Strategy: api.Create})
		if e, ok := errors.AsType[*api.UnreachableError](err); !ok || e.Method != "POST" {
			t.Fatalf("got %v, want an *api.UnreachableError", err)
		}
		report, err := c.Import(t.Context(), payload, api.ImportOptions{Strategy: api.Create})
		if err != nil || !report.Has("E1030") {
			t.Errorf("the second time: got %+v, %v", report, err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		_, c := serve(t, sandbox.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Import(ctx, api.Payload{}, api.ImportOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
