package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestSetupESignet sets sign-in up by the commands of the README alone, by both
// ways, and signs a DHIS2 user in after an administrator's approval.
func TestSetupESignet(t *testing.T) {
	for _, tt := range []struct {
		version sandbox.Version
		way     string
	}{{sandbox.V16, "facade"}, {sandbox.V17, "facade"}, {sandbox.V18, "facade"}, {sandbox.V20, "facade"}, {sandbox.V16, "shim"}} {
		t.Run(string(tt.version)+" "+tt.way, func(t *testing.T) {
			w := newSignInWorld(t, tt.version, tt.way)
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			b := &http.Client{Jar: jar}
			if end := w.signIn(b); strings.HasSuffix(end.Path, "/dhis-web-dashboard/") {
				t.Fatal("somebody whom nobody approved is signed in")
			}
			requests := w.links()
			if len(requests) != 1 || requests[0].State != login.Requested {
				t.Fatalf("links %+v", requests)
			}
			var figures strings.Builder
			w.part.metrics(&figures)
			want := metricsOf("nehrbridge_login_")
			if tt.way == "shim" { // which keeps nothing
				want = []string{"nehrbridge_login_calls_total"}
			}
			if diff := cmp.Diff(want, metricFamilies(figures.String())); diff != "" {
				t.Errorf("metrics (-README +shown):\n%s", diff)
			}
			code := requests[0].Code
			w.run(1, "setup", "esignet", "links", "approve", "0000-0000", "--user", "nurse")
			w.run(1, "setup", "esignet", "links", "approve", code, "--user", "nobody", "--apply")
			w.run(0, "setup", "esignet", "links", "approve", code, "--user", "nurse", "--apply")
			w.run(0, "setup", "esignet", "links", "approve", code, "--user", "nurse", "--apply")
			if end := w.signIn(b); !strings.HasSuffix(end.Path, "/dhis-web-dashboard/") {
				t.Fatalf("ends at %s: %s", end.Path, w.dhis2.LoginFailure())
			}
			w.run(0, "setup", "esignet", "links", "revoke", strings.ToLower(code), "--apply")
			if end := w.signIn(b); strings.HasSuffix(end.Path, "/dhis-web-dashboard/") {
				t.Error("signed in after it was revoked")
			}
			if l := w.links(); len(l) != 1 || l[0].State != login.Revoked || l[0].Username != "nurse" {
				t.Errorf("links %+v", l)
			}
		})
	}
}

// TestSetupESignet_refused: what cannot work is said before anything is done.
func TestSetupESignet_refused(t *testing.T) {
	w := newSignInWorld(t, sandbox.V18, "facade")
	base := w.environ
	for _, tt := range []struct {
		name, set, want string
		code            int
	}{
		{"no address", "ESIGNET_LOGIN_URL=", "esignet.login.url", 2},
		{"no key", "ESIGNET_LOGIN_KEY_FILE=", "esignet.login.key_file", 2},
		{"a key that is not there", "ESIGNET_LOGIN_KEY_FILE=none.pem", "none.pem", 2},
		{"the shim with 1.8", "ESIGNET_LOGIN_WAY=shim", "up to 1.6", 2},
		{"no management", "ESIGNET_LOGIN_MANAGEMENT_URL=", "management_url", 1},
		{"no server", "ESIGNET_LOGIN_MANAGEMENT_URL=http://127.0.0.1:1/v1/esignet", "reached", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name, _, _ := strings.Cut(tt.set, "=")
			w.environ = nil
			for _, e := range base {
				if !strings.HasPrefix(e, "NEHRBRIDGE_"+name+"=") {
					w.environ = append(w.environ, e)
				}
			}
			w.environ = append(w.environ, "NEHRBRIDGE_"+tt.set)
			if _, errs := w.run(tt.code, "setup", "esignet", "--apply"); !strings.Contains(errs, tt.want) {
				t.Errorf("stderr %q does not say %q", errs, tt.want)
			}
		})
	}
}

// TestLoginBesideRP: both answer at one address, each below its path; without a
// path of its own the sign-in does not start.
func TestLoginBesideRP(t *testing.T) {
	w := newSignInWorld(t, sandbox.V18, "facade")
	other := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	for _, tt := range []struct {
		name, url, path string
		want            int
		fails           bool
	}{
		{name: "the sign-in", url: w.at, path: "/signin/jwks.json", want: 200},
		{name: "the relying party", url: w.at, path: "/transactions", want: 418},
		{name: "no sign-in", url: "", path: "/signin/jwks.json", want: 418},
		{name: "no path", url: strings.TrimSuffix(w.at, "/signin"), fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := config.Load("", w.environ)
			if err != nil {
				t.Fatal(err)
			}
			s.ESignet.Login.URL = tt.url
			handler, part, err := withLogin(t.Context(), s, other, zerolog.Nop())
			if (err != nil) != tt.fails {
				t.Fatal(err)
			}
			if tt.fails {
				return
			}
			if part != nil {
				defer part.close()
			}
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest("GET", tt.path, nil))
			if answer.Code != tt.want {
				t.Errorf("%s answers %d, want %d", tt.path, answer.Code, tt.want)
			}
		})
	}
}
