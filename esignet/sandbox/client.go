package sandbox

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ClientRequest is the request of client management, for creation; the fields
// that the older generations of the interface lack stay empty.
type ClientRequest struct {
	ClientID     string            `json:"clientId,omitzero"`
	Name         string            `json:"clientName"`
	NameLangMap  map[string]string `json:"clientNameLangMap,omitzero"` // by ISO 639-3 code
	PublicKey    jsontext.Value    `json:"publicKey,omitzero"`         // a JWK
	EncPublicKey jsontext.Value    `json:"encPublicKey,omitzero"`      // a JWK; null takes it away
	RelyingParty string            `json:"relyingPartyId,omitzero"`    // the sector of sub
	UserClaims   []string          `json:"userClaims"`
	ACRs         []string          `json:"authContextRefs"`
	LogoURI      string            `json:"logoUri"`
	RedirectURIs []string          `json:"redirectUris"`
	GrantTypes   []string          `json:"grantTypes"`
	AuthMethods  []string          `json:"clientAuthMethods"`
	Status       string            `json:"status,omitzero"` // ACTIVE or INACTIVE, in updates
	Additional   jsontext.Value    `json:"additionalConfig,omitzero"`
}

// additionalConfig is what a client may ask for on top.
type additionalConfig struct {
	UserinfoType  string         `json:"userinfo_response_type"`
	IDTokenType   string         `json:"id_token_response_type"`
	Purpose       *clientPurpose `json:"purpose"`
	SignupBanner  *bool          `json:"signup_banner_required"`
	ForgotPwd     *bool          `json:"forgot_pwd_link_required"`
	ConsentExpiry float64        `json:"consent_expire_in_mins"`
	RequirePAR    bool           `json:"require_pushed_authorization_requests"`
	BoundTokens   bool           `json:"dpop_bound_access_tokens"`
	RequirePKCE   bool           `json:"require_pkce"`
}

type clientPurpose struct {
	Type     string            `json:"type"`
	Title    map[string]string `json:"title"`
	SubTitle map[string]string `json:"subTitle"`
}

// client is a registered relying party.
type client struct {
	ClientRequest
	key        jose.JSONWebKey
	keyHash    string // of the parameters of the key: no two clients share one
	encKey     *jose.JSONWebKey
	additional additionalConfig
}

func (c *client) active() bool { return c.Status == "ACTIVE" }

func (s *Server) clientRoutes() {
	for i, kind := range []string{"oidc-client", "oauth-client", "client"} {
		generation := i + 1
		s.handle("POST "+base+"/client-mgmt/"+kind, s.managed(func(r *request) answer { return s.createClient(r, generation) }))
		s.handle("PUT "+base+"/client-mgmt/"+kind+"/{id}", s.managed(func(r *request) answer { return s.updateClient(r, generation, false) }))
	}
	if s.v >= V18 {
		s.handle("PATCH "+base+"/client-mgmt/client/{id}", s.managed(func(r *request) answer { return s.updateClient(r, 3, true) }))
	}
	if s.v >= V20 {
		s.handle("GET "+base+"/client-mgmt/client/{id}", s.managed(s.readClient))
	}
}

// managed demands the token of client management where there is one.
func (s *Server) managed(h func(*request) answer) func(*request) answer {
	return func(r *request) answer {
		want := "Bearer " + s.cfg.ManagementToken
		if s.cfg.ManagementToken != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) != 1 {
			a := springError(s.v, r.Request, http.StatusUnauthorized, r.now)
			a.header = map[string]string{"Cache-Control": neverCache, "WWW-Authenticate": "Bearer"}
			return a
		}
		return h(r)
	}
}

// clientAnswer is the response of every call of client management.
func (s *Server) clientAnswer(r *request, c *client, f *fault) answer {
	if f != nil {
		return s.envelope(r, nil, f)
	}
	return s.envelope(r, object("clientId", c.ClientID, "status", c.Status), nil)
}

func (s *Server) createClient(r *request, generation int) answer {
	var req ClientRequest
	if _, f := s.openEnvelope(r, &req); f != nil {
		return s.clientAnswer(r, nil, f)
	}
	if generation < 3 {
		req.Additional = nil
	}
	if generation < 2 {
		req.NameLangMap = nil
	}
	if s.v < V20 { // created without an encryption key; PATCH sets it
		req.EncPublicKey = nil
	}
	c, f := s.addClient(req)
	return s.clientAnswer(r, c, f)
}

func (s *Server) addClient(req ClientRequest) (*client, *fault) {
	req.Status = "ACTIVE"
	c, f := s.checkClient(req)
	if f != nil {
		return nil, f
	}
	if s.clients[c.ClientID] != nil {
		return nil, refuse("duplicate_client_id")
	}
	for _, other := range s.clients {
		if other.keyHash == c.keyHash {
			return nil, s.duplicateKey()
		}
	}
	if len(s.clients) >= s.cfg.MaxEntries {
		return nil, refuse("unknown_error")
	}
	s.clients[c.ClientID] = c
	return c, nil
}

func (s *Server) duplicateKey() *fault {
	switch s.v {
	case V16: // the message of the database
		return &fault{code: "unknown_error", message: "could not execute statement; SQL [n/a]; constraint [unique_n_value]; nested exception is org.hibernate.exception.ConstraintViolationException: could not execute statement"}
	case V20:
		return &fault{code: "invalid_public_key", message: "public key is already registered"}
	}
	return refuse("duplicate_public_key")
}

// updateClient replaces what may be replaced (PUT), or what is named (PATCH).
// Key and relying party are never changed.
func (s *Server) updateClient(r *request, generation int, partial bool) answer {
	var req ClientRequest
	raw, f := s.openEnvelope(r, &req)
	if f != nil {
		return s.clientAnswer(r, nil, f)
	}
	old := s.clients[r.PathValue("id")]
	if old == nil {
		return s.clientAnswer(r, nil, refuse("invalid_client_id"))
	}
	if partial {
		merged := old.ClientRequest
		if err := json.Unmarshal(raw, &merged); err != nil {
			return s.clientAnswer(r, nil, refuse("invalid_input"))
		}
		req = merged
	} else {
		req.EncPublicKey = old.EncPublicKey
		if req.Status != "ACTIVE" && req.Status != "INACTIVE" {
			return s.clientAnswer(r, nil, wrongField("request.status", "invalid_status"))
		}
		if generation < 3 {
			req.Additional = old.Additional
		}
		if generation < 2 {
			req.NameLangMap = old.NameLangMap
		}
	}
	req.ClientID, req.PublicKey, req.RelyingParty = old.ClientID, old.PublicKey, old.RelyingParty
	c, f := s.checkClient(req)
	if f == nil {
		s.clients[c.ClientID] = c
	}
	return s.clientAnswer(r, c, f)
}

func (s *Server) readClient(r *request) answer {
	c := s.clients[r.PathValue("id")]
	if c == nil {
		return s.clientAnswer(r, nil, refuse("invalid_client_id"))
	}
	return s.clientAnswer(r, c, nil)
}

// RegisterClient registers a relying party as client management would, with
// the same checks. Empty lists become what suits a test: all claims, one-time
// codes, the one grant and the one method there are.
func (s *Server) RegisterClient(req ClientRequest) error {
	if req.UserClaims == nil {
		req.UserClaims = claimsSupported
	}
	if req.ACRs == nil {
		req.ACRs = []string{"mosip:idp:acr:generated-code"}
	}
	if req.GrantTypes == nil {
		req.GrantTypes = []string{"authorization_code"}
	}
	if req.AuthMethods == nil {
		req.AuthMethods = []string{"private_key_jwt"}
	}
	if req.LogoURI == "" {
		req.LogoURI = "https://rp.invalid/logo.png"
	}
	if req.RelyingParty == "" {
		req.RelyingParty = req.ClientID
	}
	if req.Name == "" {
		req.Name = req.ClientID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, f := s.addClient(req); f != nil {
		return fmt.Errorf("esignet/sandbox: register client: %s", strings.TrimPrefix(f.field+": "+f.code, ": "))
	}
	return nil
}
