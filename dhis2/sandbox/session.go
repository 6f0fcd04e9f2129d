package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

const (
	sessionCookie = "JSESSIONID"
	sessionFor    = time.Hour
	maxSessions   = 1000
)

// session is what the server keeps of a browser.
type session struct {
	user    dhis2.UID // zero before the sign-in
	how     string    // "password", or the alias of a provider
	pending *authorizationRequest
	failure string // of the last sign-in, for the log of a real server
	until   time.Time
}

// randomText gives 256 bits as base64url.
func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// session gives that of a request, or nil. It runs under the lock.
func (s *Server) session(r *http.Request) *session {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	se := s.sessions[c.Value]
	if se == nil || !s.now().Before(se.until) {
		return nil
	}
	return se
}

// newSession begins one and ends that of the request: its name changes with the
// sign-in, so that nobody can prepare one for somebody else. It runs under the lock.
func (s *Server) newSession(w http.ResponseWriter, r *http.Request) *session {
	if c, err := r.Cookie(sessionCookie); err == nil {
		delete(s.sessions, c.Value)
	}
	for id, se := range s.sessions {
		if !s.now().Before(se.until) || len(s.sessions) >= maxSessions {
			delete(s.sessions, id)
		}
	}
	id, se := randomText(), &session{until: s.now().Add(sessionFor)}
	s.sessions[id] = se
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
	return se
}

// sessionUser gives who is signed in, or nil. It runs under the lock.
func (s *Server) sessionUser(r *http.Request) *User {
	se := s.session(r)
	if se == nil || se.user.IsZero() {
		return nil
	}
	for i := range s.users {
		if s.users[i].Identity() == se.user && !s.users[i].Disabled {
			return &s.users[i]
		}
	}
	return nil
}

func (s *Server) passwordUser(name, password string) *User {
	for i := range s.users {
		u := &s.users[i]
		if u.Password != "" && !u.Disabled && same(u.Username, name) && same(u.Password, password) {
			return u
		}
	}
	return nil
}

// jsonLogin is POST /api/auth/login (2.41 and later).
func (s *Server) jsonLogin(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || json.Unmarshal(body, &in) != nil {
		writeProblem(w, bad("want {username, password}"))
		return
	}
	if !s.passwordLogin(w, r, in.Username, in.Password) {
		writeProblem(w, &problem{status: http.StatusUnauthorized, message: "Bad credentials"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"loginStatus": "SUCCESS", "redirectUrl": "/dhis-web-dashboard/"})
}

// formLogin is what the form of the login page sends. It works without scripts.
func (s *Server) formLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	// A form of another site may not sign anybody in (login CSRF).
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		writeProblem(w, forbidden("a form of another site"))
		return
	}
	if !s.passwordLogin(w, r, r.PostFormValue("j_username"), r.PostFormValue("j_password")) {
		http.Redirect(w, r, s.loginPath()+"?error=credentials", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/dhis-web-dashboard/", http.StatusSeeOther)
}

func (s *Server) passwordLogin(w http.ResponseWriter, r *http.Request, name, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.passwordUser(name, password)
	if u == nil {
		return false
	}
	se := s.newSession(w, r)
	se.user, se.how = u.Identity(), "password"
	return true
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if c, err := r.Cookie(sessionCookie); err == nil {
		delete(s.sessions, c.Value)
	}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true})
	http.Redirect(w, r, s.loginPath(), http.StatusSeeOther)
}

// loginPath is where people sign in.
func (s *Server) loginPath() string {
	if s.minor < 41 {
		return "/dhis-web-commons/security/login.action"
	}
	return "/dhis-web-login/"
}
