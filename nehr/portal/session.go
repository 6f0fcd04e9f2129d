package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Session is somebody who signed in. What the pages learn of her they keep in it, by
// [Visit.Keep].
type Session struct {
	// Issuer, RelyingParty and Subject name a person; the subject alone does not
	// (D-044).
	Issuer       string    `json:"issuer"`
	RelyingParty string    `json:"relying_party"`
	Subject      string    `json:"subject"`
	ACR          []string  `json:"acr"` // how she signed in
	SignedIn     time.Time `json:"signed_in"`
	// Record is the one record that is looked at, such as Patient/1; empty before one
	// was found. Records are all that are hers: never two are mixed (D-095).
	Record  string   `json:"record,omitzero"`
	Records []string `json:"records,omitzero"`
	// Role is that of a clinician, such as PractitionerRole/1.
	Role string `json:"role,omitzero"`
	// Kept is what else the pages of a portal keep, by names of their own. It alone goes
	// on where the same person proves anew who she is.
	Kept map[string]string `json:"kept,omitempty"`
}

// person tells whether two sessions are of one person (D-044).
func (s *Session) person(other *Session) bool {
	return other != nil && s.Issuer == other.Issuer && s.RelyingParty == other.RelyingParty && s.Subject == other.Subject
}

// SubjectSystem is the identifier system that a record has the subject in.
func (s *Session) SubjectSystem() string {
	return strings.TrimRight(s.Issuer, "/") + "#" + s.RelyingParty
}

const (
	sessionKind = "session"
	attemptKind = "attempt"
	// touchEvery is how exactly the time of the last click is known.
	touchEvery = time.Minute
)

// sealed is what is sealed for browsers of this portal alone: the secret of a session of
// one portal opens none of another in the same database.
func (f *Frame) sealed(kind string) string { return f.config.Name + " " + kind }

// cookieName is a __Host- name (RFC 6265bis section 4.1.3.2), which browsers take over
// https only: on a loopback address the cookie has to do without.
func (f *Frame) cookieName(kind string) string {
	name := f.config.Name + "-" + kind
	if f.secure {
		return "__Host-" + name
	}
	return name
}

func (f *Frame) setCookie(w http.ResponseWriter, kind, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: f.cookieName(kind), Value: value, Path: "/", MaxAge: int(age.Seconds()),
		Secure: f.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (f *Frame) cookie(r *http.Request, kind string) (secret, bool) {
	c, err := r.Cookie(f.cookieName(kind))
	if err != nil {
		return secret{}, false
	}
	return parseSecret(c.Value)
}

// begin gives the visit a new session with a new secret; the one it had is over.
func (v *Visit) begin(s *Session) error {
	v.end()
	fresh, err := newSecret(v.frame.config.Rand)
	if err != nil {
		return err
	}
	v.secret, v.Session = fresh, s
	until := s.SignedIn.Add(v.frame.config.Absolute)
	if err := v.frame.store.put(v.R.Context(), fresh, v.frame.sealed(sessionKind), s, until); err != nil {
		v.Session = nil
		return err
	}
	v.frame.setCookie(v.W, sessionKind, fresh.String(), 0)
	return nil
}

// Keep stores what the pages changed in the session.
func (v *Visit) Keep() error {
	return v.frame.store.change(v.R.Context(), v.secret, v.frame.sealed(sessionKind), v.Session)
}

// end forgets the session of this browser, if it has one.
func (v *Visit) end() {
	if old, ok := v.frame.cookie(v.R, sessionKind); ok {
		if err := v.frame.store.drop(v.R.Context(), old); err != nil {
			v.frame.config.Log.Error().Err(err).Msg("a session could not be ended")
		}
	}
	v.Session, v.secret = nil, secret{}
	v.frame.setCookie(v.W, sessionKind, "", -time.Second)
}

// find reads the session of the browser; stale tells that it had one that is over.
func (v *Visit) find() (stale bool, err error) {
	s, ok := v.frame.cookie(v.R, sessionKind)
	if !ok {
		return false, nil
	}
	var session Session
	seen, found, err := v.frame.store.get(v.R.Context(), s, v.frame.sealed(sessionKind), v.frame.config.Idle, &session)
	if err != nil || !found {
		return true, err
	}
	v.secret, v.Session = s, &session
	if v.frame.config.Now().Sub(seen) >= touchEvery {
		return false, v.frame.store.touch(v.R.Context(), s)
	}
	return false, nil
}

// SessionID names the session in a log of accesses; it opens nothing.
func (v *Visit) SessionID() string {
	sum := sha256.Sum256(append([]byte("log "), v.secret.id()...))
	return hex.EncodeToString(sum[:8])
}
