package rp

import (
	"context"
	"embed"
	"encoding/hex"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
)

//go:embed pages
var pageFiles embed.FS

var phonePage = template.Must(template.ParseFS(pageFiles, "pages/phone.html"))

// phonePath is where the pages are below the address of Phone.URL.
const phonePath = "/verify/phone/"

// phonePages serves what her phone opens. No page needs a script; looking at one
// changes nothing, so that a scanner that fetches the address before she does takes
// it from nobody: the address is hers who presses the button first.
func (s *Service) phonePages(mux *http.ServeMux) {
	at, _ := url.Parse(s.config.Phone.URL) // it was validated
	base := strings.TrimSuffix(at.Path, "/") + phonePath
	secure := at.Scheme == "https"
	origin := at.Scheme + "://" + at.Host
	foreign := http.NewCrossOriginProtection()
	_ = foreign.AddTrustedOrigin(origin) // of a URL that was validated
	handle := func(pattern string, do func(http.ResponseWriter, *http.Request, visitor)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+base+path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			if secure {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			if len(r.URL.RawQuery) > maxResponse {
				http.Error(w, "the address is too long", http.StatusRequestURITooLong)
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), s.config.Patience)
			defer cancel()
			do(w, r.WithContext(ctx), visitor{r: r, base: base, secure: secure, lang: languageOf(r)})
		})
	}
	handle("GET {ticket}", s.showPhone)
	handle("POST {ticket}", func(w http.ResponseWriter, r *http.Request, v visitor) {
		if foreign.Check(r) != nil {
			http.Error(w, "sent by another site", http.StatusForbidden)
			return
		}
		s.takePhone(w, r, v)
	})
	handle("GET {ticket}/step", func(w http.ResponseWriter, r *http.Request, v visitor) {
		ticket := r.PathValue("ticket")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, s.lookAt(ticket, v.cookie(ticket)).step)
	})
	handle("GET {ticket}/sign-in", s.sendPhone)
	handle("GET callback", s.returnPhone)
	for _, file := range []string{"phone.css", "phone.js"} {
		handle("GET "+file, func(w http.ResponseWriter, r *http.Request, _ visitor) {
			w.Header().Set("Cache-Control", "public, max-age=3600")
			http.ServeFileFS(w, r, pageFiles, "pages/"+file)
		})
	}
}

// visitor is a browser at a page.
type visitor struct {
	r      *http.Request
	base   string
	secure bool
	lang   string
}

// cookieName is that of a ticket, so that no cookie from before counts and two
// tickets in one browser do not disturb each other. Browsers take __Host- over
// https only (RFC 6265bis section 4.1.3.2).
func (v visitor) cookieName(ticket string) string {
	d := ticketKey(ticket)
	name := "verify-" + hex.EncodeToString(d[:6])
	if v.secure {
		return "__Host-" + name
	}
	return name
}

func (v visitor) cookie(ticket string) string {
	c, err := v.r.Cookie(v.cookieName(ticket))
	if err != nil {
		return ""
	}
	return c.Value
}

// languageOf is what she chose, else what her browser asks for.
func languageOf(r *http.Request) string {
	asked := r.URL.Query().Get("lang") + "," + r.Header.Get("Accept-Language")
	for part := range strings.SplitSeq(asked, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if _, known := phoneTexts[tag]; known {
			return tag
		}
	}
	return "en"
}

// The steps of the page beside those of PhoneState: nobody's yet, another browser's,
// or over, which is not told apart from what never was.
const (
	stepStart     = "start"
	stepElsewhere = "elsewhere"
	stepOver      = "over"
)

// sight is what a browser sees of a transaction.
type sight struct {
	step                   string
	clinic, worker, number string
	err                    *route.Refusal
}

func (s *Service) lookAt(ticket, cookie string) (seen sight) {
	now := s.config.Now()
	seen.step = stepOver
	s.open.visitPhone(ticketKey(ticket), now, func(t *transaction) {
		p := t.phone
		switch step := p.step(now); {
		case step == PhoneExpired:
		case p.has(cookie):
			seen = sight{string(step), p.clinic, p.worker, p.number, p.err}
		case p.opened:
			seen.step = stepElsewhere
		case step == PhoneWaiting:
			seen.step = stepStart
		}
	})
	return seen
}

// view is what the page shows.
type view struct {
	Lang, Step, Base, Ticket  string
	Self                      string // address without language; empty stays here
	Languages                 []languageChoice
	Text                      phoneText
	Title, Lead, Hint, Action string
	Worker, Clinic, Number    string
	Open, Waits               bool
	Link                      string
}

type languageChoice struct {
	Tag, Name string
	Current   bool
}

func (s *Service) showPhone(w http.ResponseWriter, r *http.Request, v visitor) {
	ticket := r.PathValue("ticket")
	s.show(w, v, ticket, s.lookAt(ticket, v.cookie(ticket)))
}

func (s *Service) show(w http.ResponseWriter, v visitor, ticket string, seen sight) {
	text := phoneTexts[v.lang]
	p := view{Lang: v.lang, Step: seen.step, Base: v.base, Ticket: ticket, Text: text}
	for _, l := range phoneLanguages {
		p.Languages = append(p.Languages, languageChoice{l.tag, l.name, l.tag == v.lang})
	}
	status, own := http.StatusOK, v.base+ticket
	if ticket != "" {
		p.Self = own
	}
	step := text.Over
	switch seen.step {
	case stepStart:
		step, p.Open = text.Start, true
	case string(PhoneOpened):
		step, p.Waits, p.Link = text.Opened, true, own+"?lang="+v.lang
		p.Worker, p.Clinic, p.Number = seen.worker, seen.clinic, seen.number
	case string(PhoneConfirmed):
		step, p.Link = text.Confirmed, own+"/sign-in?lang="+v.lang
		p.Worker, p.Clinic = seen.worker, seen.clinic
	case string(PhoneSignedIn):
		step = text.Done
		p.Worker, p.Clinic = seen.worker, seen.clinic
	case string(PhoneRefused):
		step = text.Refused
		step.Lead, step.Hint, step.Action = seen.err.Problem().Error.Message.Text[v.lang], text.Again, ""
	case stepElsewhere:
		step, status = text.Elsewhere, http.StatusConflict
	default:
		status = http.StatusGone
	}
	p.Title, p.Lead, p.Hint, p.Action = step.Title, step.Lead, step.Hint, step.Action
	s.render(w, status, p)
}

func (s *Service) render(w http.ResponseWriter, status int, p view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// The template is part of the program and takes what it is given.
	_ = phonePage.ExecuteTemplate(w, "phone.html", p)
}

// takePhone gives the address to the browser that asks first.
func (s *Service) takePhone(w http.ResponseWriter, r *http.Request, v visitor) {
	ticket := r.PathValue("ticket")
	secret, expires, err := s.openPhone(ticket, v.cookie(ticket))
	s.gate.Count("phone-open", err)
	if err == nil {
		// Lax: it comes back with the redirect from eSignet, a navigation from another
		// site.
		http.SetCookie(w, &http.Cookie{Name: v.cookieName(ticket), Value: secret, Path: "/", Secure: v.secure, HttpOnly: true,
			SameSite: http.SameSiteLaxMode, MaxAge: max(1, int(expires.Sub(s.config.Now())/time.Second))})
	}
	// What became of it, the page says.
	http.Redirect(w, r, v.base+url.PathEscape(ticket)+"?lang="+v.lang, http.StatusSeeOther)
}

// sendPhone sends the browser to eSignet. A link leads here, since a form would have
// the policy of its page judge every redirect that eSignet makes (CSP level 3,
// form-action).
func (s *Service) sendPhone(w http.ResponseWriter, r *http.Request, v visitor) {
	ticket := r.PathValue("ticket")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK) // a sign-in is begun to be gone to
		return
	}
	address, err := s.signInPhone(r.Context(), ticket, v.cookie(ticket), v.lang)
	s.gate.Count("phone-sign-in", err)
	if err == nil {
		http.Redirect(w, r, address, http.StatusSeeOther)
		return
	}
	refusal := asRefusal(err)
	if refusal.Code == CodeTransaction {
		http.Redirect(w, r, v.base+url.PathEscape(ticket)+"?lang="+v.lang, http.StatusSeeOther)
		return
	}
	// eSignet is in trouble: nothing is lost, she may try again.
	s.gate.Log("phone-sign-in", refusal)
	text := phoneTexts[v.lang]
	p := view{Lang: v.lang, Step: "trouble", Base: v.base, Ticket: ticket, Text: text, Title: text.Refused.Title, Action: text.Refused.Action,
		Lead: refusal.Problem().Error.Message.Text[v.lang], Self: v.base + ticket, Link: v.base + ticket + "?lang=" + v.lang}
	for _, l := range phoneLanguages {
		p.Languages = append(p.Languages, languageChoice{l.tag, l.name, l.tag == v.lang})
	}
	s.render(w, http.StatusServiceUnavailable, p)
}

// returnPhone is the redirect URI. Its own address, with the code in it, is left at
// once.
func (s *Service) returnPhone(w http.ResponseWriter, r *http.Request, v visitor) {
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK) // a code is redeemed once
		return
	}
	ticket, lang, err := s.returned(r.Context(), r.URL.Query().Get("state"), r.URL.RawQuery, v.cookie)
	if err != nil {
		err = asRefusal(err)
	}
	s.gate.Count("phone-return", err)
	if ticket == "" {
		s.show(w, v, "", sight{step: stepOver})
		return
	}
	if err != nil {
		s.gate.Log("phone-return", err)
	}
	http.Redirect(w, r, v.base+ticket+"?lang="+lang, http.StatusSeeOther)
}
