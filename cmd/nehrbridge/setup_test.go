package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// lateHandler is a handler that is set after its server has an address.
type lateHandler struct{ h atomic.Pointer[http.Handler] }

func (l *lateHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*l.h.Load()).ServeHTTP(w, r)
}

func lateServer(t *testing.T, host string) (set func(http.Handler), address string) {
	t.Helper()
	l := &lateHandler{}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return func(h http.Handler) { l.h.Store(&h) }, strings.Replace(server.URL, "127.0.0.1", host, 1)
}

// signInWorld is what an administrator sets up: DHIS2, eSignet, the service, by
// commands alone.
type signInWorld struct {
	t                        *testing.T
	environ                  []string
	dhis2                    *dhis2sandbox.Server
	esignet                  *sandbox.Server
	part                     *loginPart
	dhis2URL, esignetURL, at string
	folder                   string
	log                      lockedBuffer // of the part
}

func (w *signInWorld) run(want int, args ...string) (out, errs string) {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(w.t.Context(), args, stdio{strings.NewReader(""), &stdout, &stderr, w.environ}); got != want {
		w.t.Fatalf("%v: exit code %d, want %d: %s", args, got, want, stderr.String())
	}
	return stdout.String(), stderr.String()
}

func newSignInWorld(t *testing.T, version sandbox.Version, way string) *signInWorld {
	t.Helper()
	return newSignInWorldWith(t, version, way, func(*signInWorld) {})
}

// newSignInWorldWith lets a test change the settings once the keys are there.
func newSignInWorldWith(t *testing.T, version sandbox.Version, way string, change func(*signInWorld)) *signInWorld {
	t.Helper()
	w := &signInWorld{t: t, folder: t.TempDir()}
	setDHIS2, dhis2URL := lateServer(t, "127.0.0.1")
	setESignet, esignetURL := lateServer(t, "127.0.0.1")
	setLogin, loginURL := lateServer(t, "localhost")
	w.dhis2URL, w.esignetURL, w.at = dhis2URL, esignetURL, loginURL+"/signin"
	file := func(name string) string { return filepath.Join(w.folder, name) }
	w.environ = []string{
		"NEHRBRIDGE_DATA_DIR=" + w.folder, "NEHRBRIDGE_DHIS2_URL=" + dhis2URL, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken,
		"NEHRBRIDGE_ESIGNET_ISSUER=" + esignetURL, "NEHRBRIDGE_ESIGNET_RELYING_PARTY=ministry",
		"NEHRBRIDGE_ESIGNET_LOGIN_URL=" + w.at, "NEHRBRIDGE_ESIGNET_LOGIN_WAY=" + way, "NEHRBRIDGE_ESIGNET_LOGIN_GENERATION=" + string(version),
		"NEHRBRIDGE_ESIGNET_LOGIN_KEY_FILE=" + file("client.pem"), "NEHRBRIDGE_ESIGNET_LOGIN_SIGNING_KEYS=" + file("signing.pem"),
		"NEHRBRIDGE_ESIGNET_LOGIN_CLAIMS=name", "NEHRBRIDGE_ESIGNET_LOGIN_MANAGEMENT_URL=" + esignetURL + "/v1/esignet",
	}
	var err error
	if w.esignet, err = sandbox.New(sandbox.Config{Version: version, URL: esignetURL, PublishUserinfoKey: true}); err != nil {
		t.Fatal(err)
	}
	setESignet(w.esignet.Handler())
	if w.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{}); err != nil {
		t.Fatal(err)
	}
	w.dhis2.SetUser(dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Password: "district",
		Tokens: []string{dhis2sandbox.DefaultToken}, Authorities: []string{"ALL"}})
	w.dhis2.SetUser(dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxMidwife1"), Username: "nurse"}})
	setDHIS2(w.dhis2.Handler())

	// What an administrator types, in the order of the README.
	if err := os.WriteFile(file("password"), []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"client.pem", "signing.pem", "dhis2.pem"} {
		w.run(0, "keys", "new", file(name))
	}
	change(w)
	key := "dhis2.pem"
	if way == "shim" {
		key = "client.pem" // DHIS2 is the client
	}
	w.run(0, "keys", "keystore", file(key), "--out", file("esignet.p12"), "--password-file", file("password"))
	for _, done := range []string{"created", "updated"} { // twice, which changes nothing more
		out, errs := w.run(0, "setup", "esignet", "--apply", "--keystore", file("esignet.p12"), "--password-file", file("password"),
			"--dhis-conf", file("dhis.conf"), "--button", file("button.svg"), "--force")
		var plan setupPlan
		if err := json.Unmarshal([]byte(out), &plan); err != nil {
			t.Fatal(err)
		}
		if plan.Client == nil || plan.Client.Done != done || plan.Client.Status != "ACTIVE" || plan.Client.ReadBack != (version == sandbox.V20) {
			t.Fatalf("--apply: %+v\n%s", plan.Client, errs)
		}
		if strings.Contains(out, "correct horse") || strings.Contains(errs, "correct horse") {
			t.Error("the password of the key store is printed")
		}
	}
	conf, err := os.ReadFile(file("dhis.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.dhis2.SetConf(string(conf)); err != nil {
		t.Fatalf("DHIS2 passes the block over: %v\n%s", err, conf)
	}
	s, err := config.Load("", w.environ)
	if err != nil {
		t.Fatal(err)
	}
	if w.part, err = newLoginPart(t.Context(), s, zerolog.New(&w.log)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.part.close() })
	setLogin(w.part.Handler())
	return w
}

// links gives what the command lists.
func (w *signInWorld) links() (all []login.Link) {
	w.t.Helper()
	out, _ := w.run(0, "setup", "esignet", "links", "list")
	for line := range strings.Lines(out) {
		var l login.Link
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// signIn goes the whole way without looking at pages and gives where it ends.
func (w *signInWorld) signIn(b *http.Client) *url.URL {
	w.t.Helper()
	back, err := sandbox.Person{ID: "9900000001"}.SignIn(w.t.Context(), authorizeURL(w.t, b, w.dhis2URL))
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := b.Get(back.String())
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	return res.Request.URL
}

// authorizeURL begins anew and stops before eSignet's page.
func authorizeURL(t *testing.T, b *http.Client, dhis2URL string) string {
	t.Helper()
	step := &http.Client{Jar: b.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	at := dhis2URL + "/oauth2/authorization/esignet"
	for {
		res, err := step.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		next := res.Header.Get("Location")
		if next == "" {
			t.Fatalf("no redirect at %s: %d", at, res.StatusCode)
		}
		u, err := url.Parse(next)
		if err != nil {
			t.Fatal(err)
		}
		// eSignet's page, be it by a pushed request.
		if u.Path == "/authorize" || u.Path == "/oauth2/authorize" {
			return next
		}
		at = next
	}
}
