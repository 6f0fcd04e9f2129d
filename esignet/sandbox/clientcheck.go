package sandbox

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// checkClient judges what client management is asked to store, field by field
// in the order of the request, and gives the client that results.
func (s *Server) checkClient(req ClientRequest) (*client, *fault) {
	c := &client{ClientRequest: req}
	switch n := utf8.RuneCountInString(req.ClientID); {
	case n < 1 || n > 100 || strings.ContainsFunc(req.ClientID, unicode.IsSpace):
		return nil, wrongField("request.clientId", "invalid_client_id")
	}
	if req.Name == "" || utf8.RuneCountInString(req.Name) > 256 {
		return nil, wrongField("request.clientName", "invalid_client_name")
	}
	for lang, name := range req.NameLangMap {
		if !isISO3(lang) && lang != "@none" {
			return nil, wrongField("request.clientNameLangMap", "invalid_language_code")
		}
		if name == "" || utf8.RuneCountInString(name) > 50 {
			return nil, wrongField("request.clientNameLangMap", "invalid_client_name_value")
		}
	}
	if req.RelyingParty == "" || utf8.RuneCountInString(req.RelyingParty) > 100 {
		return nil, wrongField("request.relyingPartyId", "invalid_rp_id")
	}
	if len(req.UserClaims) > 30 {
		return nil, wrongField("request.userClaims", "invalid_claim")
	}
	for i, claim := range req.UserClaims {
		if !slices.Contains(claimsSupported, claim) {
			return nil, wrongField(fmt.Sprintf("request.userClaims[%d]", i), "invalid_claim")
		}
	}
	if len(req.ACRs) < 1 || len(req.ACRs) > 30 {
		return nil, wrongField("request.authContextRefs", "invalid_acr")
	}
	for i, acr := range req.ACRs {
		if acrFactors[acr] == "" {
			return nil, wrongField(fmt.Sprintf("request.authContextRefs[%d]", i), "invalid_acr")
		}
	}
	if u, err := url.Parse(req.LogoURI); err != nil || u.Scheme == "" || len(req.LogoURI) > 2048 {
		return nil, wrongField("request.logoUri", "invalid_uri")
	}
	if len(req.RedirectURIs) < 1 || len(req.RedirectURIs) > 5 {
		return nil, wrongField("request.redirectUris", "invalid_redirect_uri")
	}
	for i, uri := range req.RedirectURIs {
		if !s.registrable(uri) {
			return nil, wrongField(fmt.Sprintf("request.redirectUris[%d]", i), "invalid_redirect_uri")
		}
	}
	if f := onlyValue("request.grantTypes", req.GrantTypes, "authorization_code", "unsupported_grant_type"); f != nil {
		return nil, f
	}
	if f := onlyValue("request.clientAuthMethods", req.AuthMethods, "private_key_jwt", "invalid_client_auth"); f != nil {
		return nil, f
	}
	if req.Status != "ACTIVE" && req.Status != "INACTIVE" {
		return nil, wrongField("request.status", "invalid_status")
	}
	if !s.readAdditional(req.Additional, &c.additional) {
		return nil, wrongField("request.additionalConfig", "invalid_additional_config")
	}
	var f *fault
	if c.key, c.keyHash, f = s.readKey(req.PublicKey); f != nil {
		return nil, f
	}
	if req.EncPublicKey != nil && req.EncPublicKey.Kind() != 'n' {
		key, _, f := s.readKey(req.EncPublicKey)
		if _, isRSA := key.Key.(*rsa.PublicKey); f != nil || !isRSA {
			return nil, refuse("invalid_public_key")
		}
		c.encKey = &key
	}
	return c, nil
}

// onlyValue holds a list to the one value it may have.
func onlyValue(field string, values []string, only, code string) *fault {
	if len(values) == 0 {
		return wrongField(field, code)
	}
	for i, v := range values {
		if v != only {
			return wrongField(fmt.Sprintf("%s[%d]", field, i), code)
		}
	}
	return nil
}

// registrable tells whether a redirect URI may be registered: absolute, also
// with a scheme of an app, also with Ant wildcards in its path.
func (s *Server) registrable(uri string) bool {
	if len(uri) > 2048 || strings.ContainsFunc(uri, unicode.IsSpace) {
		return false
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
		return false
	}
	return s.v < V20 || !strings.Contains(u.Host, "*") // 2.0 allows them as whole path segments alone
}

// readKey reads a JWK. White space inside its members is dropped, as the
// decoder of the Java line does (a published sample key has a blank in n).
func (s *Server) readKey(doc jsontext.Value) (key jose.JSONWebKey, hash string, f *fault) {
	bad := refuse("invalid_public_key")
	if doc.Kind() != '{' || len(doc) > 8192 {
		return key, "", bad
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(doc, &members) != nil {
		return key, "", bad
	}
	clean := map[string]string{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y", "alg", "use", "kid"} {
		raw, ok := members[name]
		if !ok || raw.Kind() == 'n' {
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return key, "", bad
		}
		if name != "kid" {
			text = strings.Join(strings.Fields(text), "")
		}
		if text == "" && (name == "alg" || name == "use" || name == "kty") {
			return key, "", bad
		}
		clean[name] = text
	}
	if key.UnmarshalJSON(encode(clean)) != nil || !key.Valid() || !key.IsPublic() {
		return key, "", bad
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 1024 { // what 1.x accepts
			return key, "", bad
		}
		hash = clean["n"]
	case *ecdsa.PublicKey:
		if s.v < V17 || clean["crv"] != "P-256" {
			return key, "", bad
		}
		hash = clean["x"] + clean["y"]
	default:
		return key, "", bad
	}
	sum := sha256.Sum256([]byte(hash))
	return key, b64.EncodeToString(sum[:]), nil
}

// readAdditional reads additionalConfig by the schema of the version, which
// allows nothing it does not know.
func (s *Server) readAdditional(doc jsontext.Value, into *additionalConfig) bool {
	if doc == nil || doc.Kind() == 'n' {
		return true
	}
	var members map[string]jsontext.Value
	if doc.Kind() != '{' || json.Unmarshal(doc, &members) != nil {
		return false
	}
	known := map[string]Version{
		"userinfo_response_type": V16, "purpose": V16, "signup_banner_required": V16, "forgot_pwd_link_required": V16,
		"consent_expire_in_mins": V16, "require_pushed_authorization_requests": V17, "dpop_bound_access_tokens": V17,
		"require_pkce": V18, "id_token_response_type": V20,
	}
	for name := range members {
		if since, ok := known[name]; !ok || s.v < since {
			return false
		}
	}
	if json.Unmarshal(doc, into, json.RejectUnknownMembers(true)) != nil {
		return false
	}
	if p := into.Purpose; p != nil {
		if !slices.Contains([]string{"none", "verify", "link", "login"}, p.Type) {
			return false
		}
		for _, text := range []map[string]string{p.Title, p.SubTitle} {
			if text != nil && text["@none"] == "" {
				return false
			}
		}
	}
	_, minutes := members["consent_expire_in_mins"]
	format := func(member, value string) bool {
		_, given := members[member]
		return !given || value == "JWS" || value == "JWE"
	}
	return (!minutes || into.ConsentExpiry >= 10) && format("userinfo_response_type", into.UserinfoType) &&
		format("id_token_response_type", into.IDTokenType)
}
