package clinician

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

type timelinePage struct {
	*chart
	Groups []group
	Count  int
}

// group is a pregnancy with its visits, the visits of none, or those without a date.
type group struct {
	Title  string
	Visits []*charts.Visit
}

func (p *Portal) timeline(v *portal.Visit) error {
	c, err := p.opened(v)
	if err != nil {
		return err
	}
	page := timelinePage{chart: c, Count: len(c.Visits)}
	list, other, undated := c.Timeline()
	for _, g := range list {
		page.Groups = append(page.Groups, group{v.Tf("pregnancy_due", v.Date(g.Due.Format("2006-01-02"))), g.Visits})
	}
	if len(other) > 0 {
		page.Groups = append(page.Groups, group{v.T("other_visits"), other})
	}
	if len(undated) > 0 {
		page.Groups = append(page.Groups, group{v.T("undated"), undated})
	}
	return v.Show("timeline.html", v.T("timeline"), page)
}

type trendsPage struct {
	*chart
	Trends []charts.Trend
}

func (p *Portal) trends(v *portal.Visit) error {
	c, err := p.opened(v)
	if err != nil {
		return err
	}
	page := trendsPage{chart: c}
	for _, code := range []string{charts.CodePressure, charts.CodeHaemoglobin, charts.CodeSugar, charts.CodeFundal, charts.CodeWeight} {
		if t, ok := c.TrendOf(code, v); ok {
			page.Trends = append(page.Trends, t)
		}
	}
	return v.Show("trends.html", v.T("trends"), page)
}

// document is one of hers, by a handle that holds in this session.
type document struct {
	Handle, Title, Date, Kind, Source string
	Picture                           bool
}

type documentsPage struct {
	*chart
	List   []document
	Hidden bool
}

func (p *Portal) documents(v *portal.Visit) error {
	c, err := p.opened(v)
	if err != nil {
		return err
	}
	page := documentsPage{chart: c, Hidden: c.hides(access.Documents)}
	for _, r := range c.Record.Resources {
		if a := attachmentOf(r); a != nil {
			page.List = append(page.List, c.document(v, r, a))
		}
	}
	slices.SortStableFunc(page.List, func(a, b document) int { return cmp.Compare(b.Date, a.Date) })
	return v.Show("documents.html", v.T("documents"), page)
}

// kinds of content that are called by name; every other is a file.
var kinds = map[string]string{"application/pdf": "kind_pdf", "image/jpeg": "kind_image", "image/png": "kind_image"}

func (c *chart) document(v *portal.Visit, r, attachment *fhirjson.Value) document {
	kind := mediaType(attachment.Get("contentType").Str())
	d := document{Handle: handle(v, referenceOf(r)), Kind: v.T(cmp.Or(kinds[kind], "kind_file")), Picture: kinds[kind] == "kind_image"}
	d.Title = cmp.Or(r.Get("description").Str(), attachment.Get("title").Str(), r.Get("type", "text").Str(), v.T("document"))
	d.Date = cmp.Or(r.Get("date").Str(), r.Get("createdDateTime").Str(), attachment.Get("creation").Str())
	for _, author := range append(r.Get("author").Items(), r.Get("operator").Items()...) {
		if d.Source == "" {
			d.Source = cmp.Or(author.Get("display").Str(), charts.NameOf(c.items[author.Get("reference").Str()]))
		}
	}
	return d
}

func referenceOf(r *fhirjson.Value) string {
	return r.Get("resourceType").Str() + "/" + r.Get("id").Str()
}

// attachmentOf is the content of a document or picture that stands, nil for all else.
func attachmentOf(r *fhirjson.Value) *fhirjson.Value {
	if r.Get("status").Str() == "entered-in-error" || r.Get("docStatus").Str() == "entered-in-error" {
		return nil
	}
	switch r.Get("resourceType").Str() {
	case "DocumentReference":
		for _, content := range r.Get("content").Items() {
			if a := content.Get("attachment"); a != nil {
				return a
			}
		}
	case "Media":
		return r.Get("content")
	}
	return nil
}

func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(s))
}

// content reads what a handle names of the patient who is open, through the gate.
func (p *Portal) content(v *portal.Visit, named string) (kind string, data []byte, err error) {
	patient, err := patientOf(v)
	if err != nil {
		return "", nil, err
	}
	view, err := p.config.Gate.Open(v.R.Context(), actor(v), patient, access.Treatment)
	if err != nil {
		return "", nil, trouble(err)
	}
	for _, typ := range []string{"DocumentReference", "Media"} {
		found, err := view.Search(v.R.Context(), typ, nil)
		if err != nil {
			return "", nil, trouble(err)
		}
		for _, r := range found {
			a := attachmentOf(r)
			if a == nil || handle(v, referenceOf(r)) != named {
				continue
			}
			if inline := a.Get("data").Str(); inline != "" {
				data, err := base64.StdEncoding.DecodeString(inline)
				return mediaType(a.Get("contentType").Str()), data, trouble404(err)
			}
			at := a.Get("url").Str()
			i := strings.LastIndex(at, "Binary/")
			if i < 0 {
				return "", nil, &portal.StatusError{Status: http.StatusNotFound}
			}
			id, _, _ := strings.Cut(at[i+len("Binary/"):], "/")
			b, err := view.Binary(v.R.Context(), id)
			if err != nil {
				return "", nil, trouble(err)
			}
			return mediaType(b.ContentType), b.Data, nil
		}
	}
	return "", nil, &portal.StatusError{Status: http.StatusNotFound}
}

func trouble404(err error) error {
	if err != nil {
		return &portal.StatusError{Status: http.StatusNotFound}
	}
	return nil
}

// openDocument hands a document over as a file. What is no PDF and no picture is a file
// of no kind: a browser must not run it.
func (p *Portal) openDocument(v *portal.Visit) error {
	v.At("/documents")
	kind, data, err := p.content(v, v.R.PostFormValue("document"))
	if err != nil {
		return err
	}
	name := "document"
	switch {
	case kind == "application/pdf" && strings.HasPrefix(string(data[:min(len(data), 5)]), "%PDF-"):
		name += ".pdf"
	case kinds[kind] == "kind_image" && http.DetectContentType(data) == kind:
		name += "." + strings.TrimPrefix(kind, "image/")
	default:
		kind, name = "application/octet-stream", name+".bin"
	}
	return send(v, kind, data, `attachment; filename="`+name+`"`)
}

// image shows a picture within the page of documents: JPEG and PNG that are what they
// say.
func (p *Portal) image(v *portal.Visit) error {
	kind, data, err := p.content(v, v.R.URL.Query().Get("h"))
	if err != nil {
		return err
	}
	if kinds[kind] != "kind_image" || http.DetectContentType(data) != kind {
		return &portal.StatusError{Status: http.StatusNotFound}
	}
	return send(v, kind, data, "inline")
}

func send(v *portal.Visit, kind string, data []byte, disposition string) error {
	h := v.W.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = v.W.Write(data) // the browser may have left
	return nil
}
