package rp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

const (
	callback    = "https://dhis2.example.org/plugin/callback.html"
	routeSecret = "a secret of the Route, for tests only, 1"
	otherSecret = "a secret of the Route, for tests only, 2"
	midwife     = "midwife.one"
	colleague   = "midwife.two"
	outsider    = "clerk.elsewhere"
)

var (
	ancProgram = dhis2.MustUID("eozjj9UivfS")
	clinic     = dhis2.MustUID("SbxClinic01")
	farClinic  = dhis2.MustUID("SbxClinic04")
)

// staff is an Authority by a table.
type staff map[string][]dhis2.UID

func (s staff) MayCapture(_ context.Context, user string, _, orgUnit dhis2.UID) error {
	for _, u := range s[user] {
		if u == orgUnit {
			return nil
		}
	}
	return &route.Refusal{Code: route.CodeForbidden, Detail: "not there"}
}

// everybody is an Authority that lets everybody in.
type everybody struct{}

func (everybody) MayCapture(context.Context, string, dhis2.UID, dhis2.UID) error { return nil }

// clock is the time of everything in a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
	// real lets it go by itself.
	real bool
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real {
		return time.Now()
	}
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// house is a running eSignet with a relying party at its side.
type house struct {
	t        testing.TB
	esignet  *sandbox.Server
	issuer   string
	db       *database.DB
	vault    *rp.Vault
	service  *rp.Service
	url      string
	clock    *clock
	log      *logs
	config   rp.Config
	requests *counted
}

// logs is everything that was logged.
type logs struct {
	mu   sync.Mutex
	b    bytes.Buffer
	drop bool // it would grow with what is measured
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drop {
		return len(p), nil
	}
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// counted counts the requests to eSignet by path.
type counted struct {
	mu   sync.Mutex
	by   map[string]int
	down bool // eSignet is not reached
}

func (c *counted) fail(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.by[r.URL.Path]++
	down := c.down
	c.mu.Unlock()
	if down {
		return nil, errors.New("no route to host")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (c *counted) reset() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.by
	c.by = map[string]int{}
	return was
}

var testKey = sync.OnceValue(func() func(string) *esignet.Key {
	var mu sync.Mutex
	made := map[string]*esignet.Key{}
	return func(name string) *esignet.Key {
		mu.Lock()
		defer mu.Unlock()
		if made[name] == nil {
			algorithm, bits := esignet.RS256, 2048
			if strings.HasPrefix(name, esignet.ES256) {
				algorithm, bits = esignet.ES256, 0
			}
			k, err := esignet.NewKey(algorithm, bits)
			if err != nil {
				panic(err)
			}
			made[name] = k
		}
		return made[name]
	}
})

// rsaKeys are eSignet's: making them takes longer than most tests.
var rsaKeys = sync.OnceValue(func() (keys [2]*rsa.PrivateKey) {
	for i := range keys {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = k
	}
	return keys
})

func ancMap(t testing.TB) *claims.Mapper {
	t.Helper()
	all, err := config.ClaimMaps(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := claims.New(*all[0])
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func evidenceKey(t testing.TB) *rp.SealKey {
	t.Helper()
	k, err := rp.ParseSealKey(rp.NewSealKey())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// setup is what a test changes before the house stands.
type setup struct {
	sandbox func(*sandbox.Config, *sandbox.ClientRequest)
	client  func(*esignet.Config)
	service func(*rp.Config)
}

// newHouse runs eSignet of a version and a relying party; set changes may be nil.
func newHouse(t testing.TB, version sandbox.Version, s setup) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{now: time.Now()}, log: &logs{}, requests: &counted{by: map[string]int{}}}
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	h.issuer = web.URL
	key := testKey()("client")
	public, err := key.PublicJWK(esignet.UseSignature)
	if err != nil {
		t.Fatal(err)
	}
	server := sandbox.Config{Version: version, URL: web.URL, Now: h.clock.Now, SigningKey: rsaKeys()[0], UserinfoKey: rsaKeys()[1]}
	registration := sandbox.ClientRequest{ClientID: "dhis2-anc", Name: "Antenatal clinic", RelyingParty: "health", PublicKey: public, RedirectURIs: []string{callback, rp.PhoneCallback(phoneURL)}}
	if s.sandbox != nil {
		s.sandbox(&server, &registration)
	}
	if h.esignet, err = sandbox.New(server); err != nil {
		t.Fatal(err)
	}
	if err := h.esignet.RegisterClient(registration); err != nil {
		t.Fatal(err)
	}
	handler = h.esignet.Handler()

	certificate, err := x509.ParseCertificate(h.esignet.UserinfoCertificate())
	if err != nil {
		t.Fatal(err)
	}
	generation, err := esignet.ParseGeneration(string(version))
	if err != nil {
		t.Fatal(err)
	}
	ring := esignet.SingleKey(key)
	client := esignet.Config{Issuer: web.URL, Generation: generation, ClientID: registration.ClientID, RedirectURI: callback, Keys: ring,
		IdentitySystemKeys: []esignet.PublicKey{{Key: certificate.PublicKey}}, Transport: h.requests, Now: h.clock.Now}
	if s.client != nil {
		s.client(&client)
	}
	oidc, err := esignet.New(client)
	if err != nil {
		t.Fatal(err)
	}
	client.RedirectURI = rp.PhoneCallback(phoneURL)
	phone, err := esignet.New(client)
	if err != nil {
		t.Fatal(err)
	}
	h.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "rp.db"), Migrations: []database.Migrations{rp.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	h.vault = h.newVault(evidenceKey(t))
	h.config = rp.Config{
		Clients:   []rp.Client{{OIDC: oidc, Phone: phone, RelyingParty: "health", Keys: ring, Programs: []*claims.Mapper{ancMap(t)}}},
		Routes:    []route.Route{{Name: "one", Secret: routeSecret}, {Name: "two", Secret: otherSecret}},
		Authority: staff{midwife: {clinic}, colleague: {clinic}, outsider: {farClinic}},
		Phone:     &rp.Phone{URL: phoneURL, Names: signs{}},
		Vault:     h.vault, Now: h.clock.Now, Log: zerolog.New(h.log).Level(zerolog.TraceLevel),
	}
	if s.service != nil {
		s.service(&h.config)
	}
	if h.service, err = rp.New(h.config); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(h.service.Handler())
	t.Cleanup(front.Close)
	h.url = front.URL
	return h
}

func (h *house) newVault(keys ...*rp.SealKey) *rp.Vault {
	h.t.Helper()
	v, err := rp.NewVault(rp.VaultConfig{DB: h.db, SealKeys: keys, Signing: esignet.SingleKey(testKey()("ES256 evidence")), Now: h.clock.Now})
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// reply is an answer of the relying party.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) code() string {
	var p route.Problem
	if json.Unmarshal(r.body, &p) != nil {
		return ""
	}
	return p.Error.Code
}

func (h *house) send(method, path, body string, header http.Header) reply {
	h.t.Helper()
	r, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, data}
}

// through is what a Route adds to a call.
func through(user, secret string) http.Header {
	return http.Header{"Authorization": {"ApiToken " + secret}, "X-Forwarded-User": {user}, "Content-Type": {"application/json"}}
}

func (h *house) call(user, method, path string, body any) reply {
	h.t.Helper()
	text := ""
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(data)
	}
	return h.send(method, path, text, through(user, routeSecret))
}

func (h *house) start(user string) rp.Started {
	h.t.Helper()
	r := h.call(user, "POST", "/rp/start", rp.StartRequest{Program: ancProgram, OrgUnit: clinic, UILocales: []string{"en"}})
	var s rp.Started
	if r.status != 200 || json.Unmarshal(r.body, &s) != nil || s.Transaction == "" || s.URL == "" {
		h.t.Fatalf("start: %d %s", r.status, r.body)
	}
	return s
}

// signIn lets a person sign in and gives the query string that came back.
func (h *house) signIn(s rp.Started, p sandbox.Person) string {
	h.t.Helper()
	back, err := p.SignIn(h.t.Context(), s.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	if exact := (&url.URL{Scheme: back.Scheme, Host: back.Host, Path: back.Path}).String(); exact != callback || back.Fragment != "" {
		h.t.Fatalf("came back at %s", exact)
	}
	return back.RawQuery
}

func (h *house) complete(user string, s rp.Started, response string) reply {
	h.t.Helper()
	return h.call(user, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction, Response: response})
}

// verify goes the whole way.
func (h *house) verify(p sandbox.Person) rp.Completed {
	h.t.Helper()
	s := h.start(midwife)
	r := h.complete(midwife, s, h.signIn(s, p))
	var done rp.Completed
	if r.status != 200 || json.Unmarshal(r.body, &done) != nil {
		h.t.Fatalf("complete: %d %s", r.status, r.body)
	}
	return done
}

// want asserts a refusal.
func (r reply) want(t testing.TB, status int, code string) {
	t.Helper()
	if r.status != status || r.code() != code {
		t.Errorf("answered %d %s, want %d %s: %s", r.status, r.code(), status, code, r.body)
	}
	var p route.Problem
	if err := json.Unmarshal(r.body, &p); err != nil || p.Error.Message.Text["en"] == "" || p.Error.Message.Text["si"] == "" || p.Error.Message.Text["ta"] == "" {
		t.Errorf("the refusal has no sentence for the person: %s", r.body)
	}
}

// TestChain goes from start to mapped attributes and evidence by HTTP alone, with
// each generation of eSignet.
func TestChain(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			h := newHouse(t, version, setup{})
			done := h.verify(sandbox.Person{ID: "9900000001"})
			want := []claims.Value{
				{Attribute: dhis2.MustUID("CJLJmmp8r9g"), Value: sandbox.Subject("9900000001", "health"), Claim: "sub"},
				{Attribute: dhis2.MustUID("VQl0wK3eqiw"), Value: "Nilmini Udaharana", Claim: "name", Language: "en"},
				{Attribute: dhis2.MustUID("Yie7mOY913J"), Value: "1994-05-17", Claim: "birthdate"},
				{Attribute: dhis2.MustUID("p7zizFkC6Lv"), Value: "Female", Claim: "gender"},
				{Attribute: dhis2.MustUID("gGAQeOr1Pgu"), Value: "+94700000001", Claim: "phone_number"},
			}
			if diff := cmp.Diff(want, done.Values[:min(5, len(done.Values))], uids); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if len(done.Values) != 6 || !strings.HasPrefix(done.Values[5].Value, "1 Example Lane, Udaharanapura, Fiction Province") || len(done.Missing) != 0 {
				t.Errorf("address %v, missing %v", done.Values[5:], done.Missing)
			}
			if len(done.ACR) == 0 || done.AuthTime.IsZero() {
				t.Errorf("acr %q at %v", done.ACR, done.AuthTime)
			}
			e, err := h.vault.Get(t.Context(), done.Evidence.ID)
			if err != nil {
				t.Fatal(err)
			}
			if e.Issuer != h.issuer || e.Subject != sandbox.Subject("9900000001", "health") || e.RelyingParty != "health" || e.User != midwife || e.Route != "one" ||
				e.Program != ancProgram || e.OrgUnit != clinic || e.ClaimsHash == "" || !e.At.Equal(done.Evidence.At) {
				t.Errorf("evidence %+v", e)
			}
			if diff := cmp.Diff([]string{"name", "birthdate", "gender", "phone_number", "address"}, e.Asked); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(e.Asked, e.Given); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"name"}, e.Essential); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var uids = cmp.Comparer(func(a, b dhis2.UID) bool { return a == b })

// TestRoundTrips: nothing is asked that the protocol does not need.
func TestRoundTrips(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	h.verify(sandbox.Person{ID: "9900000001"})
	h.requests.reset()
	h.verify(sandbox.Person{ID: "9900000002"})
	want := map[string]int{"/v1/esignet/oauth/par": 1, "/v1/esignet/oauth/v2/token": 1, "/v1/esignet/oidc/userinfo": 1}
	if diff := cmp.Diff(want, h.requests.reset()); diff != "" {
		t.Errorf("requests of a second sign-in (-want +got):\n%s", diff)
	}
}
