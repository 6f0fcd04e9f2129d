package access_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// between is a NEHR that answers Observations in pages, before each of which something
// may happen.
type between struct {
	access.NEHR
	before func(operation string)
}

func (b *between) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	b.before("transaction")
	answer, err := b.NEHR.Transaction(ctx, bundle)
	if err != nil {
		return nil, err
	}
	for _, item := range answer.Resource.Get("entry").Items() {
		set := item.Get("resource")
		if found := set.Get("entry").Items(); len(found) > 0 && found[0].Get("resource", "resourceType").Str() == "Observation" {
			set.Set("link", fhirjson.List(fhirjson.Fields(fhirjson.F("relation", fhirjson.Text("next")), fhirjson.F("url", fhirjson.Text("urn:more")))))
		}
	}
	return answer, nil
}

func (b *between) Search(ctx context.Context, typ string, params url.Values) (*client.Found, error) {
	b.before("search " + typ)
	return b.NEHR.Search(ctx, typ, params)
}

// TestAttackRevokedInTheMiddle: she takes her consent back, or hides something, while
// a page of his is read that the NEHR answers in several requests.
func TestAttackRevokedInTheMiddle(t *testing.T) {
	for _, what := range []string{"revoked", "hidden from everybody"} {
		t.Run(what+" between the pages of a search", func(t *testing.T) {
			w := newWorld(t)
			id := w.grant(access.Scope{})
			done := false
			config := w.config
			var err error
			config.NEHR = &between{w.client, func(operation string) {
				if operation != "search Observation" || done {
					return
				}
				done = true
				if what == "revoked" {
					err = w.gate.Revoke(context.Background(), asha, id)
				} else {
					_, err = w.gate.Hide(context.Background(), asha, access.Party{}, access.Scope{})
				}
				if err != nil {
					t.Error(err)
				}
			}}
			gate, err := access.New(config)
			if err != nil {
				t.Fatal(err)
			}
			v, err := gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			if err != nil {
				t.Fatal(err)
			}
			r, err := v.Record(t.Context())
			if !done || r != nil || !isDenied(err) {
				t.Errorf("revoked %v; shown %v, %v", done, r != nil, err)
			}
		})
	}
	t.Run("between two clicks", func(t *testing.T) {
		w := newWorld(t)
		id := w.grant(access.Scope{})
		v := w.open(drPera, "Patient/asha")
		if err := w.gate.Revoke(t.Context(), asha, id); err != nil {
			t.Fatal(err)
		}
		w.refused(v, access.ReasonNoRule)
	})
	t.Run("ended between two clicks", func(t *testing.T) {
		w := newWorld(t)
		w.grant(access.Scope{Until: today.Add(time.Hour)})
		v := w.open(drPera, "Patient/asha")
		w.now = today.Add(time.Hour)
		w.refused(v, access.ReasonNoRule)
	})
	t.Run("a referral that was taken back between two clicks", func(t *testing.T) {
		w := newWorld(t)
		w.task("accepted", "Organization/general", "")
		v := w.open(drPera, "Patient/asha")
		w.task("cancelled", "Organization/general", "")
		w.refused(v, access.ReasonNoRule)
	})
	t.Run("an answer to her revocation that was lost", func(t *testing.T) {
		w := newWorld(t)
		id := w.grant(access.Scope{})
		v := w.open(drPera, "Patient/asha")
		w.nehr.Break(1, sandbox.Fault{Kind: sandbox.LoseAnswer, Match: func(r *http.Request, _ []byte) bool { return r.Method == http.MethodPut }, Times: 1})
		if err := w.gate.Revoke(t.Context(), asha, id); err == nil {
			t.Error("she is told that it was done")
		}
		w.refused(v, access.ReasonNoRule)
	})
}

// every asks each thing that a view can be asked.
func every(ctx context.Context, v *access.View) map[string]func() (any, error) {
	return map[string]func() (any, error){
		"record": func() (any, error) { r, err := v.Record(ctx); return r, orNil(r == nil, err) },
		"read":   func() (any, error) { r, err := v.Read(ctx, "Observation", "asha-bp-2"); return r, orNil(r == nil, err) },
		"history": func() (any, error) {
			r, err := v.History(ctx, "Observation", "asha-bp-2")
			return r, orNil(r == nil, err)
		},
		"search": func() (any, error) { r, err := v.Search(ctx, "Observation", nil); return r, orNil(r == nil, err) },
		"count":  func() (any, error) { n, err := v.Count(ctx, "Observation", nil); return n, orNil(n == 0, err) },
		"binary": func() (any, error) { b, err := v.Binary(ctx, "asha-letter"); return b, orNil(b == nil, err) },
		"audit":  func() (any, error) { return nil, v.Audit(ctx, access.ActionDisclose, "") },
	}
}

// emptyOr is the error where nothing was given with it.
func emptyOr[T any](list []T, err error) error { return orNil(list == nil, err) }

var errShown = errors.New("something was shown")

// orNil is the error where nothing was given with it.
func orNil(nothing bool, err error) error {
	if err != nil && !nothing {
		return errShown
	}
	return err
}

// refused holds that a view gives nothing any more.
func (w *world) refused(v *access.View, why access.Reason) {
	w.t.Helper()
	for name, ask := range every(w.t.Context(), v) {
		if _, err := ask(); !isRefusal(err, why) {
			w.t.Errorf("%s: %v, want a refusal because of %s", name, err, why)
		}
	}
}

// TestAttackLogDown: whatever is asked while the log takes no entry is refused, and
// nothing is written to the NEHR.
func TestAttackLogDown(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{})
	asked := w.asked(access.Scope{Until: today.Add(time.Hour)})
	until := access.Scope{Until: today.Add(time.Hour)}
	calls := map[string]func() error{
		"open herself":     func() error { return second(w.gate.Open(t.Context(), asha, "Patient/asha", access.PatientRequest)) },
		"open as a doctor": func() error { return second(w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)) },
		"open unpermitted": func() error { return second(w.gate.Open(t.Context(), drSilva, "Patient/asha", access.Treatment)) },
		"log":              func() error { return second(w.gate.Log(t.Context(), asha, access.Filter{})) },
		"consents":         func() error { return second(w.gate.Consents(t.Context(), asha, "Patient/asha")) },
		"corrections":      func() error { return emptyOr(w.gate.Corrections(t.Context(), asha)) },
		"correct":          func() error { return second(w.gate.Correct(t.Context(), asha, access.Correction{Words: "not so"})) },
		"find":             func() error { return second(w.gate.Find(t.Context(), drPera, access.Lookup{Number: "x"})) },
		"inbox":            func() error { return emptyOr(w.gate.Inbox(t.Context(), drPera)) },
		"request":          func() error { return second(w.gate.Request(t.Context(), drPera, "Patient/asha", until, why)) },
		"answer":           func() error { return w.gate.Answer(t.Context(), asha, asked, until, true) },
		"refuse":           func() error { return w.gate.Answer(t.Context(), asha, asked, until, false) },
		"standing": func() error {
			return second(w.gate.Standing(t.Context(), asha, access.Party{Role: drSilva.Role}, until))
		},
		"hide":   func() error { return second(w.gate.Hide(t.Context(), asha, access.Party{}, access.Scope{})) },
		"revoke": func() error { return w.gate.Revoke(t.Context(), asha, asked) },
		"break-glass": func() error {
			return second(w.gate.BreakGlass(t.Context(), drSilva, "Patient/asha", access.EmergencyObstetric, "she bleeds and cannot be asked now"))
		},
	}
	for _, a := range []access.Actor{asha, drPera} {
		for name, ask := range every(t.Context(), w.open(a, "Patient/asha")) {
			calls[name+" as "+a.Person] = func() error { return second(ask()) }
		}
	}
	before := w.versions()
	w.db.Close()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if err := call(); !isLogError(err) {
				t.Errorf("%v, want the log's error", err)
			}
		})
	}
	if after := w.versions(); after != before {
		t.Errorf("the NEHR has %q, and had %q", after, before)
	}
}

func isLogError(err error) bool {
	_, ok := errors.AsType[*access.LogError](err)
	return ok
}

// versions are those of Asha's consents.
func (w *world) versions() string {
	found, err := w.client.Search(context.Background(), "Consent", url.Values{"patient": {"Patient/asha"}, "_sort": {"_id"}})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, c := range found.Resources {
		all = append(all, c.Get("id").Str()+"/"+c.Get("meta", "versionId").Str())
	}
	return strings.Join(all, " ")
}

// TestEndsByTheGatesClock: a consent ends by the clock of the gate, whatever that of
// the NEHR says.
func TestEndsByTheGatesClock(t *testing.T) {
	for _, test := range []struct {
		name  string
		skew  time.Duration // of the gate against the NEHR
		sight bool
	}{
		{"the same time", 0, true}, {"a minute before the end", 59 * time.Minute, true}, {"at the end", time.Hour, false}, {"a day later", 24 * time.Hour, false},
	} {
		w := newWorld(t)
		w.grant(access.Scope{Until: today.Add(time.Hour)})
		config := w.config
		config.Now = func() time.Time { return today.Add(test.skew) }
		gate, err := access.New(config)
		if err != nil {
			t.Fatal(err)
		}
		for _, server := range []time.Duration{-24 * time.Hour, 0, 24 * time.Hour} {
			w.now = today.Add(server)
			_, err = gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			if (err == nil) != test.sight {
				t.Errorf("%s, the NEHR %v off: %v", test.name, server, err)
			}
		}
	}
}

// TestEndOfADay: a day ends at midnight of the zone, for a consent and for data.
func TestEndOfADay(t *testing.T) {
	colombo := time.FixedZone("", 5*3600+1800)
	w := newWorld(t, func(c *access.Config) { c.Zone = colombo })
	w.put(strings.Replace(strings.Replace(consent, "2027-01-01", "2026-03-02", 1), "%MORE%", `,"dataPeriod":{"start":"2026-02-10","end":"2026-02-10"}`, 1))
	for id, at := range map[string]string{"first": "2026-02-09T18:30:00Z", "before": "2026-02-09T18:29:59.999Z", "last": "2026-02-10T18:29:59.999Z", "after": "2026-02-10T18:30:00Z", "day": "2026-02-10", "month": "2026-02", "year": "2026"} {
		w.put(observation("edge-"+id, "asha", "vital-signs", "85354-9", at, ""))
	}
	v := w.open(drPera, "Patient/asha")
	for id, want := range map[string]bool{"first": true, "before": false, "last": true, "after": false, "day": true, "month": false, "year": false} {
		if _, err := v.Read(t.Context(), "Observation", "edge-"+id); (err == nil) != want {
			t.Errorf("%s: %v", id, err)
		}
	}
	for at, want := range map[string]bool{"2026-03-02T23:59:59+05:30": true, "2026-03-03T00:00:00+05:30": false} {
		var err error
		if w.now, err = time.Parse(time.RFC3339, at); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Read(t.Context(), "Observation", "edge-day"); (err == nil) != want {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

// TestCrashBetweenLogAndAnswer: who goes away while the log is written is shown
// nothing; the entry stands, and the chain is sound.
func TestCrashBetweenLogAndAnswer(t *testing.T) {
	w := newWorld(t)
	v := w.open(asha, "Patient/asha")
	held, release := make(chan struct{}), make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		_ = w.db.Write(context.Background(), func(database.Tx) error { close(held); <-release; return nil })
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := w.gate.Open(ctx, asha, "Patient/asha", access.PatientRequest)
		answered <- err
	}()
	cancel()
	if err := <-answered; !isLogError(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
	close(release)
	writer.Wait()
	if _, err := v.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	verdict, err := w.gate.Verify(t.Context())
	if err != nil || verdict.Broken != 0 || verdict.Entries < 2 {
		t.Errorf("%+v, %v", verdict, err)
	}
}

// TestCrashWithinBreakGlass: what was logged and not kept opens nothing; what was kept
// and not told is told later.
func TestCrashWithinBreakGlass(t *testing.T) {
	w := newWorld(t)
	w.sql(`CREATE TRIGGER crash BEFORE INSERT ON access_emergency BEGIN SELECT RAISE(ABORT, 'crash'); END`)
	_, err := w.gate.BreakGlass(t.Context(), drPera, "Patient/asha", access.EmergencyObstetric, "she bleeds and cannot be asked now")
	if !isLogError(err) {
		t.Errorf("answered %v", err)
	}
	_, err = w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	if entries := w.log(asha); len(entries) != 3 || entries[2].Action != access.ActionBreakGlass {
		t.Errorf("her log: %+v", entries)
	}
}

// TestReplicas: two processes append and forward at the same time. There is one chain,
// and each entry is one event.
func TestReplicas(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { exerciseReplicas(t, filepath.Join(t.TempDir(), "access.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { exerciseReplicas(t, postgrestest.Start(t).Database(t)) })
}

func exerciseReplicas(t *testing.T, address string) {
	w := newWorldOn(t, address)
	gates := []*access.Gate{w.gate}
	for range 2 {
		db, err := database.Open(context.Background(), database.Config{URL: address, Migrations: []database.Migrations{access.Migrations()}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		config := w.config
		config.DB = db
		gate, err := access.New(config)
		if err != nil {
			t.Fatal(err)
		}
		gates = append(gates, gate)
	}
	var all sync.WaitGroup
	for n, gate := range gates {
		all.Go(func() {
			for i := range 40 {
				if _, err := gate.Open(context.Background(), asha, "Patient/asha", access.PatientRequest); err != nil {
					t.Errorf("process %d: %v", n, err)
				}
				if i%13 == 0 {
					if _, err := gate.Forward(context.Background()); err != nil {
						t.Errorf("process %d: forward: %v", n, err)
					}
				}
			}
		})
	}
	all.Wait()
	w.forwarded()
	verdict, err := w.gate.Verify(t.Context())
	if err != nil || verdict.Broken != 0 || verdict.Entries != 120 {
		t.Errorf("verify: %+v, %v", verdict, err)
	}
	c, found := compared(t, w.gate)
	if len(found) > 0 || c.Entries != 120 || c.Events != 120 {
		t.Errorf("compared: %+v %v", c, found)
	}
	for number, r := range w.events() {
		if v := r.Get("meta", "versionId").Str(); v != "1" {
			t.Errorf("entry %s was written %s times", number, v)
		}
	}
	// A break-glass in one process is seen by the next request to another.
	if _, err := gates[1].BreakGlass(t.Context(), drPera, "Patient/asha", access.EmergencyObstetric, "she bleeds and cannot be asked now"); err != nil {
		t.Fatal(err)
	}
	if _, err := gates[2].Open(t.Context(), drPera, "Patient/asha", access.Treatment); err != nil {
		t.Errorf("in another process: %v", err)
	}
}
