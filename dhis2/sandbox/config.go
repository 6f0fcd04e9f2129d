package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// The account that exists where Config names none. Neither is a secret: the
// sandbox holds invented people only.
const (
	DefaultToken    = "d2p_sandboxOnlyNotASecret000000000000000000"
	DefaultUsername = "admin"
	DefaultPassword = "district"
)

// Versions are the releases whose shapes the sandbox knows.
var Versions = []string{"2.40", "2.41", "2.42", "2.43", "2.44"}

// Config describes the server to play.
type Config struct {
	// Version is the release, such as "2.42" or "2.42.1". Defaults to "2.42.1".
	Version string

	// Zone is the zone of the server's wall time, which every timestamp is
	// printed in, without an offset. Defaults to Asia/Colombo, on purpose not
	// UTC.
	Zone *time.Location

	// Now is the clock; Server.Advance moves it on. Defaults to time.Now.
	Now func() time.Time

	// Seed decides the order in which arrays are printed. The zero seed is a
	// seed like others.
	Seed uint64

	// Users are those who may sign in. Defaults to one superuser with
	// DefaultUsername, DefaultPassword and DefaultToken.
	Users []User

	// PageSize is the size of a page where none is asked for, and MaxPageSize
	// the largest allowed. Default to 50 and 50,000, as in DHIS2.
	PageSize    int
	MaxPageSize int

	// SystemID identifies the instance. Defaults to a fixed UUID.
	SystemID string

	// RemoteServersAllowed is route.remote_servers_allowed of dhis.conf: globs
	// of scheme://host[:port]. Releases before 2.42 do not look at it.
	// Defaults to "https://*", as in DHIS2: plain http must be named.
	RemoteServersAllowed []string

	// RouteTransport carries the requests of Routes. Defaults to a clone of
	// http.DefaultTransport that unpacks nothing and asks no proxy.
	RouteTransport http.RoundTripper

	// CORSWhitelist is what the system settings let scripts of other hosts do.
	CORSWhitelist []string

	// RouteSecond is how long a second of a Route's time-out lasts. Defaults
	// to 1 s; less lets a test see a time-out.
	RouteSecond time.Duration
}

// User is an entry of /api/users that may be able to sign in.
type User struct {
	dhis2.User

	Password string // "" cannot sign in with one
	Disabled bool   // cannot sign in at all

	// OpenID is what the mapping claim of a provider is compared with, for users
	// with ExternalAuth only.
	OpenID       string
	ExternalAuth bool

	Locale string // language of the screens, such as "si"; "" follows the browser

	Tokens      []string // personal access tokens
	Authorities []string // "ALL" is a superuser

	Groups []dhis2.UID // user groups, for the sharing of Routes
	Roles  []string    // of /api/userRoles; where there are any, Authorities are theirs

	// Capture and Search are organisation units whose subtrees are the data
	// capture and the search scope. A nil Capture is everywhere.
	Capture []dhis2.UID
	Search  []dhis2.UID

	// Programs are those the user may read. nil is all, an empty list none.
	Programs []dhis2.UID

	// HiddenAttributes are those whose values the user may not read. Since
	// 2.43 they are silently left out; before, everybody saw them.
	HiddenAttributes []dhis2.UID
}

func (u *User) has(authority string) bool {
	return slices.Contains(u.Authorities, "ALL") || slices.Contains(u.Authorities, authority)
}

func (u *User) reads(program dhis2.UID) bool {
	return u.Programs == nil || slices.Contains(u.Programs, program)
}

// snapshot is how tracker documents name a user: without phone and e-mail.
func (u *User) snapshot() dhis2.User {
	return dhis2.User{UID: u.Identity(), Username: u.Username, FirstName: u.FirstName, Surname: u.Surname}
}

func (c Config) withDefaults() (Config, error) {
	if c.Version == "" {
		c.Version = "2.42.1"
	}
	if c.Zone == nil {
		zone, err := time.LoadLocation("Asia/Colombo")
		if err != nil {
			return c, fmt.Errorf("dhis2/sandbox: zone Asia/Colombo: %w", err)
		}
		c.Zone = zone
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if len(c.Users) == 0 {
		c.Users = []User{{
			User:        dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: DefaultUsername, FirstName: "Sandbox", Surname: "Administrator"},
			Password:    DefaultPassword,
			Tokens:      []string{DefaultToken},
			Authorities: []string{"ALL"},
		}}
	}
	if c.PageSize == 0 {
		c.PageSize = 50
	}
	if c.MaxPageSize == 0 {
		c.MaxPageSize = 50_000
	}
	if c.RemoteServersAllowed == nil {
		c.RemoteServersAllowed = []string{"https://*"}
	}
	if c.RouteTransport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableCompression, t.Proxy = true, nil
		c.RouteTransport = t
	}
	if c.RouteSecond == 0 {
		c.RouteSecond = time.Second
	}
	if c.SystemID == "" {
		c.SystemID = "5a4db0c5-0000-4000-8000-00000000d415"
	}
	return c, nil
}

func (c Config) validate() error {
	var wrong []error
	if _, err := minorOf(c.Version); err != nil {
		wrong = append(wrong, err)
	}
	if c.PageSize < 1 || c.MaxPageSize < c.PageSize {
		wrong = append(wrong, errors.New("PageSize and MaxPageSize: want 1 <= PageSize <= MaxPageSize"))
	}
	if c.Zone != nil && c.Zone.String() == "Local" {
		wrong = append(wrong, errors.New("Zone: want a named zone, clients are told its name"))
	}
	for i, u := range c.Users {
		if u.Username == "" || u.Identity().IsZero() {
			wrong = append(wrong, fmt.Errorf("Users[%d]: Username and UID are needed", i))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("dhis2/sandbox: configuration: %w", errors.Join(wrong...))
	}
	return nil
}

// minorOf returns 42 of "2.42.1".
func minorOf(version string) (int, error) {
	parts := strings.Split(version, ".")
	if len(parts) >= 2 && slices.Contains(Versions, parts[0]+"."+strings.TrimSuffix(parts[1], "-SNAPSHOT")) {
		return strconv.Atoi(strings.TrimSuffix(parts[1], "-SNAPSHOT"))
	}
	return 0, fmt.Errorf("Version: want one of %s, with or without a patch", strings.Join(Versions, ", "))
}
