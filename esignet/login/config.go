package login

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// Config is one façade, for one DHIS2 and one eSignet.
type Config struct {
	// URL is where browsers and DHIS2 reach the service, such as
	// https://login.example.org or https://example.org/esignet; it is the issuer of
	// its tokens. https, or http on a loopback address.
	URL string
	// ESignet is the client at eSignet. Its RedirectURI is set to URL + /callback.
	ESignet esignet.Config
	// RelyingParty is the relying party id that the client is registered with: it
	// decides the subjects.
	RelyingParty string
	// Request is what is asked of a person at eSignet. Without claims, which is the
	// default, userinfo is not fetched and DHIS2 learns the link alone.
	Request esignet.AuthorizationRequest
	// Keys sign the id_tokens for DHIS2, by RS256, which is all it takes.
	Keys *esignet.KeyRing
	// DHIS2 is the one client that is served.
	DHIS2 DHIS2
	// Links say who may sign in as whom.
	Links *Links

	// CodeFor is how long a code for DHIS2 is good. Defaults to 60 s, which is also
	// the most (RFC 9700 section 4.5 asks for a short life).
	CodeFor time.Duration
	// TokenFor is how long an access token and an id_token for DHIS2 are good.
	// Defaults to 2 min.
	TokenFor time.Duration
	// MaxAttempts bounds sign-ins under way; more are turned away. Defaults to 10,000.
	MaxAttempts int
	// PerSecond bounds how many sign-ins begin, since each is a call at eSignet.
	// Defaults to 50.
	PerSecond int

	// Now is the clock, time.Now when nil; Rand makes codes, tokens and cookies,
	// crypto/rand when nil.
	Now  func() time.Time
	Rand io.Reader
	// Log gets one line for each sign-in and each refusal, without any value of a
	// person. The zero logger is silent.
	Log zerolog.Logger
}

// DHIS2 is the server that signs its users in here.
type DHIS2 struct {
	// ClientID is oidc.provider.<id>.client_id of dhis.conf.
	ClientID string
	// RedirectURI is oidc.provider.<id>.redirect_url: the base URL of DHIS2 +
	// /oauth2/code/<id>. It is compared as a whole.
	RedirectURI string
	// KeySetURL publishes the key that DHIS2 signs its assertions with: the base URL
	// of DHIS2 + /api/publicKeys/<id>/jwks.json, at an address that is reached from
	// here. What an assertion says of it (jku) is not looked at.
	KeySetURL string
	// LoginURL is where pages lead back to. Defaults to the origin of RedirectURI
	// with all of its path before /oauth2/.
	LoginURL string
	// Transport fetches the key set. Defaults to net/http's.
	Transport http.RoundTripper
}

// maxCodeFor is the longest life of a code.
const maxCodeFor = time.Minute

func (c Config) withDefaults() Config {
	c.URL = strings.TrimSuffix(c.URL, "/")
	c.ESignet.RedirectURI = c.URL + "/callback"
	if c.CodeFor == 0 {
		c.CodeFor = maxCodeFor
	}
	if c.TokenFor == 0 {
		c.TokenFor = 2 * time.Minute
	}
	if c.MaxAttempts == 0 {
		c.MaxAttempts = 10_000
	}
	if c.PerSecond == 0 {
		c.PerSecond = 50
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.ESignet.Now == nil {
		c.ESignet.Now = c.Now
	}
	if c.DHIS2.LoginURL == "" {
		c.DHIS2.LoginURL, _, _ = strings.Cut(c.DHIS2.RedirectURI, "/oauth2/")
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
	if err := esignet.CheckRedirectURI(c.ESignet.RedirectURI); err != nil {
		need(false, "URL: want the address of this service, https or http on a loopback address, without query")
	}
	if err := esignet.CheckRedirectURI(c.DHIS2.RedirectURI); err != nil {
		need(false, "DHIS2.RedirectURI: %v", err)
	}
	need(c.DHIS2.ClientID != "" && len(c.DHIS2.ClientID) <= 100, "DHIS2.ClientID: want 1 to 100 characters")
	need(webAddress(c.DHIS2.KeySetURL), "DHIS2.KeySetURL: want the address of DHIS2's key set, …/api/publicKeys/<id>/jwks.json")
	need(webAddress(c.DHIS2.LoginURL), "DHIS2.LoginURL: want a web address")
	need(c.RelyingParty != "", "RelyingParty: want the relying party id of the client at eSignet")
	need(c.Links != nil, "Links: want the store of approved users")
	need(c.Keys != nil, "Keys: want a key that signs id_tokens")
	if c.Keys != nil {
		for _, k := range c.Keys.Published(c.Now()) {
			need(k.Algorithm() == esignet.RS256, "Keys: DHIS2 takes RS256 only, not %s", k.Algorithm())
		}
	}
	need(c.CodeFor > 0 && c.CodeFor <= maxCodeFor, "CodeFor: want at most 60 s")
	need(c.TokenFor > 0 && c.TokenFor <= time.Hour, "TokenFor: want at most 1 h")
	need(c.MaxAttempts > 0 && c.PerSecond > 0, "MaxAttempts and PerSecond: want 1 or more")
	if wrong != nil {
		return errors.New("esignet/login: configuration: " + strings.Join(wrong, "; "))
	}
	return nil
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.Fragment == ""
}
