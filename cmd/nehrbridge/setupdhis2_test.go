package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
)

// setupDHIS2World is a sandbox DHIS2 with an administrator, and what is behind its
// Routes.
type setupDHIS2World struct {
	t       *testing.T
	url     string
	folder  string
	environ []string
	bridge  string
	group   dhis2.UID
	called  []string // paths behind the Routes
}

const (
	setupVerifySecret = "9f2c41d07ae85b36c1f04e7d52a98b63"
	setupPHNSecret    = "3b8e6f10c7d2954ae0417bd86f23c95a"
	setupMapSecret    = "e51a07c39d84f2b6608db7135ce9f24a"
)

func newSetupDHIS2World(t *testing.T) *setupDHIS2World {
	t.Helper()
	w := &setupDHIS2World{t: t, folder: t.TempDir(), group: dhis2.MustUID("SbxMidwives")}
	bridge := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.called = append(w.called, r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Forwarded-User"))
		rw.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(bridge.Close)
	w.bridge = bridge.URL
	server, err := sandbox.New(sandbox.Config{RemoteServersAllowed: []string{bridge.URL}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Mothers: 2})
	if err != nil {
		t.Fatal(err)
	}
	data.UserGroups = []dhis2.Object{{ID: w.group, Name: "Midwives"}}
	data.Users = append(data.Users, sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxClerk001"), Username: "clerk"}, Tokens: []string{"d2p_clerk"}, Programs: []dhis2.UID{}},
		sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxMidw0001"), Username: "midwife"}, Tokens: []string{"d2p_midwife"}, Groups: []dhis2.UID{w.group}})
	if err := server.Load(data); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	w.url = web.URL
	w.environ = []string{"NEHRBRIDGE_DATA_DIR=" + w.folder, "NEHRBRIDGE_DHIS2_URL=" + web.URL,
		"NEHRBRIDGE_ESIGNET_ROUTE_SECRET=" + setupVerifySecret + " " + setupVerifySecret + "-older", "NEHRBRIDGE_PHN_ROUTE_SECRET=" + setupPHNSecret, "NEHRBRIDGE_MAPPING_ROUTE_SECRET=" + setupMapSecret,
		"DHIS2_ADMIN_TOKEN=" + sandbox.DefaultToken}
	return w
}

// run is the command with its plan.
func (w *setupDHIS2World) run(want int, args ...string) (setup.Plan, string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"setup", "dhis2"}, args...)
	if got := run(w.t.Context(), args, stdio{strings.NewReader(""), &out, &errs, w.environ}); got != want {
		w.t.Fatalf("%v: exit code %d, want %d: %s", args, got, want, errs.String())
	}
	for _, secret := range []string{setupVerifySecret, setupPHNSecret, setupMapSecret, sandbox.DefaultToken} {
		if strings.Contains(out.String()+errs.String(), secret) {
			w.t.Errorf("%v shows a secret", args)
		}
	}
	var p setup.Plan
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &p); err != nil {
			w.t.Fatal(err)
		}
	}
	return p, errs.String()
}

func (w *setupDHIS2World) as(token string) *api.Client {
	w.t.Helper()
	c, err := api.New(api.Config{BaseURL: w.url, Token: token})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// TestSetupDHIS2 sets a server up by the command, uses it as a midwife's form does,
// and takes everything back.
func TestSetupDHIS2(t *testing.T) {
	w := newSetupDHIS2World(t)
	base := []string{"--bridge-url", w.bridge, "--group", w.group.String()}
	record := filepath.Join(w.folder, "setup-dhis2.json")
	tokenFile := filepath.Join(w.folder, "token")

	plan, words := w.run(0, base...)
	if len(plan.Steps) == 0 || slices.ContainsFunc(plan.Steps, func(st *setup.Step) bool { return st.Done }) || !strings.Contains(words, "to do: install app nehrbridge") {
		t.Errorf("the plan: %s", words)
	}
	if _, err := os.Stat(record); err == nil {
		t.Error("a plan leaves a record")
	}
	if !strings.Contains(plan.DHISConf, "route.remote_servers_allowed = "+w.bridge) || !strings.Contains(words, "/api/apps/nehrbridge/callback.html") {
		t.Errorf("dhis.conf %q; words %s", plan.DHISConf, words)
	}

	applied, words := w.run(0, append(base, "--apply", "--token-file", tokenFile)...)
	if len(applied.Steps) != len(plan.Steps) || applied.Token == nil || applied.Token.Key != "" {
		t.Errorf("%d steps, %d planned, token %+v: %s", len(applied.Steps), len(plan.Steps), applied.Token, words)
	}
	for _, file := range []string{record, tokenFile} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", filepath.Base(file), info, err)
		}
	}
	kept, err := os.ReadFile(record)
	if err != nil || bytes.Contains(kept, []byte(setupVerifySecret)) {
		t.Errorf("the record: %v, or it holds a secret", err)
	}
	if again, words := w.run(0, append(base, "--apply")...); len(again.Steps) != 0 || !strings.Contains(words, "nothing to change") {
		t.Errorf("the second run: %s", words)
	}

	// The agent reads with the token, the midwife's form reaches the services, and
	// somebody of another group does not.
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	if people, err := w.as(strings.TrimSpace(string(token))).TrackedEntities(t.Context(), api.Query{Program: sandbox.ANCProgram}); err != nil || len(people.Items) == 0 {
		t.Errorf("the service's user sees %v, %v", people, err)
	}
	w.called = nil
	for _, code := range []string{"nehrbridge-verify", "nehrbridge-phn", "nehrbridge-map"} {
		path := "/api/routes/" + code + "/run/status"
		_, _ = w.as("d2p_midwife").Change(t.Context(), http.MethodPost, path, nil, []byte(`{}`))
		if _, err := w.as("d2p_clerk").Change(t.Context(), http.MethodPost, path, nil, []byte(`{}`)); err == nil || !err.(*api.Error).Forbidden() {
			t.Errorf("D-063: a clerk calls %s: %v", code, err)
		}
	}
	if want := []string{"/rp/status ApiToken " + setupVerifySecret + " midwife", "/phn/status ApiToken " + setupPHNSecret + " midwife", "/map/status ApiToken " + setupMapSecret + " midwife"}; !slices.Equal(w.called, want) {
		t.Errorf("behind the Routes: %q, want %q", w.called, want)
	}
	page, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/apps/nehrbridge/plugin.html", nil)
	if err != nil {
		t.Fatal(err)
	}
	page.Header.Set("Authorization", "ApiToken d2p_midwife")
	if answer, err := http.DefaultClient.Do(page); err != nil || answer.StatusCode != 200 {
		t.Errorf("the plugin's page: %v %v", answer, err)
	} else {
		answer.Body.Close()
	}

	// A secret that was replaced is written; the same one is not.
	w.environ[2] = "NEHRBRIDGE_ESIGNET_ROUTE_SECRET=" + setupVerifySecret + "-newer"
	if p, _ := w.run(0, append(base, "--apply")...); len(p.Steps) != 1 || p.Steps[0].Item != "Route nehrbridge-verify" {
		t.Errorf("after another secret: %+v", p.Steps)
	}
	// Another token makes the one before good for nothing.
	if p, _ := w.run(0, append(base, "--apply", "--new-token")...); p.Token == nil || p.Token.Key == "" {
		t.Errorf("no new token: %+v", p.Token)
	}
	if _, err := w.as(strings.TrimSpace(string(token))).Me(t.Context()); err == nil {
		t.Error("the token that was replaced is still good")
	}

	if p, words := w.run(0, "--undo"); len(p.Steps) == 0 || strings.Contains(words, "FAILED") {
		t.Errorf("undo: %s", words)
	}
	if _, err := os.Stat(record); err == nil {
		t.Error("undo leaves a record")
	}
	if p, _ := w.run(0, base...); len(p.Steps) != len(plan.Steps) {
		t.Errorf("after undo %d steps are to do, %d were", len(p.Steps), len(plan.Steps))
	}
}

// TestSetupDHIS2_refused: what cannot work is said, with an exit code that tells
// why, and nothing is changed.
func TestSetupDHIS2_refused(t *testing.T) {
	w := newSetupDHIS2World(t)
	base := w.environ
	for _, tt := range []struct {
		name, set string
		args      []string
		code      int
		want      string
	}{
		{"no server", "NEHRBRIDGE_DHIS2_URL=", nil, 2, "dhis2.url"},
		{"no administrator", "DHIS2_ADMIN_TOKEN=", nil, 2, "--admin-token-file"},
		{"nobody's token", "DHIS2_ADMIN_TOKEN=d2p_none", nil, 2, "not accepted"},
		{"no rights", "DHIS2_ADMIN_TOKEN=d2p_midwife", []string{"--apply"}, 2, ""},
		{"no bridge", "", []string{"--bridge-url", ""}, 2, "--bridge-url"},
		{"a bridge that is none", "", []string{"--bridge-url", "bridge"}, 2, "BridgeURL"},
		{"no program", "", []string{"--program", "nothing"}, 2, "--program"},
		{"a program that is not there", "", []string{"--program", "aaaaaaaaaaa"}, 1, "aaaaaaaaaaa"},
		{"a short secret", "NEHRBRIDGE_ESIGNET_ROUTE_SECRET=9f2c41d07ae8", nil, 2, "32 characters"},
		{"one secret for two", "NEHRBRIDGE_ESIGNET_ROUTE_SECRET=" + setupPHNSecret, nil, 2, "each wants its own"},
		{"both at once", "", []string{"--apply", "--undo"}, 2, "apply"},
		{"nobody there", "NEHRBRIDGE_DHIS2_URL=http://127.0.0.1:1", nil, 3, "no answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name, _, _ := strings.Cut(tt.set, "=")
			w.t = t
			w.environ = []string{tt.set}
			for _, e := range base {
				if tt.set == "" || !strings.HasPrefix(e, name+"=") {
					w.environ = append(w.environ, e)
				}
			}
			args := append([]string{"--bridge-url", w.bridge}, tt.args...)
			if _, words := w.run(tt.code, args...); !strings.Contains(words, tt.want) {
				t.Errorf("stderr %q does not say %q", words, tt.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(w.folder, "setup-dhis2.json")); err == nil {
		t.Error("something was recorded")
	}
}

// TestD091_setupReadme: the runbook names every flag of the command, and none that
// is not there.
func TestD091_setupReadme(t *testing.T) {
	text, err := os.ReadFile("../../dhis2/setup/README.md")
	if err != nil {
		t.Fatal(err)
	}
	cmd, _, err := (&app{}).root().Find([]string{"setup", "dhis2"})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile(`--([a-z][a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
		if said[m[1]] = true; cmd.Flag(m[1]) == nil {
			t.Errorf("the README names --%s, which is no flag", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^ +(?:-., )?--([a-z-]+)`).FindAllStringSubmatch(cmd.LocalNonPersistentFlags().FlagUsages(), -1) {
		if !said[m[1]] && m[1] != "help" {
			t.Errorf("the README does not name --%s", m[1])
		}
	}
}

// TestSetupDHIS2_redirect: a client at eSignet that sends people elsewhere is named.
func TestSetupDHIS2_redirect(t *testing.T) {
	w := newSetupDHIS2World(t)
	client := filepath.Join(w.folder, "client.yaml")
	if err := os.WriteFile(client, []byte("issuer: https://esignet.example.org\ngeneration: \"1.8\"\nclient_id: anc\nrelying_party: health\nredirect_uri: https://elsewhere.example.org/callback.html\nclaims: [lk-anc]\nkeys:\n  - file: client.pem\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.environ = append(w.environ, "NEHRBRIDGE_ESIGNET_CLIENTS="+client)
	p, words := w.run(0, "--bridge-url", w.bridge, "--browser-url", "https://dhis2.example.org/anc/")
	if p.Redirect != "https://dhis2.example.org/anc/api/apps/nehrbridge/callback.html" || !strings.Contains(words, "must: eSignet client anc: its redirect_uri is https://elsewhere.example.org/callback.html") {
		t.Errorf("redirect %q: %s", p.Redirect, words)
	}
}
