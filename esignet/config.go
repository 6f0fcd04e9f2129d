package esignet

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Endpoints are the addresses of an issuer. In a [Config] those that are set go
// before what the metadata says: a container deployment advertises addresses
// that only a browser reaches.
type Endpoints struct {
	Authorization string
	Token         string
	UserInfo      string
	JWKS          string
	PAR           string // pushed authorization requests (RFC 9126)
}

// Config is one client at one issuer.
type Config struct {
	// Issuer is the identifier in the metadata, such as https://esignet.example.org.
	Issuer string
	// Generation decides the defaults below. Defaults to 1.8.
	Generation Generation
	// DiscoveryURL is where the metadata lies. Defaults to Issuer +
	// /.well-known/openid-configuration, which eSignet's user interface serves; the
	// service itself has it at /v1/esignet/oidc/.well-known/openid-configuration.
	// "none" asks for no metadata: all Endpoints but PAR must then be set.
	DiscoveryURL string
	Endpoints    Endpoints

	ClientID string
	// RedirectURI is sent as it is: https, or http on a loopback address; no query,
	// no fragment, no wildcard (RFC 6749 section 3.1.2, RFC 9700 section 2.1).
	RedirectURI string
	// Keys sign the client assertions (private_key_jwt).
	Keys *KeyRing
	// DecryptionKeys open userinfo that comes as JWE; nil when none is expected.
	DecryptionKeys *KeyRing

	// TokenIssuers may stand in iss of an id_token and of the redirect. Defaults to
	// what the generation writes.
	TokenIssuers []string
	// UserInfoIssuers may stand in iss of userinfo. Defaults to TokenIssuers and
	// what the generation's identity system writes.
	UserInfoIssuers []string
	// RequireUserInfoIssuer and RequireUserInfoAudience refuse userinfo without iss,
	// without aud. MOSIP's own identity system sends neither, the mock both. Where
	// they are present they must be right in any case.
	RequireUserInfoIssuer, RequireUserInfoAudience bool
	// IdentitySystemKeys verify userinfo beside the issuer's published keys; see
	// [ParsePublicKeys].
	IdentitySystemKeys []PublicKey
	// IdentitySystemURL publishes such keys, in a form that ParsePublicKeys reads.
	IdentitySystemURL string

	// Algorithms allowed for id_tokens, UserInfoAlgorithms for userinfo: RS256,
	// PS256, ES256, EdDSA. Default to those of the generation: RS256 only where it is
	// known to be used.
	Algorithms, UserInfoAlgorithms []string
	// AssertionAudience is the aud of client assertions. Defaults to the issuer of
	// the metadata, up to 1.6 its token endpoint.
	AssertionAudience string
	// DPoP binds the tokens to a key of the attempt (RFC 9449): for clients that are
	// registered with dpop_bound_access_tokens. Since 1.7.
	DPoP bool
	// WalletLogin accepts a redirect without iss although the metadata promises it:
	// eSignet's QR code page forgets it, in 1.8 too.
	WalletLogin bool

	// Skew is how far the clocks may differ. Defaults to 60 s, at most 5 min.
	Skew time.Duration
	// AttemptFor is how long a person may take. Defaults to 10 min.
	AttemptFor time.Duration
	// Timeout bounds each call with its whole answer. Defaults to 10 s.
	Timeout time.Duration
	// KeysFor is how long metadata and key sets are kept. Defaults to 1 h.
	KeysFor time.Duration
	// RefetchAfter is the shortest time between two fetches of a key set. Defaults
	// to 30 s.
	RefetchAfter time.Duration
	// MaxUserInfo bounds userinfo in bytes. Defaults to 4 MiB: a picture fits.
	MaxUserInfo int64

	// InsecureHTTP allows http to others than loopback addresses.
	InsecureHTTP bool
	// InsecurePlainUserInfo accepts userinfo as JSON without a signature, which then
	// rests on TLS alone.
	InsecurePlainUserInfo bool

	// Transport makes the calls. Defaults to net/http's, TLS 1.2 at least.
	Transport http.RoundTripper
	// Now is the clock, time.Now when nil. Rand makes state, nonce, verifier, jti and
	// DPoP keys; crypto/rand when nil.
	Now  func() time.Time
	Rand io.Reader
}

const (
	defaultTimeout      = 10 * time.Second
	defaultKeysFor      = time.Hour
	defaultRefetchAfter = 30 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Generation == "" {
		c.Generation = V1_8
	}
	t := traits[c.Generation]
	if c.DiscoveryURL == "" {
		c.DiscoveryURL = strings.TrimSuffix(c.Issuer, "/") + "/.well-known/openid-configuration"
	}
	if c.TokenIssuers == nil {
		c.TokenIssuers = []string{c.Issuer + t.tokenPath}
	}
	if c.UserInfoIssuers == nil {
		c.UserInfoIssuers = slices.Clone(c.TokenIssuers)
		if i := c.Issuer + t.userInfoPath; !slices.Contains(c.UserInfoIssuers, i) {
			c.UserInfoIssuers = append(c.UserInfoIssuers, i)
		}
	}
	if c.Algorithms == nil {
		c.Algorithms = t.signing
	}
	if c.UserInfoAlgorithms == nil {
		c.UserInfoAlgorithms = t.userInfo
	}
	for _, d := range []struct {
		at *time.Duration
		is time.Duration
	}{{&c.Skew, time.Minute}, {&c.AttemptFor, 10 * time.Minute}, {&c.Timeout, defaultTimeout}, {&c.KeysFor, defaultKeysFor}, {&c.RefetchAfter, defaultRefetchAfter}} {
		if *d.at == 0 {
			*d.at = d.is
		}
	}
	if c.MaxUserInfo == 0 {
		c.MaxUserInfo = maxUserInfo
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

// validate names every setting that is wrong at once.
func (c Config) validate() error {
	var wrong []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	address := func(name, value string, must bool) {
		if value == "" {
			need(!must, "%s is missing", name)
		} else if err := checkAddress(value, c.InsecureHTTP); err != nil {
			need(false, "%s %v", name, err)
		}
	}
	need(c.Generation.known(), "the generation is not known")
	address("the issuer", c.Issuer, true)
	none := c.DiscoveryURL == "none"
	if !none {
		address("the discovery URL", c.DiscoveryURL, true)
	}
	address("the authorization endpoint", c.Endpoints.Authorization, none)
	address("the token endpoint", c.Endpoints.Token, none)
	address("the userinfo endpoint", c.Endpoints.UserInfo, none)
	address("the key set's address", c.Endpoints.JWKS, none)
	address("the endpoint for pushed requests", c.Endpoints.PAR, false)
	address("the address of the identity system's keys", c.IdentitySystemURL, false)
	need(c.ClientID != "" && len(c.ClientID) <= 100, "the client id must have 1 to 100 characters")
	if err := CheckRedirectURI(c.RedirectURI); err != nil {
		need(false, "%v", err)
	}
	need(c.Keys != nil && len(c.Keys.entries) > 0, "a key to sign client assertions is missing")
	if c.DecryptionKeys != nil {
		for _, e := range c.DecryptionKeys.entries {
			need(e.Key.rsa() != nil, "a decryption key must be RSA: eSignet encrypts by RSA-OAEP-256")
		}
	}
	for _, a := range slices.Concat(c.Algorithms, c.UserInfoAlgorithms) {
		need(slices.Contains(algorithms, a), "a signature algorithm must be one of %s", strings.Join(algorithms, ", "))
	}
	need(len(c.Algorithms) > 0 && len(c.UserInfoAlgorithms) > 0, "no signature algorithm is allowed")
	need(len(c.TokenIssuers) > 0 && !slices.Contains(c.TokenIssuers, "") && !slices.Contains(c.UserInfoIssuers, ""), "an issuer of tokens is empty")
	need(!c.DPoP || c.Generation != V1_5 && c.Generation != V1_6, "DPoP exists since 1.7")
	need(c.Skew > 0 && c.Skew <= 5*time.Minute, "the clocks' skew must be at most 5 min")
	need(c.AttemptFor > 0 && c.AttemptFor <= time.Hour, "an attempt's life must be at most 1 h")
	need(c.Timeout > 0 && c.KeysFor > 0 && c.RefetchAfter > 0 && c.MaxUserInfo > 0, "time-outs, lifetimes and limits must be positive")
	if wrong != nil {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// Warnings says, one sentence each, which settings weaken what the defaults
// promise. They belong into the log at start.
func (c Config) Warnings() []string {
	c = c.withDefaults()
	var out []string
	if c.InsecureHTTP {
		out = append(out, "InsecureHTTP: tokens and claims may travel without TLS")
	}
	if c.InsecurePlainUserInfo {
		out = append(out, "InsecurePlainUserInfo: claims without a signature are accepted")
	}
	if t := traits[c.Generation]; slices.Contains(c.Algorithms, RS256) && !slices.Contains(t.signing, RS256) {
		out = append(out, "RS256 is allowed for id_tokens, which this generation signs by "+strings.Join(t.signing, " or "))
	} else if slices.Contains(c.UserInfoAlgorithms, RS256) && !slices.Contains(t.userInfo, RS256) {
		out = append(out, "RS256 is allowed for userinfo, which this generation signs by "+strings.Join(t.userInfo, " or "))
	}
	if c.WalletLogin {
		out = append(out, "WalletLogin: a redirect without iss is accepted")
	}
	return out
}

// checkAddress refuses what is no absolute https URL; http passes on loopback
// addresses, or anywhere when insecure.
func checkAddress(address string, insecure bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(address, "#"):
		return errors.New("must be an absolute URL without user and fragment")
	case u.Scheme == "https" || u.Scheme == "http" && (insecure || loopback(u.Hostname())):
		return nil
	}
	return errors.New("must be https")
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// CheckRedirectURI refuses a redirect URI that is not exact (RFC 9700 section
// 2.1, RFC 6749 section 3.1.2). eSignet puts its answer behind the first thing it
// finds: a query breaks, a fragment swallows the code; and it would take ** for
// any path.
func CheckRedirectURI(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil:
		return errors.New("the redirect URI must be an absolute URL without user")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return errors.New("the redirect URI must have no query and no fragment")
	case strings.ContainsAny(s, "*{}\\ \t\r\n"):
		return errors.New("the redirect URI must be exact: no wildcard")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return errors.New("the redirect URI must be https, or http on a loopback address")
	}
	if port := u.Port(); port != "" {
		if _, err := net.LookupPort("tcp", port); err != nil {
			return errors.New("the redirect URI's port is none")
		}
	}
	return nil
}
