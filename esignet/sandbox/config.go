package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Version is the release whose behaviour is played.
type Version string

// The presets. 1.6 is 1.6.1 with mock identity 0.11.1, 1.7 is 1.7.1 with
// 0.12.0, 1.8 is 1.8.0 with 0.13.0: the servers that were recorded. 2.0 is the
// announced rewrite, made from its documentation alone.
const (
	V16 Version = "1.6"
	V17 Version = "1.7"
	V18 Version = "1.8"
	V20 Version = "2.0"
)

// Versions are the presets, oldest first.
var Versions = []Version{V16, V17, V18, V20}

// OTP is the one-time code of everybody, as in the mock identity system.
const OTP = "111111"

// Config describes the server to play. The zero value is 1.8 with a few
// invented people.
type Config struct {
	// Version is the preset. Defaults to V18.
	Version Version

	// URL is the origin under which the server is reached, such as
	// http://127.0.0.1:8088; all endpoints and issuers are made from it.
	// Defaults to the host that each request names.
	URL string

	// InsecureAllowRemote lets the server answer for hosts other than loopback.
	// Whoever reaches it can sign in as anybody.
	InsecureAllowRemote bool

	// Now is the clock; Server.Advance moves it on. Defaults to time.Now.
	Now func() time.Time

	// Rand gives identifiers, codes and nonces. Defaults to crypto/rand. Keys
	// and the salt of signatures always come from the operating system.
	Rand io.Reader

	// SigningKey signs tokens, UserinfoKey the userinfo of the mock identity
	// system. RSA, 2048 bits or more. Default to new ones.
	SigningKey, UserinfoKey *rsa.PrivateKey

	// PublishUserinfoKey puts the userinfo key into the key set, as an
	// installation with real MOSIP IDA does. The mock's is in none.
	PublishUserinfoKey bool

	// StrictAudience (2.0) accepts the issuer alone as audience of client
	// assertions (FAPI 2.0).
	StrictAudience bool

	// ManagementToken, when set, is demanded as a bearer token by client
	// management, as installations with Keycloak do.
	ManagementToken string

	// Identities are the people. Defaults to People().
	Identities []Identity

	// MaxSessions bounds transactions, codes, tokens, pushed requests and what
	// is remembered against replays, each; the oldest give way. Defaults to
	// 20,000.
	MaxSessions int

	// MaxEntries bounds clients and identities, each; more are refused.
	// Defaults to 1,000.
	MaxEntries int

	// Log receives one line per request, without any value of a person. The
	// zero logger is silent.
	Log zerolog.Logger
}

func (c Config) withDefaults() Config {
	if c.Version == "" {
		c.Version = V18
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Identities == nil {
		c.Identities = People()
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = 20_000
	}
	if c.MaxEntries == 0 {
		c.MaxEntries = 1_000
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	return c
}

func (c Config) validate() error {
	var wrong []error
	if !slices.Contains(Versions, c.Version) {
		wrong = append(wrong, fmt.Errorf("Version: want one of %v", Versions))
	}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "":
			wrong = append(wrong, errors.New("URL: want an origin such as http://127.0.0.1:8088"))
		case !c.InsecureAllowRemote && !isLoopback(u.Host):
			wrong = append(wrong, errors.New("URL: names another machine than this one; InsecureAllowRemote permits that"))
		}
	}
	for _, k := range []struct {
		name string
		key  *rsa.PrivateKey
	}{{"SigningKey", c.SigningKey}, {"UserinfoKey", c.UserinfoKey}} {
		if k.key != nil && k.key.N.BitLen() < 2048 {
			wrong = append(wrong, fmt.Errorf("%s: want 2048 bits or more", k.name))
		}
	}
	if c.MaxSessions < 1 || c.MaxEntries < 1 {
		wrong = append(wrong, errors.New("MaxSessions and MaxEntries: want 1 or more"))
	}
	for i, p := range c.Identities {
		if code := p.check(); code != "" {
			wrong = append(wrong, fmt.Errorf("Identities[%d]: %s", i, code))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("esignet/sandbox: configuration: %w", errors.Join(wrong...))
	}
	return nil
}

// isLoopback tells whether host, with or without a port, is this machine.
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
