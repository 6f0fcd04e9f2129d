package sandbox

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// authenticate returns the user of a token, of basic credentials or of a session,
// or nil.
func (s *Server) authenticate(r *http.Request) *User {
	if r.Header.Get("Authorization") == "" {
		return s.sessionUser(r)
	}
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	name, password, basic := r.BasicAuth()
	if strings.EqualFold(scheme, "ApiToken") {
		if u := s.tokenUser(credential, r.Method); u != nil {
			return u
		}
	}
	for i := range s.users {
		u := &s.users[i]
		switch {
		case u.Disabled:
		case strings.EqualFold(scheme, "ApiToken"):
			if slices.ContainsFunc(u.Tokens, func(t string) bool { return same(t, credential) }) {
				return u
			}
		case basic && u.Password != "":
			if same(u.Username, name) && same(u.Password, password) {
				return u
			}
		}
	}
	return nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// RevokeToken makes a personal access token invalid, as its expiry does.
func (s *Server) RevokeToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.users {
		s.users[i].Tokens = slices.DeleteFunc(slices.Clone(s.users[i].Tokens), func(t string) bool { return t == token })
	}
}

// SetUser adds a user, or replaces the one of the same UID: a right that is
// granted or lost.
func (s *Server) SetUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setUser(u)
}

func (s *Server) setUser(u User) {
	i := slices.IndexFunc(s.users, func(o User) bool { return o.Identity() == u.Identity() })
	if i < 0 {
		s.users = append(slices.Clone(s.users), u)
		return
	}
	s.users = slices.Clone(s.users)
	s.users[i] = u
}

func (s *Server) me(u *User, r *http.Request) (any, *problem) {
	programs := []string{}
	for _, p := range s.meta.programs {
		if u.reads(p.ID) {
			programs = append(programs, p.ID.String())
		}
	}
	authorities := u.Authorities
	if authorities == nil {
		authorities = []string{}
	}
	doc := map[string]any{
		"id": u.Identity().String(), "username": u.Username, "firstName": u.FirstName, "surname": u.Surname,
		"authorities":                authorities,
		"settings":                   map[string]any{"keyUiLocale": u.locale()},
		"programs":                   programs,
		"organisationUnits":          s.unitDocs(s.captureUnits(u)),
		"teiSearchOrganisationUnits": s.unitDocs(u.Search),
	}
	return filtered(doc, r.URL.Query().Get("fields"))
}

func (s *Server) unitDocs(uids []dhis2.UID) []any {
	docs := []any{}
	for _, id := range uids {
		if unit, ok := s.meta.unit(id); ok {
			docs = append(docs, asMap(unit))
		}
	}
	return docs
}

func (s *Server) captureUnits(u *User) []dhis2.UID {
	if u.Capture != nil {
		return u.Capture
	}
	return s.meta.roots()
}
