package login

import (
	"net/http"
	"strings"
	"time"
)

// Each sign-in has a cookie of its own, so that two tabs do not disturb each
// other and no cookie from before is taken over.
const (
	attemptPrefix = "esignet-login-"
	requestCookie = "esignet-request" // the code that an administrator is told
)

func attemptCookie(state string) string { return attemptPrefix + state[:min(12, len(state))] }

// secure tells whether cookies can be tied to this host (RFC 6265bis, section
// 4.1.3.2): browsers take __Host- over https only.
func (s *Service) secure() bool { return strings.HasPrefix(s.cfg.URL, "https:") }

func (s *Service) cookieName(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie that comes back with the redirect from eSignet, which is
// a navigation from another site: Lax.
func (s *Service) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()), Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Service) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(name), Path: "/", MaxAge: -1, Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (s *Service) readCookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}
