package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ESignetClient is a client at an eSignet, as a file of esignet.clients describes
// it. Which programs it serves, its claim maps say.
type ESignetClient struct {
	Issuer string `yaml:"issuer"`
	// Generation is 1.5, 1.6, 1.7, 1.8 or 2.0.
	Generation string `yaml:"generation"`
	ClientID   string `yaml:"client_id"`
	// RelyingParty is the relying party id that the client is registered with.
	RelyingParty string `yaml:"relying_party"`
	// RedirectURI is exact: https, without query and fragment.
	RedirectURI string `yaml:"redirect_uri"`
	// PhoneRedirectURI is that of the sign-in on a person's own phone: esignet.phone.url
	// with /verify/phone/callback behind it. Empty is off.
	PhoneRedirectURI string `yaml:"phone_redirect_uri"`
	// Claims are names of claim maps.
	Claims []string `yaml:"claims"`
	// Keys sign the client's assertions; DecryptionKeys open userinfo that comes
	// encrypted.
	Keys           []KeyFile `yaml:"keys"`
	DecryptionKeys []KeyFile `yaml:"decryption_keys"`

	// IdentitySystemKeys is a file with the public keys or certificates that verify
	// userinfo beside the issuer's; IdentitySystemURL publishes such.
	IdentitySystemKeys string `yaml:"identity_system_keys"`
	IdentitySystemURL  string `yaml:"identity_system_url"`
	// RequireIssuer and RequireAudience refuse userinfo without iss, without aud.
	RequireIssuer   bool `yaml:"require_issuer"`
	RequireAudience bool `yaml:"require_audience"`

	// ACR are the ways to sign in that are accepted; none: all that are registered.
	ACR []string `yaml:"acr"`
	// DPoP is for clients that are registered with dpop_bound_access_tokens.
	DPoP bool `yaml:"dpop"`
	// Algorithms and UserInfoAlgorithms are allowed, instead of the generation's.
	Algorithms         []string `yaml:"algorithms"`
	UserInfoAlgorithms []string `yaml:"userinfo_algorithms"`
	// DiscoveryURL, AssertionAudience and Endpoints differ where the issuer's metadata
	// names addresses that only a browser reaches.
	DiscoveryURL      string           `yaml:"discovery_url"`
	AssertionAudience string           `yaml:"assertion_audience"`
	Endpoints         ESignetEndpoints `yaml:"endpoints"`
}

// ESignetEndpoints go before those of the issuer's metadata.
type ESignetEndpoints struct {
	Authorization string `yaml:"authorization"`
	Token         string `yaml:"token"`
	UserInfo      string `yaml:"userinfo"`
	JWKS          string `yaml:"jwks"`
	PAR           string `yaml:"par"`
}

// KeyFile is a private key and its time: PEM, JWK, or PKCS#12 with the file of its
// password.
type KeyFile struct {
	File         string `yaml:"file"`
	PasswordFile string `yaml:"password_file"`
	// ID and Algorithm are for files that do not say them, as PEM does not.
	ID        string `yaml:"id"`
	Algorithm string `yaml:"algorithm"`
	// From and Until are instants of RFC 3339: the key is published before From and
	// signs from then on; after Until it is published no more.
	From  Instant `yaml:"from"`
	Until Instant `yaml:"until"`
}

// Instant is a time of RFC 3339; zero where nothing is said.
type Instant struct{ time.Time }

// UnmarshalText reads an instant.
func (i *Instant) UnmarshalText(text []byte) (err error) {
	if i.Time, err = time.Parse(time.RFC3339, string(text)); err != nil {
		return errors.New("want a time such as 2026-01-31T00:00:00Z")
	}
	return nil
}

// ESignetClients reads the files of esignet.clients. Errors are *MapError, joined
// when several files have mistakes.
func ESignetClients(files []string) ([]ESignetClient, error) {
	var all []ESignetClient
	var errs []error
	for _, file := range files {
		data, err := readMap(file)
		if err != nil {
			errs = append(errs, mapError(file, []MapProblem{{File: file, Reason: err.Error()}}))
			continue
		}
		c, err := loadESignetClient(file, data, (*ESignetClient).checkForms)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, *c)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// LoginClient reads the file of esignet.login.client. The error is a *MapError.
func LoginClient(file string) (*ESignetClient, error) {
	data, err := readMap(file)
	if err != nil {
		return nil, mapError(file, []MapProblem{{File: file, Reason: err.Error()}})
	}
	return loadESignetClient(file, data, (*ESignetClient).checkLogin)
}

func loadESignetClient(name string, data []byte, check func(*ESignetClient) []pathProblem) (*ESignetClient, error) {
	t := parseTree(name, data)
	c := &ESignetClient{}
	t.into(c, func() []pathProblem { return append(c.check(), check(c)...) })
	if err := mapError(name, t.problems); err != nil {
		return nil, err
	}
	return c, nil
}

// check names what is missing; what a value must be, esignet.New says.
func (c *ESignetClient) check() (problems []pathProblem) {
	need := func(ok bool, path, reason string) {
		if !ok {
			problems = append(problems, pathProblem{path, reason})
		}
	}
	for _, f := range []struct{ path, value string }{
		{"issuer", c.Issuer}, {"generation", c.Generation}, {"client_id", c.ClientID}, {"relying_party", c.RelyingParty},
	} {
		need(f.value != "", f.path, f.path+" is missing")
	}
	need(len(c.Keys) > 0, "keys", "want a key, such as keys: [{file: client.pem}]")
	for list, keys := range map[string][]KeyFile{"keys": c.Keys, "decryption_keys": c.DecryptionKeys} {
		for i, k := range keys {
			path := fmt.Sprintf("%s[%d]", list, i)
			need(k.File != "", path+".file", "the file of the key is missing")
			need(k.Until.IsZero() || k.Until.After(k.From.Time), path+".until", "ends before it begins")
		}
	}
	if u, err := url.Parse(c.Issuer); c.Issuer != "" {
		need(err == nil && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(c.Issuer, "/"), "issuer",
			"want a URL such as https://esignet.example.org, as the metadata write it")
	}
	return problems
}

// checkForms names what is missing in a client that fills forms.
func (c *ESignetClient) checkForms() (problems []pathProblem) {
	if c.RedirectURI == "" {
		problems = append(problems, pathProblem{"redirect_uri", "redirect_uri is missing"})
	}
	if len(c.Claims) == 0 {
		problems = append(problems, pathProblem{"claims", "want the names of claim maps, such as [lk-anc]"})
	}
	return problems
}

// checkLogin names what a client that signs users in does not have.
func (c *ESignetClient) checkLogin() (problems []pathProblem) {
	if c.RedirectURI != "" {
		problems = append(problems, pathProblem{"redirect_uri", "leave it away: it is made from esignet.login.url"})
	}
	if len(c.Claims) > 0 {
		problems = append(problems, pathProblem{"claims", "leave them away: esignet.login.claims names claims"})
	}
	return problems
}
