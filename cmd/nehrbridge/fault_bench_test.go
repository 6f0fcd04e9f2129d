package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// gate stands before a server and lets the requests that it chooses suffer a
// fault, while there is one.
type gate struct {
	next http.Handler
	web  *httptest.Server

	mu     sync.Mutex
	match  func(r *http.Request, body []byte) bool
	fault  func(w http.ResponseWriter, r *http.Request, next http.Handler)
	struck int
	seen   []request
}

// request is one that came to a gate.
type request struct {
	method, path, query string
	body                []byte
}

func newGate(t *testing.T, next http.Handler) *gate {
	g := &gate{next: next}
	g.web = httptest.NewServer(g)
	t.Cleanup(func() { g.web.Close() })
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.mu.Lock()
	g.seen = append(g.seen, request{r.Method, r.URL.Path, r.URL.RawQuery, body})
	fault := g.fault
	if fault != nil && (g.match == nil || g.match(r, body)) {
		g.struck++
	} else {
		fault = nil
	}
	next := g.next
	g.mu.Unlock()
	if fault != nil {
		fault(w, r, next)
		return
	}
	next.ServeHTTP(w, r)
}

// set orders a fault for the requests that match chooses, nil for all.
func (g *gate) set(match func(*http.Request, []byte) bool, fault func(http.ResponseWriter, *http.Request, http.Handler)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.match, g.fault, g.struck = match, fault, 0
}

func (g *gate) heal() { g.set(nil, nil) }

func (g *gate) strikes() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.struck
}

// requests gives what came since the last call.
func (g *gate) requests() []request {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := g.seen
	g.seen = nil
	return seen
}

// faultBench is an agent in this process between servers that fail by order,
// with a ledger whose clock is the test's.
type faultBench struct {
	*testServers
	dhis2Gate, nehrGate, tokenGate *gate
	timeout                        time.Duration // for one request

	ledgerFile string
	now        time.Time
	db         *database.DB
	ledger     *changes.Ledger
	log        *bytes.Buffer
	tries      []changes.Try // of the last look
	took       time.Duration // the last look
}

// sampleToken is what the token endpoint gives and the record demands.
const sampleToken = "sample-token"

// giveToken is a token endpoint (RFC 6749 section 4.4).
func giveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"access_token":"` + sampleToken + `","token_type":"Bearer","expires_in":300}`))
}

func newFaultBench(t *testing.T, mothers int) *faultBench {
	t.Helper()
	return newFaultBenchAt(t, mothers, nehrHandler(t))
}

func newFaultBenchAt(t *testing.T, mothers int, record http.Handler) *faultBench {
	t.Helper()
	d, _ := startDHIS2(t, mothers)
	b := &faultBench{
		dhis2Gate: newGate(t, d.Handler()), nehrGate: newGate(t, record), tokenGate: newGate(t, http.HandlerFunc(giveToken)),
		timeout: 20 * time.Second, ledgerFile: filepath.Join(t.TempDir(), "ledger.db"),
		now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC), log: &bytes.Buffer{},
	}
	direct := httptest.NewServer(record) // what the test asks suffers no fault
	t.Cleanup(direct.Close)
	c, err := client.New(client.Config{BaseURL: direct.URL + "/fhir", Token: sampleToken})
	if err != nil {
		t.Fatal(err)
	}
	b.testServers = &testServers{dhis2: d, env: []string{
		"NEHRBRIDGE_DHIS2_URL=" + b.dhis2Gate.web.URL, "NEHRBRIDGE_DHIS2_TOKEN=" + defaultToken,
		"NEHRBRIDGE_NEHR_URL=" + b.nehrGate.web.URL + "/fhir", "NEHRBRIDGE_LEDGER_URL=" + b.ledgerFile,
		"NEHRBRIDGE_NEHR_OAUTH_TOKEN_URL=" + b.tokenGate.web.URL, "NEHRBRIDGE_NEHR_OAUTH_CLIENT_ID=sample-client",
		"NEHRBRIDGE_NEHR_OAUTH_CLIENT_SECRET=sample-secret",
	}, nehr: c}
	b.openLedger(t)
	return b
}

func (b *faultBench) openLedger(t *testing.T) {
	t.Helper()
	var err error
	b.db, err = database.Open(t.Context(), database.Config{URL: b.ledgerFile, Migrations: []database.Migrations{changes.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	db := b.db
	t.Cleanup(func() { db.Close() })
	b.ledger, err = changes.New(t.Context(), changes.Config{DB: b.db, Owner: "test", Lease: lease, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
}

// agent is wired as by the settings, but for the time that a server has, what
// it may answer, and the clock of the ledger.
func (b *faultBench) agent(t *testing.T) *agent {
	t.Helper()
	s, err := config.Load("", b.env)
	if err != nil {
		t.Fatal(err)
	}
	g, err := wireAgent(s, zerolog.New(zerolog.SyncWriter(b.log)))
	if err != nil {
		t.Fatal(err)
	}
	g.db, g.ledger = b.db, b.ledger
	const most = 4 << 20
	if g.dhis2, err = api.New(api.Config{BaseURL: s.DHIS2.URL, Token: s.DHIS2.Token.Reveal(), Timeout: b.timeout, MaxResponse: most}); err != nil {
		t.Fatal(err)
	}
	if g.contexts, err = api.NewContextSource(api.ContextConfig{Reader: g.dhis2, OrgUnitElements: orgUnitElements(g.maps)}); err != nil {
		t.Fatal(err)
	}
	o := s.NEHR.OAuth
	g.record.Server, err = client.New(client.Config{BaseURL: s.NEHR.URL, Timeout: b.timeout, MaxResponse: most,
		OAuth: &client.OAuth{TokenURL: o.TokenURL, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal()}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// look has an agent look for changes, and carry on what is due. Where says how
// far it came: "start", "sweep" or "carry"; err is of that.
func (b *faultBench) look(t *testing.T, g *agent) (where string, err error) {
	t.Helper()
	poller, _, err := g.prepare(t.Context(), changes.PollConfig{})
	if err != nil {
		return "start", err
	}
	for _, program := range g.served {
		if _, err := poller.Sweep(t.Context(), program); err != nil {
			return "sweep", err
		}
	}
	return "carry", b.carry(t, g)
}

// carry has an agent carry on what is due, without looking for changes.
func (b *faultBench) carry(t *testing.T, g *agent) error {
	t.Helper()
	began := time.Now()
	b.tries = nil
	runner, err := changes.NewRunner(changes.RunConfig{Ledger: b.ledger, Consumer: g.consume, Done: func(try changes.Try) {
		g.tried(try)
		b.tries = append(b.tries, try)
	}})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := runner.Once(t.Context())
	if b.took = time.Since(began); err == nil {
		err = counts.LastErr
	}
	return err
}

// entry is a row of the ledger.
type entry struct {
	class    string
	attempts int
	forced   bool
	wait     time.Duration // until it is due; negative where it is set aside
}

func (b *faultBench) entries(t *testing.T) map[string]entry {
	t.Helper()
	out := map[string]entry{}
	err := b.db.Read(context.Background(), func(tx database.Tx) error {
		return tx.Each(`SELECT uid, class, attempts, force, COALESCE(due, -1), seq > done FROM ledger_entity`, nil, func(scan func(...any) error) error {
			var uid string
			var e entry
			var attempts, forced, due, dirty int64
			if err := scan(&uid, &e.class, &attempts, &forced, &due, &dirty); err != nil {
				return err
			}
			if dirty == 0 {
				return nil
			}
			e.attempts, e.forced, e.wait = int(attempts), forced == 1, -1
			if due >= 0 {
				e.wait = time.UnixMilli(due).Sub(b.now)
			}
			out[uid] = e
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// noValues demands that none of what a person is called, nor a secret, stands
// in a text.
func noValues(t *testing.T, text string) {
	t.Helper()
	for _, value := range []string{"Udaharana", "SBX2", "Mathiripuram", echoed, sampleToken, "sample-secret", defaultToken} {
		if at := strings.Index(text, value); at >= 0 {
			t.Errorf("the log holds a value of a person or a secret (%s…)", value[:3])
		}
	}
}

const defaultToken = dhis2sandbox.DefaultToken

func nehrHandler(t *testing.T) http.Handler {
	t.Helper()
	s, err := nehrsandbox.New(nehrsandbox.Config{Token: sampleToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Handler()
}

// shut has nobody listen at the gate's address, until open.
func (g *gate) shut() { g.web.Close() }

func (g *gate) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", g.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	g.web = &httptest.Server{Listener: listener, Config: &http.Server{Handler: g}}
	g.web.Start()
}

// program is the one that the ledger knows.
func (b *faultBench) program(t *testing.T) (program dhis2.UID) {
	t.Helper()
	low, err := b.ledger.LowWater(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for program = range low {
	}
	return program
}

// all is what the record says of her, and of who treats her and where.
func (b *faultBench) all(t *testing.T) map[string]string {
	t.Helper()
	held := b.held(t)
	for _, typ := range []string{"Practitioner", "PractitionerRole", "Organization", "Location", "Device"} {
		found, err := b.nehr.Search(t.Context(), typ, url.Values{"_count": {"200"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found.Resources {
			// What is shared grows by what is learned: the order tells the history.
			ids := slices.SortedFunc(slices.Values(r.Get("identifier").Items()), func(a, b *fhirjson.Value) int {
				return strings.Compare(string(a.Canonical()), string(b.Canonical()))
			})
			r.Set("identifier", fhirjson.List(ids...))
			held[typ+"/"+r.Get("id").Str()] = r
		}
	}
	return content(held)
}
