package access

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Addressed is a referral as the one whom it is addressed to sees it in a list, before
// the record is opened.
type Addressed struct {
	Task     string // "Task/…"
	Patient  Masked
	Made     string // authoredOn, as in FHIR
	Status   string // of the Task
	Priority string // FHIR's code; empty: routine
}

// inboxPast is how long a referral that has ended is still listed.
const inboxPast = 30 * 24 * time.Hour

// openReferral are the states of a Task that still waits for somebody.
var openReferral = []string{"requested", "received", "accepted", "ready", "in-progress", "on-hold"}

// Inbox lists the referrals that are addressed to a clinician, the role or the facility:
// those under way, and those that ended in the last 30 days; the newest first. It shows
// initials at most, opens nobody's record, and is in the log. A shared queue's are not
// listed: they are addressed to nobody.
func (g *Gate) Inbox(ctx context.Context, a Actor) ([]Addressed, error) {
	e := Entry{Action: ActionFind, Purpose: Treatment, Type: "Task", Parameters: []string{"owner", "status"}}
	if a.Kind != KindClinician || !is(a.Person, "Practitioner") {
		return nil, g.no(ctx, a, e, ReasonActor)
	}
	var owners []string
	for _, ref := range []string{a.Person, a.Role, a.Facility} {
		if _, ok := partyOf(ref); ok && !slices.Contains(g.c.Policy.SharedQueues, ref) {
			owners = append(owners, ref)
		}
	}
	if len(owners) == 0 {
		return nil, g.no(ctx, a, e, ReasonActor)
	}
	since := g.c.Now().Add(-inboxPast)
	list, err := g.addressed(ctx, owners, since)
	if err != nil {
		return nil, g.undone(ctx, a, e, err)
	}
	e.Permitted, e.Reason, e.Count = true, ReasonMasked, len(list)
	if err := g.record(ctx, a, e); err != nil {
		return nil, err
	}
	return list, nil
}

func (g *Gate) addressed(ctx context.Context, owners []string, since time.Time) ([]Addressed, error) {
	var tasks []*fhirjson.Value
	for _, params := range []url.Values{
		{"status": {strings.Join(openReferral, ",")}},
		{"status": {"completed,rejected"}, "_lastUpdated": {"ge" + since.UTC().Format(time.RFC3339)}},
	} {
		params.Set("owner", strings.Join(owners, ","))
		params.Set("_count", "200")
		found, err := g.c.NEHR.Search(ctx, "Task", params)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, found.Resources...)
	}
	base := g.c.NEHR.Base()
	by := map[string]Masked{}
	var list []Addressed
	var ids []string
	for _, t := range tasks {
		patient := local(t.Get("for", "reference").Str(), base)
		focus := local(t.Get("focus", "reference").Str(), base)
		if t.Get("resourceType").Str() != "Task" || !is(patient, "Patient") || !is(focus, "ServiceRequest") ||
			!slices.Contains(owners, local(t.Get("owner", "reference").Str(), base)) {
			continue
		}
		one := Addressed{Task: "Task/" + t.Get("id").Str(), Patient: Masked{Patient: patient}, Made: t.Get("authoredOn").Str(),
			Status: t.Get("status").Str(), Priority: t.Get("priority").Str()}
		if slices.ContainsFunc(list, func(o Addressed) bool { return o.Task == one.Task }) {
			continue
		}
		list = append(list, one)
		if _, id, _ := reference(patient); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for some := range slices.Chunk(ids, 50) {
		found, err := g.c.NEHR.Search(ctx, "Patient", url.Values{"_id": {strings.Join(some, ",")}, "_count": {"50"}})
		if err != nil {
			return nil, err
		}
		for _, p := range found.Resources {
			by["Patient/"+p.Get("id").Str()] = *mask(p)
		}
	}
	for i := range list {
		if m, ok := by[list[i].Patient.Patient]; ok {
			list[i].Patient = m
		}
	}
	slices.SortStableFunc(list, func(a, b Addressed) int { return strings.Compare(b.Made, a.Made) })
	return list, nil
}
