package access_test

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func denied(t testing.TB, err error, why access.Reason) {
	t.Helper()
	d, ok := errors.AsType[*access.DeniedError](err)
	if !ok || d.Reason != why {
		t.Errorf("got %v, want a refusal because of %s", err, why)
	}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func TestRecordOfHerself(t *testing.T) {
	w := newWorld(t)
	v := w.open(asha, "Patient/asha")
	w.requests.Store(0)
	r, err := v.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := w.requests.Load(); n > 2 {
		t.Errorf("%d requests to the NEHR, at most 2 are allowed", n)
	}
	want := []string{"asha", "asha-bp-1", "asha-bp-2", "asha-document", "asha-hb-2", "asha-hiv", "asha-iron", "asha-next", "asha-pregnancy-1", "asha-pregnancy-2", "asha-problem", "asha-visit-1", "asha-visit-2"}
	if d := cmp.Diff(want, sorted(ids(r))); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	if r.Resources[0].Get("resourceType").Str() != "Patient" {
		t.Error("the Patient is not the first")
	}
	if !r.Withheld.Any || !slices.Equal(r.Withheld.Classes, []access.Class{access.Laboratory}) {
		t.Errorf("withheld %+v, want one by policy in the laboratory", r.Withheld)
	}
	named := map[string]bool{}
	for _, x := range r.Resources {
		named[x.Get("resourceType").Str()+"/"+x.Get("id").Str()] = true
	}
	if !named["Organization/clinic"] || !named["Location/room"] {
		t.Error("what she is treated at is not named")
	}
}

func TestRecordByScope(t *testing.T) {
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		scope access.Scope
		want  []string
	}{
		{"all", access.Scope{}, []string{"asha", "asha-bp-1", "asha-bp-2", "asha-document", "asha-hb-2", "asha-iron", "asha-next", "asha-pregnancy-1", "asha-pregnancy-2", "asha-problem", "asha-visit-1", "asha-visit-2"}},
		{"with what is sensitive", access.Scope{Sensitive: true, Types: []access.Class{access.Laboratory}}, []string{"asha", "asha-hb-2", "asha-hiv", "asha-nopat"}},
		{"vital signs", access.Scope{Types: []access.Class{access.Vitals}}, []string{"asha", "asha-bp-1", "asha-bp-2"}},
		{"a resource type", access.Scope{Types: []access.Class{"MedicationStatement"}}, []string{"asha", "asha-iron"}},
		{"vital signs of a year", access.Scope{Types: []access.Class{access.Vitals}, From: &from, To: &to}, []string{"asha", "asha-bp-2"}},
		{"a year", access.Scope{From: &from, To: &to}, []string{"asha", "asha-bp-2", "asha-document", "asha-hb-2", "asha-iron", "asha-next", "asha-visit-2"}},
		{"a pregnancy", access.Scope{Episode: "enrolFirst1"}, []string{"asha", "asha-bp-1", "asha-pregnancy-1", "asha-visit-1"}},
		{"the other pregnancy", access.Scope{Episode: "enrolSecon2"}, []string{"asha", "asha-bp-2", "asha-document", "asha-hb-2", "asha-iron", "asha-next", "asha-pregnancy-2", "asha-visit-2"}},
		{"a visit", access.Scope{Episode: "Encounter/asha-visit-1"}, []string{"asha", "asha-bp-1", "asha-visit-1"}},
		{"an episode that is none", access.Scope{Episode: "EpisodeOfCare/none"}, []string{"asha"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.name == "an episode that is none" {
				w.put(`{"resourceType":"EpisodeOfCare","id":"none","status":"active","patient":{"reference":"Patient/asha"}}`)
				test.want = append(test.want, "none")
			}
			w.grant(test.scope)
			w.requests.Store(0)
			v := w.open(drPera, "Patient/asha")
			if n := w.requests.Load(); n > 1 {
				t.Errorf("%d requests to open, at most 1", n)
			}
			w.requests.Store(0)
			r, err := v.Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := w.requests.Load(); n > 2 {
				t.Errorf("%d requests to the NEHR, at most 2 are allowed", n)
			}
			if d := cmp.Diff(test.want, sorted(ids(r))); d != "" {
				t.Errorf("record (-want +got):\n%s", d)
			}
			if !r.Withheld.Any {
				t.Error("nothing is said to be withheld, but something is")
			}
		})
	}
}

func TestHide(t *testing.T) {
	for _, test := range []struct {
		name string
		from access.Party
		hide access.Scope
		gone []string
	}{
		{"a class, from everybody", access.Party{}, access.Scope{Types: []access.Class{access.Vitals}}, []string{"asha-bp-1", "asha-bp-2"}},
		{"a class, from him", access.Party{Person: drPera.Person}, access.Scope{Types: []access.Class{access.Vitals}}, []string{"asha-bp-1", "asha-bp-2"}},
		{"a class, from another", access.Party{Person: drSilva.Person}, access.Scope{Types: []access.Class{access.Vitals}}, nil},
		{"a visit", access.Party{}, access.Scope{Episode: "Encounter/asha-visit-1"}, []string{"asha-bp-1", "asha-visit-1", "asha-problem"}},
		{"a pregnancy", access.Party{}, access.Scope{Episode: "enrolFirst1"}, []string{"asha-bp-1", "asha-pregnancy-1", "asha-visit-1", "asha-problem"}},
		{"what is sensitive", access.Party{}, access.Scope{Sensitive: true}, []string{"asha-hiv", "asha-nopat"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.grant(access.Scope{Sensitive: true})
			before, err := w.open(drPera, "Patient/asha").Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			id, err := w.gate.Hide(t.Context(), asha, test.from, test.hide)
			if err != nil {
				t.Fatal(err)
			}
			v := w.open(drPera, "Patient/asha")
			r, err := v.Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := ids(before)
			for _, g := range test.gone {
				if !want[g] {
					t.Fatalf("%s was not there before", g)
				}
				delete(want, g)
			}
			if d := cmp.Diff(sorted(want), sorted(ids(r))); d != "" {
				t.Errorf("record (-want +got):\n%s", d)
			}
			if err := w.gate.Revoke(t.Context(), asha, id); err != nil {
				t.Fatal(err)
			}
			if r, err = v.Record(t.Context()); err != nil || len(ids(r)) != len(ids(before)) {
				t.Errorf("%d resources after she shows them again, %v; want %d", len(ids(r)), err, len(ids(before)))
			}
		})
	}
}

func TestRevokedInTheMiddle(t *testing.T) {
	w := newWorld(t)
	id := w.grant(access.Scope{})
	v := w.open(drPera, "Patient/asha")
	if _, err := v.Read(t.Context(), "Observation", "asha-bp-2"); err != nil {
		t.Fatal(err)
	}
	if err := w.gate.Revoke(t.Context(), asha, id); err != nil {
		t.Fatal(err)
	}
	_, err := v.Read(t.Context(), "Observation", "asha-bp-2")
	denied(t, err, access.ReasonNoRule)
	_, err = v.Record(t.Context())
	denied(t, err, access.ReasonNoRule)
}

func TestExpires(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{Until: today.Add(time.Hour)})
	v := w.open(drPera, "Patient/asha")
	w.now = today.Add(time.Hour)
	_, err := v.Record(t.Context())
	denied(t, err, access.ReasonNoRule)
}

func TestReferral(t *testing.T) {
	episode := []string{"asha", "asha-bp-2", "asha-document", "asha-hb-2", "asha-iron", "asha-next", "asha-pregnancy-2", "asha-task", "asha-visit-2"}
	for _, test := range []struct {
		name, status, owner, more string
		change                    func(*access.Config)
		want                      []string // nil: refused
	}{
		{"to his facility", "requested", "Organization/general", "", nil, episode},
		{"accepted", "accepted", "Organization/general", "", nil, episode},
		{"to his role", "requested", "PractitionerRole/pera-general", "", nil, episode},
		{"to himself", "requested", "Practitioner/pera", "", nil, episode},
		{"to another facility", "requested", "Organization/base", "", nil, nil},
		{"to nobody", "requested", "", "", nil, nil},
		{"to a shared queue", "requested", "Organization/general", "", func(c *access.Config) { c.Policy.SharedQueues = []string{"Organization/general"} }, nil},
		{"cancelled", "cancelled", "Organization/general", "", nil, nil},
		{"rejected", "rejected", "Organization/general", "", nil, nil},
		{"entered in error", "entered-in-error", "Organization/general", "", nil, nil},
		{"draft", "draft", "Organization/general", "", nil, nil},
		{"completed", "completed", "Organization/general", "", nil, nil},
		{"completed lately", "completed", "Organization/general", `,"lastModified":"2026-03-01"`, func(c *access.Config) { c.Policy.AfterReferral = 48 * time.Hour }, episode},
		{"completed long ago", "completed", "Organization/general", `,"lastModified":"2026-02-20"`, func(c *access.Config) { c.Policy.AfterReferral = 48 * time.Hour }, nil},
		{"old", "requested", "Organization/general", "", func(c *access.Config) { c.Policy.ReferralLife = 24 * time.Hour }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*access.Config) {}
			}
			w := newWorld(t, change)
			w.task(test.status, test.owner, test.more)
			v, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			if test.want == nil {
				denied(t, err, access.ReasonNoRule)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.Decision().Reason != access.ReasonReferral {
				t.Errorf("opened because of %s", v.Decision().Reason)
			}
			r, err := v.Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, sorted(ids(r))); d != "" {
				t.Errorf("record (-want +got):\n%s", d)
			}
		})
	}
}

func TestReadSearchCountHistoryBinary(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{Types: []access.Class{access.Vitals, access.Documents}})
	v := w.open(drPera, "Patient/asha")
	r, err := v.Read(t.Context(), "Observation", "asha-bp-2")
	if err != nil || r.Get("id").Str() != "asha-bp-2" {
		t.Errorf("read: %v", err)
	}
	if _, err := v.Read(t.Context(), "Observation", "asha-hb-2"); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("what is withheld: %v", err)
	}
	if _, err := v.Read(t.Context(), "Organization", "clinic"); err != nil {
		t.Errorf("the directory: %v", err)
	}
	found, err := v.Search(t.Context(), "Observation", url.Values{"date": {"ge2026-01-01"}, "_sort": {"-date"}, "_count": {"1"}})
	if err != nil || len(found) != 1 || found[0].Get("id").Str() != "asha-bp-2" {
		t.Errorf("search: %d found, %v", len(found), err)
	}
	if n, err := v.Count(t.Context(), "Observation", nil); err != nil || n != 2 {
		t.Errorf("count: %d, %v; want 2, that are shown", n, err)
	}
	if found, err := v.Search(t.Context(), "Patient", nil); err != nil || len(found) != 1 {
		t.Errorf("search of herself: %d, %v", len(found), err)
	}
	w.put(observation("asha-bp-2", "asha", "vital-signs", "85354-9", "2026-02-10", `,"note":[{"text":"second"}]`))
	versions, err := v.History(t.Context(), "Observation", "asha-bp-2")
	if err != nil || len(versions) != 2 || versions[0].Get("note") == nil {
		t.Errorf("history: %d versions, %v", len(versions), err)
	}
	b, err := v.Binary(t.Context(), "asha-letter")
	if err != nil || b.ContentType != "text/plain" || string(b.Data) != "secret" {
		t.Errorf("binary: %+v, %v", b, err)
	}
	if err := v.Audit(t.Context(), access.ActionCreate, "Observation/new"); err != nil {
		t.Errorf("audit: %v", err)
	}
}

func TestNEHRAway(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{})
	mine, his := w.open(asha, "Patient/asha"), w.open(drPera, "Patient/asha")
	first, err := mine.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := his.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now = today.Add(time.Hour)
	w.nehr.Break(1, sandbox.Fault{Kind: sandbox.FailBefore})
	last, err := mine.Record(t.Context())
	if err != nil || !last.Stale || !last.At.Equal(today) {
		t.Fatalf("her last copy: %+v, %v", last, err)
	}
	if d := cmp.Diff(sorted(ids(first)), sorted(ids(last))); d != "" {
		t.Errorf("her last copy (-first +last):\n%s", d)
	}
	if _, err := his.Record(t.Context()); err == nil {
		t.Error("a clinician saw a copy: whether she still permits is not known")
	}
	if _, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment); err == nil {
		t.Error("a clinician opened a record while nobody knows of consents")
	}
	if _, err := w.open(beni, "Patient/beni").Record(t.Context()); err == nil {
		t.Error("a record without a copy was shown")
	}
	w.nehr.Break(0)
	if r, err := mine.Record(t.Context()); err != nil || r.Stale {
		t.Errorf("back again: %v", err)
	}
}

func TestLogDownRefuses(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{})
	mine, his := w.open(asha, "Patient/asha"), w.open(drPera, "Patient/asha")
	w.db.Close()
	refusedByLog := func(what string, err error) {
		t.Helper()
		if _, ok := errors.AsType[*access.LogError](err); !ok {
			t.Errorf("%s: %v, want the log's error", what, err)
		}
	}
	r, err := mine.Record(t.Context())
	refusedByLog("her record", err)
	if r != nil {
		t.Error("a record without a log")
	}
	o, err := his.Read(t.Context(), "Observation", "asha-bp-2")
	refusedByLog("read", err)
	if o != nil {
		t.Error("a resource without a log")
	}
	_, err = mine.Search(t.Context(), "Observation", nil)
	refusedByLog("search", err)
	_, err = w.gate.Open(t.Context(), asha, "Patient/asha", access.PatientRequest)
	refusedByLog("open", err)
	_, err = w.gate.Standing(t.Context(), asha, access.Party{Role: drPera.Role}, access.Scope{Until: today.Add(time.Hour)})
	refusedByLog("standing", err)
	_, err = w.gate.BreakGlass(t.Context(), drPera, "Patient/beni", access.EmergencyObstetric, "she bleeds and cannot be asked now")
	refusedByLog("break-glass", err)
}
