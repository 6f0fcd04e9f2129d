package esignet

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// ClaimRequest asks for one claim of userinfo (OpenID Connect Core section 5.5).
type ClaimRequest struct {
	Name string
	// Essential claims cannot be refused one by one on eSignet's consent page. It is
	// still no guarantee: the identity system may have no value. Ask so for what
	// cannot be done without, the name at most; sub comes always.
	Essential bool
	// Purpose is shown to the person; empty, or 3 to 300 characters without %, which
	// eSignet's page cannot read.
	Purpose string
	// Values, when given, are the only ones that are of use, such as a document type.
	Values []string
}

// claimEntry is a member of the claims parameter's userinfo. A claim asked for
// without more is null there.
type claimEntry struct {
	Essential bool     `json:"essential,omitzero"`
	Purpose   string   `json:"purpose,omitempty"`
	Values    []string `json:"values,omitempty"`
}

// claimsParameter writes the claims parameter: {"userinfo":{…},"id_token":{}}.
// id_token is there though nothing is asked of it, since 1.6 refuses a request
// without. Members stand in the order of their names.
func claimsParameter(asked []ClaimRequest) (string, error) {
	if len(asked) == 0 {
		return "", nil
	}
	doc := struct {
		UserInfo map[string]*claimEntry `json:"userinfo"`
		IDToken  struct{}               `json:"id_token"`
	}{UserInfo: map[string]*claimEntry{}}
	for _, a := range asked {
		purpose := utf8.RuneCountInString(a.Purpose)
		switch _, twice := doc.UserInfo[a.Name]; {
		case !claimName(a.Name):
			return "", fmt.Errorf("a claim's name is not one")
		case a.Name == "sub":
			return "", fmt.Errorf("sub comes always and is not asked for")
		case twice:
			return "", fmt.Errorf("the claim %s is asked for twice", a.Name)
		case a.Purpose != "" && (purpose < 3 || purpose > 300):
			return "", fmt.Errorf("the purpose of %s must have 3 to 300 characters", a.Name)
		case strings.Contains(a.Purpose+strings.Join(a.Values, ""), "%"):
			return "", fmt.Errorf("purpose and values of %s must hold no %%: eSignet's page decodes them twice", a.Name)
		}
		if a.Essential || a.Purpose != "" || len(a.Values) > 0 {
			doc.UserInfo[a.Name] = &claimEntry{Essential: a.Essential, Purpose: a.Purpose, Values: a.Values}
		} else {
			doc.UserInfo[a.Name] = nil
		}
	}
	out, err := json.Marshal(doc, json.Deterministic(true))
	return string(out), err
}

func claimName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:.") == ""
}

// DefaultClaimsLocales are asked for when a request names none: the person's
// name in the scripts of Sri Lanka and in Latin letters.
var DefaultClaimsLocales = []string{"si", "ta", "en"}

// words joins a space separated parameter, refusing what would change its meaning.
func words(name string, list []string) (string, error) {
	for i, w := range list {
		if w == "" || len(w) > 256 || strings.ContainsAny(w, " \t\r\n\"\\%") || slices.Contains(list[:i], w) {
			return "", fmt.Errorf("%s has an entry that is empty, stands twice or holds a blank", name)
		}
	}
	return strings.Join(list, " "), nil
}
