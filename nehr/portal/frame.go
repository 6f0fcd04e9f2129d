package portal

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/fonts"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// Frame is one portal: a server of pages. It is safe for concurrent use.
type Frame struct {
	config    Config
	base      string // path of the portal, without a slash at its end
	origin    string
	secure    bool
	client    *esignet.Client
	store     store
	texts     Texts
	templates *template.Template
	foreign   *http.CrossOriginProtection
	requests  *Limiter
	signIns   *Limiter
	glances   *Limiter
	mux       *http.ServeMux
}

// Bounds of a request.
const (
	maxForm  = 16 << 10 // bytes
	maxQuery = 8 << 10
	patience = 25 * time.Second
)

// New makes a portal, still without pages of its own. An error names every wrong field
// of the configuration.
func New(config Config) (*Frame, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	client, err := esignet.New(config.ESignet)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(config.URL)
	if err != nil {
		return nil, fmt.Errorf("nehr/portal: URL: %w", err)
	}
	f := &Frame{config: config, base: at.Path, origin: at.Scheme + "://" + at.Host, secure: at.Scheme == "https",
		client: client, store: store{config.DB, config.Now}, foreign: http.NewCrossOriginProtection(),
		requests: NewLimiter(config.PerMinute), signIns: NewLimiter(20), glances: NewLimiter(10 * config.PerMinute), mux: http.NewServeMux()}
	if err := f.foreign.AddTrustedOrigin(f.origin); err != nil {
		return nil, fmt.Errorf("nehr/portal: URL: %w", err)
	}
	if f.texts, err = frameTexts.join(config.Texts); err != nil {
		return nil, err
	}
	if f.templates, err = template.ParseFS(framePages, "pages/*.html"); err == nil {
		f.templates, err = f.templates.ParseFS(config.Pages, "*.html")
	}
	if err != nil {
		return nil, fmt.Errorf("nehr/portal: templates: %w", err)
	}
	f.Open("GET /{$}", f.landing)
	f.Open("GET /sign-in", f.signIn)
	f.Open("GET /callback", f.callback)
	f.Open("GET /privacy", func(v *Visit) error { return v.Show("privacy.html", v.T("privacy"), nil) })
	f.Page("POST /sign-out", f.signOut)
	f.Page("POST /exit", f.exit)
	f.mux.HandleFunc("GET "+f.base+"/portal.css", f.static("pages/portal.css"))
	f.mux.HandleFunc("GET "+f.base+"/icon.svg", f.static("pages/icon.svg"))
	f.mux.HandleFunc("GET "+f.base+"/look.js", f.static("pages/look.js"))
	f.mux.Handle("GET "+f.base+"/fonts/", fonts.Handler(f.base+"/fonts/"))
	f.handle("/", func(v *Visit) error { return &StatusError{Status: http.StatusNotFound} }, forAll)
	return f, nil
}

// Handler serves the portal.
func (f *Frame) Handler() http.Handler { return f.mux }

// Page registers a page for somebody who is signed in, such as "GET /home", or a form
// of hers, such as "POST /dispute". A GET must change nothing.
func (f *Frame) Page(pattern string, show func(*Visit) error) { f.handle(pattern, show, forSession) }

// Open registers a page for everybody.
func (f *Frame) Open(pattern string, show func(*Visit) error) { f.handle(pattern, show, forAll) }

// Glance registers what a page of a session asks by itself (look.js): it is no click,
// and makes no session last longer. Where the session is over it is 401 without a page.
func (f *Frame) Glance(pattern string, answer func(*Visit) error) {
	f.handle(pattern, answer, forPage)
}

// audience is for whom something is registered.
type audience int

const (
	forSession audience = iota // somebody who is signed in
	forAll
	forPage // a page of somebody who is signed in
)

// StatusError is an answer that is shown as an error page: 400, 403, 404, 413, 429, 503.
type StatusError struct {
	Status int
	// Text is the key of what is said; empty: what fits the status.
	Text string
	Err  error // for the log
}

func (e *StatusError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%d: %v", e.Status, e.Err)
	}
	return http.StatusText(e.Status)
}

// Unwrap gives the cause.
func (e *StatusError) Unwrap() error { return e.Err }

// Visit is one request to a page.
type Visit struct {
	W    http.ResponseWriter
	R    *http.Request
	Lang string // en, si or ta
	// Session is nil where nobody is signed in.
	Session *Session
	// Upload is what a form of Config.Uploads brought, nil for none: its bytes alone, since
	// its name and its type are whatever somebody says.
	Upload []byte

	frame  *Frame
	secret secret
	path   string // of the page without base, for links to itself
	live   bool   // the page asks whether it is still what the record says
	form   string // where a form was sent to, without base
}

func (f *Frame) handle(pattern string, show func(*Visit) error, who audience) {
	method, path, both := strings.Cut(pattern, " ")
	if both {
		pattern = method + " " + f.base + path
	} else {
		pattern, path = f.base+pattern, "/"
	}
	path = strings.TrimSuffix(path, "{$}")
	f.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		v := &Visit{W: w, R: r.WithContext(ctx), frame: f, path: path, form: path}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			v.path = "/" // a form cannot be fetched
		}
		f.headers(w.Header())
		v.Lang = v.language()
		defer func() {
			if problem := recover(); problem != nil {
				f.config.Log.Error().Str("path", path).Str("stack", string(debug.Stack())).Msg("a page failed")
				v.fail(&StatusError{Status: http.StatusInternalServerError})
			}
		}()
		if err := v.serve(show, who); err != nil {
			v.fail(err)
		}
	})
}

func (v *Visit) serve(show func(*Visit) error, who audience) error {
	f, r := v.frame, v.R
	now := f.config.Now()
	limiter := f.requests
	if who == forPage { // many who share an address must not keep each other from their pages
		limiter = f.glances
	}
	if !limiter.Allow(f.config.Source(r), now) {
		return &StatusError{Status: http.StatusTooManyRequests}
	}
	if len(r.URL.RawQuery) > maxQuery {
		return &StatusError{Status: http.StatusBadRequest}
	}
	if lang := r.URL.Query().Get("lang"); r.Method == http.MethodGet && v.path != "/callback" && languageAt(lang) >= 0 {
		http.SetCookie(v.W, &http.Cookie{Name: f.cookieName("language"), Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
			Secure: f.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		v.Redirect(v.path)
		return nil
	}
	stale, err := v.find(who != forPage)
	if err != nil {
		return &StatusError{Status: http.StatusServiceUnavailable, Err: err}
	}
	if r.Method == http.MethodPost {
		if err := v.takeForm(); err != nil {
			return err
		}
	}
	if v.Session == nil && who == forPage {
		v.W.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	if v.Session == nil && who == forSession {
		return v.askSignIn(stale)
	}
	return show(v)
}

// takeForm refuses a form that did not come from this portal: by its origin, and where
// somebody is signed in by the token of her session and the address.
func (v *Visit) takeForm() error {
	refused := &StatusError{Status: http.StatusForbidden, Text: "foreign_form"}
	if v.frame.foreign.Check(v.R) != nil {
		return refused
	}
	if most := v.frame.config.Uploads[v.form]; most > 0 && isMultipart(v.R) {
		if err := v.takeUpload(most); err != nil {
			return err
		}
	} else {
		v.R.Body = http.MaxBytesReader(v.W, v.R.Body, maxForm)
		if err := v.R.ParseForm(); err != nil {
			return &StatusError{Status: http.StatusBadRequest}
		}
	}
	if v.Session != nil && !equal(v.R.PostFormValue("token"), v.secret.token(v.R.Pattern)) {
		return refused
	}
	return nil
}

// headers protect every page, an error page too.
func (f *Frame) headers(h http.Header) {
	// The exit alone leads elsewhere from a form: browsers hold a redirect against
	// form-action too. Sign-in is a link.
	h.Set("Content-Security-Policy", f.policy())
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	if f.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// policy lets a page load from the portal alone, and run nothing.
func (f *Frame) policy() string {
	return "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; " +
		"form-action 'self' " + originOf(f.config.ExitURL) + "; base-uri 'none'; frame-ancestors 'none'"
}

// Live lets the page ask, by the one script that there is, whether what it shows has
// changed since: at /news, which the portal registers as a Glance.
func (v *Visit) Live() {
	v.live = true
	v.W.Header().Set("Content-Security-Policy", v.frame.policy()+"; script-src 'self'; connect-src 'self'")
}

// Asks tells whether the page is live.
func (v *Visit) Asks() bool { return v.live && v.Session != nil }

// File makes the answer a file: nothing in it can run, load or be framed, and it is
// shown in the page only where it is a picture. Others are kept as a file of a name.
func (v *Visit) File(kind, name string) {
	h := v.W.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Content-Type", kind)
	if name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (f *Frame) static(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, framePages, name)
	}
}

// fail shows an error page, and says to the log what nobody else is told.
func (v *Visit) fail(err error) {
	status, ok := errors.AsType[*StatusError](err)
	if !ok {
		status = &StatusError{Status: http.StatusInternalServerError, Err: err}
	}
	if status.Err != nil {
		v.frame.config.Log.Error().Err(status.Err).Str("page", v.path).Int("status", status.Status).Msg("a page could not be shown")
	}
	v.live = false
	v.W.Header().Set("Content-Security-Policy", v.frame.policy())
	key := status.Text
	if key == "" {
		key = fmt.Sprintf("error_%d", status.Status)
		if _, known := v.frame.texts[key]; !known {
			key = "error_500"
		}
	}
	if status.Status == http.StatusTooManyRequests || status.Status == http.StatusServiceUnavailable {
		v.W.Header().Set("Retry-After", "30")
	}
	if err := v.ShowStatus(status.Status, "error.html", v.T("error_title"), v.T(key)); err != nil {
		v.frame.config.Log.Error().Err(err).Msg("an error page could not be shown")
	}
}
