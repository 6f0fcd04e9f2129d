package patient

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// document is a letter, a note or a picture of her record.
type document struct {
	Title        charts.Phrase
	Date, Author string
	Kind         string // picture, note, file; of what it says of itself
	Handle       string // empty where it cannot be opened here
	when         string
}

// opened is what the handle of a document names: where its content is, and what the list
// said of it.
type opened struct {
	At     string // Binary/… or, of content within the resource, Type/id#n
	Title  string
	Author string
	Date   string
}

const documentHandle = "document"

// documents lists what was filed in her record.
func (p *Portal) documents(v *portal.Visit) error {
	r, err := p.record(v)
	if err != nil {
		return err
	}
	return v.Show("documents.html", v.T("documents"), struct {
		*access.Record
		Documents []document
	}{r, documentsOf(v, r)})
}

// documentsOf reads the documents and pictures of a record, the latest first.
func documentsOf(v *portal.Visit, r *access.Record) (list []document) {
	names := namesIn(r)
	for _, res := range r.Resources {
		typ := res.Get("resourceType").Str()
		if typ != "DocumentReference" && typ != "Media" || res.Get("status").Str() == "entered-in-error" || res.Get("status").Str() == "not-done" ||
			res.Get("docStatus").Str() == "entered-in-error" || res.Get("status").Str() == "superseded" {
			continue
		}
		contents, authors, about := res.Get("content").Items(), res.Get("operator").Items(), res.Get("type")
		date := cmp.Or(res.Get("createdDateTime").Str(), res.Get("createdPeriod", "start").Str(), res.Get("issued").Str())
		if typ == "DocumentReference" {
			contents, authors, date = res.All("content.attachment"), res.Get("author").Items(), res.Get("date").Str()
		}
		var by []string
		for _, a := range authors {
			if name := cmp.Or(names[a.Get("reference").Str()], a.Get("display").Str()); name != "" {
				by = append(by, name)
			}
		}
		for n, content := range contents {
			d := document{Date: v.Date(date), when: date, Author: strings.Join(by, ", "), Kind: "file"}
			d.Title = phraseOf(v.Lang, about, cmp.Or(content.Get("title").Str(), res.Get("description").Str()))
			switch kind := mediaKind(content.Get("contentType").Str()); {
			case kind == "image/jpeg" || kind == "image/png":
				d.Kind = "picture"
			case strings.HasPrefix(kind, "text/"):
				d.Kind = "note"
			}
			at := content.Get("url").Str()
			if i := strings.LastIndex(at, "Binary/"); i >= 0 {
				at, _, _ = strings.Cut(at[i:], "/_history/")
			} else if content.Get("data").Str() != "" {
				at = typ + "/" + res.Get("id").Str() + "#" + string(rune('0'+n%10))
			} else {
				at = "" // kept elsewhere: nothing leads a browser there
			}
			if at != "" {
				what, err := json.Marshal(opened{At: at, Title: cut(d.Title.Text, 120), Author: cut(d.Author, 120), Date: date})
				if err == nil {
					d.Handle = v.Handle(documentHandle, string(what))
				}
			}
			list = append(list, d)
		}
	}
	slices.SortStableFunc(list, func(a, b document) int { return cmp.Compare(charts.Day(b.when), charts.Day(a.when)) })
	return list
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// mediaKind is a media type without its parameters.
func mediaKind(s string) string {
	kind, _, _ := strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// phraseOf is what somebody wrote, or the plain word of a code.
func phraseOf(lang string, concept *fhirjson.Value, text string) charts.Phrase {
	if text != "" {
		return charts.Phrase{Text: text, Lang: "en"}
	}
	for _, c := range concept.Get("coding").Items() {
		if w, ok := words.For(c.Get("system").Str(), c.Get("code").Str()); ok {
			return charts.Phrase{Text: w.In(lang)}
		}
		text = cmp.Or(text, c.Get("display").Str())
	}
	return charts.Phrase{Text: cmp.Or(concept.Get("text").Str(), text), Lang: "en"}
}

// namesIn are what the organisations, practitioners and places of a record are called,
// by Type/id; a role by its practitioner and organisation.
func namesIn(r *access.Record) map[string]string {
	names := map[string]string{}
	for _, res := range r.Resources {
		switch typ := res.Get("resourceType").Str(); typ {
		case "Organization", "Practitioner", "Location":
			names[typ+"/"+res.Get("id").Str()] = charts.NameOf(res)
		}
	}
	for _, res := range r.Resources {
		if res.Get("resourceType").Str() != "PractitionerRole" {
			continue
		}
		var parts []string
		for _, member := range []string{"practitioner", "organization"} {
			of := res.Get(member)
			if name := cmp.Or(names[of.Get("reference").Str()], of.Get("display").Str()); name != "" {
				parts = append(parts, name)
			}
		}
		names["PractitionerRole/"+res.Get("id").Str()] = strings.Join(parts, ", ")
	}
	return names
}

// document shows a picture or a note; another file she keeps.
func (p *Portal) document(v *portal.Visit) error {
	v.At("/documents")
	what, content, err := p.content(v)
	if err != nil {
		return err
	}
	page := struct {
		opened
		Shown, Kind, Text, Query string
	}{opened: what, Shown: v.Date(what.Date), Kind: "file", Query: "?d=" + url.QueryEscape(v.R.URL.Query().Get("d"))}
	switch kind := kindOf(content); {
	case kind == "image/jpeg" || kind == "image/png":
		page.Kind = "picture"
	case kind == "text/plain" && len(content.Data) <= 256<<10:
		page.Kind, page.Text = "note", string(content.Data)
	}
	return v.Show("document.html", cmp.Or(what.Title, v.T("document")), page)
}

// file gives the content: a picture for the page, anything else to keep.
func (p *Portal) file(v *portal.Visit) error {
	v.At("/documents")
	_, content, err := p.content(v)
	if err != nil {
		return err
	}
	switch kind := kindOf(content); kind {
	case "image/jpeg", "image/png":
		v.File(kind, "")
	case "application/pdf":
		v.File(kind, "document.pdf")
	case "text/plain":
		v.File("text/plain; charset=utf-8", "note.txt")
	default:
		v.File("application/octet-stream", "document.bin")
	}
	_, _ = v.W.Write(content.Data) // the browser may have left
	return nil
}

// kindOf is what content is by its first bytes, where that is also what it says: all
// else may be anything.
func kindOf(b *access.Binary) string {
	is, says := mediaKind(http.DetectContentType(b.Data)), mediaKind(b.ContentType)
	if says == "text/plain" && utf8.Valid(b.Data) && is != "application/pdf" {
		return says // shown as text whatever it looks like
	}
	if is == says {
		return is
	}
	return ""
}

// content reads what a handle of this session names.
func (p *Portal) content(v *portal.Visit) (what opened, content *access.Binary, err error) {
	missing := &portal.StatusError{Status: http.StatusNotFound}
	plain, ok := v.Named(documentHandle, v.R.URL.Query().Get("d"))
	if !ok || json.Unmarshal([]byte(plain), &what) != nil {
		return what, nil, missing
	}
	if id, binary := strings.CutPrefix(what.At, "Binary/"); binary {
		if content, err = p.config.Gate.Binary(v.R.Context(), reader(v), v.Session.Record, id); err != nil {
			return what, nil, trouble(err)
		}
		return what, content, nil
	}
	r, err := p.record(v)
	if err != nil {
		return what, nil, err
	}
	name, n, _ := strings.Cut(what.At, "#")
	for _, res := range r.Resources {
		if res.Get("resourceType").Str()+"/"+res.Get("id").Str() != name {
			continue
		}
		contents := append(res.All("content.attachment"), res.Get("content").Items()...)
		if i := int(n[0] - '0'); i < len(contents) {
			data, err := base64.StdEncoding.DecodeString(contents[i].Get("data").Str())
			if err == nil {
				return what, &access.Binary{ContentType: contents[i].Get("contentType").Str(), Data: data}, nil
			}
		}
	}
	return what, nil, missing
}
