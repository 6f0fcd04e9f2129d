package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const eventSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// events is a receiver of notifications.
type events struct {
	*httptest.Server
	mu  sync.Mutex
	got []changes.Event
}

// newEvents starts one; refuse may answer in its place, and says that it did.
func newEvents(t *testing.T, refuse func(http.ResponseWriter) bool) *events {
	e := &events{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		event, err := changes.Verifier{Secrets: []string{eventSecret}}.Verify(r.Header, body)
		if err != nil {
			t.Error(err)
		}
		for _, value := range []string{"Udaharana", "SBX2"} {
			if bytes.Contains(body, []byte(value)) {
				t.Errorf("a notification holds a value of a person (%s…)", value[:3])
			}
		}
		if refuse != nil && refuse(w) {
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.got = append(e.got, event)
	}))
	t.Cleanup(e.Close)
	return e
}

// of gives those of one tracked entity.
func (e *events) of(uid string) (out []changes.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.got {
		if uid == "" || event.Data.TrackedEntity.String() == uid {
			out = append(out, event)
		}
	}
	return out
}

func (e *events) env() []string {
	return []string{"NEHRBRIDGE_DHIS2_EVENTS_URL=" + e.URL, "NEHRBRIDGE_DHIS2_EVENTS_SECRET=" + eventSecret}
}

// TestEventsWithoutTheRecord: whoever changed is told while the national
// record is down, and again when it changes.
func TestEventsWithoutTheRecord(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	s := startServersFor(t, 6, gone.URL)
	e := newEvents(t, nil)
	r := watching(t, append(append(s.env, "NEHRBRIDGE_DHIS2_POLL=1s"), e.env()...)...)
	await(t, "an event for each", func() bool { return len(e.of("SbxMother00")) > 0 && len(e.of("SbxMother03")) > 0 })
	before := len(e.of("SbxMother03"))
	if err := s.dhis2.SetAttribute(dhis2.MustUID("SbxMother03"), dhis2.MustUID("EOMGwaUTMrU"), "another address"); err != nil {
		t.Fatal(err)
	}
	await(t, "an event of the change", func() bool { return len(e.of("SbxMother03")) > before })
	got := e.of("SbxMother03")
	first, last := got[0], got[len(got)-1]
	if first.ID == last.ID || last.Data.Sequence <= first.Data.Sequence {
		t.Errorf("the change %+v is told as %+v", last, first)
	}
	if last.Data.Source == "" || len(last.Data.Programs) != 1 || last.Data.Programs[0] != dhis2sandbox.ANCProgram {
		t.Errorf("event %+v", last)
	}
	if v := r.metric(`nehrbridge_requests_total{server="nehr",status="none"}`); v == "" || v == "0" {
		t.Errorf("requests to the record without an answer: %q", v)
	}
	if strings.Contains(r.log.String(), "Udaharana") || strings.Contains(r.log.String(), strings.TrimPrefix(eventSecret, "whsec_")) {
		t.Error("the log holds a name or the secret")
	}
}

// TestEventsOnce: `sync --once` tells too; what it cannot tell is kept for the
// next time, with or without the setting meanwhile.
func TestEventsOnce(t *testing.T) {
	s := startServersFor(t, 6, startNEHR(t))
	down := true
	e := newEvents(t, func(w http.ResponseWriter) bool {
		if down {
			w.WriteHeader(http.StatusBadRequest)
		}
		return down
	})
	plain := s.env
	s.env = append(append([]string{}, plain...), e.env()...)
	var out, log bytes.Buffer
	if code := run(t.Context(), []string{"sync", "--once"}, stdio{strings.NewReader(""), &out, &log, s.env}); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, &log)
	}
	list := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"dead-letters"}, args...), stdio{strings.NewReader(""), &out, &errs, s.env}); code != exitDone {
			t.Fatalf("exit code %d\n%s", code, &errs)
		}
		return out.String()
	}
	refused := strings.Count(list("list", "--events"), `"cause":"400"`)
	if refused < 5 || len(e.of("")) != 0 {
		t.Fatalf("%d refused, %d told", refused, len(e.of("")))
	}
	if own := list("list"); strings.Contains(own, `"cause":"400"`) {
		t.Errorf("a notification among what was not written:\n%s", own)
	}
	down = false
	list("retry", "--events")
	s.env = plain
	if err := s.dhis2.SetAttribute(dhis2.MustUID("SbxMother03"), dhis2.MustUID("EOMGwaUTMrU"), "another address"); err != nil {
		t.Fatal(err)
	}
	s.sync(t)
	if n := len(e.of("")); n != 0 {
		t.Fatalf("%d told without the setting", n)
	}
	s.env = append(append([]string{}, plain...), e.env()...)
	s.sync(t)
	if n := len(e.of("")); n != refused {
		t.Errorf("%d told, want each of the %d that were refused", n, refused)
	}
	if got := e.of("SbxMother03"); len(got) != 1 || got[0].Data.Sequence < 2 {
		t.Errorf("events %+v, want one that stands for both changes", got)
	}
}

// TestAttackEventsCredentials: the agent's token goes to a Route of its own
// DHIS2, and to nobody else.
func TestAttackEventsCredentials(t *testing.T) {
	s := startServersFor(t, 1, startNEHR(t))
	base := strings.TrimPrefix(s.env[0], "NEHRBRIDGE_DHIS2_URL=")
	for url, ours := range map[string]bool{
		base + "/api/routes/events/run":              true,
		base + "/api/42/routes/RouteEvents/run":      true,
		base + ".example.org/api/routes/events/run":  false,
		base + "1/api/routes/events/run":             false,
		base + "/api/tracker":                        false,
		base + "/routes/":                            false,
		"https://other.example/api/routes/events":    false,
		"https://other.example/" + base + "/api/run": false,
	} {
		a := &app{stdio: stdio{environ: append(append([]string{}, s.env...), "NEHRBRIDGE_DHIS2_EVENTS_URL="+url, "NEHRBRIDGE_DHIS2_EVENTS_SECRET="+eventSecret)}}
		settings, err := a.settings()
		if err != nil {
			if ours {
				t.Errorf("%s: %v", url, err)
			}
			continue
		}
		client, err := newDHIS2(settings)
		if err != nil {
			t.Fatal(err)
		}
		cfg := notifyConfig(settings, client)
		if sent := cfg.Header.Get("Authorization") != ""; sent != ours || cfg.Route != ours {
			t.Errorf("%s: credentials sent: %v, Route: %v, want %v", url, sent, cfg.Route, ours)
		}
	}
}

// TestEventsWrongSecret: a mistake of the settings ends the program at once.
func TestEventsWrongSecret(t *testing.T) {
	s := startServersFor(t, 1, startNEHR(t))
	r := watching(t, append(s.env, "NEHRBRIDGE_DHIS2_EVENTS_URL=https://example.org/", "NEHRBRIDGE_DHIS2_EVENTS_SECRET=whsec_%%%")...)
	code := <-r.ended
	r.ended <- code
	if code != exitUsage || !strings.Contains(r.log.String(), "base64") || strings.Contains(r.log.String(), "%%%") {
		t.Errorf("exit code %d\n%s", code, r.log)
	}
}
