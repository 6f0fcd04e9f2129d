package login

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// attempt is one sign-in from the request of DHIS2 to the answer of eSignet.
type attempt struct {
	request authorization
	esignet *esignet.Attempt
	cookie  string // of the browser that began
}

const defaultAttemptFor = 10 * time.Minute

// authorization is what DHIS2 asks for (OpenID Connect Core section 3.1.2.1).
type authorization struct {
	state, nonce string
	challenge    string // S256; empty without PKCE
}

// authorize begins a sign-in. What does not come from DHIS2, or would lead
// elsewhere, ends here on a page: an error is sent to the registered address only.
func (s *Service) authorize(w http.ResponseWriter, r *http.Request) {
	query, err := parameters(r.URL.RawQuery)
	if err != nil || query["client_id"] != s.cfg.DHIS2.ClientID || query["redirect_uri"] != s.cfg.DHIS2.RedirectURI {
		s.refused("authorize", resultForeign, errors.New("not a request of the configured DHIS2: client_id or redirect_uri is another"))
		s.showStopped(w, r, http.StatusBadRequest, "setup")
		return
	}
	request, code := readAuthorization(query)
	if code != "" {
		s.refused("authorize", code, errors.New("not what DHIS2 asks for"))
		s.back(w, r, url.Values{"error": {code}}, query["state"])
		return
	}
	if !s.begins.AllowN(s.cfg.Now(), 1) {
		s.refused("authorize", resultLimit, errors.New("too many sign-ins at once"))
		s.showStopped(w, r, http.StatusServiceUnavailable, "unavailable")
		return
	}
	begun, err := s.esignet.Authorize(r.Context(), s.cfg.Request)
	if err != nil {
		s.refused("authorize", resultOf(err, resultInternal), err)
		s.showStopped(w, r, http.StatusBadGateway, messageKey(err))
		return
	}
	cookie, err := s.random()
	if err != nil || !s.attempts.put(begun.State, &attempt{request: request, esignet: begun, cookie: cookie}) {
		s.refused("authorize", resultLimit, errors.New("no room for another sign-in"))
		s.showStopped(w, r, http.StatusServiceUnavailable, "unavailable")
		return
	}
	s.setCookie(w, attemptCookie(begun.State), cookie, defaultAttemptFor)
	s.meter.called("authorize", resultDone)
	http.Redirect(w, r, begun.URL, http.StatusSeeOther)
}

// parameters reads a query or a form in which every name stands once (RFC 6749
// section 3.1).
func parameters(raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("not a form")
	}
	single := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) != 1 {
			return nil, errors.New("a parameter stands twice")
		}
		single[name] = all[0]
	}
	return single, nil
}

// challengeForm is a SHA-256 in base64url (RFC 7636 section 4.2).
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// maxOpaque bounds what is given back as it came.
const maxOpaque = 1024

// readAuthorization gives the request, or the error code for DHIS2.
func readAuthorization(query map[string]string) (authorization, string) {
	a := authorization{state: query["state"], nonce: query["nonce"], challenge: query["code_challenge"]}
	has := func(name string) bool { _, there := query[name]; return there }
	switch {
	case query["response_type"] != "code":
		return a, "unsupported_response_type"
	case has("request"):
		return a, "request_not_supported"
	case has("request_uri"):
		return a, "request_uri_not_supported"
	case !slices.Contains(strings.Fields(query["scope"]), "openid"):
		return a, "invalid_scope"
	case query["prompt"] == "none":
		return a, "login_required"
	case has("response_mode") && query["response_mode"] != "query",
		!opaque(a.state), !opaque(a.nonce),
		(has("code_challenge") || has("code_challenge_method")) && (query["code_challenge_method"] != "S256" || !challengeForm.MatchString(a.challenge)):
		return a, "invalid_request"
	}
	return a, ""
}

// opaque tells whether a state or nonce is there and fit to be given back.
func opaque(s string) bool {
	return s != "" && len(s) <= maxOpaque && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

// back sends the browser to DHIS2, to the one registered address (RFC 6749
// sections 4.1.2, 4.1.2.1; iss by RFC 9207).
func (s *Service) back(w http.ResponseWriter, r *http.Request, answer url.Values, state string) {
	if opaque(state) {
		answer.Set("state", state)
	}
	answer.Set("iss", s.cfg.URL)
	http.Redirect(w, r, s.cfg.DHIS2.RedirectURI+"?"+answer.Encode(), http.StatusSeeOther)
}
