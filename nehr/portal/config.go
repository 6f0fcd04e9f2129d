package portal

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// Config describes one portal.
type Config struct {
	// Name is of the portal, such as patient; cookies are called by it. Required.
	Name string
	// URL is where browsers reach the portal, https, or http on a loopback address; it
	// may have a path. Required.
	URL string
	// DB has the tables of Migrations. Required.
	DB *database.DB

	// ESignet is the client that people sign in by; its RedirectURI is URL + /callback.
	ESignet esignet.Config
	// RelyingParty is the id of the client's relying party: with the issuer it makes a
	// subject one person's (D-044). Required.
	RelyingParty string
	// ACRs are the levels of assurance that open a record, such as
	// mosip:idp:acr:generated-code. Required: eSignet takes no list for all.
	ACRs []string
	// SignedIn is called after a sign-in, and gives the path to go on at, such as /home.
	// Required.
	SignedIn func(*Visit) (path string, err error)

	// Pages are the templates *.html of the portal, Texts their words. Required.
	Pages fs.FS
	Texts Texts
	// Brand is the key of the text that the portal is called by. Defaults to brand.
	Brand string
	// Uploads are the pages whose form may bring a file (multipart/form-data), such as
	// /write/document, with the bytes that it may have at most. See Visit.File.
	Uploads map[string]int64
	// Menu is shown to whoever is signed in.
	Menu []MenuItem

	// Zone is what times are shown in. Required.
	Zone *time.Location
	// Idle ends a session without a click, Absolute any session. Default to 15 min, 8 h.
	Idle, Absolute time.Duration
	// ExitURL is the harmless page that quick exit leads to. Defaults to
	// https://www.wikipedia.org/.
	ExitURL string
	// HelpPhone is a telephone number for help, shown on every page; empty: none.
	HelpPhone string
	// PerMinute bounds the requests of one source in a minute. Defaults to 240.
	PerMinute int
	// Source tells where a request comes from. Defaults to the address of the
	// connection; a portal behind a proxy needs Behind.
	Source func(*http.Request) string

	// Now is the clock, Rand makes secrets. Default to time.Now and crypto/rand.
	Now  func() time.Time
	Rand io.Reader
	// Log gets failures, without any value of a person.
	Log zerolog.Logger
}

// MenuItem is a page in the menu.
type MenuItem struct{ Path, Text string }

var nameForm = regexp.MustCompile(`^[a-z]{1,20}$`)

func (c Config) withDefaults() Config {
	c.URL = strings.TrimSuffix(c.URL, "/")
	c.ESignet.RedirectURI = c.URL + "/callback"
	c.Idle = cmp.Or(c.Idle, 15*time.Minute)
	c.Absolute = cmp.Or(c.Absolute, 8*time.Hour)
	c.ExitURL = cmp.Or(c.ExitURL, "https://www.wikipedia.org/")
	c.Brand = cmp.Or(c.Brand, "brand")
	c.PerMinute = cmp.Or(c.PerMinute, 240)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ESignet.Now == nil {
		c.ESignet.Now = c.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Source == nil {
		c.Source = connection
	}
	return c
}

// validate names every wrong field at once.
func (c Config) validate() error {
	var wrong []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	need(nameForm.MatchString(c.Name), "Name: want 1 to 20 small letters")
	need(esignet.CheckRedirectURI(c.ESignet.RedirectURI) == nil, "URL: want the address of the portal, https or http on a loopback address, without query")
	need(c.DB != nil, "DB: want a database")
	need(c.RelyingParty != "", "RelyingParty: want the relying party id of the client at eSignet")
	need(len(c.ACRs) > 0, "ACRs: want one level of assurance or more")
	need(c.SignedIn != nil, "SignedIn: want what follows a sign-in")
	need(c.Pages != nil, "Pages: want templates")
	need(c.Zone != nil, "Zone: want a time zone")
	need(c.Idle > 0 && c.Absolute >= c.Idle, "Idle and Absolute: want Idle above 0 and not above Absolute")
	need(c.PerMinute > 0, "PerMinute: want 1 or more")
	exit, err := url.Parse(c.ExitURL)
	need(err == nil && exit.Scheme == "https" && exit.Host != "", "ExitURL: want an https address")
	if wrong != nil {
		return errors.New("nehr/portal: configuration: " + strings.Join(wrong, "; "))
	}
	return nil
}
