package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// The mother of the journey: an invented person of the eSignet sandbox.
const (
	motherID   = "9900000001" // her national ID, which nobody may keep
	motherName = "Nilmini Udaharana"
	motherBorn = "1994-05-17"
)

// verifyWorld is a signInWorld with a program and nobody in it, a national record,
// and the services behind DHIS2's Routes, set up by commands.
type verifyWorld struct {
	*signInWorld
	nehrURL string
	serving []string // the settings of the services: with the token that setup made
	bridge  lockedBuffer
}

func newVerifyWorld(t *testing.T) *verifyWorld {
	t.Helper()
	v := &verifyWorld{}
	setBridge, bridgeURL := lateServer(t, "127.0.0.1")
	setBridge(http.NotFoundHandler()) // until the services are there
	group := dhis2.MustUID("SbxMidwives")
	v.signInWorld = newSignInWorldWith(t, sandbox.V18, "facade", func(w *signInWorld) {
		data, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 1})
		if err != nil {
			t.Fatal(err)
		}
		data.TrackedEntities, data.UserGroups = nil, []dhis2.Object{{ID: group, Name: "Midwives"}}
		if err := w.dhis2.Load(data); err != nil {
			t.Fatal(err)
		}
		w.dhis2.SetUser(dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxMidwife1"), Username: "nurse", FirstName: "Sewwandi", Surname: "Udaharana"},
			Capture: []dhis2.UID{dhis2.MustUID("SbxDistrct1")}, Groups: []dhis2.UID{group}, Locale: "en"})
	})
	w := v.signInWorld
	w.dhis2.SetRemoteServersAllowed(bridgeURL)
	record, err := nehrsandbox.New(nehrsandbox.Config{Path: filepath.Join(w.folder, "record.db")})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(record.Handler())
	t.Cleanup(func() { web.Close(); record.Close() })
	v.nehrURL = web.URL + "/fhir"

	key, keyFile := writeKey(t, w.folder, "anc.pem")
	public, err := key.PublicJWK(esignet.UseSignature)
	if err != nil {
		t.Fatal(err)
	}
	callback := w.dhis2URL + "/api/apps/nehrbridge/callback.html"
	if err := w.esignet.RegisterClient(sandbox.ClientRequest{ClientID: "anc", Name: "Antenatal clinic", RelyingParty: "health", PublicKey: public,
		RedirectURIs: []string{callback, rp.PhoneCallback(bridgeURL)}}); err != nil {
		t.Fatal(err)
	}
	_, evidenceFile := writeKey(t, w.folder, "evidence.pem")
	client := writeFile(t, w.folder, "anc.yaml", fmt.Sprintf("issuer: %s\ngeneration: %q\nclient_id: anc\nrelying_party: health\nredirect_uri: %s\nphone_redirect_uri: %s\nclaims: [lk-anc]\nkeys:\n  - file: %q\n",
		w.esignetURL, w.esignet.Version(), callback, rp.PhoneCallback(bridgeURL), keyFile))
	w.environ = append(w.environ, "NEHRBRIDGE_NEHR_URL="+v.nehrURL, "NEHRBRIDGE_ESIGNET_CLIENTS="+client, "NEHRBRIDGE_ESIGNET_PHONE_URL="+bridgeURL,
		"NEHRBRIDGE_ESIGNET_ROUTE_SECRET="+setupVerifySecret, "NEHRBRIDGE_PHN_ROUTE_SECRET="+setupPHNSecret,
		"NEHRBRIDGE_PHN_POINTS="+writeFile(t, w.folder, "points.yaml", "points:\n  SbxClinic01: \"1234\"\n"),
		"NEHRBRIDGE_ESIGNET_EVIDENCE_KEYS="+writeFile(t, w.folder, "seal", rp.NewSealKey()+"\n"), "NEHRBRIDGE_ESIGNET_EVIDENCE_SIGNING_KEYS="+evidenceFile,
		adminTokenEnv+"="+dhis2sandbox.DefaultToken)

	tokenFile := filepath.Join(w.folder, "token")
	w.run(0, "setup", "dhis2", "--apply", "--bridge-url", bridgeURL, "--group", group.String(), "--token-file", tokenFile)
	for _, e := range w.environ { // the services are not the administrator, and sign nobody in
		if name, _, _ := strings.Cut(e, "="); name != adminTokenEnv && name != "NEHRBRIDGE_DHIS2_TOKEN" && !strings.HasPrefix(name, "NEHRBRIDGE_ESIGNET_LOGIN_") &&
			name != "NEHRBRIDGE_ESIGNET_RELYING_PARTY" {
			v.serving = append(v.serving, e)
		}
	}
	v.serving = append(v.serving, "NEHRBRIDGE_DHIS2_TOKEN_FILE="+tokenFile, "NEHRBRIDGE_ESIGNET_RELYING_PARTY=health")
	s, err := config.Load("", v.serving)
	if err != nil {
		t.Fatal(err)
	}
	services, err := wireWeb(t.Context(), s, zerolog.New(&v.bridge))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(services.close)
	setBridge(services.handler)
	return v
}

// sync runs `nehrbridge sync --once` with the settings of the services.
func (v *verifyWorld) sync() counts {
	v.t.Helper()
	var out, errs bytes.Buffer
	if code := run(v.t.Context(), []string{"sync", "--once"}, stdio{strings.NewReader(""), &out, &errs, v.serving}); code != exitDone {
		v.t.Fatalf("sync --once: exit code %d\n%s%s", code, out.String(), errs.String())
	}
	_, _ = v.bridge.Write(errs.Bytes())
	var c counts
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		v.t.Fatal(err)
	}
	return c
}

// dhis2Holds is all that DHIS2 has of the program's people, and its data store.
func (v *verifyWorld) dhis2Holds() string {
	v.t.Helper()
	var all strings.Builder
	for _, path := range []string{"/api/tracker/trackedEntities?program=eozjj9UivfS&orgUnitMode=ACCESSIBLE&paging=false&fields=*,enrollments[*,events[*]]", "/api/dataStore/capture/dataEntryForms", "/api/routes?fields=*"} {
		r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.dhis2URL+path, nil)
		if err != nil {
			v.t.Fatal(err)
		}
		r.Header.Set("Authorization", "ApiToken "+dhis2sandbox.DefaultToken)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			v.t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			v.t.Fatalf("%s: %d %v", path, res.StatusCode, err)
		}
		all.Write(body)
	}
	return all.String()
}

// holdsNowhere looks for a text in DHIS2, in every file (the record's database, the
// ledger, the evidence) and in what was logged.
func (v *verifyWorld) holdsNowhere(text string) {
	v.t.Helper()
	if strings.Contains(v.dhis2Holds(), text) {
		v.t.Error("DHIS2 holds it")
	}
	if strings.Contains(v.bridge.String(), text) || strings.Contains(v.log.String(), text) {
		v.t.Error("a log holds it")
	}
	files := 0
	err := filepath.WalkDir(v.folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if bytes.Contains(content, []byte(text)) {
			v.t.Errorf("the file %s holds it", filepath.Base(path))
		}
		return nil
	})
	if err != nil || files < 10 {
		v.t.Errorf("%d files were looked at, %v", files, err)
	}
}
