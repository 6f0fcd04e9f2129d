package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// What passes through a route, in each direction. Credentials and cookies of
// the caller do not, nor does an X-Forwarded-User of his own making.
var (
	routeRequestHeaders = []string{"Accept", "Accept-Encoding", "Accept-Language", "X-Requested-With", "User-Agent",
		"Cache-Control", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Prefix"}
	routeResponseHeaders = []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Length", "Expires",
		"Cache-Control", "Last-Modified", "Etag"}
)

// runRoute is /api/routes/{uid or code}/run and everything below it. It does
// not hold the lock while the other side thinks: that may well be a program
// which asks this server meanwhile.
func (s *Server) runRoute(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u := s.authenticate(r)
	var rt Route
	permitted := false
	p := unauthorized(r)
	if u != nil {
		p = nil
		found := s.findRoute(r.PathValue("id"))
		switch {
		case found == nil || found.Disabled:
			p = notFound("Route not found: '" + r.PathValue("id") + "'")
		case !found.Sharing.allows(u, 'r') && !slices.ContainsFunc(found.Authorities, u.has):
			p = forbidden("User not authorized to execute route")
		default:
			rt, permitted = *found, s.routeAllowed(found.URL)
		}
	}
	s.mu.Unlock()
	if p != nil {
		writeProblem(w, p)
		return
	}
	if !permitted { // what is allowed was narrowed since the route was made
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	out, p := s.routeRequest(&rt, u, r)
	if p != nil {
		writeProblem(w, p)
		return
	}
	s.relay(w, out, time.Duration(rt.ResponseTimeoutSeconds)*s.cfg.RouteSecond)
}

func badGateway(message string) *problem {
	return &problem{status: http.StatusBadGateway, message: message}
}

// routeRequest makes the request to the other side.
func (s *Server) routeRequest(rt *Route, u *User, r *http.Request) (*http.Request, *problem) {
	query := r.URL.Query()
	address, wildcard := strings.CutSuffix(rt.URL, "/**")
	if wildcard {
		address += "/"
	}
	if s.minor >= 43 {
		var p *problem
		if address, p = fill(address, query); p != nil {
			return nil, p
		}
	}
	target, err := url.Parse(address)
	if err != nil {
		return nil, badGateway("the URL of the route cannot be read")
	}
	if _, sub, ok := strings.Cut(r.URL.Path, "/"+r.PathValue("id")+"/run/"); ok {
		if !wildcard {
			return nil, badGateway("Route '" + rt.ID.String() + "' does not allow sub-paths")
		}
		target.Path += sub
	}
	var body io.Reader = http.NoBody
	if r.ContentLength != 0 {
		body = r.Body
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, target.String(), body)
	if err != nil {
		return nil, badGateway("the URL of the route cannot be called")
	}
	out.Header["User-Agent"] = nil // unless the caller names one
	for _, name := range routeRequestHeaders {
		if values := r.Header.Values(name); len(values) > 0 {
			out.Header[name] = values
		}
	}
	for name, value := range rt.Headers {
		out.Header.Add(name, value)
	}
	out.Header.Set("X-Forwarded-User", u.Username)
	if err := s.signIn(out, rt.Auth, query); err != nil {
		return nil, badGateway("An error occurred during authentication")
	}
	out.URL.RawQuery = join(out.URL.RawQuery, careless(query))
	return out, nil
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// fill puts the parameters "_name" into "{name}" of a URL and takes them out
// of the query.
func fill(address string, query url.Values) (string, *problem) {
	missing := false
	address = placeholder.ReplaceAllStringFunc(address, func(found string) string {
		name := "_" + found[1:len(found)-1]
		missing = missing || !query.Has(name)
		value := query.Get(name)
		query.Del(name)
		return url.PathEscape(value)
	})
	if missing {
		return "", badGateway("a parameter of the route's URL is missing")
	}
	return address, nil
}

// careless prints a query as DHIS2 does, which decodes it and puts it together
// again as it is: "+", "&", "=" and "%" in a value come out as something else.
func careless(query url.Values) string {
	var parts []string
	for name, values := range query {
		for _, v := range values {
			parts = append(parts, name+"="+v)
		}
	}
	slices.Sort(parts)
	return (&url.URL{Path: strings.Join(parts, "&")}).EscapedPath()
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// signIn adds the credentials of a route.
func (s *Server) signIn(out *http.Request, auth *RouteAuth, query url.Values) error {
	if auth == nil {
		return nil
	}
	switch auth.Type {
	case AuthBasic:
		out.SetBasicAuth(auth.Username, auth.Password)
	case AuthToken:
		out.Header.Set("Authorization", "ApiToken "+auth.Token)
	case AuthHeaders:
		for name, value := range auth.Headers {
			out.Header.Set(name, value)
		}
	case AuthQuery:
		for name, value := range auth.QueryParams {
			query.Set(name, value)
		}
	case AuthOAuth2:
		cc := clientcredentials.Config{ClientID: auth.ClientID, ClientSecret: auth.ClientSecret, TokenURL: auth.TokenURI,
			Scopes: strings.Fields(auth.Scopes)}
		token, err := cc.Token(context.WithValue(out.Context(), oauth2.HTTPClient, &http.Client{Transport: s.cfg.RouteTransport}))
		if err != nil {
			return err
		}
		token.SetAuthHeader(out)
	}
	return nil
}

// relay sends the request and passes the answer on: its status, some of its
// headers, its body. Nothing within the time-out is 504 without a body, every
// other failure 502. Redirects are not followed, and lose their Location.
func (s *Server) relay(w http.ResponseWriter, out *http.Request, patience time.Duration) {
	late := errors.New("late")
	ctx, cancel := context.WithCancelCause(out.Context())
	defer cancel(nil)
	timer := time.AfterFunc(patience, func() { cancel(late) })
	defer timer.Stop()
	resp, err := s.cfg.RouteTransport.RoundTrip(out.WithContext(ctx))
	switch {
	case err != nil && context.Cause(ctx) == late:
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	case err != nil:
		writeProblem(w, badGateway("An error occurred while reading the upstream response"))
		return
	}
	defer resp.Body.Close()
	timer.Stop()
	w.Header().Del("Cache-Control")
	for _, name := range routeResponseHeaders {
		if values := resp.Header.Values(name); len(values) > 0 {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		panic(http.ErrAbortHandler) // the status is sent already
	}
}
