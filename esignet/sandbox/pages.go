package sandbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/fonts"
)

//go:embed pages
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// pageState is what the pages know of a transaction besides what it is.
type pageState struct {
	secret       string // in the cookie of the browser that began
	lang         string
	id           string // that was entered
	factor       string // OTP or PIN
	email, phone string // masked
	sentAt       time.Time
	problem      string // error code to show once
}

// pageLife is how long the pages know a transaction, so that one that is over
// can still be told so.
const pageLife = time.Hour

// policy is the Content-Security-Policy of the pages: nothing inline, nothing
// from elsewhere.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *Server) pageRoutes() {
	files, err := fs.Sub(pageFiles, "pages")
	if err != nil {
		panic(err) // the folder is embedded
	}
	static := http.StripPrefix("/sandbox/", http.FileServerFS(files))
	s.mux.HandleFunc("GET /sandbox/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".html") || strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		static.ServeHTTP(w, r)
	})
	s.mux.Handle("GET /sandbox/fonts/", fonts.Handler("/sandbox/fonts/"))
	s.handle("GET /{$}", s.startPage)
	authorize := "/authorize"
	if s.v >= V20 {
		authorize = "/oauth2/authorize"
	}
	s.handle("GET "+authorize, s.authorizePage)
	s.handle("GET /login/{ref}", s.inDialogue(s.showDialogue))
	for action, h := range map[string]func(*request, *transaction, url.Values) answer{
		"identify": s.pageIdentify, "verify": s.pageVerify, "resend": s.pageResend, "restart": s.pageRestart,
		"consent": s.pageConsent, "more": s.pageMore, "late": s.pageLate,
	} {
		s.handle("POST /login/{ref}/"+action, s.inDialogue(func(r *request, t *transaction) answer {
			form, err := url.ParseQuery(string(r.body))
			if err != nil {
				return s.stopped(r, t.page.lang, "invalid_request")
			}
			return h(r, t, form)
		}))
	}
}

// pageData is what the templates draw on.
type pageData struct {
	Lang, Title, Path, Error, Code  string
	Languages                       []languageChoice
	Purpose, Sent, SandboxOTP, Asks string
	ShowOTP, ShowPIN, PIN           bool
	ResendIn, Seconds               int
	ResendClock, Clock              string
	Essential, Voluntary            []claimLabel
	People                          []personLine
	Everybody                       []personNames
	Version                         Version
	OTP, ClientManagement, Mock     string
}

type languageChoice struct {
	Code, Name string
	Current    bool
}
type claimLabel struct{ Name, Label string }
type personLine struct{ ID, Name, Lang, PIN string }
type personNames struct{ ID, English, Sinhala, Tamil, PIN string }

// T is a text in the language of the page.
func (d pageData) T(key string) string { return pageText(key, d.Lang) }

// render writes a page.
func (s *Server) render(status int, name string, d pageData, forms string) answer {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, d); err != nil {
		panic(fmt.Errorf("esignet/sandbox: page %s: %w", name, err)) // the templates are part of the program
	}
	return answer{status: status, kind: "text/html; charset=utf-8", body: b.Bytes(), code: d.Code, header: map[string]string{
		"Content-Security-Policy": policy + "; form-action 'self'" + forms,
		"Cache-Control":           "no-store",
		"Referrer-Policy":         "no-referrer",
		"X-Frame-Options":         "DENY",
	}}
}

func (s *Server) startPage(r *request) answer {
	d := pageData{Lang: "en", Title: "Start", Version: s.v, OTP: OTP, ClientManagement: base + "/client-mgmt/client", Mock: mockBase + "/identity"}
	for _, p := range s.everybody() {
		line := personNames{ID: p.ID, PIN: p.PIN}
		for _, t := range p.FullName {
			switch t.Language {
			case "eng":
				line.English = t.Value
			case "sin":
				line.Sinhala = t.Value
			case "tam":
				line.Tamil = t.Value
			}
		}
		d.Everybody = append(d.Everybody, line)
	}
	return s.render(http.StatusOK, "start.html", d, "")
}

// shownPeople bounds the list on the pages.
const shownPeople = 20

func (s *Server) everybody() []*Identity {
	people := make([]*Identity, 0, len(s.people))
	for _, p := range s.people {
		people = append(people, p)
	}
	slices.SortFunc(people, func(a, b *Identity) int { return strings.Compare(a.ID, b.ID) })
	return people[:min(len(people), shownPeople)]
}

// stopped is the page of an error after which the person cannot go on and the
// relying party hears nothing.
func (s *Server) stopped(r *request, lang, code string) answer {
	d := pageData{Lang: lang, Title: pageText("stopped", lang), Error: errorText(code, lang), Code: code}
	return s.render(http.StatusBadRequest, "stopped.html", d, "")
}

// showDialogue shows the page that a transaction has come to.
func (s *Server) showDialogue(r *request, t *transaction) answer {
	if l := r.URL.Query().Get("lang"); l != "" {
		if _, ok := languageIndex[l]; ok {
			t.page.lang = l
		}
	}
	if _, alive := s.sessions.get(t.id, r.now); !alive {
		if t.person != nil && t.code == "" {
			return s.away(s.errorRedirect(&t.request, "transaction_timeout", "transaction_timeout", r.url))
		}
		return s.stopped(r, t.page.lang, "invalid_transaction")
	}
	lang := t.page.lang
	name := t.client.nameIn(lang)
	d := pageData{Lang: lang, Path: "/login/" + t.id, Code: t.page.problem}
	for _, l := range languages {
		d.Languages = append(d.Languages, languageChoice{l.Code, l.Name, l.Code == lang})
	}
	if t.page.problem != "" {
		d.Error = errorText(t.page.problem, lang)
		t.page.problem = ""
	}
	purpose := "login"
	if p := t.client.additional.Purpose; p != nil && (p.Type == "verify" || p.Type == "link") {
		purpose = p.Type
	}
	d.Purpose = fmt.Sprintf(pageText("purpose_"+purpose, lang), name)
	for _, acr := range t.acrs {
		d.ShowOTP = d.ShowOTP || acrFactors[acr] == "OTP"
		d.ShowPIN = d.ShowPIN || acrFactors[acr] == "PIN"
	}
	for _, p := range s.everybody() {
		three := toISO3(lang)
		shown := lang
		if !slices.ContainsFunc(p.FullName, func(t Text) bool { return t.Language == three }) {
			shown = "en"
		}
		d.People = append(d.People, personLine{p.ID, p.name(three), shown, p.PIN})
	}
	status := http.StatusOK
	if d.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	switch {
	case t.person != nil:
		d.Title, d.Asks = pageText("allow", lang), fmt.Sprintf(pageText("asks", lang), name)
		d.Essential, d.Voluntary = labels(t.essential, lang), labels(t.voluntary, lang)
		d.Seconds = max(0, int(t.until.Sub(r.now).Seconds())-consentBuffer)
		d.Clock = clock(d.Seconds)
		return s.render(status, "consent.html", d, targets(t.request.RedirectURI))
	case t.page.id != "":
		d.PIN = t.page.factor == "PIN"
		d.Title = pageText("otp_heading", lang)
		if d.PIN {
			d.Title = pageText("pin_heading", lang)
		}
		d.Sent = fmt.Sprintf(pageText("otp_sent", lang), t.page.phone, t.page.email)
		d.SandboxOTP = fmt.Sprintf(pageText("otp_sandbox", lang), OTP)
		d.ResendIn = max(0, int(t.page.sentAt.Add(resendDelay).Sub(r.now).Seconds()))
		d.ResendClock = clock(d.ResendIn)
		// The answer to a wrong code may lead to the consent page, and from there
		// a remembered consent straight to the relying party.
		return s.render(status, "verify.html", d, targets(t.request.RedirectURI))
	}
	d.Title = pageText("signin", lang)
	return s.render(status, "signin.html", d, "")
}

// consentBuffer is how many seconds before the server the page gives up.
const consentBuffer = 5

func clock(seconds int) string { return fmt.Sprintf("%d:%02d", seconds/60, seconds%60) }

func labels(claims []string, lang string) []claimLabel {
	var list []claimLabel
	for _, c := range claims {
		list = append(list, claimLabel{c, pageText("claim_"+c, lang)})
	}
	return list
}

// nameIn is the client's name in the language of the page.
func (c *client) nameIn(lang string) string {
	if name := c.NameLangMap[toISO3(lang)]; name != "" {
		return name
	}
	return c.Name
}

// targets are where a form may lead besides this server: its answer sends the
// browser to the relying party, which may send it on, and browsers hold all of
// that against form-action.
func targets(redirectURI string) string {
	scheme, _, _ := strings.Cut(redirectURI, ":")
	if scheme == "http" || scheme == "https" {
		return " http: https:"
	}
	return " " + scheme + ":"
}

// back shows the page again, by a GET, with a problem or without.
func (s *Server) back(t *transaction, problem string) answer {
	t.page.problem = problem
	return answer{status: http.StatusSeeOther, code: problem, header: map[string]string{"Location": "/login/" + t.id,
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}}
}

// away sends the browser to the relying party.
func (s *Server) away(to string) answer {
	return answer{status: http.StatusSeeOther, header: map[string]string{"Location": to, "Cache-Control": "no-store",
		"Referrer-Policy": "no-referrer"}}
}
