package clinician

import (
	"crypto/sha1"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/portal/upload"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// formPage is the form of an entry.
type formPage struct {
	*chart
	Path string // where it is sent to
	ID   string
	// Amend tells that the entry stands: a reason is asked for.
	Amend     bool
	Content   authored.Content
	Measure   string // its name
	Unit      string
	Values    []field
	Types     []choice
	Referrals []choice
	Reason    string
	HasFile   bool
	Today     string
	// Problems are the fields that are wrong, with a sentence each.
	Problems map[string]string
	List     []problem // the same in the order of the page
}

type problem struct{ Field, Text string }

// field is one value of a measure.
type field struct{ Label, Value string }

// newEntry shows an empty form. Its id makes it one entry, however often it is sent.
func (p *Portal) newEntry(kind authored.Kind) func(*portal.Visit) error {
	return func(v *portal.Visit) error {
		c, err := p.opened(v)
		if err != nil {
			return err
		}
		content := authored.Content{Kind: kind, Day: v.Now().Format(time.DateOnly), Referral: c.taken(v)}
		if kind == authored.Observation {
			content.Measure = v.R.URL.Query().Get("measure")
			if _, known := authored.MeasureOf(content.Measure); !known {
				return elsewhere{"/write"}
			}
		}
		id, err := p.config.Desk.NewID()
		if err != nil {
			return err
		}
		return p.showForm(v, http.StatusOK, formPage{chart: c, ID: id, Content: content})
	}
}

// changeEntry shows the form of a draft, or of what stands, to amend it.
func (p *Portal) changeEntry(v *portal.Visit) error {
	c, e, err := p.entry(v)
	if err != nil {
		return err
	}
	page := formPage{chart: c, ID: e.ID, Content: e.Content, Amend: e.Stands()}
	switch {
	case e.Stands():
		if e.Next != nil {
			page.Content, page.Reason = *e.Next, e.Reason
		}
	case !e.Editable():
		v.Redirect("/write/entry")
		return nil
	}
	page.HasFile = page.Content.File.ContentType != ""
	return p.showForm(v, http.StatusOK, page)
}

func (p *Portal) showForm(v *portal.Visit, status int, page formPage) error {
	page.Path, page.Today = "/write/"+string(page.Content.Kind), v.Now().Format(time.DateOnly)
	if m, known := authored.MeasureOf(page.Content.Measure); known {
		page.Measure, page.Unit = authored.NameOf(m, v.Lang), authored.UnitOf(m, v.Lang)
		for i, part := range m.Parts {
			f := field{Label: page.Measure}
			if len(m.Parts) > 1 {
				if w, known := words.For("http://loinc.org", part.Code); known {
					f.Label = w.In(v.Lang)
				}
			}
			if i < len(page.Content.Values) {
				f.Value = page.Content.Values[i]
			}
			page.Values = append(page.Values, f)
		}
	}
	for _, t := range authored.DocumentTypes {
		page.Types = append(page.Types, choice{t.Code, v.T("type_" + t.Code), t.Code == page.Content.Type})
	}
	if !page.Amend { // what it answered, it goes on to answer
		for _, ref := range page.requests() {
			page.Referrals = append(page.Referrals, choice{handle(v, ref), page.referralName(v, ref), ref == page.Content.Referral})
		}
	}
	for _, one := range page.List {
		if page.Problems == nil {
			page.Problems = map[string]string{}
		}
		page.Problems[one.Field] = one.Text
	}
	title := v.T("form_" + string(page.Content.Kind))
	if page.Amend {
		title = v.T("amend_title")
	}
	return v.ShowStatus(status, "writeform.html", title, page)
}

// saveEntry keeps a draft, or an amendment, and goes on to the preview.
func (p *Portal) saveEntry(kind authored.Kind) func(*portal.Visit) error {
	return func(v *portal.Visit) error {
		v.At("/write")
		c, err := p.opened(v)
		if err != nil {
			return err
		}
		f := v.R.PostForm
		page := formPage{chart: c, ID: f.Get("entry"), Amend: f.Get("amend") == "yes", Reason: short(f.Get("reason"), 400), HasFile: f.Get("has-file") == "yes"}
		page.Content = authored.Content{Kind: kind, Day: f.Get("day"), Text: f.Get("text")}
		switch kind {
		case authored.Observation:
			page.Content.Measure, page.Content.Values = f.Get("measure"), f["value"]
			if _, known := authored.MeasureOf(page.Content.Measure); !known {
				return &portal.StatusError{Status: http.StatusBadRequest}
			}
		case authored.Document:
			page.Content.Type, page.Content.Title = f.Get("type"), f.Get("title")
			if problem := page.take(v.Upload); problem != "" {
				page.List = append(page.List, problemOf(v, "file", problem))
			}
		}
		if chosen := f.Get("referral"); chosen != "" && !page.Amend {
			requests := c.requests()
			at := slices.IndexFunc(requests, func(ref string) bool { return handle(v, ref) == chosen })
			if at < 0 {
				return &portal.StatusError{Status: http.StatusBadRequest}
			}
			page.Content.Referral = requests[at]
		}
		if page.List == nil {
			err = p.put(v, page)
			if err == nil {
				return p.backTo(v, page.ID)
			}
			incomplete, ok := errors.AsType[*authored.ContentError](err)
			switch {
			case ok:
				for _, one := range incomplete.Problems {
					page.List = append(page.List, problemOf(v, one.Field, one.Text))
				}
			case errors.Is(err, authored.ErrReason):
				page.List = append(page.List, problemOf(v, "reason", "problem_reason"))
			default:
				return entryTrouble(err)
			}
		}
		page.Content.Text, page.Content.Title, page.Content.Day = short(page.Content.Text, 8000), short(page.Content.Title, 200), short(page.Content.Day, 10)
		for i, value := range page.Content.Values {
			page.Content.Values[i] = short(value, 20)
		}
		page.Content.File = authored.File{}
		return p.showForm(v, http.StatusUnprocessableEntity, page)
	}
}

func problemOf(v *portal.Visit, field, key string) problem { return problem{field, v.T(key)} }

func (p *Portal) put(v *portal.Visit, page formPage) (err error) {
	if page.Amend {
		_, err = p.config.Desk.Amendment(v.R.Context(), page.View, page.ID, page.Content, page.Reason)
	} else {
		_, err = p.config.Desk.Draft(v.R.Context(), page.View, page.ID, page.Content)
	}
	return err
}

// take makes of an uploaded file what may be kept, and gives the key of what is wrong
// with it. Without one that of before stays.
func (f *formPage) take(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	file, err := upload.Check(data)
	if refused, ok := errors.AsType[*upload.RefusedError](err); ok {
		return "upload_" + strings.ReplaceAll(string(refused.Reason), "-", "_")
	}
	sum := sha1.Sum(file.Data)
	f.Content.File = authored.File{ContentType: file.ContentType, Data: file.Data, Size: len(file.Data), SHA1: sum[:]}
	return ""
}

// requests are the referrals that may be answered, the newest first.
func (c *chart) requests() (refs []string) {
	for ref, r := range c.items {
		if strings.HasPrefix(ref, "ServiceRequest/") && !slices.Contains([]string{"entered-in-error", "revoked", "draft"}, r.Get("status").Str()) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b string) int {
		if d := strings.Compare(c.items[b].Get("authoredOn").Str(), c.items[a].Get("authoredOn").Str()); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return refs
}

// taken is the request of the referral that was chosen in the inbox.
func (c *chart) taken(v *portal.Visit) string {
	ref := c.items[kept(v, keptTask)].Get("focus", "reference").Str()
	if !slices.Contains(c.requests(), ref) {
		return ""
	}
	return ref
}

// referralName calls a referral by its day and its reason.
func (c *chart) referralName(v *portal.Visit, ref string) string {
	r := c.items[ref]
	if r == nil {
		return ""
	}
	name := v.Date(r.Get("authoredOn").Str())
	for _, reason := range r.All("reasonCode.text") {
		if text := reason.Str(); text != "" {
			name += " · " + short(text, 80)
			break
		}
	}
	return name
}
