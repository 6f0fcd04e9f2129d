package sandbox

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// view is what a caller may and wants to see.
type view struct {
	user    *User
	program *dhis2.Program // program= of the request
	deleted bool           // includeDeleted
	fields  *fieldTree     // of the document; what is not asked for is not made
}

// shuffled prints an array in an order that means nothing: DHIS2 keeps data
// values and attributes in sets.
func shuffled[T any](s *Server, list []T) []T {
	out := slices.Clone(list)
	s.rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (s *Server) trackedEntityDoc(rec *record, v view) map[string]any {
	te := rec.te
	te.Attributes, te.Enrollments = nil, nil
	doc := asMap(&te)
	s.creator(doc, te.CreatedBy, te.UpdatedBy)
	shown := slices.Clone(s.meta.typeAttributes[te.TrackedEntityType])
	if v.program != nil {
		for _, a := range v.program.Attributes {
			shown = append(shown, a.Attribute.ID)
		}
	}
	if _, wanted := v.fields.wants("attributes"); wanted {
		doc["attributes"] = s.attributeDocs(rec, shown, v.user)
	}
	doc["relationships"] = []any{}
	below, wanted := v.fields.wants("enrollments")
	inside := v
	inside.fields = below
	enrollments, owners := []any{}, []any{}
	for i := range rec.te.Enrollments {
		en := &rec.te.Enrollments[i]
		if !v.user.reads(en.Program) || (en.Deleted && !v.deleted) || (v.program != nil && en.Program != v.program.ID) {
			continue
		}
		if wanted {
			enrollments = append(enrollments, s.enrollmentDoc(rec, en, inside))
		}
		owners = append(owners, asMap(dhis2.ProgramOwner{OrgUnit: en.OrgUnit, TrackedEntity: te.TrackedEntity, Program: en.Program}))
	}
	doc["enrollments"] = shuffled(s, enrollments)
	doc["programOwners"] = owners
	return doc
}

// attributeDocs prints the values of the attributes that are shown. Nothing is
// left of a deleted tracked entity. Since 2.43 values that the user may not
// read are left out without a word.
func (s *Server) attributeDocs(rec *record, shown []dhis2.UID, u *User) []any {
	docs := []any{}
	for _, a := range rec.te.Attributes {
		if !slices.Contains(shown, a.Attribute) || (s.minor >= 43 && slices.Contains(u.HiddenAttributes, a.Attribute)) {
			continue
		}
		if known, ok := s.meta.attribute(a.Attribute); ok {
			a.Code, a.DisplayName, a.ValueType = known.Code, known.Name, known.ValueType
		}
		doc := asMap(a)
		switch {
		case s.minor >= 44:
			doc["updatedBy"] = s.storedBy(rec.te.UpdatedBy)
		default:
			doc["storedBy"] = s.storedBy(rec.te.UpdatedBy)
		}
		docs = append(docs, doc)
	}
	return shuffled(s, docs)
}

func (s *Server) enrollmentDoc(rec *record, en *dhis2.Enrollment, v view) map[string]any {
	e := *en
	e.Events, e.Attributes = nil, nil
	doc := asMap(&e)
	s.creator(doc, e.CreatedBy, e.UpdatedBy)
	doc["relationships"] = []any{}
	if e.Notes == nil {
		doc["notes"] = []any{}
	}
	var shown []dhis2.UID
	if p := s.meta.program(en.Program); p != nil {
		for _, a := range p.Attributes {
			shown = append(shown, a.Attribute.ID)
		}
	}
	if _, wanted := v.fields.wants("attributes"); wanted {
		doc["attributes"] = s.attributeDocs(rec, shown, v.user)
	}
	if s.minor <= 40 {
		s.nameUnit(doc, en.OrgUnit)
	}
	if s.minor >= 43 {
		doc["attributeOptionCombo"] = defaultOptionCombo
	}
	if _, wanted := v.fields.wants("events"); !wanted {
		return doc
	}
	events := []any{}
	for i := range en.Events {
		if ev := &en.Events[i]; !ev.Deleted || v.deleted {
			events = append(events, s.eventDoc(ev))
		}
	}
	doc["events"] = shuffled(s, events)
	return doc
}

// The default category option combination and option of every DHIS2.
const (
	defaultOptionCombo = "HllvX50cXC0"
	defaultOption      = "xYerKDKCefk"
)

func (s *Server) eventDoc(ev *dhis2.Event) map[string]any {
	e := *ev
	e.DataValues = nil
	doc := asMap(&e)
	s.creator(doc, e.CreatedBy, e.UpdatedBy)
	doc["relationships"] = []any{}
	if e.Notes == nil {
		doc["notes"] = []any{}
	}
	doc["attributeOptionCombo"], doc["attributeCategoryOptions"] = defaultOptionCombo, defaultOption
	follow := ev.NeedsFollowUp()
	delete(doc, "followup")
	delete(doc, "followUp")
	if s.minor <= 41 {
		doc["followup"] = follow
	}
	if s.minor >= 41 {
		doc["followUp"] = follow
	}
	if s.minor <= 40 {
		s.nameUnit(doc, ev.OrgUnit)
	}
	values := []any{}
	for _, v := range ev.DataValues {
		d := asMap(v)
		delete(d, "storedBy")
		if s.minor <= 43 {
			d["storedBy"] = s.storedBy(v.UpdatedBy)
		}
		values = append(values, d)
	}
	doc["dataValues"] = shuffled(s, values)
	return doc
}

func (s *Server) nameUnit(doc map[string]any, unit dhis2.UID) {
	if u, ok := s.meta.unit(unit); ok {
		doc["orgUnitName"] = u.Name
	}
}

// creator adds storedBy where the version has it.
func (s *Server) creator(doc map[string]any, created, updated dhis2.User) {
	if s.minor <= 43 && created.Username != "" {
		doc["storedBy"] = s.storedBy(updated)
	}
}

func (s *Server) storedBy(u dhis2.User) string {
	if u.Username == "" {
		return s.actor().Username
	}
	return u.Username
}
