package login_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

const (
	relyingParty = "ministry"
	facadeClient = "nehrbridge-login"
	dhis2Client  = "dhis2"
	storeSecret  = "a store's password"
)

// keys are made once for all tests.
var keys = struct {
	sync.Mutex
	made map[string]*esignet.Key
}{made: map[string]*esignet.Key{}}

func key(t testing.TB, name string) *esignet.Key {
	t.Helper()
	keys.Lock()
	defer keys.Unlock()
	if k := keys.made[name]; k != nil {
		return k
	}
	k, err := esignet.NewKey(esignet.RS256, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SelfSign(name, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	keys.made[name] = k
	return k
}

var identityKeys = struct {
	sync.Once
	sign, userinfo *rsa.PrivateKey
}{}

func issuerKeys(t testing.TB) (sign, userinfo *rsa.PrivateKey) {
	t.Helper()
	identityKeys.Do(func() {
		var err error
		if identityKeys.sign, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
			identityKeys.userinfo, err = rsa.GenerateKey(rand.Reader, 2048)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return identityKeys.sign, identityKeys.userinfo
}

// world is a DHIS2, an eSignet and the façade between them, each at an origin of
// its own.
type world struct {
	t       testing.TB
	dhis2   *dhis2sandbox.Server
	esignet *sandbox.Server
	service *login.Service
	links   *login.Links
	log     *lines

	dhis2URL, esignetURL, url string

	mu    sync.Mutex
	moved time.Duration
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// late is a handler that is set after its server has an address.
type late struct{ h atomic.Pointer[http.Handler] }

func (l *late) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*l.h.Load()).ServeHTTP(w, r) }
func (l *late) set(h http.Handler)                               { l.h.Store(&h) }

// serve gives a server under the name of this machine that makes it another site
// for cookies than the others.
func serve(t testing.TB, host string) (*late, string) {
	t.Helper()
	h := &late{}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return h, strings.Replace(server.URL, "127.0.0.1", host, 1)
}

type option func(*login.Config, *sandbox.Config, *string)

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.moved)
}

// advance moves the clocks of all three on.
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	w.moved += d
	w.mu.Unlock()
}

func newWorld(t testing.TB, version sandbox.Version, options ...option) *world {
	t.Helper()
	w := &world{t: t, log: &lines{}}
	dhis2Handler, dhis2URL := serve(t, "127.0.0.1")
	esignetHandler, esignetURL := serve(t, "127.0.0.1")
	facadeHandler, facadeURL := serve(t, "localhost")
	w.dhis2URL, w.esignetURL, w.url = dhis2URL, esignetURL, facadeURL+"/esignet"

	generation, err := esignet.ParseGeneration(string(version))
	if err != nil {
		t.Fatal(err)
	}
	identityCfg := sandbox.Config{Version: version, URL: esignetURL, PublishUserinfoKey: true, Now: w.now}
	identityCfg.SigningKey, identityCfg.UserinfoKey = issuerKeys(t)
	cfg := login.Config{
		URL: w.url, RelyingParty: relyingParty, Keys: esignet.SingleKey(key(t, "façade id_token")),
		ESignet: esignet.Config{Issuer: esignetURL, Generation: generation, ClientID: facadeClient, Keys: esignet.SingleKey(key(t, "façade client")), Now: w.now},
		Request: esignet.AuthorizationRequest{Claims: []esignet.ClaimRequest{{Name: "name"}}},
		DHIS2:   login.DHIS2{ClientID: dhis2Client, RedirectURI: dhis2URL + "/oauth2/code/esignet", KeySetURL: dhis2URL + "/api/publicKeys/esignet/jwks.json"},
		Now:     w.now, Log: zerolog.New(w.log),
	}
	conf := w.conf(key(t, "dhis2"))
	for _, o := range options {
		o(&cfg, &identityCfg, &conf)
	}
	db, err := database.Open(context.Background(), database.Config{URL: filepath.Join(t.TempDir(), "links.db"), Migrations: []database.Migrations{login.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.links = login.NewLinks(db, w.now)
	cfg.Links = w.links

	if w.esignet, err = sandbox.New(identityCfg); err != nil {
		t.Fatal(err)
	}
	public, err := cfg.ESignet.Keys.Published(w.now())[0].PublicJWK(esignet.UseSignature)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.esignet.RegisterClient(sandbox.ClientRequest{ClientID: facadeClient, PublicKey: public, RelyingParty: relyingParty, RedirectURIs: []string{w.url + "/callback"}}); err != nil {
		t.Fatal(err)
	}
	esignetHandler.set(w.esignet.Handler())
	if w.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{Now: w.now}); err != nil {
		t.Fatal(err)
	}
	if err := w.dhis2.SetConf(conf); err != nil {
		t.Fatal(err)
	}
	dhis2Handler.set(w.dhis2.Handler())
	if w.service, err = login.New(cfg); err != nil {
		t.Fatal(err)
	}
	facadeHandler.set(w.service.Handler())
	return w
}

// conf is dhis.conf as the README of esignet has it.
func (w *world) conf(k *esignet.Key) string {
	w.t.Helper()
	store, err := k.KeyStore(storeSecret)
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.t.TempDir(), "dhis2.p12")
	if err := os.WriteFile(path, store, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return login.DHISConf(login.ConfBlock{
		ID: "esignet", ClientID: dhis2Client, AuthorizationURI: w.url + "/authorize", TokenURI: w.url + "/token", UserInfoURI: w.url + "/userinfo",
		JWKURI: w.url + "/jwks.json", IssuerURI: w.url, DHIS2URL: w.dhis2URL, MappingClaim: "sub", Image: w.url + "/button.svg", PKCE: true,
		KeyStore: path, KeyStorePassword: storeSecret,
	})
}

// browser is one that keeps cookies and follows no redirect.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get goes to an address and gives where it leads, or the page.
func (w *world) get(b *http.Client, address string) (location string, status int, body string) {
	w.t.Helper()
	res, err := b.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	buffer := make([]byte, 32<<10)
	for {
		n, err := res.Body.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	location = res.Header.Get("Location")
	if location != "" {
		at, err := url.Parse(address)
		if err != nil {
			w.t.Fatal(err)
		}
		next, err := at.Parse(location)
		if err != nil {
			w.t.Fatal(err)
		}
		location = next.String()
	}
	return location, res.StatusCode, text.String()
}

// begin goes from DHIS2's button to eSignet's page.
func (w *world) begin(b *http.Client) (authorize, esignetPage string) {
	w.t.Helper()
	authorize, _, _ = w.get(b, w.dhis2URL+"/oauth2/authorization/esignet")
	esignetPage, status, body := w.get(b, authorize)
	if status != 303 {
		w.t.Fatalf("authorize: status %d: %s", status, body)
	}
	return authorize, esignetPage
}

// person signs in at eSignet and gives the way back to the façade.
func (w *world) person(id, esignetPage string) string {
	w.t.Helper()
	back, err := sandbox.Person{ID: id}.SignIn(w.t.Context(), esignetPage)
	if err != nil {
		w.t.Fatal(err)
	}
	return back.String()
}

// callback is the whole way to the façade's answer.
func (w *world) callback(b *http.Client, id string) string {
	w.t.Helper()
	_, page := w.begin(b)
	location, status, body := w.get(b, w.person(id, page))
	if status != 303 {
		w.t.Fatalf("callback: status %d: %s", status, body)
	}
	return location
}

// link approves a person for a new DHIS2 user, as an administrator does.
func (w *world) link(id, username string) login.Link {
	w.t.Helper()
	subject := sandbox.Subject(id, relyingParty)
	l, err := w.links.Seen(context.Background(), w.esignetURL, relyingParty, subject)
	if err != nil {
		w.t.Fatal(err)
	}
	if l, err = w.links.Approve(context.Background(), l.Code, username); err != nil {
		w.t.Fatal(err)
	}
	w.dhis2.SetUser(dhis2sandbox.User{
		User:   dhis2.User{ID: dhis2.MustUID("SbxMidwife1"), Username: username, FirstName: "Nurse", Surname: "Udaharana"},
		OpenID: l.OpenID, ExternalAuth: true, Authorities: []string{"M_dhis-web-capture"},
	})
	return l
}

// who is signed in at DHIS2.
func (w *world) who(b *http.Client) string {
	w.t.Helper()
	_, status, body := w.get(b, w.dhis2URL+"/api/me?fields=username")
	if status != 200 {
		return ""
	}
	return body
}
