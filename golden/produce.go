package golden

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// production is what the mapper gives for a case: the files that a case
// wants, and the whole bundle, nil where the document was refused.
type production struct {
	files  map[string][]byte
	bundle []byte
}

// produce maps the case.
func (c *testCase) produce() (production, error) {
	m, err := mapper.New(c.config)
	if err != nil {
		return production{}, fmt.Errorf("configure the mapper: %w", err)
	}
	p := production{files: map[string][]byte{}}
	res, refusal, err := mapped(m, c.in, c.context)
	if err != nil {
		return production{}, err
	}
	if lines := issueLines(res.Issues); len(lines) > 0 {
		p.files[fileIssues] = lines
	}
	if refusal != nil {
		p.files[fileRefusal] = []byte(string(refusal.Reason) + ": " + refusal.Text + "\n")
		return p, c.produceChange(m, nil, p)
	}
	if p.bundle, err = res.Bundle.AppendJSON(nil); err != nil {
		return production{}, err
	}
	want := jsontext.Value(p.bundle)
	if !c.selection.all() {
		if want, err = c.selection.apply(want); err != nil {
			return production{}, err
		}
	}
	if p.files[fileBundle], err = pretty(want); err != nil {
		return production{}, err
	}
	return p, c.produceChange(m, p.bundle, p)
}

// mapped maps a document; a refusal is a result, not an error.
func mapped(m *mapper.Mapper, te *dhis2.TrackedEntity, ctx *dhis2.Context) (*mapper.Result, *mapper.Refusal, error) {
	res, err := m.Map(te, ctx)
	if refusal, is := errors.AsType[*mapper.Refusal](err); is {
		return res, refusal, nil
	}
	return res, nil, err
}

func issueLines(issues []mapper.Issue) []byte {
	var b strings.Builder
	for _, i := range issues {
		b.WriteString(i.String())
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// pretty is the form in which goldens are kept: members in the mapper's
// order, two blanks for each level, a line break at the end.
func pretty(v jsontext.Value) ([]byte, error) {
	v = v.Clone()
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("indent: %w", err)
	}
	return append(v, '\n'), nil
}

// produceChange says, where the case brings an earlier document of the same
// tracked entity, which resources the later one takes away, changes or adds.
func (c *testCase) produceChange(m *mapper.Mapper, after []byte, p production) error {
	if c.before == nil {
		return nil
	}
	res, _, err := mapped(m, c.before, c.context)
	if err != nil {
		return fmt.Errorf("%s: %w", fileBefore, err)
	}
	var before []byte
	if res.Bundle != nil {
		if before, err = res.Bundle.AppendJSON(nil); err != nil {
			return fmt.Errorf("%s: %w", fileBefore, err)
		}
	}
	lines, err := changes(before, after)
	p.files[fileChange] = lines
	return err
}

// changes lists the resources by which two bundles differ: `gone`, `changed`
// or `new`, type, and what the resource is identified by at the server.
func changes(before, after []byte) ([]byte, error) {
	old, err := entries(before)
	if err != nil {
		return nil, err
	}
	now, err := entries(after)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, e := range old {
		if i := indexOf(now, e.url); i < 0 {
			fmt.Fprintf(&b, "gone %s\n", e.title)
		} else if string(now[i].raw) != string(e.raw) {
			fmt.Fprintf(&b, "changed %s\n", e.title)
		}
	}
	for _, e := range now {
		if indexOf(old, e.url) < 0 {
			fmt.Fprintf(&b, "new %s\n", e.title)
		}
	}
	if b.Len() == 0 {
		b.WriteString("nothing\n")
	}
	return []byte(b.String()), nil
}

// entry is a resource of a bundle as changes and differences name it.
type entry struct {
	url, title string
	raw        jsontext.Value
}

func entries(bundle []byte) ([]entry, error) {
	if bundle == nil {
		return nil, nil
	}
	doc, err := parse(bundle)
	if err != nil {
		return nil, err
	}
	return entriesOf(doc.member("entry")), nil
}

func entriesOf(list *node) []entry {
	var out []entry
	for _, e := range list.items {
		res := e.member("resource")
		title := res.member("resourceType").text()
		if ids := res.member("identifier").items; len(ids) > 0 {
			title += " " + ids[0].member("system").text() + "|" + ids[0].member("value").text()
		}
		out = append(out, entry{e.member("fullUrl").text(), title, e.raw})
	}
	return out
}

func indexOf(list []entry, url string) int {
	for i, e := range list {
		if e.url == url {
			return i
		}
	}
	return -1
}
