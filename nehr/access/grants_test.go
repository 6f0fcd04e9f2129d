package access_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

const why = "She was sent to us with raised pressure"

// asked is Dr Pera's request to Asha.
func (w *world) asked(s access.Scope) string {
	w.t.Helper()
	id, err := w.gate.Request(context.Background(), drPera, "Patient/asha", s, why)
	if err != nil {
		w.t.Fatalf("request: %v", err)
	}
	return id
}

func TestRequestAndAnswer(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	asked := access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, From: &from, Sensitive: true, Until: today.Add(48 * time.Hour)}
	w := newWorld(t)
	id := w.asked(asked)
	_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	all, err := w.gate.Consents(t.Context(), asha, "Patient/asha")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d consents, %v", len(all), err)
	}
	want := access.Consent{ID: id, State: access.Asked, Effect: access.Permit, Patient: "Patient/asha", Party: access.Party{Role: drPera.Role},
		Purpose: []access.Purpose{access.Treatment}, Scope: asked, Why: why, At: today, Readable: true}
	if d := cmp.Diff(want, all[0]); d != "" {
		t.Errorf("the request as she sees it (-want +got):\n%s", d)
	}
	for name, change := range map[string]func(*access.Scope){
		"every class":    func(s *access.Scope) { s.Types = nil },
		"another class":  func(s *access.Scope) { s.Types = append(s.Types, access.Problems) },
		"without a date": func(s *access.Scope) { s.From = nil },
		"longer":         func(s *access.Scope) { s.Until = s.Until.Add(time.Hour) },
		"for ever":       func(s *access.Scope) { s.Until = time.Time{} },
	} {
		wider := asked
		wider.Types = append([]access.Class{}, asked.Types...)
		change(&wider)
		if err := w.gate.Answer(t.Context(), asha, id, wider, true); !isRefusal(err, access.ReasonScope) {
			t.Errorf("wider than asked, %s: %v", name, err)
		}
	}
	narrower := access.Scope{Types: []access.Class{access.Vitals}, From: &from, Until: today.Add(time.Hour)}
	if err := w.gate.Answer(t.Context(), asha, id, narrower, true); err != nil {
		t.Fatal(err)
	}
	r, err := w.open(drPera, "Patient/asha").Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"asha", "asha-bp-2"}, sorted(ids(r))); d != "" {
		t.Errorf("what he sees (-want +got):\n%s", d)
	}
	if err := w.gate.Answer(t.Context(), asha, id, narrower, true); !isRefusal(err, access.ReasonState) {
		t.Errorf("answered twice: %v", err)
	}
	his, err := w.gate.Consents(t.Context(), drPera, "Patient/asha")
	if err != nil || len(his) != 1 || his[0].State != access.Active || !cmp.Equal(his[0].Scope, narrower) {
		t.Errorf("the consent as he sees it: %+v, %v", his, err)
	}
	others, err := w.gate.Consents(t.Context(), drSilva, "Patient/asha")
	if err != nil || len(others) != 0 {
		t.Errorf("another clinician sees %d consents, %v", len(others), err)
	}
}

func isRefusal(err error, why access.Reason) bool {
	d, ok := errors.AsType[*access.DeniedError](err)
	return ok && d.Reason == why
}

func TestRefusedAndOld(t *testing.T) {
	w := newWorld(t)
	scope := access.Scope{Until: today.Add(1000 * time.Hour)}
	no := w.asked(scope)
	if err := w.gate.Answer(t.Context(), asha, no, access.Scope{}, false); err != nil {
		t.Fatal(err)
	}
	if err := w.gate.Answer(t.Context(), asha, no, scope, true); !isRefusal(err, access.ReasonState) {
		t.Errorf("approved after she refused: %v", err)
	}
	old := w.asked(scope)
	w.now = today.Add(8 * 24 * time.Hour)
	if err := w.gate.Answer(t.Context(), asha, old, scope, true); !isRefusal(err, access.ReasonState) {
		t.Errorf("approved after a week: %v", err)
	}
	withdrawn := w.asked(scope)
	if err := w.gate.Revoke(t.Context(), asha, withdrawn); err != nil {
		t.Fatal(err)
	}
	if err := w.gate.Answer(t.Context(), asha, withdrawn, scope, true); !isRefusal(err, access.ReasonState) {
		t.Errorf("approved after it was withdrawn: %v", err)
	}
	_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	states := map[string]access.State{}
	all, err := w.gate.Consents(t.Context(), asha, "Patient/asha")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		states[c.ID] = c.State
	}
	if states[no] != access.Refused || states[old] != access.Ended || states[withdrawn] != access.Refused {
		t.Errorf("states %v", states)
	}
}

func TestGrantsRefused(t *testing.T) {
	w := newWorld(t)
	good := access.Scope{Until: today.Add(time.Hour)}
	late := access.Scope{Until: today.Add(6 * 365 * 24 * time.Hour)}
	standing := func(a access.Actor, p access.Party, s access.Scope) error {
		_, err := w.gate.Standing(t.Context(), a, p, s)
		return err
	}
	request := func(a access.Actor, patient string, s access.Scope, why string) error {
		_, err := w.gate.Request(t.Context(), a, patient, s, why)
		return err
	}
	role := access.Party{Role: drPera.Role}
	for _, test := range []struct {
		name string
		err  error
		why  access.Reason
	}{
		{"a clinician grants", standing(drPera, role, good), access.ReasonActor},
		{"to nobody", standing(asha, access.Party{}, good), access.ReasonScope},
		{"to two at once", standing(asha, access.Party{Role: drPera.Role, Person: drSilva.Person}, good), access.ReasonScope},
		{"to a patient", standing(asha, access.Party{Person: "Patient/beni"}, good), access.ReasonScope},
		{"without an end", standing(asha, role, access.Scope{}), access.ReasonScope},
		{"ended already", standing(asha, role, access.Scope{Until: today}), access.ReasonScope},
		{"for too long", standing(asha, role, late), access.ReasonScope},
		{"of a class that is none", standing(asha, role, access.Scope{Types: []access.Class{"everything"}, Until: good.Until}), access.ReasonScope},
		{"of an episode that is none", standing(asha, role, access.Scope{Episode: "Patient/beni", Until: good.Until}), access.ReasonScope},
		{"a patient asks", request(beni, "Patient/asha", good, why), access.ReasonActor},
		{"asks without a reason", request(drPera, "Patient/asha", good, " \n "), access.ReasonText},
		{"asks with a novel", request(drPera, "Patient/asha", good, strings.Repeat("a", 501)), access.ReasonText},
		{"asks for what is no patient", request(drPera, "Group/all", good, why), access.ReasonForeign},
		{"asks without an end", request(drPera, "Patient/asha", access.Scope{}, why), access.ReasonScope},
	} {
		if !isRefusal(test.err, test.why) {
			t.Errorf("%s: %v, want a refusal because of %s", test.name, test.err, test.why)
		}
	}
	for range 3 {
		w.asked(good)
	}
	if err := request(drPera, "Patient/asha", good, why); !isRefusal(err, access.ReasonTooMany) {
		t.Errorf("a fourth open request: %v", err)
	}
	if all, err := w.gate.Consents(t.Context(), asha, "Patient/asha"); err != nil || len(all) != 3 {
		t.Errorf("%d consents, %v", len(all), err)
	}
}

func TestBreakGlass(t *testing.T) {
	const words = "she bleeds and cannot be asked now"
	var notices []access.Notice
	var signed []string
	secret := []byte("0123456789abcdef")
	down := true
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var n access.Notice
		if err := json.Unmarshal(body, &n); err != nil {
			t.Error(err)
		}
		if down {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if strings.Contains(string(body), "bleeds") {
			t.Error("the notice has the words")
		}
		if got, want := r.Header.Get("X-Nehrbridge-Signature"), "sha256="+access.Signature(secret, r.Header.Get("X-Nehrbridge-Timestamp"), body); got != want {
			t.Errorf("signature %s, want %s", got, want)
		}
		signed = append(signed, r.Header.Get("X-Nehrbridge-Timestamp"))
		notices = append(notices, n)
	}))
	defer hook.Close()
	w := newWorld(t, func(c *access.Config) {
		c.Notify = access.Webhook{URL: hook.URL, Secret: secret, Now: func() time.Time { return today }}
	})
	glass := func(a access.Actor, patient string, code access.EmergencyCode, text string) error {
		_, err := w.gate.BreakGlass(t.Context(), a, patient, code, text)
		return err
	}
	stale, future, anonymous := drPera, drPera, drPera
	stale.SignedIn, future.SignedIn, anonymous.Person = today.Add(-5*time.Minute-1), today.Add(time.Hour), ""
	for _, test := range []struct {
		name string
		err  error
		why  access.Reason
	}{
		{"without a code", glass(drPera, "Patient/asha", "", words), access.ReasonText},
		{"with a code that is none", glass(drPera, "Patient/asha", "curious", words), access.ReasonText},
		{"without words", glass(drPera, "Patient/asha", access.EmergencyObstetric, ""), access.ReasonText},
		{"with 19 characters", glass(drPera, "Patient/asha", access.EmergencyObstetric, strings.Repeat("a", 19)), access.ReasonText},
		{"with spaces for words", glass(drPera, "Patient/asha", access.EmergencyObstetric, "a"+strings.Repeat(" ", 40)+"b"), access.ReasonText},
		{"signed in long ago", glass(stale, "Patient/asha", access.EmergencyObstetric, words), access.ReasonFresh},
		{"signed in tomorrow", glass(future, "Patient/asha", access.EmergencyObstetric, words), access.ReasonFresh},
		{"not signed in", glass(access.Actor{Kind: access.KindClinician, Person: drPera.Person}, "Patient/asha", access.EmergencyObstetric, words), access.ReasonFresh},
		{"by nobody", glass(anonymous, "Patient/asha", access.EmergencyObstetric, words), access.ReasonActor},
		{"by a patient", glass(beni, "Patient/asha", access.EmergencyObstetric, words), access.ReasonActor},
		{"of what is no patient", glass(drPera, "Observation/asha-bp-2", access.EmergencyObstetric, words), access.ReasonForeign},
	} {
		if !isRefusal(test.err, test.why) {
			t.Errorf("%s: %v, want a refusal because of %s", test.name, test.err, test.why)
		}
	}
	b, err := w.gate.BreakGlass(t.Context(), drPera, "Patient/asha", access.EmergencyObstetric, words)
	if err != nil {
		t.Fatal(err)
	}
	v := w.open(drPera, "Patient/asha")
	if v.Decision().Reason != access.ReasonEmergency {
		t.Errorf("opened because of %s", v.Decision().Reason)
	}
	r, err := v.Record(t.Context())
	if err != nil || !ids(r)["asha-problem"] || ids(r)["asha-hiv"] {
		t.Errorf("what he sees: %v, %v", sorted(ids(r)), err)
	}
	hers, err := w.gate.BreakGlasses(t.Context(), asha)
	if err != nil || len(hers) != 1 || hers[0].Text != words || hers[0].Person != drPera.Person || !hers[0].Until.Equal(today.Add(24*time.Hour)) {
		t.Errorf("what she sees of it: %+v, %v", hers, err)
	}
	if others, err := w.gate.BreakGlasses(t.Context(), beni); err != nil || len(others) != 0 {
		t.Errorf("another patient sees %d", len(others))
	}
	if own, err := w.gate.BreakGlasses(t.Context(), drPera); err != nil || len(own) != 1 {
		t.Errorf("he sees %d of his own, %v", len(own), err)
	}
	for _, e := range w.log(asha) {
		if strings.Contains(fmt.Sprint(e), "bleeds") {
			t.Error("the words stand in the log")
		}
	}
	other := drPera
	other.Facility = "Organization/base"
	_, err = w.gate.Open(t.Context(), other, "Patient/asha", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	_, err = w.gate.Open(t.Context(), drPera, "Patient/beni", access.Treatment)
	denied(t, err, access.ReasonNoRule)

	if f, err := w.gate.Forward(t.Context()); err == nil || f.Notified != 0 {
		t.Errorf("forward while nobody answers: %+v, %v", f, err)
	}
	down = false
	if f, err := w.gate.Forward(t.Context()); err != nil || f.Notified != 1 {
		t.Errorf("forward: %+v, %v", f, err)
	}
	if f, err := w.gate.Forward(t.Context()); err != nil || f.Notified != 0 {
		t.Errorf("told twice: %+v, %v", f, err)
	}
	if len(notices) != 1 || notices[0].ID != b.ID || notices[0].Patient != "Patient/asha" || len(signed) != 1 {
		t.Errorf("notices %+v", notices)
	}
	w.now = today.Add(24 * time.Hour)
	_, err = v.Record(t.Context())
	denied(t, err, access.ReasonNoRule)
}

func TestBreakGlassTooOften(t *testing.T) {
	w := newWorld(t, func(c *access.Config) { c.Policy.BreakGlassPerDay = 2 })
	for i := range 3 {
		_, err := w.gate.BreakGlass(t.Context(), drPera, fmt.Sprintf("Patient/p%d", i), access.EmergencyDisaster, "a bus went into the river")
		if i < 2 && err != nil {
			t.Fatal(err)
		} else if i == 2 {
			denied(t, err, access.ReasonTooMany)
		}
	}
}

func TestWebhookSettings(t *testing.T) {
	long := []byte("0123456789abcdef")
	for _, w := range []access.Webhook{{}, {URL: "http://example.org/x", Secret: long}, {URL: "https://example.org/x", Secret: []byte("short")}, {URL: "file:///etc/passwd", Secret: long}, {URL: "://", Secret: long}} {
		if w.Validate() == nil {
			t.Errorf("%q is taken", w.URL)
		}
		if w.Notify(t.Context(), access.Notice{}) == nil {
			t.Errorf("%q is called", w.URL)
		}
	}
	for _, u := range []string{"https://example.org/x", "http://127.0.0.1:1/x", "http://[::1]/x"} {
		if err := (access.Webhook{URL: u, Secret: long}).Validate(); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
	away := httptest.NewServer(http.RedirectHandler("https://elsewhere.example", http.StatusFound))
	defer away.Close()
	if err := (access.Webhook{URL: away.URL, Secret: long}).Notify(t.Context(), access.Notice{}); err == nil || strings.Contains(err.Error(), "http") {
		t.Errorf("a redirect: %v", err)
	}
}
