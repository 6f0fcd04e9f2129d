package sandbox

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// claimRequest is an entry of claims.userinfo; the zero value is null.
type claimRequest struct {
	Essential bool           `json:"essential"`
	Purpose   string         `json:"purpose"`
	Value     jsontext.Value `json:"value"`
	Values    jsontext.Value `json:"values"`
}

// claimsRequest is the claims parameter (OpenID Connect Core, 5.5).
type claimsRequest struct {
	userinfo map[string]claimRequest
	acr      []string
}

// readClaims reads the claims parameter by the schema of the version: 1.6.1
// wants a member id_token.
func (s *Server) readClaims(doc jsontext.Value) (claimsRequest, bool) {
	var c claimsRequest
	switch {
	case doc == nil:
		return c, true
	case len(doc) > 64<<10 || !doc.IsValid(): // a query may hold anything
		return c, false
	case doc.Kind() == 'n':
		return c, true
	}
	var parts struct {
		Userinfo map[string]jsontext.Value `json:"userinfo"`
		IDToken  jsontext.Value            `json:"id_token"`
	}
	if doc.Kind() != '{' || json.Unmarshal(doc, &parts) != nil {
		return c, false
	}
	if parts.IDToken == nil && s.v == V16 {
		return c, false
	}
	if len(parts.Userinfo) > 100 {
		return c, false
	}
	c.userinfo = map[string]claimRequest{}
	for name, raw := range parts.Userinfo {
		if name == "verified_claims" {
			continue // the mock's people have none
		}
		var entry claimRequest
		switch raw.Kind() {
		case 'n':
		case '{':
			if json.Unmarshal(raw, &entry) != nil || entry.Purpose != "" && (len(entry.Purpose) < 3 || len(entry.Purpose) > 300) {
				return c, false
			}
		default:
			return c, false
		}
		c.userinfo[name] = entry
	}
	if parts.IDToken.Kind() == '{' {
		var id struct {
			ACR struct {
				Value  string   `json:"value"`
				Values []string `json:"values"`
			} `json:"acr"`
		}
		if json.Unmarshal(parts.IDToken, &id) != nil {
			return c, false
		}
		c.acr = id.ACR.Values
		if id.ACR.Value != "" {
			c.acr = append(c.acr, id.ACR.Value)
		}
	}
	return c, true
}

// claimOrder is the order in which answers list claims: that of the map of the
// Java line.
var claimOrder = []string{"birthdate", "address", "gender", "name", "phone_number", "email", "picture", "individual_id",
	"phone_number_verified", "registration_type", "updated_at"}

// wantedClaims splits what is asked into essential and voluntary: scopes give
// voluntary claims, the claims parameter says which are essential, and what
// the client is not registered for is dropped without a word. individual_id
// comes only by the claims parameter.
func wantedClaims(c *client, scope string, asked claimsRequest) (essential, voluntary []string) {
	wanted := map[string]bool{}
	for _, sc := range strings.Fields(scope) {
		for _, claim := range scopeClaims[sc] {
			wanted[claim] = false
		}
	}
	for claim, entry := range asked.userinfo {
		wanted[claim] = entry.Essential
	}
	essential, voluntary = []string{}, []string{}
	for _, claim := range claimOrder {
		isEssential, ok := wanted[claim]
		switch {
		case !ok || !slices.Contains(c.UserClaims, claim):
		case isEssential:
			essential = append(essential, claim)
		default:
			voluntary = append(voluntary, claim)
		}
	}
	return essential, voluntary
}

// wantedACRs resolves the context references: those of the claims parameter,
// else those of acr_values, as far as registered; else all that are registered.
func wantedACRs(c *client, acrValues string, asked claimsRequest) []string {
	for _, list := range [][]string{asked.acr, strings.Fields(acrValues)} {
		var kept []string
		for _, acr := range list {
			if slices.Contains(c.ACRs, acr) && !slices.Contains(kept, acr) {
				kept = append(kept, acr)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return c.ACRs
}
