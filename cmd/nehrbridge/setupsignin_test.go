package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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
			w.part.WriteMetrics(&figures)
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

// TestLoginBesideRP: both answer at one address, each its own calls, also where the
// sign-in has no path of its own.
func TestLoginBesideRP(t *testing.T) {
	w := newSignInWorld(t, sandbox.V18, "facade")
	root := strings.TrimSuffix(w.at, "/signin")
	other := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	for _, tt := range []struct {
		name, url, path string
		want            int
	}{
		{name: "the sign-in", url: w.at, path: "/signin/jwks.json", want: 200},
		{name: "the relying party", url: w.at, path: "/transactions", want: 418},
		{name: "no sign-in", url: "", path: "/signin/jwks.json", want: 418},
		{name: "no path: the sign-in", url: root, path: "/jwks.json", want: 200},
		{name: "no path: the relying party", url: root, path: "/rp/start", want: 418},
		{name: "no path: its key set", url: root, path: "/.well-known/jwks.json", want: 418},
		{name: "no path: what the sign-in does not answer to GET", url: root, path: "/token", want: 418},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := config.Load("", w.environ)
			if err != nil {
				t.Fatal(err)
			}
			s.ESignet.Login.URL = tt.url
			handler, part, err := withLogin(t.Context(), s, other, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
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

// set replaces a setting of the environment.
func (w *signInWorld) set(name, value string) {
	w.environ = slices.DeleteFunc(w.environ, func(e string) bool { return strings.HasPrefix(e, "NEHRBRIDGE_"+name+"=") })
	if value != "" {
		w.environ = append(w.environ, "NEHRBRIDGE_"+name+"="+value)
	}
}

// TestLoginClientFile signs in by a client of a file: bound by DPoP, with encrypted
// userinfo, a key that follows another, and an address of its own for the key set.
func TestLoginClientFile(t *testing.T) {
	for _, version := range []sandbox.Version{sandbox.V18, sandbox.V20} {
		t.Run(string(version), func(t *testing.T) {
			var asked atomic.Int32
			w := newSignInWorldWith(t, version, "facade", func(w *signInWorld) {
				inside := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					w.esignet.Handler().ServeHTTP(rw, r)
				}))
				t.Cleanup(inside.Close)
				file := func(name string) string { return filepath.Join(w.folder, name) }
				for _, name := range []string{"next.pem", "opens.pem", "signing-next.pem"} {
					w.run(0, "keys", "new", file(name))
				}
				text := fmt.Sprintf(`issuer: %s
generation: %q
client_id: of-a-file
relying_party: ministry
dpop: true
keys:
  - {file: %s, from: 2026-01-01T00:00:00Z}
  - {file: %s, from: 2126-01-01T00:00:00Z}
decryption_keys:
  - {file: %s, algorithm: RSA-OAEP-256}
endpoints: {jwks: %s/.well-known/jwks.json}
`, w.esignetURL, version, file("client.pem"), file("next.pem"), file("opens.pem"), inside.URL)
				if err := os.WriteFile(file("client.yaml"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				w.set("ESIGNET_LOGIN_CLIENT", file("client.yaml"))
				w.set("ESIGNET_LOGIN_KEY_FILE", "")
				w.set("ESIGNET_LOGIN_SIGNING_KEYS", file("signing-next.pem")+","+file("signing.pem"))
				// The mappings' own issuer is another matter.
				w.set("ESIGNET_ISSUER", "")
				w.set("ESIGNET_RELYING_PARTY", "")
			})
			b := newBrowserClient(t)
			if end := w.signIn(b); end.Path != "/signin/requested" {
				t.Fatalf("ends at %s\n%s", end, &w.log)
			}
			w.run(0, "setup", "esignet", "links", "approve", w.links()[0].Code, "--user", "nurse", "--apply")
			if end := w.signIn(b); !strings.HasSuffix(end.Path, "/dhis-web-dashboard/") {
				t.Fatalf("ends at %s: %s", end.Path, w.dhis2.LoginFailure())
			}
			for _, wish := range []string{`"dpop_bound_access_tokens":true`, `"userinfo_response_type":"JWE"`, `"encPublicKey":{`} {
				if out, _ := w.run(0, "setup", "esignet"); !strings.Contains(out, wish) {
					t.Errorf("the registration lacks %s", wish)
				}
			}
			if asked.Load() == 0 {
				t.Error("the endpoints of the file were not used")
			}
			var set struct {
				Keys []struct {
					ID string `json:"kid"`
				} `json:"keys"`
			}
			answer := httptest.NewRecorder()
			w.part.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/signin/jwks.json", nil))
			if err := json.Unmarshal(answer.Body.Bytes(), &set); err != nil || len(set.Keys) != 2 || set.Keys[0].ID == set.Keys[1].ID {
				t.Errorf("published: %s, %v", answer.Body, err)
			}
		})
	}
}

// TestLoginClientFile_refused: a file that does not fit says so before anything is
// done.
func TestLoginClientFile_refused(t *testing.T) {
	good := "issuer: https://esignet.example.org\ngeneration: \"1.8\"\nclient_id: c\nrelying_party: ministry\nkeys: [{file: client.pem}]\n"
	for _, tt := range []struct{ name, text, set, want string }{
		{"a key of the settings too", good, "ESIGNET_LOGIN_KEY_FILE=client.pem", "leave esignet.login.key_file away"},
		{"a redirect URI", good + "redirect_uri: https://example.org/callback\n", "", "redirect_uri: leave it away"},
		{"no client id", strings.Replace(good, "client_id: c\n", "", 1), "", "client_id is missing"},
		{"the shim", good, "ESIGNET_LOGIN_WAY=shim", "up to 1.6"},
		{"a generation that is none", strings.Replace(good, "1.8", "1.9", 1), "", "1.9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &signInWorld{t: t, folder: t.TempDir()}
			key := filepath.Join(w.folder, "client.pem")
			w.run(0, "keys", "new", key)
			file := filepath.Join(w.folder, "client.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(tt.text, "client.pem", key, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			w.environ = []string{"NEHRBRIDGE_DATA_DIR=" + w.folder, "NEHRBRIDGE_DHIS2_URL=http://127.0.0.1:1", "NEHRBRIDGE_ESIGNET_LOGIN_URL=https://example.org/signin",
				"NEHRBRIDGE_ESIGNET_LOGIN_SIGNING_KEYS=" + key, "NEHRBRIDGE_ESIGNET_LOGIN_CLIENT=" + file}
			if name, value, ok := strings.Cut(tt.set, "="); ok {
				w.set(name, value)
			}
			if _, errs := w.run(2, "setup", "esignet"); !strings.Contains(errs, tt.want) {
				t.Errorf("stderr %q does not say %q", errs, tt.want)
			}
		})
	}
}

// TestD062_KeyFilesOfOthers: the sign-in does not start with a private key that
// others of the machine can read.
func TestD062_KeyFilesOfOthers(t *testing.T) {
	w := newSignInWorld(t, sandbox.V18, "facade")
	s, err := config.Load("", w.environ)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"client.pem", "signing.pem"} {
		file := filepath.Join(w.folder, name)
		for _, mode := range []os.FileMode{0o644, 0o640, 0o604} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			part, err := newLoginPart(t.Context(), s, zerolog.Nop())
			if err == nil {
				part.close()
				t.Errorf("%s of mode %o is taken", name, mode)
			} else if !strings.Contains(err.Error(), name) {
				t.Errorf("the error does not name %s: %v", name, err)
			}
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	part, err := newLoginPart(t.Context(), s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := part.close(); err != nil {
		t.Error(err)
	}
}
