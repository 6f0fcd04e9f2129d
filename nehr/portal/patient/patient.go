package patient

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Claims uses up the code on a card; *registry.ClaimCodes is one. Whatever it refuses,
// the person is told the same, but that there were too many tries.
type Claims interface {
	Redeem(ctx context.Context, number, code, source string) error
}

// Config says what the portal works with.
type Config struct {
	// Portal is the frame; Name, Pages, Texts, Menu and SignedIn are set here.
	Portal portal.Config
	// Gate, Directory and Claims. Required.
	Gate      Gate
	Directory Directory
	Claims    Claims
	// TooMany is the error of Claims for too many tries; registry.ErrClaimTries.
	TooMany error
	// Links makes SMART Health Links; *summary.Links is one. Without it she shares by
	// paper and file alone.
	Links Links
}

// Portal is the patient portal.
type Portal struct {
	frame  *portal.Frame
	config Config
	links  links
	now    func() time.Time
}

// New makes the portal. An error names every wrong field of the configuration.
func New(config Config) (*Portal, error) {
	if config.Gate == nil || config.Directory == nil || config.Claims == nil {
		return nil, errors.New("nehr/portal/patient: configuration: Gate, Directory and Claims are required")
	}
	pages, err := fs.Sub(pageFiles, "pages")
	if err != nil {
		return nil, err
	}
	if config.Portal.Now == nil {
		config.Portal.Now = time.Now
	}
	p := &Portal{config: config, now: config.Portal.Now, links: links{config.Portal.DB, config.Portal.Now}}
	c := config.Portal
	c.Name, c.Pages, c.Texts, c.SignedIn = "patient", pages, texts, p.signedIn
	c.Menu = []portal.MenuItem{{Path: "/home", Text: "menu_home"}, {Path: "/timeline", Text: "menu_timeline"}, {Path: "/results", Text: "menu_results"},
		{Path: "/health", Text: "menu_health"}, {Path: "/care", Text: "menu_care"}, {Path: "/documents", Text: "menu_documents"}, {Path: "/consents", Text: "menu_consents"},
		{Path: "/access", Text: "menu_access"}, {Path: "/share", Text: "menu_share"}, {Path: "/profile", Text: "menu_profile"}}
	if p.frame, err = portal.New(c); err != nil {
		return nil, err
	}
	for pattern, page := range map[string]func(*portal.Visit) error{
		"GET /link": p.showLink, "POST /link": p.link, "GET /records": p.showRecords, "POST /records": p.choose,
	} {
		p.frame.Page(pattern, page)
	}
	for pattern, page := range map[string]func(*portal.Visit) error{
		"GET /home": p.home, "GET /timeline": p.timeline, "GET /results": p.results, "GET /health": p.health, "GET /care": p.care,
		"GET /documents": p.documents,
	} {
		p.frame.Page(pattern, p.withRecord(func(v *portal.Visit) error { v.Live(); return page(v) }))
	}
	for pattern, page := range map[string]func(*portal.Visit) error{
		"GET /consents": p.consents, "POST /consents/answer": p.answer, "POST /consents/revoke": p.revoke,
		"GET /access": p.accesses, "GET /access.csv": p.accessCSV, "GET /access.json": p.accessJSON,
		"GET /profile": p.profile, "POST /dispute": p.dispute,
		"GET /documents/show": p.document, "GET /documents/file": p.file,
		"GET /corrections": p.corrections, "POST /corrections": p.correct,
		"GET /consents/give": p.showGive, "POST /consents/give": p.give, "GET /consents/hide": p.showHide, "POST /consents/hide": p.hide,
		"GET /share": p.share, "GET /share/summary": p.summary, "POST /share/file": p.summaryFile,
	} {
		p.frame.Page(pattern, p.withRecord(page))
	}
	if config.Links != nil {
		p.frame.Page("POST /share/link", p.withRecord(p.makeLink))
		p.frame.Page("POST /share/revoke", p.withRecord(p.revokeLink))
		p.frame.Page("POST /share/refresh", p.withRecord(p.refreshLink))
	}
	p.frame.Glance("GET /news", p.news)
	return p, nil
}

// Handler serves the portal.
func (p *Portal) Handler() http.Handler { return p.frame.Handler() }

// withRecord leads who has no record yet to where she finds it.
func (p *Portal) withRecord(page func(*portal.Visit) error) func(*portal.Visit) error {
	return func(v *portal.Visit) error {
		if v.Session.Record == "" {
			path, err := p.signedIn(v)
			if err != nil {
				return err
			}
			if v.Session.Record == "" || v.R.Method != http.MethodGet {
				v.Redirect(path)
				return nil
			}
		}
		return page(v)
	}
}

// signedIn finds out which record is hers: by her subject, which the record has as an
// identifier, or by what she claimed. One that she disputed is not.
func (p *Portal) signedIn(v *portal.Visit) (string, error) {
	if v.Session.Record != "" {
		return "/home", nil
	}
	claimed, disputed, err := p.links.of(v.R.Context(), v.Session)
	if err != nil {
		return "", &portal.StatusError{Status: http.StatusServiceUnavailable, Err: err}
	}
	found, err := p.config.Directory.Find(v.R.Context(), v.Session.SubjectSystem(), v.Session.Subject)
	if err != nil && len(claimed) == 0 {
		return "", trouble(err)
	}
	records := append(claimed, found...)
	slices.Sort(records)
	records = slices.DeleteFunc(slices.Compact(records), func(r string) bool { return slices.Contains(disputed, r) })
	v.Session.Records, v.Session.Record = records, ""
	path := "/link"
	switch len(records) {
	case 0:
	case 1:
		v.Session.Record = records[0]
		path = v.Wished("/home")
	default:
		path = "/records"
	}
	if err := v.Keep(); err != nil {
		return "", &portal.StatusError{Status: http.StatusServiceUnavailable, Err: err}
	}
	return path, nil
}

// reader is she, as the gate knows her.
func reader(v *portal.Visit) access.Actor { return readerOf(v, v.Session.Record) }

func readerOf(v *portal.Visit, patient string) access.Actor {
	return access.Actor{Kind: access.KindPatient, Issuer: v.Session.Issuer, Subject: v.Session.Subject, Person: patient,
		SignedIn: v.Session.SignedIn, Session: v.SessionID()}
}

// chart reads her record for a page that shows it.
func (p *Portal) chart(v *portal.Visit) (*chart, error) {
	r, err := p.record(v)
	if err != nil {
		return nil, err
	}
	return p.chartOf(v, r), nil
}

func (p *Portal) chartOf(v *portal.Visit, r *access.Record) *chart {
	now := v.Now()
	return charts.Read(r, v.Lang, now, now.Location())
}

// record reads her record but for what she has asked to be put right, which is no care.
func (p *Portal) record(v *portal.Visit) (*access.Record, error) {
	r, err := p.config.Gate.Record(v.R.Context(), reader(v), v.Session.Record)
	if err != nil {
		return nil, trouble(err)
	}
	care := *r
	care.Resources = slices.DeleteFunc(slices.Clone(r.Resources), access.IsCorrection)
	return &care, nil
}

// trouble chooses the page for an error of the gate or the record: what may not be seen
// and what is not there are not told apart.
func trouble(err error) error {
	if _, denied := errors.AsType[*access.DeniedError](err); denied {
		return &portal.StatusError{Status: http.StatusForbidden}
	}
	if errors.Is(err, access.ErrNotFound) || client.IsNotFound(err) {
		return &portal.StatusError{Status: http.StatusNotFound}
	}
	return &portal.StatusError{Status: http.StatusServiceUnavailable, Err: err}
}
