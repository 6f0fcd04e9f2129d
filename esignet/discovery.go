package esignet

import (
	"context"
	"net/http"
	"slices"
)

// Metadata is what an issuer says about itself (OpenID Connect Discovery
// section 3, RFC 8414), as far as it is used.
type Metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	JWKS          string `json:"jwks_uri"`
	// PAR is the endpoint for pushed requests; empty up to 1.6.
	PAR         string `json:"pushed_authorization_request_endpoint"`
	PARRequired bool   `json:"require_pushed_authorization_requests"`
	// PKCE methods; none up to 1.6, which honour S256 all the same.
	PKCE []string `json:"code_challenge_methods_supported"`
	// ResponseIssuer promises iss in the redirect (RFC 9207), since 1.7.
	ResponseIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	DPoPAlgorithms []string `json:"dpop_signing_alg_values_supported"`
	Scopes         []string `json:"scopes_supported"`
	ACR            []string `json:"acr_values_supported"`
	Claims         []string `json:"claims_supported"`
	AuthMethods    []string `json:"token_endpoint_auth_methods_supported"`

	// tokenAudience is the token endpoint as the server names it itself, which the
	// assertions of older generations must repeat even where it is called elsewhere.
	tokenAudience string
}

// parseMetadata reads a metadata document and holds it against the issuer that is
// expected (OpenID Connect Discovery section 4.3).
func parseMetadata(body []byte, issuer string) (*Metadata, error) {
	m := &Metadata{}
	if !object(body, m) {
		return nil, fail(StageDiscovery, CodeMalformed, "the metadata is no JSON object of its form")
	}
	if m.Issuer != issuer {
		return nil, fail(StageDiscovery, CodeIssuer, "the metadata names another issuer than the settings")
	}
	return m, nil
}

// resolve puts the configured addresses over those of the metadata and checks
// that a sign-in is possible with what is left.
func (m *Metadata) resolve(c *Config) error {
	m.tokenAudience = m.Token
	for _, e := range []struct {
		name     string
		at       *string
		override string
		must     bool
	}{
		{"authorization endpoint", &m.Authorization, c.Endpoints.Authorization, true},
		{"token endpoint", &m.Token, c.Endpoints.Token, true},
		{"userinfo endpoint", &m.UserInfo, c.Endpoints.UserInfo, true},
		{"key set's address", &m.JWKS, c.Endpoints.JWKS, true},
		{"endpoint for pushed requests", &m.PAR, c.Endpoints.PAR, m.PARRequired},
	} {
		if e.override != "" {
			*e.at = e.override
		}
		if *e.at == "" {
			if e.must {
				return fail(StageDiscovery, CodeConfig, "the metadata has no %s", e.name)
			}
			continue
		}
		if err := checkAddress(*e.at, c.InsecureHTTP); err != nil {
			return fail(StageDiscovery, CodeConfig, "the %s %v", e.name, err)
		}
	}
	if m.tokenAudience == "" {
		m.tokenAudience = m.Token
	}
	if len(m.PKCE) > 0 && !slices.Contains(m.PKCE, "S256") {
		return fail(StageDiscovery, CodeConfig, "the server does not offer PKCE with S256")
	}
	if len(m.AuthMethods) > 0 && !slices.Contains(m.AuthMethods, "private_key_jwt") {
		return fail(StageDiscovery, CodeConfig, "the server does not offer private_key_jwt")
	}
	return nil
}

// Metadata gives the issuer's metadata, with the configured addresses in their
// places. It asks the server when what is kept is older than [Config.KeysFor].
func (c *Client) Metadata(ctx context.Context) (*Metadata, error) {
	return c.discovered.current(ctx)
}

func (c *Client) discover(ctx context.Context) (*Metadata, error) {
	m := &Metadata{Issuer: c.config.Issuer}
	if c.config.DiscoveryURL != "none" {
		a, err := c.calls.get(ctx, StageDiscovery, c.config.DiscoveryURL, "application/json", maxMetadata)
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK {
			return nil, a.unexpected(StageDiscovery)
		}
		if m, err = parseMetadata(a.body, c.config.Issuer); err != nil {
			return nil, err
		}
	}
	if err := m.resolve(&c.config); err != nil {
		return nil, err
	}
	return m, nil
}
