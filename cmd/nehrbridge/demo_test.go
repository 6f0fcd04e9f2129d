package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// demoRun is `nehrbridge demo` inside the test.
type demoRun struct {
	demoAddresses
	t   *testing.T
	log *lockedBuffer
}

func runDemo(t *testing.T, args ...string) *demoRun {
	t.Helper()
	d := &demoRun{t: t, log: &lockedBuffer{}}
	ctx, end := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"demo", "--listen", "127.0.0.1:0"}, args...), stdio{strings.NewReader(""), in, d.log, nil})
		in.Close()
	}()
	t.Cleanup(func() {
		end()
		select {
		case code := <-ended:
			if code != exitDone {
				t.Errorf("exit code %d\n%s", code, d.log)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("demo did not end\n%s", d.log)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no addresses: %v\n%s", err, d.log)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if err := json.Unmarshal(line, &d.demoAddresses, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return d
}

// signIn goes from DHIS2's button to where the sign-in ends.
func (d *demoRun) signIn(b *http.Client, identity string) *http.Response {
	d.t.Helper()
	back, err := sandbox.Person{ID: identity}.SignIn(d.t.Context(), authorizeURL(d.t, b, d.DHIS2))
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := b.Get(back.String())
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { res.Body.Close() })
	return res
}

// post sends JSON to DHIS2 as whoever is signed in.
func (d *demoRun) post(b *http.Client, path string, v, into any) {
	d.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := b.Post(d.DHIS2+path, "application/json", strings.NewReader(string(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %d %v %s\n%s", path, res.StatusCode, err, text, d.log)
	}
	if err := json.Unmarshal(text, into); err != nil {
		d.t.Fatalf("%s: %v", path, err)
	}
}

func (d *demoRun) page(address string) string {
	d.t.Helper()
	res, err := http.Get(address)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %d %v", address, res.StatusCode, err)
	}
	return string(text)
}

func newBrowserClient(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// TestDemo: in each release of eSignet the midwife signs in to DHIS2 with eSignet,
// verifies a mother by the Route with that session, and what she changes in DHIS2
// is in the record a little later.
func TestDemo(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			d := runDemo(t, "--esignet", string(version), "--mothers", "3")
			b := newBrowserClient(t)
			if end := d.signIn(b, demoMidwifeID); !strings.HasSuffix(end.Request.URL.Path, "/dhis-web-dashboard/") {
				t.Fatalf("the midwife ends at %s\n%s", end.Request.URL.Path, d.log)
			}
			var me struct {
				Username string `json:"username"`
			}
			res, err := b.Get(d.DHIS2 + "/api/me")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if err := json.UnmarshalRead(res.Body, &me); err != nil || me.Username != demoMidwife {
				t.Errorf("signed in as %q, %v", me.Username, err)
			}

			var started rp.Started
			d.post(b, "/api/routes/nehrbridge-verify/run/start", rp.StartRequest{Program: dhis2.MustUID("eozjj9UivfS"), OrgUnit: dhis2.MustUID("SbxClinic01")}, &started)
			back, err := sandbox.Person{ID: demoMotherID}.SignIn(t.Context(), started.URL)
			if err != nil {
				t.Fatal(err)
			}
			if want := d.DHIS2 + "/api/apps/nehrbridge/callback.html"; !strings.HasPrefix(back.String(), want+"?") {
				t.Errorf("eSignet sends back to %s, want %s", back.Path, want)
			}
			var done rp.Completed
			d.post(b, "/api/routes/nehrbridge-verify/run/complete", rp.CompleteRequest{Transaction: started.Transaction, Response: back.RawQuery}, &done)
			if len(done.Values) != 6 || done.Evidence.ID == "" {
				t.Errorf("%+v", done)
			}

			const place = "99 Elsewhere Road, Udaharanapura"
			var report struct {
				Status string `json:"status"`
			}
			d.post(b, "/api/tracker?async=false", map[string]any{"trackedEntities": []any{map[string]any{"trackedEntity": "SbxMother01", "trackedEntityType": "MxdEsVAegt5",
				"orgUnit": "SbxClinic02", "attributes": []any{map[string]any{"attribute": "EOMGwaUTMrU", "value": place}}}}}, &report)
			if report.Status != "OK" {
				t.Fatalf("import: %s", report.Status)
			}
			await(t, "her new address in the record", func() bool {
				for _, n := range []string{"1", "2", "3"} {
					if strings.Contains(d.page(d.Start+"/mothers/"+n), place) {
						return true
					}
				}
				return false
			})
		})
	}
}

// TestDemoLinks: who is not linked stays outside until the command of the first
// page approves; and the folder of an earlier demo serves again, at other ports.
func TestDemoLinks(t *testing.T) {
	folder := t.TempDir()
	var secret []byte
	for _, again := range []bool{false, true} {
		t.Run(map[bool]string{false: "first", true: "again"}[again], func(t *testing.T) {
			d := runDemo(t, "--data", folder, "--mothers", "1")
			b := newBrowserClient(t)
			end := d.signIn(b, demoDoctorID)
			page, err := io.ReadAll(end.Body)
			if err != nil {
				t.Fatal(err)
			}
			if end.Request.URL.String() != d.RP+"/signin/requested" {
				t.Fatalf("the doctor ends at %s", end.Request.URL)
			}
			start := d.page(d.Start)
			for _, want := range []string{demoMidwifeID, demoDoctorID, sandbox.OTP, "setup esignet links approve", "--user " + demoDoctor, d.Config, d.DHIS2 + "/dhis-web-login/"} {
				if !strings.Contains(start, want) {
					t.Errorf("the first page does not say %s", want)
				}
			}
			if !again {
				code := codeForm.FindString(string(page))
				var out, errs lockedBuffer
				if got := run(t.Context(), []string{"--config", d.Config, "setup", "esignet", "links", "approve", code, "--user", demoDoctor, "--apply"},
					stdio{strings.NewReader(""), &out, &errs, nil}); got != exitDone {
					t.Fatalf("approve %q: exit code %d: %s", code, got, &errs)
				}
				if end := d.signIn(b, demoDoctorID); !strings.HasSuffix(end.Request.URL.Path, "/dhis-web-dashboard/") {
					t.Errorf("the doctor ends at %s after the approval", end.Request.URL)
				}
			}
			if end := d.signIn(newBrowserClient(t), demoMidwifeID); !strings.HasSuffix(end.Request.URL.Path, "/dhis-web-dashboard/") {
				t.Errorf("the midwife ends at %s", end.Request.URL)
			}
			kept, err := os.ReadFile(folder + "/evidence.key")
			if err != nil {
				t.Fatal(err)
			}
			if again && string(kept) != string(secret) {
				t.Error("the key of the evidence was replaced")
			}
			secret = kept
		})
	}
}

// TestDemo_refused: flags that cannot work are errors of usage.
func TestDemo_refused(t *testing.T) {
	for _, args := range [][]string{
		{"--esignet", "1.9"}, {"--listen", "127.0.0.1"}, {"--listen", "127.0.0.1:65533"}, {"--listen", "127.0.0.1:0", "--mothers", "-1"},
		{"--listen", "127.0.0.1:0", "--data", os.Args[0]},
	} {
		var errs lockedBuffer
		if got := run(t.Context(), append([]string{"demo"}, args...), stdio{strings.NewReader(""), io.Discard, &errs, nil}); got != exitUsage {
			t.Errorf("%v: exit code %d: %s", args, got, &errs)
		}
	}
}

// codeForm is that of a code for the administrator.
var codeForm = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)
