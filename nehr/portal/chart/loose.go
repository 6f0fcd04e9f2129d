package chart

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Entry is something observed with who found it.
type Entry struct {
	Fact
	Who   string // names of practitioners and organisations; empty: not known
	Loose bool   // it belongs to no visit of the record
}

// Entries are all observations, newest first.
func (c *Chart) Entries() []Entry {
	var list []Entry
	for _, res := range c.items {
		status := res.Get("status").Str()
		if res.Get("resourceType").Str() != "Observation" || gone(res) || status == "cancelled" {
			continue
		}
		f := c.factOf(res)
		if f.Value.Text == "" {
			continue
		}
		f.Date = cmp.Or(res.Get("effectiveDateTime").Str(), res.Get("effectiveInstant").Str(), res.Get("effectivePeriod", "start").Str())
		f.Issued, f.Amended = res.Get("issued").Str(), status == "corrected" || status == "amended"
		for _, category := range res.All("category.coding.code") {
			f.Lab = f.Lab || category.Str() == "laboratory"
		}
		list = append(list, Entry{f, c.whoOf(res.Get("performer").Items()), !c.hasVisit(res.Get("encounter", "reference").Str())})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(newest(a.Date, b.Date), newestInstant(a.Issued, b.Issued), cmp.Compare(a.Name.Text, b.Name.Text), cmp.Compare(a.Value.Text, b.Value.Text), cmp.Compare(a.Who, b.Who))
	})
	return list
}

// hasVisit tells whether an Encounter is one of the visits that are shown.
func (c *Chart) hasVisit(encounter string) bool {
	res := c.items[encounter]
	return res != nil && res.Get("resourceType").Str() == "Encounter" && !gone(res)
}

// whoOf names those whom references name; a role by its practitioner and organisation.
func (c *Chart) whoOf(references []*fhirjson.Value) string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, ref := range references {
		add(c.nameAt(ref))
		if role := c.items[ref.Get("reference").Str()]; role.Get("resourceType").Str() == "PractitionerRole" {
			add(c.nameAt(role.Get("practitioner")))
			add(c.nameAt(role.Get("organization")))
		}
	}
	return strings.Join(names, ", ")
}

// Gone tells that a resource says of itself that it was never true.
func Gone(res *fhirjson.Value) bool { return gone(res) }

// Day cuts a date or an instant of FHIR to the day that it was written on.
func Day(fhir string) string { return day(fhir) }

// Newest orders dates of FHIR, the latest first and what has none last.
func Newest(a, b string) int { return newest(a, b) }
