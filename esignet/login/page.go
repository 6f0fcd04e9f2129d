package login

import (
	"embed"
	"errors"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/esignet"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// languages are those of the pages. Each page says everything in all of them, the
// one of the browser first: who must read it may sit at somebody else's computer.
var languages = []string{"en", "si", "ta"}

// section is one language of a page.
type section struct {
	Lang, Title, Text, Hint, Back string
}

type page struct {
	Sections []section
	Code     string // told to an administrator; empty on a page that stops
	LoginURL string
	Base     string // path of the service
}

// preferred gives the languages with the first one that the browser asks for in
// front.
func preferred(r *http.Request) []string {
	order := slices.Clone(languages)
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if i := slices.Index(order, tag); i >= 0 {
			return slices.Insert(slices.Delete(order, i, i+1), 0, tag)
		}
	}
	return order
}

// requestedPage tells a person who is linked to no DHIS2 user yet the code for the
// administrator. The code is in a cookie: no address leads to it.
func (s *Service) requestedPage(w http.ResponseWriter, r *http.Request) {
	code := s.readCookie(r, requestCookie)
	if !shownCode.MatchString(code) {
		s.showStopped(w, r, http.StatusNotFound, "expired")
		return
	}
	p := page{Code: code, LoginURL: s.cfg.DHIS2.LoginURL, Base: s.path}
	for _, l := range preferred(r) {
		t := requestTexts[l]
		p.Sections = append(p.Sections, section{Lang: l, Title: t.title, Text: t.text, Hint: t.hint, Back: backTexts[l]})
	}
	show(w, http.StatusOK, p)
}

var shownCode = regexp.MustCompile(`^[0-9A-Z]{4}-[0-9A-Z]{4}$`)

// stoppedPage tells why a sign-in ended. Only known reasons are shown.
func (s *Service) stoppedPage(w http.ResponseWriter, r *http.Request) {
	s.showStopped(w, r, http.StatusOK, r.URL.Query().Get("why"))
}

func (s *Service) showStopped(w http.ResponseWriter, r *http.Request, status int, why string) {
	text, ok := reasons[why]
	if !ok {
		text = reasons["expired"]
	}
	p := page{LoginURL: s.cfg.DHIS2.LoginURL, Base: s.path}
	for _, l := range preferred(r) {
		p.Sections = append(p.Sections, section{Lang: l, Title: stopTexts[l], Text: text[l], Back: backTexts[l]})
	}
	show(w, status, p)
}

func show(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// The template is part of the program and takes what it is given.
	_ = pages.ExecuteTemplate(w, "page.html", p)
}

func stylesheet(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "pages/login.css")
}

func button(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "pages/button.svg")
}

// Button is the picture of the login button, SVG, a drawing of this project: for
// login_image of dhis.conf.
func Button() []byte {
	b, _ := pageFiles.ReadFile("pages/button.svg") // embedded
	return b
}

// messageKey gives the key of a reason for what a person is told of an error.
func messageKey(err error) string {
	if e, ok := errors.AsType[*esignet.Error](err); ok {
		return e.Message().Key
	}
	return "unavailable"
}
