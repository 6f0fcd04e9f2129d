package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
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
