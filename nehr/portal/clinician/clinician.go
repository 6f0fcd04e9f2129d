package clinician

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Gate is what the pages need of nehr/access; *access.Gate is one. Refusals are an
// *access.DeniedError or an *access.LogError.
type Gate interface {
	Find(ctx context.Context, who access.Actor, l access.Lookup) (*access.Masked, error)
	NotMine(ctx context.Context, who access.Actor, patient string) error
	Inbox(ctx context.Context, who access.Actor) ([]access.Addressed, error)
	Open(ctx context.Context, who access.Actor, patient string, p access.Purpose) (*access.View, error)
	Request(ctx context.Context, who access.Actor, patient string, s access.Scope, why string) (string, error)
	Consents(ctx context.Context, who access.Actor, patient string) ([]access.Consent, error)
	BreakGlass(ctx context.Context, who access.Actor, patient string, code access.EmergencyCode, words string) (access.BreakGlass, error)
	BreakGlasses(ctx context.Context, who access.Actor) ([]access.BreakGlass, error)
}

// Through gives the pages their way to the gate.
func Through(g *access.Gate) Gate { return g }

// Writer puts a resource into the record, under the version that was read; an
// *client.OutcomeError with Conflict where another stands. *client.Client is one. The
// gate has decided and logged before it is called.
type Writer interface {
	Update(ctx context.Context, typ, id string, resource []byte, ifMatch string) (*client.Answer, error)
}

// Config says what the portal works with.
type Config struct {
	// Portal is the frame; Name, Pages, Texts, Brand, Menu and SignedIn are set here.
	Portal portal.Config
	// Gate, Directory, Writer and Roles. Required.
	Gate      Gate
	Directory Directory
	Writer    Writer
	Roles     *Roles
	// Desk takes what clinicians write; nil where nobody writes.
	Desk *authored.Desk
	// PatientURL is where browsers reach the patient portal, without a slash at its
	// end: a patient approves there. Required.
	PatientURL string
	// DialCode is that of telephone numbers which begin with 0. Defaults to +94.
	DialCode string
	// LookupsPerMinute bounds how often one clinician looks somebody up. Defaults to
	// 20, five of them at once.
	LookupsPerMinute int
}

var dialForm = regexp.MustCompile(`^\+[1-9][0-9]{0,3}$`)

func (c Config) withDefaults() Config {
	c.PatientURL = strings.TrimRight(c.PatientURL, "/")
	if c.DialCode == "" {
		c.DialCode = "+94"
	}
	if c.LookupsPerMinute == 0 {
		c.LookupsPerMinute = 20
	}
	if c.Portal.Now == nil {
		c.Portal.Now = time.Now
	}
	return c
}

// validate names every wrong field at once.
func (c Config) validate() error {
	var wrong []string
	if c.Gate == nil || c.Directory == nil || c.Writer == nil || c.Roles == nil {
		wrong = append(wrong, "Gate, Directory, Writer and Roles are required")
	}
	if u, err := url.Parse(c.PatientURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		wrong = append(wrong, "PatientURL: want the address of the patient portal")
	}
	if !dialForm.MatchString(c.DialCode) {
		wrong = append(wrong, "DialCode: want + and a country's code")
	}
	if c.LookupsPerMinute < 0 {
		wrong = append(wrong, "LookupsPerMinute: want 1 or more")
	}
	if wrong != nil {
		return errors.New("nehr/portal/clinician: configuration: " + strings.Join(wrong, "; "))
	}
	return nil
}

// Portal is the clinician portal.
type Portal struct {
	frame   *portal.Frame
	config  Config
	lookups *portal.Limiter
}

// New makes the portal. An error names every wrong field of the configuration.
func New(config Config) (*Portal, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	pages, err := fs.Sub(pageFiles, "pages")
	if err != nil {
		return nil, err
	}
	p := &Portal{config: config, lookups: portal.NewLimiter(config.LookupsPerMinute)}
	c := config.Portal
	c.Name, c.Pages, c.Texts, c.Brand, c.SignedIn = "clinician", pages, allTexts(), "clinician_brand", p.signedIn
	c.Menu = []portal.MenuItem{{Path: "/find", Text: "menu_find"}, {Path: "/inbox", Text: "menu_inbox"}, {Path: "/summary", Text: "menu_summary"},
		{Path: "/timeline", Text: "menu_timeline"}, {Path: "/trends", Text: "menu_trends"}, {Path: "/documents", Text: "menu_documents"},
		{Path: "/emergencies", Text: "menu_emergencies"}}
	if config.Desk != nil {
		p.writing(&c)
	}
	if p.frame, err = portal.New(c); err != nil {
		return nil, err
	}
	p.frame.Page("GET /request", p.showRequest)
	p.frame.Page("POST /request", p.ask)
	p.frame.Page("GET /roles", p.showRoles)
	p.frame.Page("POST /roles", p.chooseRole)
	for pattern, page := range p.pages() {
		p.page(pattern, page)
	}
	if config.Desk != nil {
		for pattern, page := range p.writePages() {
			p.page(pattern, page)
		}
	}
	return p, nil
}

// pages are those of somebody who acts in a role.
func (p *Portal) pages() map[string]func(*portal.Visit) error {
	return map[string]func(*portal.Visit) error{
		"GET /find": p.showFind, "POST /find": p.find, "POST /find/leave": p.leave,
		"GET /gate": p.showGate, "POST /gate/ask": p.askConsent, "POST /gate/emergency": p.breakGlass,
		"GET /summary": p.summary, "GET /timeline": p.timeline, "GET /trends": p.trends,
		"GET /documents": p.documents, "POST /documents/open": p.openDocument, "GET /image": p.image,
		"GET /inbox": p.inbox, "POST /inbox/open": p.openReferral,
		"GET /referral": p.referral, "POST /referral": p.answerReferral, "GET /letter": p.letter,
		"GET /emergencies": p.emergencies, "POST /emergencies/open": p.openEmergency,
	}
}

// Handler serves the portal.
func (p *Portal) Handler() http.Handler { return p.frame.Handler() }

// elsewhere is given by what a page is made of where another page is to be seen first.
type elsewhere struct{ path string }

func (e elsewhere) Error() string { return "to be seen first: " + e.path }

// page registers a page for somebody who acts in a role now. Who may act in none sees
// the page on which to ask for one, whatever was asked for.
func (p *Portal) page(pattern string, show func(*portal.Visit) error) {
	p.frame.Page(pattern, func(v *portal.Visit) error {
		roles, err := p.config.Roles.of(v.R.Context(), v.Session)
		if err != nil {
			return trouble(err)
		}
		switch {
		case len(roles) == 0:
			v.At("/request")
			return p.request(v, http.StatusForbidden, requestPage{})
		case v.Session.Role == "" || !slices.Contains(roles, v.Session.Role):
			v.Redirect("/roles")
			return nil
		}
		if err = p.recheck(v); err == nil {
			err = show(v)
		}
		if to, ok := errors.AsType[elsewhere](err); ok {
			v.Redirect(to.path)
			return nil
		}
		return err
	})
}

// actor is who is signed in, in the role that was chosen, as the gate knows her.
func actor(v *portal.Visit) access.Actor {
	return access.Actor{Kind: access.KindClinician, Issuer: v.Session.Issuer, Subject: v.Session.Subject,
		Person: kept(v, keptPerson), Role: v.Session.Role, Facility: kept(v, keptFacility),
		SignedIn: v.Session.SignedIn, Session: v.SessionID()}
}

// handle names something to a browser that nobody else, and no other session, can name
// it by: a page has no identifier of a record.
func handle(v *portal.Visit, reference string) string { return v.Token("/of/" + reference) }

// trouble chooses the page for an error of the gate or the record.
func trouble(err error) error {
	if _, other := errors.AsType[elsewhere](err); other {
		return err
	}
	if status, ok := errors.AsType[*portal.StatusError](err); ok {
		return status
	}
	if _, denied := errors.AsType[*access.DeniedError](err); denied {
		return &portal.StatusError{Status: http.StatusForbidden}
	}
	if errors.Is(err, access.ErrNotFound) || client.IsNotFound(err) {
		return &portal.StatusError{Status: http.StatusNotFound}
	}
	if o, ok := errors.AsType[*client.OutcomeError](err); ok && o.Conflict() {
		return &portal.StatusError{Status: http.StatusConflict, Text: "changed_meanwhile"}
	}
	return &portal.StatusError{Status: http.StatusServiceUnavailable, Err: err}
}
