package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// loginTexts are the login page's, by language.
var loginTexts = map[string]map[string]string{
	"en": {
		"title": "Sign in", "user": "User name", "password": "Password", "go": "Log in", "or": "or", "with": "Log in with", "languages": "Language",
		"sandbox": "This is not DHIS2. It is a sandbox.", "stands": "This page stands where DHIS2 shows its login form.", "holds": "What this server holds",
		"credentials": "The user name or the password is wrong.", "oidc": "The sign-in failed. If it happens again, tell your administrator.",
		"cause": "DHIS2 writes the cause into its log:", "welcome": "You are signed in", "as": "as", "by": "by", "out": "Log out", "capture": "Enrol and record in Capture", "bypassword": "password",
	},
	"si": {
		"title": "පුරනය වන්න", "user": "පරිශීලක නාමය", "password": "මුරපදය", "go": "පුරනය වන්න", "or": "හෝ", "with": "මේ හරහා පුරනය වන්න:", "languages": "භාෂාව",
		"sandbox": "මෙය DHIS2 නොවේ. අත්හදා බැලීමේ සේවාදායකයකි.", "stands": "DHIS2 එහි පුරනය වීමේ පෝරමය පෙන්වන තැන මෙම පිටුව ඇත.", "holds": "මෙම සේවාදායකයේ ඇති දේ",
		"credentials": "පරිශීලක නාමය හෝ මුරපදය වැරදිය.", "oidc": "පුරනය වීම අසාර්ථක විය. නැවත සිදු වුවහොත් ඔබේ පරිපාලකට දන්වන්න.",
		"cause": "DHIS2 හේතුව එහි ලොගයේ ලියයි:", "welcome": "ඔබ පුරනය වී ඇත", "as": "පරිශීලක:", "by": "ක්‍රමය:", "out": "ඉවත් වන්න", "capture": "Capture හි ලියාපදිංචි කර වාර්තා කරන්න", "bypassword": "මුරපදය",
	},
	"ta": {
		"title": "உள்நுழைக", "user": "பயனர் பெயர்", "password": "கடவுச்சொல்", "go": "உள்நுழைக", "or": "அல்லது", "with": "இதன் மூலம் உள்நுழைக:", "languages": "மொழி",
		"sandbox": "இது DHIS2 அல்ல. இது ஒரு சோதனைச் சேவையகம்.", "stands": "DHIS2 தன் உள்நுழைவுப் படிவத்தைக் காட்டும் இடத்தில் இந்தப் பக்கம் உள்ளது.", "holds": "இந்தச் சேவையகத்தில் உள்ளவை",
		"credentials": "பயனர் பெயர் அல்லது கடவுச்சொல் தவறானது.", "oidc": "உள்நுழைவு தோல்வியடைந்தது. மீண்டும் நிகழ்ந்தால் உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
		"cause": "DHIS2 காரணத்தைத் தன் பதிவேட்டில் எழுதும்:", "welcome": "உள்நுழைந்துவிட்டீர்கள்", "as": "பயனர்:", "by": "முறை:", "out": "வெளியேறு", "capture": "Capture இல் பதிவுசெய்து குறிப்பெடுக்க", "bypassword": "கடவுச்சொல்",
	},
}

// pageLanguage is lang of the address, else the first that the browser asks for
// and that there is, else English.
func pageLanguage(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); loginTexts[l] != nil {
		return l
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if loginTexts[tag] != nil {
			return tag
		}
	}
	return "en"
}

type loginLanguage struct {
	Lang, Name, Query string
	Current           bool
}

type loginProvider struct{ ID, Alias, Image string }

type loginView struct {
	Name, Lang    string
	T             map[string]string
	Languages     []loginLanguage
	Providers     []loginProvider
	Error, Cause  string
	Username, How string // of who is signed in
}

// newLoginView keeps the rest of the query with each language.
func newLoginView(r *http.Request) loginView {
	lang := pageLanguage(r)
	v := loginView{Name: Name, Lang: lang, T: loginTexts[lang]}
	for _, l := range []struct{ lang, name string }{{"si", "සිංහල"}, {"ta", "தமிழ்"}, {"en", "English"}} {
		query := url.Values{"lang": {l.lang}}
		for _, name := range []string{"error", "oidcFailure"} {
			if value := r.URL.Query().Get(name); value != "" {
				query.Set(name, value)
			}
		}
		v.Languages = append(v.Languages, loginLanguage{Lang: l.lang, Name: l.name, Query: "?" + query.Encode(), Current: l.lang == lang})
	}
	return v
}

// loginPage has the form of user name and password, and a button for each
// provider.
func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	v := newLoginView(r)
	var images []string
	s.mu.Lock()
	for _, p := range s.providers {
		v.Providers = append(v.Providers, loginProvider{ID: p.id, Alias: p.alias(), Image: p.keys["login_image"]})
		if u, err := url.Parse(p.keys["login_image"]); err == nil && u.Host != "" {
			images = append(images, u.Scheme+"://"+u.Host)
		}
	}
	if se := s.session(r); se != nil && r.URL.Query().Get("oidcFailure") != "" {
		v.Cause = se.failure
	}
	s.mu.Unlock()
	switch q := r.URL.Query(); {
	case q.Get("oidcFailure") != "":
		v.Error = v.T["oidc"]
	case q.Get("error") != "":
		v.Error = v.T["credentials"]
	}
	slices.Sort(images)
	writePageWith(w, "login.html", v, append([]string{"'self'"}, slices.Compact(images)...)...)
}

// writeLogin is 200 with the page where DHIS2 asks people to sign in, without
// what depends on the request.
func writeLogin(w http.ResponseWriter) {
	writePage(w, "login.html", loginView{Name: Name, Lang: "en", T: loginTexts["en"]})
}

// dashboard is where DHIS2 takes people who have signed in.
func (s *Server) dashboard(w http.ResponseWriter, r *http.Request) {
	v := newLoginView(r)
	s.mu.Lock()
	u, se := s.sessionUser(r), s.session(r)
	if u != nil {
		v.Username, v.How = u.Username, se.how
	}
	s.mu.Unlock()
	if u == nil {
		http.Redirect(w, r, s.loginPath(), http.StatusFound)
		return
	}
	if v.How == "password" {
		v.How = v.T["bypassword"]
	}
	writePage(w, "dashboard.html", v)
}
