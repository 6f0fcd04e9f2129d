package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// comparison holds an NEHR against what DHIS2 says: every resource of it has
// to be there for a reason.
type comparison struct {
	desired map[string]*fhirjson.Value // by key, references by key
	loose   map[string]bool            // of these more may stand: see deleteEnrollment
	visits  map[string]bool            // events with an Encounter
	left    map[string]string          // numbers of the records that deleted women left behind, and whose
	reasons map[string]int             // resources by the rule that explains them
	wrong   []string
}

// The rules by which a resource may stand in the NEHR.
const (
	asMapped   = "says what DHIS2 says"
	retracted  = "is entered in error"
	fulfilled  = "is an Appointment whose visit took place"
	released   = "is a Patient's record without anything of hers"
	registrys  = "is the record of a deleted woman, left to the registry"
	everybodys = "is a place or a person of DHIS2 that others may refer to"
)

// compare gives what is wrong, and how many resources each rule explains.
func compare(ctx context.Context, h *history, g *agent, server *nehrsandbox.Server, fhir *client.Client) (*comparison, error) {
	c := &comparison{desired: map[string]*fhirjson.Value{}, loose: map[string]bool{}, visits: map[string]bool{},
		left: map[string]string{}, reasons: map[string]int{}}
	for _, w := range h.women {
		if err := c.want(ctx, g, w); err != nil {
			return nil, err
		}
	}
	stands, err := everything(ctx, server, fhir)
	if err != nil {
		return nil, err
	}
	keys := map[string]string{} // Type/id → key
	for _, r := range stands {
		keys[place(r)] = c.key(r)
	}
	found := map[string]string{}
	leftBehind := map[string]int{}
	for _, r := range stands {
		key := keys[place(r)]
		if other := found[key]; other != "" {
			c.complain("%s stands twice, as %s too: %s", place(r), other, key)
		}
		found[key] = place(r)
		references(r, keys)
		rule, wrong := c.judge(r, key)
		if rule == registrys {
			leftBehind[c.left[number(r)]]++
		}
		if wrong != "" {
			c.complain("%s (%s) %s", place(r), key, wrong)
		}
		c.reasons[rule]++
	}
	for key := range c.desired {
		if found[key] == "" {
			c.complain("%s is lost", key)
		}
	}
	for woman, n := range leftBehind {
		if n > 1 {
			c.complain("%d records bear the name of the deleted woman %s", n, woman)
		}
	}
	slices.Sort(c.wrong)
	return c, nil
}

func (c *comparison) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// want adds what mapping a woman's document gives. That she was deleted, or has
// no enrollment left, is what the history did, not what the server says now.
func (c *comparison) want(ctx context.Context, g *agent, w *woman) error {
	if w.deleted || !w.enrolled() {
		for n := range w.numbers {
			c.left[n] = w.uid.String()
		}
		return nil
	}
	te, err := g.dhis2.TrackedEntity(ctx, w.uid, form.ID, "*")
	if err != nil {
		return err
	}
	surroundings, err := g.contexts.Context(ctx, te)
	if err != nil {
		return err
	}
	mapped, err := g.mapper.Map(te, surroundings)
	if refusal, ok := errors.AsType[*mapper.Refusal](err); ok {
		return fmt.Errorf("the history should end without refusals: %w", refusal)
	} else if err != nil {
		return err
	}
	d, _, err := desiredOf(mapped.Bundle)
	if err != nil {
		return err
	}
	if err := c.expect(d); err != nil {
		return err
	}
	for _, e := range d.Entries {
		c.loose[key(e)] = e.Type == "Patient" && w.withdrawn
	}
	return nil
}

// expect adds what is desired of a woman.
func (c *comparison) expect(d record.Desired) error {
	keys := map[string]string{}
	for _, e := range d.Entries {
		keys[e.FullURL] = key(e)
	}
	for _, e := range d.Entries {
		r, err := fhirjson.Parse(e.Resource)
		if err != nil {
			return err
		}
		references(r, keys)
		c.desired[key(e)] = r
		if e.Type == "Encounter" {
			c.visits[e.Identifier.Value] = true
		}
	}
	return nil
}

func key(e record.Entry) string {
	return e.Type + " " + e.Identifier.System + "|" + e.Identifier.Value
}

// everything is all that stands in the NEHR, whatever its type.
func everything(ctx context.Context, server *nehrsandbox.Server, fhir *client.Client) ([]*fhirjson.Value, error) {
	stats, err := server.Stats(ctx)
	if err != nil {
		return nil, err
	}
	var all []*fhirjson.Value
	for _, typ := range slices.Sorted(maps.Keys(stats)) {
		found, err := fhir.Search(ctx, typ, url.Values{"_count": {"500"}})
		if err != nil {
			return nil, err
		}
		if len(found.Resources) != stats[typ].Resources {
			return nil, fmt.Errorf("found %d of %d %ss", len(found.Resources), stats[typ].Resources, typ)
		}
		all = append(all, found.Resources...)
	}
	return all, nil
}

func place(r *fhirjson.Value) string { return r.Get("resourceType").Str() + "/" + r.Get("id").Str() }

// key names a resource by the business identifier under which it is desired,
// else by its first.
func (c *comparison) key(r *fhirjson.Value) string {
	var first string
	for _, id := range r.Get("identifier").Items() {
		k := r.Get("resourceType").Str() + " " + id.Get("system").Str() + "|" + id.Get("value").Str()
		if c.desired[k] != nil {
			return k
		}
		if first == "" {
			first = k
		}
	}
	return first
}

func references(r *fhirjson.Value, to map[string]string) {
	r.Strings(func(field, s string) string {
		if key := to[s]; key != "" && field == "reference" {
			return key
		}
		return s
	})
}

// judge finds the rule by which a resource stands, and what is wrong with it.
func (c *comparison) judge(r *fhirjson.Value, key string) (rule, wrong string) {
	if want := c.desired[key]; want != nil {
		return asMapped, differs(want, r, c.loose[key])
	}
	status := r.Get("status").Str()
	for _, s := range r.All("verificationStatus.coding.code") {
		status = s.Str()
	}
	switch typ := r.Get("resourceType").Str(); typ {
	case "Patient":
		for _, id := range r.Get("identifier").Items() {
			if strings.HasPrefix(id.Get("system").Str(), "urn:dhis2:") {
				return released, "still names a tracked entity"
			}
		}
		var more []string
		for _, m := range r.Members() {
			if !slices.Contains([]string{"resourceType", "id", "meta", "identifier", "active"}, m.Name) {
				more = append(more, m.Name)
			}
		}
		if len(more) == 0 {
			return released, ""
		}
		if c.left[number(r)] == "" {
			return released, "still has " + strings.Join(more, ", ")
		}
		return registrys, ""
	case "Practitioner", "Organization", "Location", "Device":
		return everybodys, ""
	case "Appointment":
		if status == "fulfilled" {
			event := r.Get("identifier").Items()[0].Get("value").Str()
			if !c.visits[event] {
				return fulfilled, "is fulfilled, and there was no visit"
			}
			return fulfilled, ""
		}
	}
	if status != "entered-in-error" {
		return retracted, "is left over, " + status
	}
	return retracted, ""
}

// number is a Patient's personal health number.
func number(patient *fhirjson.Value) string {
	for _, id := range patient.Get("identifier").Items() {
		if strings.HasSuffix(id.Get("system").Str(), "/phn") {
			return id.Get("value").Str()
		}
	}
	return ""
}

// differs says in what a resource is not what is desired. With loose more may
// stand than is desired, and what is not known may be known.
func differs(want, got *fhirjson.Value, loose bool) string {
	want, got = bare(want), bare(got)
	var all []string
	names := map[string]bool{}
	for _, m := range append(slices.Clone(want.Members()), got.Members()...) {
		if names[m.Name] {
			continue
		}
		names[m.Name] = true
		a, b := want.Get(m.Name), got.Get(m.Name)
		if loose && (a == nil || m.Name[0] == '_' || a.Str() == "unknown" || contains(b, a)) {
			continue
		}
		if !fhirjson.Equal(a, b) {
			all = append(all, fmt.Sprintf("%s is %s, not %s", m.Name, short(b), short(a)))
		}
	}
	return strings.Join(all, "; ")
}

// contains tells whether all items of a list are among those of another.
func contains(list, items *fhirjson.Value) bool {
	for _, i := range items.Items() {
		if !slices.ContainsFunc(list.Items(), func(l *fhirjson.Value) bool { return fhirjson.Equal(l, i) }) {
			return false
		}
	}
	return true
}

func short(v *fhirjson.Value) string {
	if v == nil {
		return "absent"
	}
	text := string(v.Canonical())
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return text
}

// bare is a resource without what the server adds, and sets in one order.
func bare(r *fhirjson.Value) *fhirjson.Value {
	r = r.Clone()
	r.Delete("id")
	for _, set := range []string{"identifier", "telecom"} {
		if v := r.Get(set); v != nil {
			r.Set(set, sorted(v))
		}
	}
	meta := fhirjson.Fields()
	for _, set := range []string{"profile", "security", "tag"} {
		if v := r.Get("meta", set); v != nil {
			meta.Set(set, sorted(v))
		}
	}
	r.Set("meta", meta)
	return r
}

func sorted(list *fhirjson.Value) *fhirjson.Value {
	items := slices.Clone(list.Items())
	slices.SortFunc(items, func(a, b *fhirjson.Value) int { return strings.Compare(string(a.Canonical()), string(b.Canonical())) })
	return fhirjson.List(items...)
}
