package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Text is one value in one language, an ISO 639-3 code such as sin.
type Text struct {
	Language string `json:"language"`
	Value    string `json:"value"`
}

// Identity is a person of the mock identity system, in the shape of its API
// (/v1/mock-identity-system/identity).
type Identity struct {
	ID                string `json:"individualId"` // 5 to 19 digits
	PIN               string `json:"pin"`
	Email             string `json:"email"`
	Phone             string `json:"phone"`
	FullName          []Text `json:"fullName"`
	GivenName         []Text `json:"givenName"`
	FamilyName        []Text `json:"familyName"`
	MiddleName        []Text `json:"middleName"`
	NickName          []Text `json:"nickName"`
	PreferredUsername []Text `json:"preferredUsername"`
	Gender            []Text `json:"gender"`
	StreetAddress     []Text `json:"streetAddress"`
	Locality          []Text `json:"locality"`
	Region            []Text `json:"region"`
	Country           []Text `json:"country"`
	DateOfBirth       string `json:"dateOfBirth"` // 1994/05/17, by custom
	PostalCode        string `json:"postalCode"`
	Photo             string `json:"encodedPhoto"` // a data: URL
	PreferredLang     string `json:"preferredLang"`
	Locale            string `json:"locale"`
	ZoneInfo          string `json:"zoneInfo"`
	Password          string `json:"password"`
}

var individualID = regexp.MustCompile(`^[0-9]{5,19}$`)

// check gives the code of the first thing wrong.
func (p *Identity) check() string {
	if !individualID.MatchString(p.ID) {
		return "invalid_individual_id"
	}
	for name, texts := range map[string][]Text{"fullName": p.FullName, "gender": p.Gender} {
		if len(texts) == 0 {
			return "invalid_" + strings.ToLower(name)
		}
	}
	if p.PIN == "" {
		return "invalid_pin"
	}
	if p.DateOfBirth == "" {
		return "invalid_date_of_birth"
	}
	if p.Email == "" || p.Phone == "" {
		return "no_email_mobile_found"
	}
	return ""
}

// name is the person's name in a language, or in the first there is.
func (p *Identity) name(lang string) string {
	for _, t := range p.FullName {
		if t.Language == lang {
			return t.Value
		}
	}
	if len(p.FullName) > 0 {
		return p.FullName[0].Value
	}
	return ""
}

// AddIdentity adds a person, or replaces the one with the same number.
func (s *Server) AddIdentity(p Identity) error {
	if code := p.check(); code != "" {
		return fmt.Errorf("esignet/sandbox: identity: %s", code)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people[p.ID] == nil && len(s.people) >= s.cfg.MaxEntries {
		return fmt.Errorf("esignet/sandbox: more than %d identities", s.cfg.MaxEntries)
	}
	s.people[p.ID] = &p
	return nil
}

func (s *Server) identityRoutes() {
	s.handle("POST "+mockBase+"/identity", s.managed(func(r *request) answer { return s.writeIdentity(r, true) }))
	s.handle("PUT "+mockBase+"/identity", s.managed(func(r *request) answer { return s.writeIdentity(r, false) }))
	s.handle("GET "+mockBase+"/identity/{id}", s.managed(s.readIdentity))
	if s.v >= V17 {
		s.handle("GET "+mockBase+"/keys.json", s.mockKeys)
	}
}

func (s *Server) writeIdentity(r *request, create bool) answer {
	var p Identity
	if _, f := s.openEnvelope(r, &p); f != nil {
		return s.mockEnvelope(r, nil, f.code)
	}
	if code := p.check(); code != "" {
		return s.mockEnvelope(r, nil, code)
	}
	known := s.people[p.ID] != nil
	switch {
	case create && known:
		return s.mockEnvelope(r, nil, "duplicate_individual_id")
	case !create && !known:
		return s.mockEnvelope(r, nil, "invalid_individual_id")
	case create && len(s.people) >= s.cfg.MaxEntries:
		return s.mockEnvelope(r, nil, "unknown_error")
	}
	sum := sha256.Sum256([]byte(p.Password))
	p.Password = strings.ToUpper(hex.EncodeToString(sum[:]))
	s.people[p.ID] = &p
	verb := "created"
	if !create {
		verb = "updated"
	}
	return s.mockEnvelope(r, object("status", "mock identity data "+verb+" successfully"), "")
}

func (s *Server) readIdentity(r *request) answer {
	p := s.people[r.PathValue("id")]
	if p == nil {
		return s.mockEnvelope(r, nil, "invalid_individual_id")
	}
	return s.mockEnvelope(r, encode(p), "")
}

// mockKeys names the signer of userinfo, in a shape that is no JWKS.
func (s *Server) mockKeys(r *request) answer {
	k := s.userinfoKey
	cert := object("certificateData", pemCertificate(k.cert), "issuedAt", k.made.Format(stampFormat),
		"expiryAt", k.until.Format(stampFormat), "keyId", k.kid)
	response := object("allCertificates", []any{jsontext.Value(cert)})
	return answer{status: http.StatusOK, kind: "application/json",
		body: object("responseTime", nil, "response", jsontext.Value(response), "errors", []string{})}
}

// mockEnvelope is the envelope of the mock identity system, whose errors have
// a member message.
func (s *Server) mockEnvelope(r *request, response []byte, code string) answer {
	a := answer{status: http.StatusOK, kind: "application/json", code: code}
	stamp := r.now.UTC().Format(stampFormat)
	if code != "" {
		a.body = object("responseTime", stamp, "response", nil,
			"errors", []any{jsontext.Value(object("errorCode", code, "message", code))})
		return a
	}
	a.body = object("responseTime", stamp, "response", jsontext.Value(response), "errors", []string{})
	return a
}
