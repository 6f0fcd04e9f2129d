package setup

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Wanted is what a server is to have.
type Wanted struct {
	// BrowserURL is DHIS2 as browsers reach it, without /api. Defaults to what the
	// server says of itself.
	BrowserURL string

	// BridgeURL is where DHIS2 reaches the services of nehrbridge. Required with
	// Routes.
	BridgeURL string

	// Routes are made at DHIS2, each with a secret of its own, private but for
	// RouteGroups: user groups whose members may call them.
	Routes      []Route
	RouteGroups []dhis2.UID

	// App is the app with the plugin. None is installed where its Zip is empty, and
	// no form is changed.
	App App

	// Forms are the registration forms that host the plugin.
	Forms []Form

	// Account is the user that the agent and the services sign in as; nil for none.
	Account *Account
}

// Route is one of /api/routes.
type Route struct {
	Code   string // such as nehrbridge-verify
	Name   string
	Path   string // below BridgeURL, such as /rp
	Secret string // sent as "Authorization: ApiToken …", 32 characters or more
}

// App is an app of DHIS2 as a zip.
type App struct {
	Version string
	Zip     []byte
}

// AppKey is the key of the app: its files are served at /api/apps/nehrbridge/.
const AppKey = "nehrbridge"

// Form is the registration form of a program.
type Form struct {
	Program dhis2.UID

	// Verify places the field that verifies a person at eSignet; nil for none.
	Verify *Verify

	// PHN places the field for the personal health number; nil for none.
	PHN *PHN

	// Parameters are added to the plugin's address, such as phone=off.
	Parameters url.Values
}

// Verify is what the field that verifies a person fills.
type Verify struct {
	Attributes []dhis2.UID // of the claim map, in its order, with the subject
	Subject    dhis2.UID   // keeps the pseudonym of eSignet; made where it is missing
	Evidence   dhis2.UID   // keeps the id of the evidence; zero: the one with EvidenceCode
	Beside     dhis2.UID   // the field stands before this one; zero: before the first that it fills, and before the PHN
}

// PHN is what the field for the personal health number reads and fills.
type PHN struct {
	Number   dhis2.UID            // the attribute of the number. Required
	Verified dhis2.UID            // says that it was checked; zero: the one with VerifiedCode
	Search   map[string]dhis2.UID // what a search needs, by its name in the plugin: name, birthDate, phone, gender
	Beside   dhis2.UID            // the field stands before this one; zero: before Number
}

// Codes of attributes that are made where no UID is named.
const (
	SubjectCode  = "NEHRBRIDGE_SUBJECT"
	EvidenceCode = "NEHRBRIDGE_EVIDENCE"
	VerifiedCode = "NEHRBRIDGE_PHN_VERIFIED"
)

// RoleCode is the code of the role of the account.
const RoleCode = "NEHRBRIDGE_SERVICE"

// Account is a user that reads the programs and signs in by a token.
type Account struct {
	Username string
	Programs []dhis2.UID // whose people it reads

	// Writes lets it write what comes back into DHIS2.
	Writes bool

	// NewToken makes another token where there is one, which then is no longer good.
	NewToken bool

	// TokenFor is how long its token is good. Defaults to 365 days.
	TokenFor time.Duration
}

func (w *Wanted) validate() error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(w.BridgeURL); len(w.Routes) > 0 && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		say("BridgeURL: want an address such as https://bridge.example.org")
	}
	for _, r := range w.Routes {
		switch {
		case r.Code == "" || !strings.HasPrefix(r.Path, "/") || strings.HasSuffix(r.Path, "/"):
			say("Routes: %q wants a code and a path such as /rp", r.Code)
		case len(r.Secret) < 32:
			say("Routes: the secret of %s has fewer than 32 characters", r.Code)
		}
		for _, other := range w.Routes {
			if other.Code != r.Code && other.Secret == r.Secret {
				say("Routes: %s has the secret of another: each wants its own", r.Code)
				break
			}
		}
	}
	seen := map[dhis2.UID]bool{}
	for _, f := range w.Forms {
		switch {
		case f.Program.IsZero():
			say("Forms: a form without a program")
		case seen[f.Program]:
			say("Forms: program %s twice", f.Program)
		case f.PHN != nil && f.PHN.Number.IsZero():
			say("Forms: %s: the field for the PHN wants the attribute of the number", f.Program)
		}
		seen[f.Program] = true
	}
	if a := w.Account; a != nil && (a.Username == "" || len(a.Programs) == 0) {
		say("Account: want a user name and programs")
	}
	if len(w.App.Zip) > 0 && w.App.Version == "" {
		say("App: want a version")
	}
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("dhis2/setup: %w", err)
	}
	return nil
}
