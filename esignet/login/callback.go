package login

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// grant is what a code, and then an access token, stands for.
type grant struct {
	request  authorization
	openID   string
	acr      []string
	authTime time.Time
	claims   map[string]jsontext.Value
}

var errNotThisBrowser = errors.New("the answer belongs to no sign-in of this browser")

// callback is where eSignet sends the browser back to. The browser must be the one
// that began (its cookie), and an attempt ends with the first answer. Every way
// out is a redirect, so that the code of eSignet leaves the history.
func (s *Service) callback(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.stop(w, r, resultBrowser, errors.New("not a query"), "expired")
		return
	}
	state := query.Get("state")
	held := s.readCookie(r, attemptCookie(state))
	a, ok := s.attempts.take(state, func(a *attempt) bool {
		return held != "" && subtle.ConstantTimeCompare([]byte(a.cookie), []byte(held)) == 1
	})
	if !ok {
		s.stop(w, r, resultBrowser, errNotThisBrowser, "expired")
		return
	}
	s.clearCookie(w, attemptCookie(state))
	g, subject, err := s.verify(r.Context(), a, query)
	if err != nil {
		if e, ok := errors.AsType[*esignet.Error](err); ok && e.Code == esignet.CodeDenied {
			s.refused("callback", string(e.Code), err)
			s.back(w, r, url.Values{"error": {"access_denied"}}, a.request.state)
			return
		}
		s.stop(w, r, resultOf(err, resultInternal), err, messageKey(err))
		return
	}
	link, err := s.cfg.Links.Seen(r.Context(), s.esignet.Issuer(), s.cfg.RelyingParty, subject)
	if err != nil {
		s.stop(w, r, resultInternal, err, "unavailable")
		return
	}
	g.openID = link.OpenID
	switch link.State {
	case Approved:
		s.grant(w, r, g)
	case Revoked:
		s.stop(w, r, resultRevoked, errors.New("an administrator has refused or revoked this link"), "revoked")
	default:
		s.meter.called("callback", resultRequested)
		s.cfg.Log.Info().Str("part", "login").Str("link", link.Code).Msg("a link waits for an administrator")
		s.setCookie(w, requestCookie, link.Code, defaultAttemptFor)
		http.Redirect(w, r, s.path+"/requested", http.StatusSeeOther)
	}
}

// verify takes the answer of eSignet to its end. The grant does not say yet what
// DHIS2 knows the person by.
func (s *Service) verify(ctx context.Context, a *attempt, query url.Values) (g *grant, subject string, err error) {
	code, err := s.esignet.Callback(a.esignet, query)
	if err != nil {
		return nil, "", err
	}
	tokens, err := s.esignet.Exchange(ctx, a.esignet, code)
	if err != nil {
		return nil, "", err
	}
	g = &grant{request: a.request, acr: tokens.IDToken.ACR, authTime: tokens.IDToken.AuthTime}
	if len(s.cfg.Request.Claims) > 0 {
		claims, err := s.esignet.UserInfo(ctx, tokens)
		if err != nil {
			return nil, "", err
		}
		g.claims = shared(claims, s.cfg.Request.Claims)
	}
	return g, tokens.IDToken.Subject, nil
}

// shared are the claims that were asked for and given, each in one language, as
// DHIS2 reads them.
func shared(claims *esignet.Claims, asked []esignet.ClaimRequest) map[string]jsontext.Value {
	out := map[string]jsontext.Value{}
	for _, c := range asked {
		if v, ok := claims.Value(c.Name, "en"); ok {
			out[c.Name] = v
		}
	}
	return out
}

// grant sends the browser to DHIS2 with a code.
func (s *Service) grant(w http.ResponseWriter, r *http.Request, g *grant) {
	code, err := s.random()
	if err != nil || !s.codes.put(code, g) {
		s.stop(w, r, resultLimit, errors.New("no room for another code"), "unavailable")
		return
	}
	s.meter.called("callback", resultDone)
	s.back(w, r, url.Values{"code": {code}}, g.request.state)
}

// stop ends a sign-in on a page of this service that no longer has the answer of
// eSignet in its address.
func (s *Service) stop(w http.ResponseWriter, r *http.Request, result string, err error, why string) {
	s.refused("callback", result, err)
	http.Redirect(w, r, s.path+"/stopped?why="+why, http.StatusSeeOther)
}
