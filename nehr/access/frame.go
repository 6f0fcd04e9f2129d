package access

import (
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Frame says which visits, episodes of care and pregnancies a record has, so
// that each resource can be placed in them. A nil Frame places nothing beyond
// what the resource itself says.
//
// A pregnancy is known by the Observation of its status, whose identifier names
// the enrollment in DHIS2. What has no visit belongs to it by its date: from the
// enrollment to the next pregnancy, but not beyond 46 weeks, the longest that
// one lasts after an enrollment, with the six weeks after birth.
type Frame struct {
	visits      map[string][]string // "Encounter/…": its episodes, itself first
	pregnancies []pregnancy         // by from
}

type pregnancy struct {
	enrollment string
	from, to   time.Time
}

const (
	pregnancyLasts  = 46 * 7 * 24 * time.Hour
	pregnancyStatus = "82810-3"
	statusSuffix    = "-pregnancy-status"
)

// NewFrame reads a frame from the resources of one patient: Encounters and the
// Observations of the status of a pregnancy; others are passed over.
func NewFrame(resources []*fhirjson.Value, zone *time.Location) *Frame {
	f := &Frame{visits: map[string][]string{}}
	for _, r := range resources {
		if r.Get("resourceType").Str() != "Observation" || r.Get("status").Str() == "entered-in-error" {
			continue
		}
		from, _ := when(r, zone)
		for _, i := range r.Get("identifier").Items() {
			uid, ok := strings.CutSuffix(i.Get("value").Str(), statusSuffix)
			if ok && i.Get("system").Str() == nehr.SystemDHIS2Observation && !from.IsZero() {
				f.pregnancies = append(f.pregnancies, pregnancy{enrollment: uid, from: from, to: from.Add(pregnancyLasts)})
			}
		}
	}
	slices.SortFunc(f.pregnancies, func(a, b pregnancy) int { return a.from.Compare(b.from) })
	for i := 1; i < len(f.pregnancies); i++ {
		if next := f.pregnancies[i].from; next.Before(f.pregnancies[i-1].to) {
			f.pregnancies[i-1].to = next
		}
	}
	for _, r := range resources {
		if r.Get("resourceType").Str() != "Encounter" {
			continue
		}
		own := "Encounter/" + r.Get("id").Str()
		start, _ := when(r, zone)
		places := []string{own}
		for _, e := range r.Get("episodeOfCare").Items() {
			places = append(places, unversioned(e.Get("reference").Str()))
		}
		for _, b := range r.Get("basedOn").Items() { // the visit that a referral led to
			if ref := b.Get("reference").Str(); is(ref, "ServiceRequest") {
				places = append(places, ref)
			}
		}
		f.visits[own] = append(places, f.at(start)...)
	}
	return f
}

// at is the pregnancy that an instant lies in.
func (f *Frame) at(t time.Time) []string {
	if f == nil || t.IsZero() {
		return nil
	}
	for _, p := range f.pregnancies {
		if !t.Before(p.from) && t.Before(p.to) {
			return []string{p.enrollment}
		}
	}
	return nil
}

// episodes are what a resource belongs to, itself first.
func (f *Frame) episodes(r *fhirjson.Value, start time.Time) []string {
	own := r.Get("resourceType").Str() + "/" + r.Get("id").Str()
	found := []string{own}
	if f != nil && f.visits[own] != nil {
		return f.visits[own]
	}
	if visit := visitOf(r); visit != "" {
		if f != nil && f.visits[visit] != nil {
			return append(found, f.visits[visit]...)
		}
		return append(append(found, visit), f.at(start)...)
	}
	if f != nil {
		for _, i := range r.Get("identifier").Items() {
			system, value := i.Get("system").Str(), i.Get("value").Str()
			if system != nehr.SystemDHIS2Observation && system != nehr.SystemDHIS2Course {
				continue
			}
			for _, p := range f.pregnancies {
				if strings.HasPrefix(value, p.enrollment+"-") {
					return append(found, p.enrollment)
				}
			}
		}
	}
	return append(found, f.at(start)...)
}

// visitOf is the Encounter that a resource is from.
func visitOf(r *fhirjson.Value) string {
	for _, v := range []*fhirjson.Value{r.Get("encounter"), r.Get("context"), r.Get("context", "encounter")} {
		for _, e := range v.Items() {
			if ref := unversioned(e.Get("reference").Str()); is(ref, "Encounter") {
				return ref
			}
		}
	}
	return ""
}
