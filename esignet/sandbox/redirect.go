package sandbox

import (
	"net/url"
	"strings"
)

// matchRedirect compares a redirect URI with a registered one: equal, or
// matched by its Ant wildcards, * within a segment of the path and ** over
// segments. The pattern itself is equal to itself, so it may be used literally.
func matchRedirect(pattern, uri string) bool {
	if pattern == uri {
		return true
	}
	if !strings.Contains(pattern, "*") || len(uri) > 2048 {
		return false
	}
	return matchSegments(strings.Split(pattern, "/"), strings.Split(uri, "/"))
}

func matchSegments(pattern, segments []string) bool {
	return matchWildcard(pattern, segments, "**", matchSegment)
}

func matchSegment(pattern, text string) bool {
	return matchWildcard([]byte(pattern), []byte(text), '*', func(a, b byte) bool { return a == b })
}

// matchWildcard matches a pattern in which many stands for any number of parts, none
// too. The usual two marks keep it linear in practice and quadratic at worst: no
// recursion for a hostile pattern to feed on.
func matchWildcard[T comparable](pattern, text []T, many T, same func(pattern, text T) bool) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == many:
			star, mark = p, i
			p++
		case p < len(pattern) && same(pattern[p], text[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == many {
		p++
	}
	return p == len(pattern)
}

// codeRedirect is the address of success. Up to 1.6 it is put together without
// encoding anything, and has no iss; a sign-in that asked for no consent says
// state=null where none was sent.
func (s *Server) codeRedirect(t *transaction, code, origin string) string {
	state := t.request.State
	switch {
	case s.on(RedirectOtherState):
		state = "another-state"
	case s.on(RedirectNullState):
		state = "null"
	}
	if s.v == V16 {
		if state == "" && !t.capture {
			state = "null"
		}
		to := t.request.RedirectURI + "?"
		if state != "" {
			to += "state=" + state + "&"
		}
		return to + "code=" + code
	}
	pairs := []string{}
	if state != "" {
		pairs = append(pairs, "state", state)
	}
	pairs = append(pairs, "code", code)
	switch {
	case s.on(RedirectNoIssuer):
	case s.on(RedirectOtherIssuer):
		pairs = append(pairs, "iss", "https://other-issuer.invalid")
	default:
		pairs = append(pairs, "iss", s.issuer(origin))
	}
	if !t.capture && t.request.UILocales != "" && s.v < V20 {
		pairs = append(pairs, "ui_locales", t.request.UILocales)
	}
	return s.join(t.request.RedirectURI, pairs...)
}

// errorRedirect is the address of failure. Where no state was sent it says
// state=null, up to 1.8.
func (s *Server) errorRedirect(req *authRequest, code, description, origin string) string {
	state := req.State
	if s.v >= V20 {
		pairs := []string{"error", code, "error_description", description, "iss", s.issuer(origin)}
		if state != "" {
			pairs = append(pairs, "state", state)
		}
		return s.join(req.RedirectURI, pairs...)
	}
	if state == "" {
		state = "null"
	}
	return s.join(req.RedirectURI, "error_description", description, "state", state, "error", code)
}

// join adds parameters to a redirect URI: after a question mark whatever the
// URI has already, up to 1.8.
func (s *Server) join(uri string, pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
	}
	if s.v >= V20 && strings.Contains(uri, "?") {
		return uri + "&" + b.String()
	}
	return uri + "?" + b.String()
}

// oauthCode is the code of RFC 6749 for one of eSignet's own (2.0).
func oauthCode(code string) string {
	switch code {
	case "invalid_scope":
		return "invalid_scope"
	case "invalid_response_type":
		return "unsupported_response_type"
	}
	return "invalid_request"
}
