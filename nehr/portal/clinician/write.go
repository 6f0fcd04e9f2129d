package clinician

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/portal/upload"
)

// keptEntry is the entry that is looked at: it stands in no address.
const keptEntry = "entry"

// writing adds to the frame what writing needs.
func (p *Portal) writing(c *portal.Config) {
	at := slices.IndexFunc(c.Menu, func(m portal.MenuItem) bool { return m.Path == "/documents" }) + 1
	c.Menu = slices.Insert(c.Menu, at, portal.MenuItem{Path: "/write", Text: "menu_write"})
	c.Uploads = map[string]int64{"/write/document": upload.MaxBytes}
}

// writePages are those on which a clinician writes.
func (p *Portal) writePages() map[string]func(*portal.Visit) error {
	return map[string]func(*portal.Visit) error{
		"GET /write":             p.showWrite,
		"GET /write/observation": p.newEntry(authored.Observation), "POST /write/observation": p.saveEntry(authored.Observation),
		"GET /write/note": p.newEntry(authored.Note), "POST /write/note": p.saveEntry(authored.Note),
		"GET /write/document": p.newEntry(authored.Document), "POST /write/document": p.saveEntry(authored.Document),
		"POST /write/open": p.openEntry, "GET /write/entry": p.showEntry, "GET /write/change": p.changeEntry, "GET /write/file": p.entryFile,
		"POST /write/sign": p.signEntry, "POST /write/discard": p.discardEntry,
		"GET /write/withdraw": p.showWithdraw, "POST /write/withdraw": p.withdrawEntry,
	}
}

// Linked tells whether somebody still acts in a role: for authored.Config. The link is
// asked for, and the national record, which may have ended the role.
func Linked(roles *Roles, directory Directory, relyingParty string, now func() time.Time) func(context.Context, access.Actor) (bool, error) {
	return func(ctx context.Context, a access.Actor) (bool, error) {
		linked, err := roles.of(ctx, &portal.Session{Issuer: a.Issuer, RelyingParty: relyingParty, Subject: a.Subject})
		if err != nil || !slices.Contains(linked, a.Role) {
			return false, err
		}
		role, err := directory.Role(ctx, a.Role, now())
		if errors.Is(err, ErrNotInUse) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return role.Person == a.Person && role.Facility == a.Facility, nil
	}
}

// entryTrouble chooses the page for an error of the desk.
func entryTrouble(err error) error {
	switch {
	case errors.Is(err, authored.ErrNotFound):
		return &portal.StatusError{Status: http.StatusNotFound}
	case errors.Is(err, authored.ErrFull):
		return &portal.StatusError{Status: http.StatusConflict, Text: "entry_full"}
	case errors.Is(err, authored.ErrState):
		return &portal.StatusError{Status: http.StatusConflict, Text: "entry_changed"}
	}
	return trouble(err)
}

// entryLine is an entry in the list.
type entryLine struct {
	ID, What, State, Changed string
	Next                     bool
}

type writePage struct {
	*chart
	Measures []choice
	Entries  []entryLine
}

// choice is something to choose in a form.
type choice struct {
	Value, Text string
	Chosen      bool
}

// showWrite lists what there is to write, and what the clinician wrote about her.
func (p *Portal) showWrite(v *portal.Visit) error {
	c, err := p.opened(v)
	if err != nil {
		return err
	}
	entries, err := p.config.Desk.Entries(v.R.Context(), c.View)
	if err != nil {
		return entryTrouble(err)
	}
	page := writePage{chart: c}
	for _, m := range authored.Measures {
		page.Measures = append(page.Measures, choice{Value: m.Code, Text: authored.NameOf(m, v.Lang)})
	}
	for _, e := range entries {
		page.Entries = append(page.Entries, entryLine{ID: e.ID, What: whatOf(v, e.Content), State: string(e.State),
			Changed: v.Moment(e.Changed.In(v.Now().Location()).Format(time.RFC3339)), Next: e.Next != nil})
	}
	return v.Show("write.html", v.T("write_title"), page)
}

// whatOf calls an entry by a few words of it.
func whatOf(v *portal.Visit, c authored.Content) string {
	switch c.Kind {
	case authored.Observation:
		m, _ := authored.MeasureOf(c.Measure)
		return authored.NameOf(m, v.Lang) + ": " + valueOf(c, v.Lang)
	case authored.Document:
		return v.T("kind_document") + ": " + c.Title
	}
	first, _, _ := strings.Cut(c.Text, "\n")
	return v.T("kind_note") + ": " + short(first, 60)
}

// valueOf is the value of an observation with its unit.
func valueOf(c authored.Content, lang string) string {
	m, _ := authored.MeasureOf(c.Measure)
	return strings.Join(c.Values, "/") + " " + authored.UnitOf(m, lang)
}

// openEntry makes an entry the one that is looked at.
func (p *Portal) openEntry(v *portal.Visit) error {
	c, err := p.opened(v)
	if err != nil {
		return err
	}
	e, err := p.config.Desk.Entry(v.R.Context(), c.View, v.R.PostFormValue("entry"))
	if err != nil {
		return entryTrouble(err)
	}
	if err := keep(v, keptEntry, e.ID); err != nil {
		return err
	}
	v.Redirect("/write/entry")
	return nil
}

// entry is the one that is looked at; a form names it itself, since another may have
// been opened since in another window.
func (p *Portal) entry(v *portal.Visit) (*chart, authored.Entry, error) {
	c, err := p.opened(v)
	if err != nil {
		return nil, authored.Entry{}, err
	}
	id := kept(v, keptEntry)
	if v.R.Method == http.MethodPost {
		id = v.R.PostFormValue("entry")
	}
	e, err := p.config.Desk.Entry(v.R.Context(), c.View, id)
	if errors.Is(err, authored.ErrNotFound) && v.R.Method != http.MethodPost {
		return nil, e, elsewhere{"/write"} // it is over, or another patient is open now
	}
	if err != nil {
		return nil, e, entryTrouble(err)
	}
	return c, e, nil
}

// entryPage is an entry as it is, or would be, written.
type entryPage struct {
	*chart
	Entry authored.Entry
	Lines []line
	// Image tells that the file is shown, PDF that it can be opened.
	Image, PDF bool
	// Sign, Change, Discard, Amend and Withdraw are what can be done.
	Sign, Change, Discard, Amend, Withdraw bool
	State, Problem                         string
}

// line is something of an entry, with its name.
type line struct {
	Name, Text string
	Long       bool // with line ends
}

func (p *Portal) showEntry(v *portal.Visit) error {
	c, e, err := p.entry(v)
	if err != nil {
		return err
	}
	page := entryPage{chart: c, Entry: e, State: string(e.State), Problem: e.Problem}
	shown := e.Content
	if e.Next != nil {
		shown = *e.Next
	}
	page.Lines = p.lines(v, c, shown, e.Version == 0 || e.Next != nil || e.Replied)
	if e.Reason != "" {
		page.Lines = append(page.Lines, line{Name: v.T("field_reason"), Text: e.Reason})
	}
	if len(shown.File.Data) > 0 {
		page.PDF = shown.File.ContentType == upload.PDF
		page.Image = !page.PDF
	}
	page.Sign = e.Editable() || e.Stands() && e.Next != nil
	page.Change = page.Sign
	page.Discard = page.Sign
	page.Amend = e.Stands() && e.Next == nil
	page.Withdraw = e.Stands()
	title := v.T("entry_title")
	if page.Sign {
		title = v.T("preview_title")
	}
	return v.Show("writeentry.html", title, page)
}

// lines say everything that is written of a content; told says that DHIS2 hears of it, if
// it knows her.
func (p *Portal) lines(v *portal.Visit, c *chart, content authored.Content, told bool) (list []line) {
	add := func(key, text string) {
		if text != "" {
			list = append(list, line{Name: v.T(key), Text: text, Long: strings.Contains(text, "\n")})
		}
	}
	switch content.Kind {
	case authored.Observation:
		m, _ := authored.MeasureOf(content.Measure)
		add("field_what", authored.NameOf(m, v.Lang))
		add("field_value", valueOf(content, v.Lang))
		add("field_code", "LOINC "+m.Code+" · "+m.Display)
		add("field_remark", content.Text)
	case authored.Note:
		add("field_what", v.T("kind_note"))
		add("field_note", content.Text)
	case authored.Document:
		add("field_what", v.T("type_"+content.Type))
		add("field_title", content.Title)
		add("field_file", fmt.Sprintf("%s, %d kB", fileKind(content.File.ContentType), (content.File.Size+1023)/1024))
		add("field_remark", content.Text)
	}
	add("field_day", v.Date(content.Day))
	add("field_author", kept(v, keptName))
	add("field_facility", kept(v, keptPlace))
	if content.Referral != "" {
		add("field_referral", cmp.Or(c.referralName(v, content.Referral), v.T("referral")))
	}
	if told && slices.ContainsFunc(c.Patient.Get("identifier").Items(), func(i *fhirjson.Value) bool { return i.Get("system").Str() == nehr.SystemDHIS2TrackedEntity }) {
		add("field_reply", p.config.Desk.Told(content))
	}
	return list
}

func fileKind(contentType string) string {
	_, kind, _ := strings.Cut(contentType, "/")
	return strings.ToUpper(kind)
}

// entryFile gives the file of a draft to its author: what will be kept, not what was sent.
func (p *Portal) entryFile(v *portal.Visit) error {
	_, e, err := p.entry(v)
	if err != nil {
		return err
	}
	file := e.Content.File
	if e.Next != nil {
		file = e.Next.File
	}
	if len(file.Data) == 0 || !slices.Contains([]string{upload.JPEG, upload.PNG, upload.PDF}, file.ContentType) {
		return &portal.StatusError{Status: http.StatusNotFound}
	}
	v.W.Header().Set("Content-Type", file.ContentType)
	v.W.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if file.ContentType == upload.PDF {
		v.W.Header().Set("Content-Disposition", `attachment; filename="document.pdf"`)
	}
	_, _ = v.W.Write(file.Data) // the browser may have left
	return nil
}

// signEntry signs, explicitly, what the page before has shown: not what somebody changed
// in another window since.
func (p *Portal) signEntry(v *portal.Visit) error {
	c, e, err := p.entry(v)
	if err != nil {
		return err
	}
	if read := v.R.PostFormValue("read"); read == "" || read != e.Fingerprint() {
		return &portal.StatusError{Status: http.StatusConflict, Text: "entry_changed"}
	}
	if _, err = p.config.Desk.Sign(v.R.Context(), c.View, e.ID); err != nil {
		if _, incomplete := errors.AsType[*authored.ContentError](err); incomplete {
			v.Redirect("/write/change")
			return nil
		}
		return entryTrouble(err)
	}
	return p.backTo(v, e.ID)
}

func (p *Portal) backTo(v *portal.Visit, id string) error {
	if err := keep(v, keptEntry, id); err != nil {
		return err
	}
	v.Redirect("/write/entry")
	return nil
}

// discardEntry forgets a draft.
func (p *Portal) discardEntry(v *portal.Visit) error {
	c, e, err := p.entry(v)
	if err != nil {
		return err
	}
	if err := p.config.Desk.Discard(v.R.Context(), c.View, e.ID); err != nil {
		return entryTrouble(err)
	}
	v.Redirect("/write")
	return nil
}

type withdrawPage struct {
	*chart
	Entry           authored.Entry
	What            string
	Reason, Problem string
}

func (p *Portal) showWithdraw(v *portal.Visit) error {
	c, e, err := p.entry(v)
	if err != nil {
		return err
	}
	if !e.Stands() {
		v.Redirect("/write/entry")
		return nil
	}
	return v.Show("writewithdraw.html", v.T("withdraw_title"), withdrawPage{chart: c, Entry: e, What: whatOf(v, e.Content)})
}

func (p *Portal) withdrawEntry(v *portal.Visit) error {
	v.At("/write/withdraw")
	c, e, err := p.entry(v)
	if err != nil {
		return err
	}
	reason := v.R.PostFormValue("reason")
	_, err = p.config.Desk.Withdraw(v.R.Context(), c.View, e.ID, reason)
	if errors.Is(err, authored.ErrReason) {
		return v.ShowStatus(http.StatusUnprocessableEntity, "writewithdraw.html", v.T("withdraw_title"),
			withdrawPage{chart: c, Entry: e, What: whatOf(v, e.Content), Reason: short(reason, 400), Problem: v.T("problem_reason")})
	}
	if err != nil {
		return entryTrouble(err)
	}
	return p.backTo(v, e.ID)
}
