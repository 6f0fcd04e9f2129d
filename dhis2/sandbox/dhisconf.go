package sandbox

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// oidcProvider is a generic OpenID provider of dhis.conf.
type oidcProvider struct {
	id   string
	keys map[string]string

	key         *rsa.PrivateKey // of private_key_jwt
	certificate *x509.Certificate
}

// The keys of oidc.provider.<id>: all that DHIS2 2.40 to 2.44 knows. One that is
// not here makes it pass the whole provider over.
var (
	providerNeeds = []string{"client_id", "client_secret", "authorization_uri", "token_uri", "user_info_uri", "jwk_uri"}
	providerMay   = []string{"issuer_uri", "redirect_url", "mapping_claim", "scopes", "display_alias", "login_image", "login_image_padding",
		"enable_logout", "end_session_endpoint", "enable_pkce", "extra_request_parameters", "authorization_grant_type", "client_authentication_method",
		"keystore_path", "keystore_password", "key_alias", "key_password", "jwk_set_url"}
	reservedProviders = []string{"google", "azure", "wso2", "dhis2"}
)

var confLine = regexp.MustCompile(`^\s*([^\s=:]+)\s*[=:]\s*(.*?)\s*$`)

// SetConf reads the lines of a dhis.conf that concern signing in with OpenID
// (oidc.oauth2.login.enabled, oidc.provider.<id>.*) in the place of what was
// configured before. The error says what DHIS2 would only write into its log
// before it goes on without the provider.
func (s *Server) SetConf(conf string) error {
	providers, err := readProviders(conf)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.providers = providers
	return err
}

func readProviders(conf string) ([]*oidcProvider, error) {
	on := false
	byID := map[string]*oidcProvider{}
	var order []string
	for line := range strings.SplitSeq(conf, "\n") {
		m := confLine.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if m[1] == "oidc.oauth2.login.enabled" {
			on = m[2] == "on"
		}
		name, ok := strings.CutPrefix(m[1], "oidc.provider.")
		if !ok {
			continue
		}
		id, key, _ := strings.Cut(name, ".")
		if byID[id] == nil {
			byID[id] = &oidcProvider{id: id, keys: map[string]string{}}
			order = append(order, id)
		}
		byID[id].keys[key] = m[2]
	}
	if !on {
		return nil, nil
	}
	var out []*oidcProvider
	var wrong []error
	for _, id := range order {
		if err := byID[id].check(); err != nil {
			wrong = append(wrong, fmt.Errorf("oidc.provider.%s: %w", id, err))
			continue
		}
		out = append(out, byID[id])
	}
	return out, errors.Join(wrong...)
}

// check does what GenericOidcProviderConfigParser and -Builder do.
func (p *oidcProvider) check() error {
	if slices.Contains(reservedProviders, p.id) {
		return errors.New("the id is reserved")
	}
	for _, k := range providerNeeds {
		if p.keys[k] == "" {
			return fmt.Errorf("%s is missing", k)
		}
	}
	for k, v := range p.keys {
		if !slices.Contains(providerNeeds, k) && !slices.Contains(providerMay, k) && !strings.HasPrefix(k, "ext_client.") {
			return fmt.Errorf("%s is no key that DHIS2 knows", k)
		}
		if u, err := url.Parse(v); strings.HasSuffix(k, "uri") && (err != nil || u.Scheme == "" || u.Host == "") {
			return fmt.Errorf("%s is no URL", k)
		}
	}
	switch p.keys["client_authentication_method"] {
	case "private_key_jwt":
		return p.loadKey()
	case "", "client_secret_basic":
		return nil
	}
	return errors.New("client_authentication_method: the sandbox knows private_key_jwt and client_secret_basic")
}

// loadKey opens the key store. A store that was made without a name for its entry
// has the alias 1 in Java.
func (p *oidcProvider) loadKey() error {
	if p.keys["jwk_set_url"] == "" {
		return errors.New("jwk_set_url is missing, which DHIS2 fails on (jku)")
	}
	if p.keys["key_alias"] != "1" {
		return errors.New("key_alias: a PKCS#12 store without names has the alias 1")
	}
	data, err := os.ReadFile(p.keys["keystore_path"])
	if err != nil {
		return errors.New("keystore_path cannot be read")
	}
	key, certificate, err := pkcs12.Decode(data, p.keys["keystore_password"])
	if err != nil {
		return errors.New("keystore_path: no PKCS#12 store, or another keystore_password")
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return errors.New("keystore_path: the key is not RSA")
	}
	p.key, p.certificate = private, certificate
	return nil
}

func (p *oidcProvider) mappingClaim() string {
	if c := p.keys["mapping_claim"]; c != "" {
		return c
	}
	return "email"
}

func (p *oidcProvider) redirectURL(base string) string {
	if u := p.keys["redirect_url"]; u != "" {
		return strings.ReplaceAll(u, "{baseUrl}", base)
	}
	return base + "/oauth2/code/" + p.id
}

func (p *oidcProvider) scopes() string {
	scopes := append([]string{"openid"}, strings.Fields(p.keys["scopes"])...)
	slices.Sort(scopes)
	return strings.Join(slices.Compact(scopes), " ")
}

func (p *oidcProvider) alias() string {
	if a := p.keys["display_alias"]; a != "" {
		return a
	}
	return p.id
}

// provider finds one by its id, under the lock.
func (s *Server) provider(id string) *oidcProvider {
	for _, p := range s.providers {
		if p.id == id {
			return p
		}
	}
	return nil
}
