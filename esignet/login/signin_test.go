package login_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

const nurse = "9900000001"

// TestSignIn signs a linked person in to DHIS2 in each preset, with DHIS2's own
// checks on the other side.
func TestSignIn(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			w := newWorld(t, version)
			w.link(nurse, "nurse")
			b := w.browser()
			back := w.callback(b, nurse)
			if !strings.HasPrefix(back, w.dhis2URL+"/oauth2/code/esignet?") {
				t.Fatalf("the browser is sent to %s\n%s", back, w.log)
			}
			next, _, _ := w.get(b, back)
			if next != w.dhis2URL+"/dhis-web-dashboard/" {
				t.Fatalf("DHIS2 sends to %s: %s\n%s", next, w.dhis2.LoginFailure(), w.log)
			}
			if got := w.who(b); got != `{"username":"nurse"}` {
				t.Errorf("signed in as %s", got)
			}
			if attempts, _ := w.service.Sizes(); attempts != 0 {
				t.Errorf("%d attempts are left", attempts)
			}
		})
	}
}

// TestD074_unknownSubject: whom nobody has approved is signed in nowhere; a code
// is shown, and after the approval the same person signs in.
func TestD074_unknownSubject(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	b := w.browser()
	location := w.callback(b, nurse)
	if location != w.url+"/requested" {
		t.Fatalf("sent to %s\n%s", location, w.log)
	}
	_, _, page := w.get(b, location)
	all, err := w.links.List(t.Context(), login.Requested)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	if !strings.Contains(page, all[0].Code) || !strings.Contains(page, `lang="si"`) || !strings.Contains(page, `lang="ta"`) {
		t.Errorf("the page does not show the code %s in three languages: %s", all[0].Code, page)
	}
	if strings.Contains(w.log.String(), sandbox.Subject(nurse, relyingParty)) {
		t.Error("the subject is in the log")
	}
	// A second time it is the same request.
	w.callback(b, nurse)
	again, err := w.links.List(t.Context(), "")
	if err != nil || len(again) != 1 || again[0].Code != all[0].Code {
		t.Errorf("%+v, %v", again, err)
	}
	w.link(nurse, "nurse")
	next, _, _ := w.get(b, w.callback(b, nurse))
	if next != w.dhis2URL+"/dhis-web-dashboard/" {
		t.Errorf("after the approval DHIS2 sends to %s: %s", next, w.dhis2.LoginFailure())
	}
	if _, err := w.links.Revoke(t.Context(), all[0].Code); err != nil {
		t.Fatal(err)
	}
	if location := w.callback(w.browser(), nurse); location != w.url+"/stopped?why=revoked" {
		t.Errorf("after it was revoked: %s", location)
	}
}
