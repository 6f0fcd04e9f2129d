package summary_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

const owner = "Patient/invented"

// house is a service of links with its database.
type house struct {
	t      testing.TB
	file   string
	db     *database.DB
	links  *summary.Links
	server *httptest.Server
	mu     sync.Mutex
	now    time.Time
	told   []string // what Report was told
}

func open(t testing.TB, url string) *house {
	t.Helper()
	h := &house{t: t, file: url, now: at}
	db, err := database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{summary.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h.db = db
	var handler http.Handler
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(h.server.Close)
	h.links, err = summary.NewLinks(summary.LinksConfig{DB: db, URL: h.server.URL + "/shl", Viewer: "https://viewer.example/open", Tries: 5,
		Now: h.clock, Report: func(err error) { h.told = append(h.told, err.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	handler = h.links.Handler()
	return h
}

func newHouse(t testing.TB) *house { return open(t, filepath.Join(t.TempDir(), "links.db")) }

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) create(n summary.NewLink) *summary.Made {
	h.t.Helper()
	if n.Content == nil {
		n.Content = []byte(`{"resourceType":"Bundle","type":"document"}`)
	}
	if n.Until.IsZero() {
		n.Until = h.clock().Add(24 * time.Hour)
	}
	made, err := h.links.Create(h.t.Context(), owner, n)
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

func (h *house) shared(id string) summary.Shared {
	h.t.Helper()
	list, err := h.links.List(h.t.Context(), owner)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range list {
		if s.ID == id {
			return s
		}
	}
	h.t.Fatal("the link is not listed")
	return summary.Shared{}
}

// recipient is a client of the specification that shares no code with the package:
// it reads the link and decrypts with another JOSE library.
type recipient struct {
	URL, Key, Flag, Label string
	Exp                   int64
	V                     int
}

func scan(t testing.TB, link string) (r recipient) {
	t.Helper()
	_, fragment, found := strings.Cut(link, "#")
	if !found {
		fragment = link
	}
	body, found := strings.CutPrefix(fragment, "shlink:/")
	if !found {
		t.Fatal("no shlink")
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func do(t testing.TB, method, url, contentType, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, got}
}

func (r recipient) ask(t testing.TB, body string) answer {
	t.Helper()
	return do(t, "POST", r.URL, "application/json", body)
}

func (r recipient) decrypt(t testing.TB, file []byte) string {
	t.Helper()
	key, err := base64.RawURLEncoding.DecodeString(r.Key)
	if err != nil || len(key) != 32 {
		t.Fatalf("the key has %d bytes (%v)", len(key), err)
	}
	plain, err := jwe.Decrypt(file, jwe.WithKey(jwa.DIRECT(), key))
	if err != nil {
		t.Fatal(err)
	}
	message, err := jwe.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	enc, _ := message.ProtectedHeaders().ContentEncryption()
	cty, _ := message.ProtectedHeaders().ContentType()
	if enc != jwa.A256GCM() || cty != "application/fhir+json" {
		t.Errorf("enc %v, cty %q", enc, cty)
	}
	return string(plain)
}

type manifest struct {
	Status string
	Files  []struct{ ContentType, Location, Embedded, LastUpdated string }
}

func (r recipient) manifest(t testing.TB, body string) (m manifest) {
	t.Helper()
	got := r.ask(t, body)
	if got.status != 200 || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if err := json.Unmarshal(got.body, &m); err != nil || len(m.Files) != 1 || m.Files[0].ContentType != "application/fhir+json" {
		t.Fatalf("%v: %s", err, got.body)
	}
	return m
}

// TestLinkOpensElsewhere: what is made here is opened by an independent
// implementation, on both databases, in each of the forms of the specification.
func TestLinkOpensElsewhere(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { opensElsewhere(t, newHouse(t)) })
	t.Run("postgresql", func(t *testing.T) { opensElsewhere(t, open(t, postgrestest.Start(t).Database(t))) })
}

func opensElsewhere(t *testing.T, h *house) {
	content := string(document(t, summary.Record{Resources: mothers(t)["lk-whole-journey"]}, summary.Options{}).Bundle.Encode())
	for _, form := range []struct {
		name, flag string
		link       summary.NewLink
	}{
		{"plain", "", summary.NewLink{Label: "සාරාංශය"}},
		{"long-term", "L", summary.NewLink{LongTerm: true}},
		{"passcode", "P", summary.NewLink{Passcode: "තරුව 42"}},
		{"both", "LP", summary.NewLink{LongTerm: true, Passcode: "123456"}},
	} {
		form.link.Content = []byte(content)
		made := h.create(form.link)
		r := scan(t, made.Link)
		if r.Flag != form.flag || r.V != 1 || r.Exp != at.Add(24*time.Hour).Unix() || r.Label != form.link.Label || len(r.URL) > 128 || len(r.Key) != 43 {
			t.Errorf("%s: %+v", form.name, r)
		}
		ask, err := json.Marshal(map[string]any{"recipient": "Clinic of tests", "passcode": form.link.Passcode})
		if err != nil {
			t.Fatal(err)
		}
		m := r.manifest(t, string(ask))
		if want := map[bool]string{true: "can-change", false: "finalized"}[form.link.LongTerm]; m.Status != want {
			t.Errorf("%s: status %s", form.name, m.Status)
		}
		if got := r.decrypt(t, []byte(m.Files[0].Embedded)); got != content {
			t.Errorf("%s: another content", form.name)
		}
		ask, err = json.Marshal(map[string]any{"recipient": "Clinic of tests", "passcode": form.link.Passcode, "embeddedLengthMax": 100})
		if err != nil {
			t.Fatal(err)
		}
		m = r.manifest(t, string(ask))
		file := do(t, "GET", m.Files[0].Location, "", "")
		if m.Files[0].Embedded != "" || file.status != 200 || file.header.Get("Content-Type") != "application/jose" || r.decrypt(t, file.body) != content {
			t.Errorf("%s: the location gives %d", form.name, file.status)
		}
		s := h.shared(made.ID)
		if s.Opened != 2 || len(s.Openings) != 2 || s.Openings[0].Recipient != "Clinic of tests" || !s.Openings[0].At.Equal(at) || s.TriesLeft != 5 {
			t.Errorf("%s: the owner sees %+v", form.name, s)
		}
	}
	made := h.create(summary.NewLink{Content: []byte(content), Direct: true, LongTerm: true})
	r := scan(t, made.Link)
	file := do(t, "GET", r.URL+"?recipient=Dr+Invented", "", "")
	if r.Flag != "LU" || file.status != 200 || file.header.Get("Content-Type") != "application/jose" || r.decrypt(t, file.body) != content {
		t.Errorf("direct: %d", file.status)
	}
	if s := h.shared(made.ID); s.Opened != 1 || s.Openings[0].Recipient != "Dr Invented" {
		t.Errorf("direct: the owner sees %+v", s)
	}
}

// TestRefresh: only the owner who shows the link can put newer content behind it.
func TestRefresh(t *testing.T) {
	h := newHouse(t)
	long, short := h.create(summary.NewLink{LongTerm: true}), h.create(summary.NewLink{})
	h.pass(time.Hour)
	if err := h.links.Refresh(t.Context(), owner, "  "+long.Link+"\n", []byte("newer")); err != nil {
		t.Fatal(err)
	}
	m := scan(t, long.Link).manifest(t, `{"recipient":"r"}`)
	if scan(t, long.Link).decrypt(t, []byte(m.Files[0].Embedded)) != "newer" || m.Files[0].LastUpdated != at.Add(time.Hour).UTC().Format(time.RFC3339) {
		t.Errorf("%+v", m)
	}
	other := scan(t, long.Link)
	other.Key = scan(t, short.Link).Key
	raw, err := json.Marshal(map[string]any{"url": other.URL, "key": other.Key})
	if err != nil {
		t.Fatal(err)
	}
	for name, refused := range map[string]struct {
		owner, link string
		want        error
	}{
		"another's":    {"Patient/other", long.Link, summary.ErrGone},
		"not for long": {owner, short.Link, summary.ErrGone},
		"another key":  {owner, "shlink:/" + base64.RawURLEncoding.EncodeToString(raw), summary.ErrLink},
		"no link":      {owner, "https://example.com", summary.ErrLink},
	} {
		if err := h.links.Refresh(t.Context(), refused.owner, refused.link, []byte("x")); !errors.Is(err, refused.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClean: content goes when a link ends, and all of it after the time to look back.
func TestClean(t *testing.T) {
	h := newHouse(t)
	made := h.create(summary.NewLink{})
	scan(t, made.Link).manifest(t, `{"recipient":"r","embeddedLengthMax":1}`)
	count := func(query string) (n int64) {
		if err := h.db.Read(t.Context(), func(tx database.Tx) error {
			_, err := database.Row(tx, query, nil, &n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		pass                             time.Duration
		payloads, links, opens, ticketed int64
	}{{0, 1, 1, 1, 1}, {24 * time.Hour, 0, 1, 1, 0}, {91 * 24 * time.Hour, 0, 0, 0, 0}} {
		h.pass(step.pass)
		if err := h.links.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := [4]int64{count(`SELECT count(*) FROM shl_link WHERE payload IS NOT NULL`), count(`SELECT count(*) FROM shl_link`),
			count(`SELECT count(*) FROM shl_opening`), count(`SELECT count(*) FROM shl_ticket`)}
		if got != [4]int64{step.payloads, step.links, step.opens, step.ticketed} {
			t.Errorf("after %v: %v", step.pass, got)
		}
	}
}

// TestRun: links are cleaned at once and every hour, until it is told to end.
func TestRun(t *testing.T) {
	h := newHouse(t)
	made := h.create(summary.NewLink{})
	h.pass(92 * 24 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.links.Run(ctx) }()
	for {
		list, err := h.links.List(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		runtime.Gosched()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
	if err := h.links.Revoke(t.Context(), owner, made.ID); !errors.Is(err, summary.ErrGone) {
		t.Errorf("the link is still there: %v", err)
	}
}

// TestLinksConfig names what is wrong.
func TestLinksConfig(t *testing.T) {
	_, err := summary.NewLinks(summary.LinksConfig{URL: "http://record.example/shl", Viewer: "#x", Tries: -1})
	for _, field := range []string{"DB", "URL", "Viewer", "Tries"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
}

// TestDatabaseAway: what cannot be written down is not given out.
func TestDatabaseAway(t *testing.T) {
	h := newHouse(t)
	made := h.create(summary.NewLink{})
	h.db.Close()
	got := scan(t, made.Link).ask(t, `{"recipient":"r"}`)
	if got.status != 503 || bytes.Contains(got.body, []byte("embedded")) || len(h.told) != 1 {
		t.Errorf("%d %s, reported %q", got.status, got.body, h.told)
	}
}
