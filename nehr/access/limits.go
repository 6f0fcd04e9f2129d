package access

import (
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

func (x *reading) period(p *fhirjson.Value, rule *Rule) {
	v := p.Get("period")
	if v == nil {
		return
	}
	from, _, ok := interval(v.Get("start").Str(), x.zone)
	if ok && from.After(rule.From) {
		rule.From = from
	} else if !ok && v.Get("start") != nil {
		x.partial = true
		if rule.Effect == Permit {
			rule.From = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	}
	_, until, ok := interval(v.Get("end").Str(), x.zone)
	if ok && (rule.Scope.Until.IsZero() || until.Before(rule.Scope.Until)) {
		rule.Scope.Until = until
	} else if !ok && v.Get("end") != nil {
		x.partial = true
		if rule.Effect == Permit {
			rule.Scope.Until = time.Unix(0, 0)
		}
	}
}

func (x *reading) purposes(p *fhirjson.Value, rule *Rule) {
	items := p.Get("purpose").Items()
	if len(items) == 0 {
		return
	}
	rule.Purposes = []Purpose{}
	known := true
	for _, c := range codings(p.Get("purpose")) {
		if c.System != nehr.SystemActReason || c.Code == "" {
			known = false
			continue
		}
		rule.Purposes = append(rule.Purposes, Purpose(c.Code))
	}
	if known {
		return
	}
	x.partial = true
	if rule.Effect == Deny {
		rule.Purposes = nil
	} else if len(rule.Purposes) == 0 {
		rule.Purposes = []Purpose{"-"}
	}
}

func (x *reading) classes(p *fhirjson.Value, rule *Rule) {
	if len(p.Get("class").Items()) == 0 {
		return
	}
	var types []Class
	known := true
	for _, c := range codings(p.Get("class")) {
		switch {
		case c.System == SystemClass && slices.Contains(Classes, Class(c.Code)),
			c.System == systemResourceTypes && classOfType[c.Code] != "":
			types = append(types, Class(c.Code))
		default:
			known = false
		}
	}
	if !known {
		x.partial = true
		if rule.Effect == Deny {
			return
		}
	}
	if len(types) == 0 {
		types = []Class{never}
	}
	rule.Scope.Types = types
}

func (x *reading) codes(p *fhirjson.Value, rule *Rule) {
	items := p.Get("code").Items()
	if len(items) == 0 {
		return
	}
	var found []Code
	for _, concept := range items {
		these := codings(concept.Get("coding"))
		if len(these) == 0 {
			x.partial = true
			if rule.Effect == Deny {
				return
			}
			these = []Code{{}}
		}
		found = append(found, these...)
	}
	rule.Codes = found
}

// labels reads which labels a provision is about. N beside others means that it
// is about what has none, too.
func (x *reading) labels(p *fhirjson.Value, rule *Rule) {
	found := codings(p.Get("securityLabel"))
	if len(found) == 0 {
		return
	}
	confidential := func(code string) bool { return slices.Contains(found, Code{nehr.SystemConfidentiality, code}) }
	if rule.Effect == Permit {
		rule.Scope.Sensitive = confidential("V")
		if !confidential("N") {
			rule.Labels = found
		}
		return
	}
	switch {
	case confidential("N"): // all of it
	case confidential("R"):
		rule.Scope.Sensitive = true
	default:
		rule.Labels = found
	}
}

func (x *reading) dataPeriod(p *fhirjson.Value, rule *Rule) {
	v := p.Get("dataPeriod")
	if v == nil {
		return
	}
	for _, side := range []struct {
		name string
		set  func(start, end time.Time)
	}{
		{"start", func(start, _ time.Time) {
			if rule.Scope.From == nil || start.After(*rule.Scope.From) {
				rule.Scope.From = &start
			}
		}},
		{"end", func(_, end time.Time) {
			if rule.Scope.To == nil || end.Before(*rule.Scope.To) {
				rule.Scope.To = &end
			}
		}},
	} {
		if v.Get(side.name) == nil {
			continue
		}
		start, end, ok := interval(v.Get(side.name).Str(), x.zone)
		if ok {
			side.set(start, end)
			continue
		}
		x.partial = true
		if rule.Effect == Permit {
			rule.Scope.Types = []Class{never}
		}
	}
}

func (x *reading) data(p *fhirjson.Value, rule *Rule) {
	items := p.Get("data").Items()
	if len(items) == 0 {
		return
	}
	var found []string
	for _, d := range items {
		ref := unversioned(d.Get("reference", "reference").Str())
		id := d.Get("reference", "identifier")
		switch {
		case is(ref, firstOf(ref)):
			found = append(found, ref)
		case id.Get("system").Str() == systemEnrollment && id.Get("value").Str() != "":
			found = append(found, id.Get("value").Str())
		default:
			x.partial = true
			if rule.Effect == Deny {
				return
			}
		}
	}
	switch len(found) {
	case 0:
		rule.Scope.Episode = "-"
	case 1:
		rule.Scope.Episode = found[0]
	default:
		rule.Scope.Episode, rule.Episodes = "", found
	}
}

// actions tells whether a provision is about seeing.
func (x *reading) actions(p *fhirjson.Value, deny bool) bool {
	items := p.Get("action").Items()
	if len(items) == 0 {
		return true
	}
	for _, a := range items {
		for _, c := range codings(a.Get("coding")) {
			if c.System != systemConsentAction {
				x.partial = true
				if deny {
					return true
				}
				continue
			}
			if c.Code == "access" || c.Code == "use" || c.Code == "disclose" {
				return true
			}
		}
	}
	return false
}

// parties are whom a provision is about, and whom those within it are: as around it,
// when it names nobody. Who is named in a form or for a part that this program does
// not know may be anybody: that permits nobody, and a denial holds for all.
func (x *reading) parties(p *fhirjson.Value, deny bool, around []Party) (found, within []Party) {
	items := p.Get("actor").Items()
	if len(items) == 0 {
		return around, around
	}
	for _, a := range items {
		ref := unversioned(a.Get("reference", "reference").Str())
		party, ok := partyOf(ref)
		switch {
		case ok:
			within = append(within, party)
			if deny || recipient(a.Get("role")) {
				found = append(found, party)
			} else {
				x.partial = true
			}
		default:
			x.partial = true
			if !is(ref, "Patient", "RelatedPerson", "Device") { // a team or group: who is in it is not known
				within = append(within, Party{})
				if deny {
					found = append(found, Party{})
				}
			}
		}
	}
	return found, within
}

// recipient tells whether the role of an actor is that of who gets to see.
func recipient(role *fhirjson.Value) bool {
	if role == nil {
		return true
	}
	return slices.ContainsFunc(codings(role.Get("coding")), func(c Code) bool {
		return c.System == nehr.SystemParticipationType && (c.Code == "IRCP" || c.Code == "PRCP")
	})
}
