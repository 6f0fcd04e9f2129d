package sandbox

import (
	"net/http"
	"regexp"
)

// userSettings is GET /api/userSettings: the one setting that pages here ask
// for, the language of the user's screens. null follows the system's.
func (s *Server) userSettings(u *User, _ *http.Request) (any, *problem) {
	return map[string]any{"keyUiLocale": u.locale()}, nil
}

// locale is a JSON text, or null for a user who chose none.
func (u *User) locale() any {
	if u.Locale == "" {
		return nil
	}
	return u.Locale
}

var localeForm = regexp.MustCompile(`^[a-z]{2,3}(_[A-Za-z]{2,4})?$`)

// setUserSetting is POST /api/userSettings/keyUiLocale?value=si: a user
// changes the language of the own screens.
func (s *Server) setUserSetting(u *User, r *http.Request) (any, *problem) {
	if r.PathValue("key") != "keyUiLocale" {
		return nil, conflict("", "Key is not supported: the sandbox knows keyUiLocale only")
	}
	value := r.FormValue("value")
	if !localeForm.MatchString(value) {
		return nil, conflict("", "Not a valid locale")
	}
	changed := *u
	changed.Locale = value
	s.setUser(changed)
	return map[string]any{"httpStatus": "OK", "httpStatusCode": 200, "status": "OK", "message": "User setting saved"}, nil
}
