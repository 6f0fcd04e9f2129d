package main

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

const (
	rpSecret   = "what the Route sends to the relying party"
	rpCallback = "https://dhis2.example.org/api/apps/nehrbridge/callback.html"
)

// rpHouse is DHIS2 with a Route, eSignet, and `nehrbridge rp` between them.
type rpHouse struct {
	t       *testing.T
	dhis2   *dhis2sandbox.Server
	url     string // of DHIS2
	address string // of the relying party
	log     *lockedBuffer
	end     context.CancelFunc
	ended   chan int
}

func writeFile(t *testing.T, folder, name, text string) string {
	t.Helper()
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func writeKey(t *testing.T, folder, name string) (*esignet.Key, string) {
	t.Helper()
	k, err := esignet.NewKey(esignet.RS256, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	return k, writeFile(t, folder, name, string(text))
}

func startRP(t *testing.T, version esignetsandbox.Version) *rpHouse {
	t.Helper()
	return startRPAs(t, version, "rp")
}

// startRPAs runs another command in the place of rp, with more settings.
func startRPAs(t *testing.T, version esignetsandbox.Version, command string, more ...string) *rpHouse {
	t.Helper()
	folder := t.TempDir()
	h := &rpHouse{t: t, log: &lockedBuffer{}, ended: make(chan int, 1)}

	var idp http.Handler
	idpWeb := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { idp.ServeHTTP(w, r) }))
	t.Cleanup(idpWeb.Close)
	provider, err := esignetsandbox.New(esignetsandbox.Config{Version: version, URL: idpWeb.URL})
	if err != nil {
		t.Fatal(err)
	}
	idp = provider.Handler()
	key, keyFile := writeKey(t, folder, "client.pem")
	public, err := key.PublicJWK(esignet.UseSignature)
	if err != nil {
		t.Fatal(err)
	}
	if err := provider.RegisterClient(esignetsandbox.ClientRequest{ClientID: "anc", Name: "Antenatal clinic", RelyingParty: "health", PublicKey: public,
		RedirectURIs: []string{rpCallback}}); err != nil {
		t.Fatal(err)
	}

	if h.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{RemoteServersAllowed: []string{"http://127.0.0.1:*"}}); err != nil {
		t.Fatal(err)
	}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 1})
	if err != nil {
		t.Fatal(err)
	}
	user := func(id, name string, clinic string, authorities ...string) dhis2sandbox.User {
		return dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID(id), Username: name}, Password: "a password of " + name,
			Authorities: authorities, Capture: []dhis2.UID{dhis2.MustUID(clinic)}}
	}
	set.Users = append(set.Users, user("SbxMidwife1", "midwife.one", "SbxDistrct1"), user("SbxMidwife2", "midwife.two", "SbxClinic01"),
		user("SbxMidwife3", "midwife.far", "SbxClinic04"))
	if err := h.dhis2.Load(set); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h.dhis2.Handler())
	t.Cleanup(web.Close)
	h.url = web.URL

	_, evidenceFile := writeKey(t, folder, "evidence.pem")
	signer := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: provider.UserinfoCertificate()})
	client := writeFile(t, folder, "client.yaml", "issuer: "+idpWeb.URL+"\ngeneration: \""+string(version)+"\"\nclient_id: anc\nrelying_party: health\nredirect_uri: "+rpCallback+
		"\nclaims: [lk-anc]\nkeys:\n  - file: "+keyFile+"\n    from: 2026-01-01T00:00:00Z\nidentity_system_keys: "+writeFile(t, folder, "signer.pem", string(signer))+"\n")
	env := []string{
		"NEHRBRIDGE_DHIS2_URL=" + h.url, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken, "NEHRBRIDGE_DATA_DIR=" + folder,
		"NEHRBRIDGE_ESIGNET_CLIENTS=" + client, "NEHRBRIDGE_ESIGNET_ROUTE_SECRET_FILE=" + writeFile(t, folder, "route", strings.ReplaceAll(rpSecret, " ", "-")+"\n"),
		"NEHRBRIDGE_ESIGNET_EVIDENCE_KEYS=" + writeFile(t, folder, "seal", rp.NewSealKey()+"\n"), "NEHRBRIDGE_ESIGNET_EVIDENCE_SIGNING_KEYS=" + evidenceFile,
		"NEHRBRIDGE_LISTEN=127.0.0.1:0", "NEHRBRIDGE_METRICS_LISTEN=127.0.0.1:0",
	}
	ctx, cancel := context.WithCancel(t.Context())
	h.end = cancel
	env = append(env, more...)
	go func() { h.ended <- run(ctx, []string{command}, stdio{strings.NewReader(""), io.Discard, h.log, env}) }()
	t.Cleanup(func() { h.stop() })
	listening := regexp.MustCompile(`"address":"([^"]+)"[^\n]*"message":"relying party"`)
	await(t, "the relying party", func() bool {
		m := listening.FindStringSubmatch(h.log.String())
		if m != nil {
			h.address = "http://" + m[1]
		}
		return m != nil
	})
	h.makeRoute()
	return h
}

// makeRoute makes the Route as an administrator does, by DHIS2's API.
func (h *rpHouse) makeRoute() {
	h.t.Helper()
	status, body := h.ask("admin", "POST", "/api/routes", map[string]any{"code": "nehrbridge-rp", "name": "Relying party", "url": h.address + "/rp/**",
		"auth":        map[string]any{"type": "api-token", "token": strings.ReplaceAll(rpSecret, " ", "-")},
		"authorities": []string{}, "responseTimeoutSeconds": 20, "sharing": map[string]any{"public": "r-------"}})
	if status != 201 {
		h.t.Fatalf("route: %d %s", status, body)
	}
}

func (h *rpHouse) stop() int {
	h.end()
	select {
	case code := <-h.ended:
		h.ended <- code
		return code
	case <-time.After(30 * time.Second):
		h.t.Fatalf("rp did not end\n%s", h.log)
		return -1
	}
}

// ask sends a request to DHIS2 as a user.
func (h *rpHouse) ask(user, method, path string, v any) (int, []byte) {
	h.t.Helper()
	var body io.Reader
	if v != nil {
		data, err := json.Marshal(v)
		if err != nil {
			h.t.Fatal(err)
		}
		body = strings.NewReader(string(data))
	}
	r, err := http.NewRequest(method, h.url+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	password := "a password of " + user
	if user == "admin" {
		password = dhis2sandbox.DefaultPassword
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, data
}

// through calls the relying party by the Route.
func (h *rpHouse) through(user, method, call string, v, into any) int {
	h.t.Helper()
	status, body := h.ask(user, method, "/api/routes/nehrbridge-rp/run/"+call, v)
	if into != nil && status == 200 {
		if err := json.Unmarshal(body, into); err != nil {
			h.t.Fatalf("%s: %v: %s", call, err, body)
		}
	}
	return status
}

// TestRP_route is the whole chain through a Route of DHIS2: start, sign-in,
// completion, evidence, for each generation.
func TestRP_route(t *testing.T) {
	for _, version := range esignetsandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			h := startRP(t, version)
			at := rp.StartRequest{Program: dhis2.MustUID("eozjj9UivfS"), OrgUnit: dhis2.MustUID("SbxClinic01")}
			signIn := func(user string) rp.CompleteRequest {
				var s rp.Started
				if status := h.through(user, "POST", "start", at, &s); status != 200 {
					t.Fatalf("start: %d\n%s", status, h.log)
				}
				back, err := esignetsandbox.Person{ID: "9900000003"}.SignIn(t.Context(), s.URL)
				if err != nil {
					t.Fatal(err)
				}
				return rp.CompleteRequest{Transaction: s.Transaction, Response: back.RawQuery}
			}
			response := signIn("midwife.one")
			var done rp.Completed
			if status := h.through("midwife.one", "POST", "complete", response, &done); status != 200 {
				t.Fatalf("complete: %d\n%s", status, h.log)
			}
			if len(done.Values) != 6 || done.Values[1].Value != "Yalini Mathiri" || done.Evidence.ID == "" {
				t.Errorf("%+v", done)
			}
			if status := h.through("midwife.one", "POST", "complete", response, nil); status != 409 {
				t.Errorf("the same code a second time: %d", status)
			}
			if status := h.through("midwife.two", "POST", "complete", signIn("midwife.one"), nil); status != 409 {
				t.Errorf("from another DHIS2 user: %d", status)
			}
			if status := h.through("midwife.far", "POST", "start", at, nil); status != 403 {
				t.Errorf("from a user of another clinic: %d", status)
			}
			// The badge survives a reload, for colleagues of the clinic too.
			for _, user := range []string{"midwife.one", "midwife.two"} {
				var st rp.Status
				if status := h.through(user, "GET", "evidence/"+done.Evidence.ID, nil, &st); status != 200 || !st.Verified || len(st.Attributes) != 6 {
					t.Errorf("evidence for %s: %d %+v", user, status, st)
				}
			}
			if status := h.through("midwife.far", "GET", "evidence/"+done.Evidence.ID, nil, nil); status != 404 {
				t.Errorf("evidence for a user of another clinic: %d", status)
			}
			if code := h.stop(); code != exitDone {
				t.Errorf("exit code %d", code)
			}
			for _, value := range []string{"Yalini", "Mathiri", "1996-01-30", "1996/01/30", "9900000003", "+9470", "Sample Street", esignetsandbox.Subject("9900000003", "health"), rpSecret[:12], "midwife"} {
				if strings.Contains(h.log.String(), value) {
					t.Errorf("the log holds %q", value)
				}
			}
		})
	}
}

// TestRP_public: the key set, the sign of life and the metrics.
func TestRP_public(t *testing.T) {
	h := startRP(t, esignetsandbox.V18)
	get := func(address string) string {
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%d %v", res.StatusCode, err)
		}
		return string(data)
	}
	if set := get(h.address + "/.well-known/jwks.json"); strings.Count(set, `"kid"`) != 2 || strings.Contains(set, `"d"`) {
		t.Errorf("%s", set)
	}
	if alive := get(h.address + "/healthz"); alive != "alive\n" {
		t.Errorf("%q", alive)
	}
	if m := metricsAddress.FindStringSubmatch(h.log.String()); m == nil {
		t.Error("no metrics")
	} else if page := get("http://" + m[1] + "/metrics"); !strings.Contains(page, "nehrbridge_rp_open_transactions 0") {
		t.Errorf("%s", page)
	}
}

// TestRP_settings: what is missing is named with its cure.
func TestRP_settings(t *testing.T) {
	log := &lockedBuffer{}
	if code := run(t.Context(), []string{"rp"}, stdio{strings.NewReader(""), io.Discard, log, nil}); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	for _, key := range []string{"dhis2.url", "esignet.clients", "esignet.route.secret", "esignet.evidence.keys", "esignet.evidence.signing_keys"} {
		if !strings.Contains(log.String(), key+": is not set") {
			t.Errorf("%s is not named in\n%s", key, log)
		}
	}
}
