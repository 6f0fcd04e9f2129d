package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

const (
	program   = "eozjj9UivfS"
	clinic    = "SbxClinic01"
	elsewhere = "SbxClinic02"
	midwife   = "midwife.one"
	colleague = "midwife.two"
	stranger  = "stranger"
)

var here = registry.Place{Program: program, OrgUnit: clinic}

// house is a registry with a national record beside it.
type house struct {
	t       testing.TB
	db      *database.DB
	service *registry.Service
	handler http.Handler
	record  *record
	fhir    *client.Client
	clock   *clock
	log     *bytes.Buffer
}

// record passes what is asked on to a server, unless it is told otherwise.
type record struct {
	mu     sync.Mutex
	next   registry.Record
	answer func(params url.Values) (*client.Found, error) // instead of next
	asked  []url.Values
}

func (r *record) SearchPage(ctx context.Context, typ string, params url.Values) (*client.Found, error) {
	r.mu.Lock()
	r.asked = append(r.asked, params)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		return answer(params)
	}
	return r.next.SearchPage(ctx, typ, params)
}

func (r *record) set(answer func(url.Values) (*client.Found, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func away(url.Values) (*client.Found, error) {
	return nil, &client.UnreachableError{Operation: "search Patient", Reason: "refused"}
}

func nobody(url.Values) (*client.Found, error) { return &client.Found{Total: "0"}, nil }

// patients answers with the same people always.
func patients(t testing.TB, more bool, documents ...string) func(url.Values) (*client.Found, error) {
	t.Helper()
	found := &client.Found{More: more}
	for _, d := range documents {
		v, err := fhirjson.Parse([]byte(d))
		if err != nil {
			t.Fatal(err)
		}
		found.Resources = append(found.Resources, v)
	}
	return func(url.Values) (*client.Found, error) { return found, nil }
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rights are those of the midwives, at their clinics.
type rights struct{}

func (rights) MayCapture(_ context.Context, user string, at registry.Place) error {
	switch {
	case user == "unasked":
		return errors.New("DHIS2 does not answer")
	case user != stranger && at.Program == program && (at.OrgUnit == clinic || at.OrgUnit == elsewhere && user != midwife):
		return nil
	}
	return registry.ErrForbidden
}

func openDB(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{registry.Migrations()}, Connections: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func newHouse(t testing.TB, edit func(*registry.Config)) *house {
	return newHouseIn(t, filepath.Join(t.TempDir(), "registry.db"), edit)
}

func newHouseIn(t testing.TB, databaseURL string, edit func(*registry.Config)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}, record: &record{}}
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() { web.Close(); server.Close() })
	if h.fhir, err = client.New(client.Config{BaseURL: web.URL + "/fhir"}); err != nil {
		t.Fatal(err)
	}
	h.record.next = h.fhir
	h.db = openDB(t, databaseURL)
	h.service = h.newService(edit)
	h.handler = h.service.Handler(func(r *http.Request) (registry.Caller, bool) {
		return registry.Caller{User: r.Header.Get("Test-User"), Route: "route-1"}, r.Header.Get("Test-User") != ""
	})
	return h
}

func (h *house) newService(edit func(*registry.Config)) *registry.Service {
	h.t.Helper()
	c := registry.Config{
		DB: h.db, Record: h.record, Authority: rights{}, Now: h.clock.Now, Log: zerolog.New(h.log),
		Installation: func(context.Context) (string, error) { return "the only DHIS2", nil },
		Points:       map[string]string{clinic: "1234", elsewhere: "5678"},
		Telephone: func(text string) (string, bool) {
			if rest, ok := strings.CutPrefix(text, "0"); ok && len(rest) == 9 {
				return "+94" + rest, true
			}
			return text, strings.HasPrefix(text, "+94")
		},
	}
	if edit != nil {
		edit(&c)
	}
	s, err := registry.New(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// mother puts a woman into the record.
func (h *house) mother(id, number, name, born, phone string) {
	h.t.Helper()
	body := fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":%q},
		{"system":"http://fhir.health.gov.lk/ips/identifier/nic","value":"199112345678"}],"name":[{"text":%q}],"gender":"female","birthDate":%q,
		"telecom":[{"system":"phone","value":%q}],"address":[{"line":["12 Temple Road"],"city":"Kandy"}]}`, id, number, name, born, phone)
	if _, err := h.fhir.Update(h.t.Context(), "Patient", id, []byte(body), ""); err != nil {
		h.t.Fatal(err)
	}
}

// answer is what a call gave.
type answer struct {
	status int
	body   string
	code   registry.Code
}

// call posts as a form does. body is JSON, or a value that becomes it.
func (h *house) call(user, name string, body, into any) answer {
	h.t.Helper()
	text, isText := body.(string)
	if !isText {
		data, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(data)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), "POST", "/phn/"+name, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Test-User", user)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, body: w.Body.String()}
	if w.Code == 200 && into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			h.t.Fatal(err)
		}
	}
	if w.Code != 200 {
		var p registry.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p, json.RejectUnknownMembers(true)); err != nil {
			h.t.Fatalf("a refusal that is none: %d %s", w.Code, w.Body)
		}
		a.code = p.Error.Code
		if m := p.Error.Message; p.Error.Stage != name || m.Text["en"] == "" || m.Text["si"] == "" || m.Text["ta"] == "" {
			h.t.Errorf("the refusal has no words: %s", w.Body)
		}
	}
	return a
}

func (a answer) want(t testing.TB, status int, code registry.Code) {
	t.Helper()
	if a.status != status || a.code != code {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
}

func (h *house) search(user string, number string) registry.Searched {
	h.t.Helper()
	var out registry.Searched
	h.call(user, "search", registry.SearchRequest{Place: here, PHN: number}, &out).want(h.t, 200, "")
	return out
}

var nilmini = registry.Demographics{Name: "Nilmini Perera", BirthDate: "1991-04-05", Phone: "0771234567"}

func (h *house) searchFor(user string, d registry.Demographics) registry.Searched {
	h.t.Helper()
	var out registry.Searched
	h.call(user, "search", registry.SearchRequest{Place: here, Demographics: &d}, &out).want(h.t, 200, "")
	return out
}

func (h *house) issue(user string) registry.Issued {
	h.t.Helper()
	return h.issueFor(user, h.searchFor(user, nilmini))
}

func (h *house) issueFor(user string, s registry.Searched) registry.Issued {
	h.t.Helper()
	r := registry.IssueRequest{Place: here, Search: s.Search}
	for _, m := range s.Matches {
		r.Rejected = append(r.Rejected, registry.Rejection{Match: m.Match, Reason: "other-person"})
	}
	var out registry.Issued
	h.call(user, "issue", r, &out).want(h.t, 200, "")
	return out
}

func (h *house) status(number string) registry.Status {
	h.t.Helper()
	var out registry.Status
	h.call(midwife, "status", registry.StatusRequest{Place: here, PHN: number}, &out).want(h.t, 200, "")
	return out
}

func (h *house) count(query string, args ...any) (n int64) {
	h.t.Helper()
	if err := h.db.Read(h.t.Context(), func(tx database.Tx) error {
		_, err := database.Row(tx, query, args, &n)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, f func(t *testing.T, databaseURL string)) {
	t.Run("SQLite", func(t *testing.T) { f(t, filepath.Join(t.TempDir(), "registry.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, postgrestest.Start(t).Database(t)) })
}
