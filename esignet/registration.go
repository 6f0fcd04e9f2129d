package esignet

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Registration is a client as eSignet's client management knows it.
type Registration struct {
	ClientID string // 1 to 100 characters without blank
	Name     string // at most 256 characters
	// Names by ISO 639-3 code, 50 characters each. A server whose Java knows no
	// Sinhala or Tamil refuses sin and tam.
	Names map[string]string
	// RelyingPartyID is the sector of the pseudonyms: clients that share it see the
	// same subject for a person. It cannot be changed later.
	RelyingPartyID string
	// Key signs the client's assertions; its public JWK, kid and alg with it, binds
	// them. eSignet takes each key once, and none in exchange for it.
	Key *Key
	// EncryptionKey makes eSignet encrypt userinfo; RSA, since 1.8. It is no other
	// than Key by mistake alone.
	EncryptionKey *Key
	UserClaims    []string // at most 30; those the server's metadata lists
	ACRValues     []string // 1 to 30
	LogoURI       string
	RedirectURIs  []string // 1 to 5, exact
	// Inactive puts the client out of use, by update: there is no deletion.
	Inactive bool
	Options  ClientOptions
}

// ClientOptions is additionalConfig, since 1.6.
type ClientOptions struct {
	// UserInfoResponse is JWS or JWE.
	UserInfoResponse string `json:"userinfo_response_type,omitempty"`
	// Purpose is the heading of the pages.
	Purpose *ClientPurpose `json:"purpose,omitempty"`
	// ConsentMinutes is how long a consent is remembered, at least 10; it bounds the
	// tokens too. 0: the server's default.
	ConsentMinutes int `json:"consent_expire_in_mins,omitzero"`
	// RequirePAR, DPoPBound since 1.7; RequirePKCE since 1.8.
	RequirePAR  bool `json:"require_pushed_authorization_requests,omitzero"`
	DPoPBound   bool `json:"dpop_bound_access_tokens,omitzero"`
	RequirePKCE bool `json:"require_pkce,omitzero"`
}

// ClientPurpose names what a sign-in is for. Its maps go by ISO 639-3 and need
// the member @none.
type ClientPurpose struct {
	Type     string            `json:"type"` // none, verify, link, login
	Title    map[string]string `json:"title,omitempty"`
	SubTitle map[string]string `json:"subTitle,omitempty"`
}

// ClientCall is one call of the client-management API, to be shown or made.
type ClientCall struct {
	Method string
	Path   string // below the base URL, such as /client-mgmt/client
	// Request is the member request of the envelope; null for a GET.
	Request jsontext.Value
}

// clientBody is the member request; what is nil is left out.
type clientBody struct {
	ClientID       string            `json:"clientId,omitempty"`
	Name           string            `json:"clientName,omitempty"`
	Names          map[string]string `json:"clientNameLangMap,omitempty"`
	PublicKey      jsontext.Value    `json:"publicKey,omitempty"`
	EncPublicKey   jsontext.Value    `json:"encPublicKey,omitempty"`
	RelyingPartyID string            `json:"relyingPartyId,omitempty"`
	UserClaims     []string          `json:"userClaims,omitempty"`
	ACRValues      []string          `json:"authContextRefs,omitempty"`
	LogoURI        string            `json:"logoUri,omitempty"`
	RedirectURIs   []string          `json:"redirectUris,omitempty"`
	GrantTypes     []string          `json:"grantTypes,omitempty"`
	AuthMethods    []string          `json:"clientAuthMethods,omitempty"`
	Options        *ClientOptions    `json:"additionalConfig,omitzero"`
	Status         string            `json:"status,omitempty"`
}

// CreateCalls gives what registers the client: one call, and in 1.8 a second one
// for an encryption key. 1.5 has no additionalConfig and no path that takes one.
func (r Registration) CreateCalls(g Generation) ([]ClientCall, error) {
	if err := r.validate(g); err != nil {
		return nil, fail(StageRegistration, CodeConfig, "%v", err)
	}
	body, err := r.body(g)
	if err != nil {
		return nil, fail(StageRegistration, CodeConfig, "%v", err)
	}
	body.ClientID, body.RelyingPartyID = r.ClientID, r.RelyingPartyID
	if body.PublicKey, err = plainJWK(r.Key, UseSignature); err != nil {
		return nil, fail(StageRegistration, CodeConfig, "%v", err)
	}
	var later []ClientCall
	if r.EncryptionKey != nil {
		key, err := plainJWK(r.EncryptionKey, UseEncryption)
		if err != nil {
			return nil, fail(StageRegistration, CodeConfig, "%v", err)
		}
		if g == V2_0 {
			body.EncPublicKey = key
		} else if later, err = call(nil, "PATCH", clientPath(g, r.ClientID), &clientBody{EncPublicKey: key}); err != nil {
			return nil, err
		}
	}
	calls, err := call(nil, "POST", clientPath(g, ""), body)
	return append(calls, later...), err
}

// UpdateCalls gives what brings a registered client to this state. Keys and
// relying party id stay what they are; lists are replaced whole.
func (r Registration) UpdateCalls(g Generation) ([]ClientCall, error) {
	if err := r.validate(g); err != nil {
		return nil, fail(StageRegistration, CodeConfig, "%v", err)
	}
	body, err := r.body(g)
	if err != nil {
		return nil, fail(StageRegistration, CodeConfig, "%v", err)
	}
	body.Status = "ACTIVE"
	if r.Inactive {
		body.Status = "INACTIVE"
	}
	return call(nil, "PUT", clientPath(g, r.ClientID), body)
}

// ReadCalls gives what asks for a client's status, since 2.0.
func (r Registration) ReadCalls(g Generation) ([]ClientCall, error) {
	if !traits[g].read {
		return nil, fail(StageRegistration, CodeUnsupported, "eSignet %s cannot be asked for a client", g)
	}
	return []ClientCall{{Method: "GET", Path: clientPath(g, r.ClientID)}}, nil
}

func call(calls []ClientCall, method, path string, body *clientBody) ([]ClientCall, error) {
	request, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return nil, fail(StageRegistration, CodeConfig, "the request cannot be encoded")
	}
	return append(calls, ClientCall{Method: method, Path: path, Request: request}), nil
}

func clientPath(g Generation, id string) string {
	path := "/client-mgmt/client"
	if !traits[g].additional {
		path = "/client-mgmt/oauth-client"
	}
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	return path
}

func (r Registration) body(g Generation) (*clientBody, error) {
	b := &clientBody{
		Name: r.Name, Names: r.Names, UserClaims: r.UserClaims, ACRValues: r.ACRValues, LogoURI: r.LogoURI, RedirectURIs: r.RedirectURIs,
		GrantTypes: []string{"authorization_code"}, AuthMethods: []string{"private_key_jwt"},
	}
	if b.Names == nil && r.Name != "" && utf8.RuneCountInString(r.Name) <= 50 {
		b.Names = map[string]string{"eng": r.Name}
	}
	if traits[g].additional {
		b.Options = &r.Options
	}
	return b, nil
}

// plainJWK is the public JWK without a certificate: eSignet keeps it in 1024
// characters, and 2.0 reads members that are strings only.
func plainJWK(k *Key, use string) (jsontext.Value, error) {
	j, err := k.jwk(use)
	if err != nil {
		return nil, err
	}
	out, err := (jose.JSONWebKey{Key: j.Key, KeyID: j.KeyID, Algorithm: j.Algorithm, Use: j.Use}).MarshalJSON()
	if err == nil && len(out) > 1024 {
		err = errors.New("the public key is longer than eSignet keeps: use RSA of 2048 bits or P-256")
	}
	return out, err
}

// validate names everything that eSignet would refuse at once.
func (r Registration) validate(g Generation) error {
	var wrong []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	length := utf8.RuneCountInString
	need(g.known(), "the generation is not known")
	need(r.ClientID != "" && length(r.ClientID) <= 100 && !strings.ContainsAny(r.ClientID, " \t\r\n"), "the client id must have 1 to 100 characters without blank")
	need(r.Name != "" && length(r.Name) <= 256, "the client's name must have 1 to 256 characters")
	for lang, name := range r.Names {
		need(len(lang) == 3 && name != "" && length(name) <= 50, "a client's name in a language needs an ISO 639-3 code and 1 to 50 characters")
	}
	need(r.RelyingPartyID != "" && length(r.RelyingPartyID) <= 100, "the relying party id must have 1 to 100 characters")
	need(r.Key != nil, "the key is missing")
	need(len(r.UserClaims) <= 30, "more than 30 claims")
	for i, c := range r.UserClaims {
		need(claimName(c) && !slices.Contains(r.UserClaims[:i], c), "a claim's name is none, or stands twice")
	}
	need(len(r.ACRValues) > 0 && len(r.ACRValues) <= 30, "1 to 30 ways to sign in (acr) must be given")
	need(len(r.RedirectURIs) > 0 && len(r.RedirectURIs) <= 5, "1 to 5 redirect URIs must be given")
	for _, u := range r.RedirectURIs {
		if err := CheckRedirectURI(u); err != nil {
			need(false, "%v", err)
		}
	}
	if logo, err := url.Parse(r.LogoURI); err != nil || logo.Host == "" {
		need(false, "the logo's address is no URL")
	}
	o, t := r.Options, traits[g]
	need(t.additional || o == ClientOptions{}, "eSignet 1.5 has no options of a client")
	need(slices.Contains([]string{"", "JWS", "JWE"}, o.UserInfoResponse), "userinfo comes as JWS or JWE")
	need(o.ConsentMinutes == 0 || o.ConsentMinutes >= 10, "a consent is remembered for 10 minutes at least")
	need(!o.RequirePAR && !o.DPoPBound || g != V1_5 && g != V1_6, "PAR and DPoP exist since 1.7")
	need(!o.RequirePKCE || g == V1_8 || g == V2_0, "require_pkce exists since 1.8")
	if r.EncryptionKey != nil {
		need(t.patch, "an encryption key can be registered since 1.8")
		need(r.EncryptionKey.rsa() != nil, "the encryption key must be RSA")
		need(r.Key == nil || !samePublic(r.EncryptionKey, r.Key), "the encryption key must not be the signing key")
	}
	if p := o.Purpose; p != nil {
		need(slices.Contains([]string{"none", "verify", "link", "login"}, p.Type), "a purpose is one of none, verify, link, login")
		need(p.Title == nil || p.Title["@none"] != "", "the purpose's title needs the member @none")
		need(p.SubTitle == nil || p.SubTitle["@none"] != "", "the purpose's subtitle needs the member @none")
	}
	if wrong != nil {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

func samePublic(a, b *Key) bool {
	x, y := a.rsa(), b.rsa()
	return x != nil && y != nil && x.PublicKey.Equal(&y.PublicKey)
}
