package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// enterPortal signs a person in at a portal and gives the page on which she ends.
func (d *demoRun) enterPortal(b *http.Client, portal, identity string) (*http.Response, string) {
	d.t.Helper()
	redirects := b.CheckRedirect
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.Get(portal + "/sign-in")
	b.CheckRedirect = redirects
	if err != nil {
		d.t.Fatal(err)
	}
	res.Body.Close()
	back, err := sandbox.Person{ID: identity}.SignIn(d.t.Context(), res.Header.Get("Location"))
	if err != nil {
		d.t.Fatalf("%v\n%s", err, d.log)
	}
	if res, err = b.Get(back.String()); err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res, string(text)
}

// TestDemoPortal: the mother who verified herself in DHIS2 finds her record in the
// portal by nothing but her sign-in, in each release of eSignet; somebody without a
// record finds none, and is asked for the code of her card.
func TestDemoPortal(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			d := runDemo(t, "--esignet", string(version), "--mothers", "3")
			for _, one := range demoVerified {
				res, page := d.enterPortal(newBrowserClient(t), d.Portal, one.ID)
				if res.Request.URL.Path != "/home" || !strings.Contains(page, one.Name) {
					t.Errorf("%s ends at %s\n%s", one.entity, res.Request.URL.Path, page)
				}
				if log := d.log.String(); strings.Contains(log, one.Name) || strings.Contains(log, sandbox.Subject(one.ID, demoRelyingParty)) {
					t.Errorf("a log names her:\n%s", log)
				}
			}
			if res, page := d.enterPortal(newBrowserClient(t), d.Clinician, demoDoctorID); res.Request.URL.Path != "/inbox" || !strings.Contains(page, demoHospitalName) {
				t.Errorf("the specialist ends at %s\n%s", res.Request.URL.Path, page)
			}
			if res, _ := d.enterPortal(newBrowserClient(t), d.Clinician, demoMotherID); res.Request.URL.Path != "/request" {
				t.Errorf("who is no clinician ends at %s", res.Request.URL.Path)
			}
			if res, _ := d.enterPortal(newBrowserClient(t), d.Portal, demoMotherID); res.Request.URL.Path != "/link" {
				t.Errorf("somebody without a record ends at %s", res.Request.URL.Path)
			}
		})
	}
}

// TestPortal_settings: the commands say which settings they miss.
func TestPortal_settings(t *testing.T) {
	log := &lockedBuffer{}
	if code := run(t.Context(), []string{"portal"}, stdio{strings.NewReader(""), io.Discard, log, nil}); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"nehr.url: is not set", "zone: is not set", "portal.patient.url: is not set"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s\nwant %s", log, want)
		}
	}
}

// TestClinicians: who signs in and is no clinician asks for a role, an administrator
// links the code, and it acts on the next click, as does the end of the link.
func TestClinicians(t *testing.T) {
	d := runDemo(t, "--mothers", "3")
	b := newBrowserClient(t)
	_, page := d.enterPortal(b, d.Clinician, demoMidwifeID)
	token := regexp.MustCompile(`action="/request"[^>]*><input type="hidden" name="token" value="([^"]+)"`).FindStringSubmatch(page)
	if token == nil {
		t.Fatalf("no form to ask for a role:\n%s", page)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", d.Clinician+"/request", strings.NewReader(url.Values{"token": {token[1]}, "name": {demoMidwifeName}, "registration": {"SBX 0011"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	var asked struct {
		Code, Name, Registration string
		At                       time.Time
	}
	if err := json.Unmarshal(ofDemo(t, d.demoAddresses, "clinicians", "requests"), &asked, json.MatchCaseInsensitiveNames(true)); err != nil || asked.Code == "" || asked.Name != demoMidwifeName {
		t.Fatalf("%+v %v", asked, err)
	}
	asks := func() bool {
		t.Helper()
		res, err := b.Get(d.Clinician + "/find")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(page), `action="/request"`)
	}
	const role = "PractitionerRole/sandbox-specialist-role"
	for name, args := range map[string][]string{
		"a role that is not there": {asked.Code, "--role", "PractitionerRole/nobody"}, "no role": {asked.Code, "--role", "Practitioner/sandbox-specialist"},
		"no end": {asked.Code, "--role", role, "--days", "0"}, "too late an end": {asked.Code, "--role", role, "--days", "4000"}, "another code": {"ABCDEFGH", "--role", role},
	} {
		log := &lockedBuffer{}
		if code := run(t.Context(), append([]string{"--config", d.Config, "clinicians", "link"}, args...), stdio{strings.NewReader(""), io.Discard, log, nil}); code != exitUsage {
			t.Errorf("%s: exit code %d\n%s", name, code, log)
		}
	}
	if !asks() {
		t.Error("before the link another page opens")
	}
	if line := ofDemo(t, d.demoAddresses, "clinicians", "link", asked.Code, "--role", role); !strings.Contains(string(line), demoHospitalName) {
		t.Errorf("%s", line)
	}
	if left := ofDemo(t, d.demoAddresses, "clinicians", "requests"); len(left) > 0 {
		t.Errorf("the request is still there: %s", left)
	}
	if asks() {
		t.Error("with the link no page opens")
	}
	for line := range strings.Lines(string(ofDemo(t, d.demoAddresses, "clinicians", "links"))) {
		var link struct {
			Person string `json:"person"`
			Role   string `json:"role"`
		}
		if err := json.Unmarshal([]byte(line), &link); err != nil || link.Role != role {
			t.Fatalf("%s: %v", line, err)
		}
		ofDemo(t, d.demoAddresses, "clinicians", "unlink", link.Person, "--role", role)
	}
	if !asks() {
		t.Error("after the link a page opens")
	}
}

// TestPortal: the portals by themselves, in a process of their own beside another one on
// the same database; they end when they are asked to.
func TestPortal(t *testing.T) {
	d := runDemo(t, "--mothers", "3")
	ctx, end := context.WithCancel(t.Context())
	defer end()
	log := &lockedBuffer{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"--config", d.Config, "portal"}, stdio{strings.NewReader(""), io.Discard, log,
			[]string{"NEHRBRIDGE_PORTAL_PATIENT_LISTEN=127.0.0.1:0", "NEHRBRIDGE_PORTAL_CLINICIAN_LISTEN=127.0.0.1:0"}})
	}()
	for name, title := range map[string]string{"patient portal": "My health record", "clinician portal": "Records for clinicians"} {
		listening := regexp.MustCompile(`"address":"([^"]+)"[^\n]*"message":"` + name + `"`)
		await(t, name, func() bool { return listening.MatchString(log.String()) })
		address := "http://" + listening.FindStringSubmatch(log.String())[1]
		if page := d.page(address + "/healthz"); !strings.Contains(page, "alive") {
			t.Errorf("%s: %s", name, page)
		}
		if page := d.page(address + "/"); !strings.Contains(page, title) {
			t.Errorf("%s: %s", name, page)
		}
	}
	end()
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("exit code %d\n%s", code, log)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("it did not end\n%s", log)
	}
}

// TestEmergencyNotice: who the settings name is told of an emergency, signed, by
// references alone.
func TestEmergencyNotice(t *testing.T) {
	d := runDemo(t, "--mothers", "3")
	type notice struct{ body, timestamp, signature string }
	told := make(chan notice, 1)
	officer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		told <- notice{string(body), r.Header.Get("X-Nehrbridge-Timestamp"), r.Header.Get("X-Nehrbridge-Signature")}
	}))
	t.Cleanup(officer.Close)
	const secret = "8f1c0b6f2d5e4a7b9c3d"
	s, err := config.Load(d.Config, []string{"NEHRBRIDGE_PORTAL_EMERGENCY_URL=" + officer.URL, "NEHRBRIDGE_PORTAL_EMERGENCY_SECRET=" + secret})
	if err != nil {
		t.Fatal(err)
	}
	p, err := wirePortals(t.Context(), s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	found, err := newRecordClient(t, d.NEHR).Search(t.Context(), "Patient", nil)
	if err != nil || len(found.Resources) == 0 {
		t.Fatalf("no patient: %v", err)
	}
	her := "Patient/" + found.Resources[0].Get("id").Str()
	if _, err := p.gate.BreakGlass(t.Context(), access.Actor{Kind: access.KindClinician, Issuer: d.ESignet, Subject: "sub", Person: "Practitioner/sandbox-specialist",
		Role: "PractitionerRole/sandbox-specialist-role", SignedIn: time.Now(), Session: "s"}, her, access.EmergencyObstetric, "She bleeds heavily and cannot speak"); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-told:
		if !strings.Contains(n.body, her) || strings.Contains(n.body, "bleeds") || n.signature != "sha256="+access.Signature([]byte(secret), n.timestamp, []byte(n.body)) {
			t.Errorf("told %+v", n)
		}
	case <-time.After(30 * time.Second):
		t.Error("nobody was told")
	}
}
