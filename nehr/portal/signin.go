package portal

import (
	"errors"
	"net/http"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// attemptFor is how long a person may take at eSignet.
const attemptFor = 10 * time.Minute

// landing is the first page. Who is signed in already goes on.
func (f *Frame) landing(v *Visit) error {
	if v.Session == nil {
		return v.Show("landing.html", v.T("welcome"), Landing{})
	}
	path, err := f.config.SignedIn(v)
	if err != nil {
		return err
	}
	v.Redirect(path)
	return nil
}

// Landing is what the page landing.html of a portal is given as Body.
type Landing struct {
	// Over tells that a session has ended; Problem says why a sign-in failed.
	Over    bool
	Problem string
}

func (v *Visit) askSignIn(stale bool) error {
	v.path = "/"
	if stale {
		v.frame.setCookie(v.W, sessionKind, "", -time.Second)
	}
	return v.ShowStatus(http.StatusUnauthorized, "landing.html", v.T("welcome"), Landing{Over: stale})
}

// signIn begins a sign-in and leads to eSignet. It asks for no claim: who she is, is
// said by the subject, and what is known of her by her record. It is a link, since it
// changes nothing but what it begins.
func (f *Frame) signIn(v *Visit) error {
	if !f.signIns.Allow(f.config.Source(v.R), f.config.Now()) {
		return &StatusError{Status: http.StatusTooManyRequests}
	}
	attempt, err := f.client.Authorize(v.R.Context(), esignet.AuthorizationRequest{ACRValues: f.config.ACRs, UILocales: []string{v.Lang}})
	if err != nil {
		return v.signInFailed(err)
	}
	browser, err := newSecret(f.config.Rand)
	if err != nil {
		return err
	}
	if err := f.store.put(v.R.Context(), browser, f.sealed(attemptKind), attempt, f.config.Now().Add(attemptFor)); err != nil {
		return &StatusError{Status: http.StatusServiceUnavailable, Err: err}
	}
	f.setCookie(v.W, attemptKind, browser.String(), attemptFor)
	http.Redirect(v.W, v.R, attempt.URL, http.StatusSeeOther)
	return nil
}

// callback takes what eSignet sends back: once, in the browser that began.
func (f *Frame) callback(v *Visit) error {
	v.path = "/"
	browser, ok := f.cookie(v.R, attemptKind)
	f.setCookie(v.W, attemptKind, "", -time.Second)
	var attempt esignet.Attempt
	if ok {
		var err error
		if ok, err = f.store.take(v.R.Context(), browser, f.sealed(attemptKind), &attempt); err != nil {
			return &StatusError{Status: http.StatusServiceUnavailable, Err: err}
		}
	}
	if !ok {
		return v.signInFailed(&esignet.Error{Code: esignet.CodeState, Detail: "the answer belongs to no attempt of this browser"})
	}
	who, err := f.client.Complete(v.R.Context(), &attempt, v.R.URL.Query())
	if err != nil {
		return v.signInFailed(err)
	}
	fresh := &Session{Issuer: who.Issuer, RelyingParty: f.config.RelyingParty, Subject: who.Subject, ACR: who.ACR, SignedIn: f.config.Now().UTC()}
	if fresh.person(v.Session) {
		fresh.Kept = v.Session.Kept
	}
	if err := v.begin(fresh); err != nil {
		return &StatusError{Status: http.StatusServiceUnavailable, Err: err}
	}
	path, err := f.config.SignedIn(v)
	if err != nil {
		return err
	}
	v.Redirect(path)
	return nil
}

// signInFailed says in her language what she can do, and to the log what it was.
func (v *Visit) signInFailed(err error) error {
	failure, ok := errors.AsType[*esignet.Error](err)
	if !ok {
		return err
	}
	status, key := http.StatusUnprocessableEntity, "signin_"+failure.Message().Key
	if failure.Unreachable() {
		status = http.StatusServiceUnavailable
	}
	if _, known := v.frame.texts[key]; !known {
		key = "signin_unverified"
	}
	event := v.frame.config.Log.Info()
	if failure.Forged() {
		event = v.frame.config.Log.Warn()
	}
	event.Err(failure).Msg("a sign-in failed")
	return v.ShowStatus(status, "landing.html", v.T("welcome"), Landing{Problem: v.T(key)})
}

func (f *Frame) signOut(v *Visit) error {
	v.forget()
	v.Redirect("/")
	return nil
}

// exit leaves for a harmless page in one tap: the session is over, and going back shows
// nothing of it.
func (f *Frame) exit(v *Visit) error {
	v.forget()
	http.Redirect(v.W, v.R, f.config.ExitURL, http.StatusSeeOther)
	return nil
}

func (v *Visit) forget() {
	v.W.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	v.end()
}
