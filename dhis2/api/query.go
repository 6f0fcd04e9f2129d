package api

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// OrgUnitMode says how far a list reaches from its organisation units.
type OrgUnitMode string

// The modes. Selected, Children and Descendants need organisation units, the
// others refuse them.
const (
	Selected    OrgUnitMode = "SELECTED"
	Children    OrgUnitMode = "CHILDREN"
	Descendants OrgUnitMode = "DESCENDANTS"
	Accessible  OrgUnitMode = "ACCESSIBLE"
	Capture     OrgUnitMode = "CAPTURE"
	AllOrgUnits OrgUnitMode = "ALL"
)

// Query selects tracked entities, enrollments or events, and a page of them.
// What a list does not support is an error before anything is sent.
type Query struct {
	Program           dhis2.UID   // this or TrackedEntityType or TrackedEntities
	TrackedEntityType dhis2.UID   // tracked entities only
	TrackedEntities   []dhis2.UID // for enrollments and events: at most one
	ProgramStage      dhis2.UID   // events only
	OrgUnits          []dhis2.UID
	OrgUnitMode       OrgUnitMode // defaults to ACCESSIBLE, with OrgUnits to SELECTED

	// UpdatedAfter and UpdatedBefore are both inclusive, in milliseconds.
	// They are sent in UTC with a Z: an hour that the server's zone repeats
	// stays unambiguous on its way. Enrollments have no UpdatedBefore.
	UpdatedAfter  time.Time
	UpdatedBefore time.Time

	IncludeDeleted bool

	// Order is such as "updatedAt:asc"; the server breaks ties by its primary
	// key. Defaults to the server's order for one page, and to
	// "createdAt:asc" for an iterator, since rows keep that while they change.
	Order string

	// Totals asks for the number of all rows (Page.Total), which the server has
	// to count.
	Totals bool

	Page     int // from 1; defaults to 1
	PageSize int // defaults to Config.PageSize

	// Fields is a field filter of DHIS2. Defaults to "*", the whole document
	// with its enrollments, events and relationships.
	Fields string
}

type list int

const (
	trackedEntities list = iota
	enrollments
	events
)

// key is the name of the array in an answer and of the list in its path.
func (l list) key() string {
	return [...]string{"trackedEntities", "enrollments", "events"}[l]
}

// maxUIDs keeps URLs under the 8 kB of common servers.
const maxUIDs = 300

func (q Query) validate(l list) error {
	var wrong []error
	say := func(s string) { wrong = append(wrong, errors.New(s)) }
	named := len(q.OrgUnits) > 0
	switch q.OrgUnitMode {
	case "":
	case Selected, Children, Descendants:
		if !named {
			say("OrgUnitMode " + string(q.OrgUnitMode) + " needs OrgUnits")
		}
	case Accessible, Capture, AllOrgUnits:
		if named {
			say("OrgUnitMode " + string(q.OrgUnitMode) + " refuses OrgUnits")
		}
	default:
		say("OrgUnitMode is unknown")
	}
	if len(q.TrackedEntities) > maxUIDs || len(q.OrgUnits) > maxUIDs {
		say("TrackedEntities and OrgUnits: at most 300 each, the address gets too long")
	}
	if l == trackedEntities {
		if !q.Program.IsZero() && !q.TrackedEntityType.IsZero() {
			say("Program and TrackedEntityType exclude each other")
		}
		if q.Program.IsZero() && q.TrackedEntityType.IsZero() && len(q.TrackedEntities) == 0 {
			say("one of Program, TrackedEntityType and TrackedEntities is needed")
		}
	} else {
		if len(q.TrackedEntities) > 1 {
			say("TrackedEntities: at most one for " + l.key())
		}
		if !q.TrackedEntityType.IsZero() {
			say("TrackedEntityType is not for " + l.key())
		}
	}
	if l == events && len(q.OrgUnits) > 1 {
		say("OrgUnits: at most one for events")
	}
	if !q.ProgramStage.IsZero() && l != events {
		say("ProgramStage is for events only")
	}
	if !q.UpdatedBefore.IsZero() && l == enrollments {
		say("UpdatedBefore is not for enrollments")
	}
	if q.Page < 0 || q.PageSize < 0 {
		say("Page and PageSize count from 1")
	}
	return errors.Join(wrong...)
}

// values prints the query as the version reads it: 2.40 has singular names,
// joins UIDs by semicolons and calls the mode ouMode.
func (q Query) values(l list, v Version) url.Values {
	p := url.Values{}
	set := func(name, value string) {
		if value != "" {
			p.Set(name, value)
		}
	}
	orgUnits, mode, many, comma := "orgUnits", "orgUnitMode", "trackedEntities", ","
	if !v.AtLeast(2, 41) {
		orgUnits, mode, many, comma = "orgUnit", "ouMode", "trackedEntity", ";"
	}
	if l != trackedEntities {
		many = "trackedEntity"
	}
	if l == events {
		orgUnits = "orgUnit"
	}
	set("program", q.Program.String())
	set("trackedEntityType", q.TrackedEntityType.String())
	set("programStage", q.ProgramStage.String())
	set(many, join(q.TrackedEntities, comma))
	set(orgUnits, join(q.OrgUnits, comma))
	m := q.OrgUnitMode
	if m == "" {
		m = Accessible
		if len(q.OrgUnits) > 0 {
			m = Selected
		}
	}
	set(mode, string(m))
	if !q.UpdatedAfter.IsZero() {
		set("updatedAfter", timeParameter(q.UpdatedAfter.Truncate(time.Millisecond)))
	}
	if before := q.UpdatedBefore; !before.IsZero() {
		if t := before.Truncate(time.Millisecond); t.Before(before) {
			before = t.Add(time.Millisecond)
		}
		set("updatedBefore", timeParameter(before))
	}
	if q.IncludeDeleted {
		set("includeDeleted", "true")
	}
	if q.Totals {
		set("totalPages", "true")
	}
	set("order", q.Order)
	set("page", strconv.Itoa(q.Page))
	set("pageSize", strconv.Itoa(q.PageSize))
	set("fields", q.Fields)
	return p
}

func timeParameter(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func join(uids []dhis2.UID, comma string) string {
	var b strings.Builder
	for i, u := range uids {
		if i > 0 {
			b.WriteString(comma)
		}
		b.WriteString(u.String())
	}
	return b.String()
}
