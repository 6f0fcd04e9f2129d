package authored_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

var (
	colombo = time.FixedZone("+0530", 5*3600+1800)
	today   = time.Date(2026, 3, 2, 9, 0, 0, 0, colombo)

	asha  = access.Actor{Kind: access.KindPatient, Issuer: "https://esignet.example", Subject: "asha", Person: "Patient/asha", SignedIn: today}
	pera  = access.Actor{Kind: access.KindClinician, Issuer: "https://esignet.example", Subject: "pera", Person: "Practitioner/pera", Role: "PractitionerRole/pera", Facility: "Organization/general", SignedIn: today}
	silva = access.Actor{Kind: access.KindClinician, Issuer: "https://esignet.example", Subject: "silva", Person: "Practitioner/silva", Role: "PractitionerRole/silva", Facility: "Organization/general", SignedIn: today}
)

// world is a desk before a gate before a sandbox.
type world struct {
	t       testing.TB
	now     time.Time
	db      *database.DB
	client  *client.Client
	gate    *access.Gate
	desk    *authored.Desk
	config  authored.Config
	consent string
	linked  bool
	// down makes the record refuse connections, cut lets a transaction be carried out and
	// loses its answer.
	down, cut atomic.Bool
	writes    atomic.Int64 // transactions that write
	replies   []authored.ReplyText
	bundles   [][]byte
	replyErr  error
	failed    []error
}

// replies keeps what DHIS2 would be told.
type replies struct{ w *world }

func (r replies) PutIn(_ database.Tx, text authored.ReplyText) error {
	if r.w.replyErr != nil {
		return r.w.replyErr
	}
	r.w.replies = append(r.w.replies, text)
	return nil
}

func start(t testing.TB) *world {
	t.Helper()
	return startOn(t, filepath.Join(t.TempDir(), "portal.db"))
}

func startOn(t testing.TB, url string) *world {
	t.Helper()
	w := &world{t: t, now: today, linked: true}
	nehr, err := sandbox.New(sandbox.Config{Now: func() time.Time { return w.now }})
	w.must(err)
	t.Cleanup(func() { nehr.Close() })
	inner := nehr.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.down.Load() {
			panic(http.ErrAbortHandler)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		r.Body = http.NoBody
		r2 := r.Clone(r.Context())
		r2.Body = readCloser{bytes.NewReader(body.Bytes())}
		if bytes.Contains(body.Bytes(), []byte(`"method":"PUT"`)) {
			w.writes.Add(1)
			if w.cut.Load() {
				inner.ServeHTTP(httptest.NewRecorder(), r2)
				panic(http.ErrAbortHandler)
			}
		}
		inner.ServeHTTP(rw, r2)
	}))
	t.Cleanup(server.Close)
	w.client, err = client.New(client.Config{BaseURL: server.URL + "/fhir"})
	w.must(err)
	w.db, err = database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{access.Migrations(), authored.Migrations}})
	w.must(err)
	t.Cleanup(func() { w.db.Close() })
	w.gate, err = access.New(access.Config{DB: w.db, NEHR: w.client, Zone: colombo, Now: func() time.Time { return w.now }})
	w.must(err)
	judge, err := validate.New(validate.Config{})
	w.must(err)
	w.config = authored.Config{DB: w.db, Key: bytes.Repeat([]byte{7}, 32), Gate: w.gate, Zone: colombo, National: true, System: "portal.example",
		Validate: func(b []byte) error {
			w.bundles = append(w.bundles, b)
			if o := judge.Validate(b); !o.OK() {
				return fmt.Errorf("%d errors, the first: %s %s %s", o.Errors(), o.Issues[0].Location, o.Issues[0].Rule, o.Issues[0].Diagnostics)
			}
			return nil
		},
		Linked: func(context.Context, access.Actor) (bool, error) { return w.linked, nil },
		Reply:  replies{w},
		Name: func(_ context.Context, ref string) (string, error) {
			return map[string]string{"Practitioner/pera": "Dr Pera", "Organization/general": "General Hospital"}[ref], nil
		},
		Now: func() time.Time { return w.now }, Failed: func(err error) { w.failed = append(w.failed, err) }}
	w.desk, err = authored.New(w.config)
	w.must(err)
	w.fill()
	return w
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func (w *world) must(err error) {
	w.t.Helper()
	if o, ok := errors.AsType[*client.OutcomeError](err); ok {
		w.t.Fatalf("%v: %s", err, o.Outcome)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(resources ...string) {
	w.t.Helper()
	for _, text := range resources {
		r, err := fhirjson.Parse([]byte(text))
		w.must(err)
		_, err = w.client.Update(context.Background(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), "")
		w.must(err)
	}
}

// fill makes two mothers, a referral of the first to the general hospital, and her
// consent for Dr Pera.
func (w *world) fill() {
	for _, id := range []string{"asha", "beni"} {
		w.put(fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:dhis2:trackedEntity","value":"Te%[1]s00001"}],"name":[{"text":"A name"}]}`, id),
			fmt.Sprintf(`{"resourceType":"Observation","id":"%s-pregnancy","status":"final","identifier":[{"system":"urn:dhis2:observation","value":"En%[1]s00001-pregnancy-status"}],
			"code":{"coding":[{"system":"http://loinc.org","code":"82810-3"}]},"subject":{"reference":"Patient/%[1]s"},"effectiveDateTime":"2025-11-01"}`, id))
	}
	w.put(`{"resourceType":"Organization","id":"general","name":"General Hospital"}`,
		`{"resourceType":"Practitioner","id":"pera"}`, `{"resourceType":"Practitioner","id":"silva"}`, `{"resourceType":"Practitioner","id":"midwife"}`,
		`{"resourceType":"PractitionerRole","id":"pera","practitioner":{"reference":"Practitioner/pera"},"organization":{"reference":"Organization/general"}}`,
		`{"resourceType":"PractitionerRole","id":"silva","practitioner":{"reference":"Practitioner/silva"},"organization":{"reference":"Organization/general"}}`,
		`{"resourceType":"ServiceRequest","id":"request","identifier":[{"system":"urn:dhis2:eventId","value":"EvRequest01"}],"status":"active","intent":"order",
		"subject":{"reference":"Patient/asha"},"authoredOn":"2026-02-20","requester":{"reference":"Practitioner/midwife"}}`)
	w.grant(access.Scope{})
}

// grant is her consent for Dr Pera, in place of the one before.
func (w *world) grant(s access.Scope) {
	w.t.Helper()
	w.revoke()
	s.Until = w.now.Add(60 * 24 * time.Hour)
	var err error
	w.consent, err = w.gate.Standing(context.Background(), asha, access.Party{Role: pera.Role}, s)
	w.must(err)
}

func (w *world) revoke() {
	w.t.Helper()
	if w.consent != "" {
		w.must(w.gate.Revoke(context.Background(), asha, w.consent))
		w.consent = ""
	}
}

func (w *world) view(a access.Actor, patient string) *access.View {
	w.t.Helper()
	v, err := w.gate.Open(context.Background(), a, patient, access.Treatment)
	w.must(err)
	return v
}

// draft keeps a content of Dr Pera about Asha.
func (w *world) draft(c authored.Content) (*access.View, string) {
	w.t.Helper()
	v := w.view(pera, "Patient/asha")
	id, err := w.desk.NewID()
	w.must(err)
	e, err := w.desk.Draft(context.Background(), v, id, c)
	w.must(err)
	if e.State != authored.Draft || e.ID != id {
		w.t.Fatalf("draft: %+v", e)
	}
	return v, id
}

// signed signs a content, which must be in the record then.
func (w *world) signed(c authored.Content) (*access.View, string) {
	w.t.Helper()
	v, id := w.draft(c)
	w.sign(v, id, authored.Signed)
	return v, id
}

func (w *world) sign(v *access.View, id string, want authored.State) authored.Entry {
	w.t.Helper()
	e, err := w.desk.Sign(context.Background(), v, id)
	w.must(err)
	if e.State != want {
		w.t.Fatalf("signed: %s %s %s, want %s; %v", e.State, e.Problem, e.Details, want, w.failed)
	}
	return e
}

// found gives the resources of a type in the record, without those of fill.
func (w *world) found(typ string) (list []*fhirjson.Value) {
	w.t.Helper()
	found, err := w.client.Search(context.Background(), typ, map[string][]string{"_count": {"100"}})
	w.must(err)
	for _, r := range found.Resources {
		if id := r.Get("id").Str(); id != "asha-pregnancy" && id != "beni-pregnancy" {
			list = append(list, r)
		}
	}
	return list
}

func (w *world) only(typ string) *fhirjson.Value {
	w.t.Helper()
	list := w.found(typ)
	if len(list) != 1 {
		w.t.Fatalf("%d of %s, want one", len(list), typ)
	}
	return list[0]
}

func haemoglobin(value string) authored.Content {
	return authored.Content{Kind: authored.Observation, Day: "2026-03-02", Measure: "718-7", Values: []string{value}}
}
