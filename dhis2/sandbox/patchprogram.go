package sandbox

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// attributeRow is what the sandbox keeps of an attribute's row in a program beside
// dhis2.ProgramAttribute.
type attributeRow struct {
	ID            string `json:"id"`
	Searchable    bool   `json:"searchable"`
	DisplayInList bool   `json:"displayInList"`
}

type rowKey struct{ program, attribute dhis2.UID }

// row gives a row the identifier that DHIS2 would have made.
func (s *Server) row(program, attribute dhis2.UID) attributeRow {
	if row, ok := s.meta.rows[rowKey{program, attribute}]; ok {
		return row
	}
	sum := sha256.Sum256([]byte(program.String() + attribute.String()))
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var b strings.Builder
	for _, c := range sum[:11] {
		b.WriteByte(letters[int(c)%len(letters)])
	}
	return attributeRow{ID: b.String()}
}

// withRows completes the attributes in a program's document.
func (s *Server) withRows(p *dhis2.Program, doc map[string]any) {
	rows, _ := doc["programTrackedEntityAttributes"].([]any)
	for i, row := range rows {
		kept := s.row(p.ID, p.Attributes[i].Attribute.ID)
		m := row.(map[string]any)
		m["id"], m["searchable"], m["displayInList"], m["sortOrder"] = kept.ID, kept.Searchable, kept.DisplayInList, i+1
	}
	for name, v := range s.meta.members[p.ID] {
		doc[name] = v
	}
	for i, st := range p.Stages {
		doc["programStages"].([]any)[i].(map[string]any)["sharing"] = asMap(s.sharingOf(st.ID))
	}
}

// patchProgram is PATCH /api/programs/{uid}, as far as it concerns rows of
// attributes and sharing with users.
func (s *Server) patchProgram(u *User, r *http.Request) (any, *problem) {
	id, _ := dhis2.ParseUID(r.PathValue("uid"))
	p := s.meta.program(id)
	switch {
	case p == nil || !u.reads(id):
		return nil, notFound("Program with id " + id.String() + " could not be found.")
	case !u.has("F_PROGRAM_PUBLIC_ADD") && !u.has("F_PROGRAM_PRIVATE_ADD"):
		return nil, forbidden("You don't have the proper permissions to update this object.")
	}
	patch, problem := readPatch(r)
	if problem != nil {
		return nil, problem
	}
	doc := s.programDoc(p)
	if problem := patched(doc, patch); problem != nil {
		return nil, problem
	}
	rows, attributes := map[rowKey]attributeRow{}, []dhis2.ProgramAttribute{}
	list, _ := doc["programTrackedEntityAttributes"].([]any)
	for _, e := range list {
		var row struct {
			attributeRow `json:",inline"`
			Mandatory    bool         `json:"mandatory"`
			Attribute    dhis2.Object `json:"trackedEntityAttribute"`
		}
		text, err := json.Marshal(e)
		if err != nil || json.Unmarshal(text, &row) != nil {
			return nil, bad("a row is no program tracked entity attribute")
		}
		element, ok := s.attributeElement(row.Attribute.ID)
		if !ok {
			return nil, conflict("E5002", "Invalid reference [] on object for association `trackedEntityAttribute`.")
		}
		if row.ID == "" {
			row.ID = s.newUID().String()
		}
		rows[rowKey{id, element.ID}] = row.attributeRow
		attributes = append(attributes, dhis2.ProgramAttribute{Mandatory: row.Mandatory, Attribute: element})
	}
	for k := range s.meta.rows {
		if k.program == id {
			delete(s.meta.rows, k)
		}
	}
	for k, row := range rows {
		s.meta.rows[k] = row
	}
	p.Attributes = attributes
	s.share(id, doc)
	return written(http.StatusOK, "org.hisp.dhis.program.Program", id), nil
}

// attributeElement is an attribute of any program, or one that was made here.
func (s *Server) attributeElement(id dhis2.UID) (dhis2.DataElement, bool) {
	if e, ok := s.meta.attribute(id); ok {
		return e, true
	}
	doc := s.objects["trackedEntityAttributes"][id.String()]
	if doc == nil {
		return dhis2.DataElement{}, false
	}
	unique, _ := doc["unique"].(bool)
	generated, _ := doc["generated"].(bool)
	return dhis2.DataElement{ID: id, Code: stringOf(doc["code"]), Name: stringOf(doc["name"]),
		ValueType: dhis2.ValueType(stringOf(doc["valueType"])), Unique: unique, Generated: generated, Pattern: stringOf(doc["pattern"])}, true
}

// sharingOf is that of a program, a stage or a tracked entity type: everybody's,
// but what was granted on top.
func (s *Server) sharingOf(id dhis2.UID) Sharing {
	sharing := Sharing{Public: "rwrw----", Users: map[string]Grant{}, UserGroups: map[string]Grant{}}
	if public, ok := s.meta.public[id]; ok {
		sharing.Public = public
	}
	for user, grant := range s.meta.grants[id] {
		sharing.Users[user] = grant
	}
	return sharing
}

// share keeps the grants to users that a patched document names. A user who is
// granted a program reads it from now on, one who lost it no longer.
func (s *Server) share(id dhis2.UID, doc map[string]any) {
	sharing, _ := doc["sharing"].(map[string]any)
	users, _ := sharing["users"].(map[string]any)
	grants := map[string]Grant{}
	for user, v := range users {
		m, _ := v.(map[string]any)
		uid, _ := dhis2.ParseUID(stringOf(m["id"]))
		grants[user] = Grant{ID: uid, Access: stringOf(m["access"])}
	}
	s.meta.grants[id] = grants
	if s.meta.program(id) == nil {
		return
	}
	s.users = slices.Clone(s.users) // who is being answered keeps what he had
	for i := range s.users {
		u := &s.users[i]
		_, granted := grants[u.Identity().String()]
		switch {
		case u.Programs == nil:
		case granted && !u.reads(id):
			u.Programs = append(u.Programs, id)
		case !granted && u.reads(id):
			u.Programs = without(u.Programs, id)
		}
	}
}

func without(list []dhis2.UID, id dhis2.UID) []dhis2.UID {
	out := []dhis2.UID{}
	for _, e := range list {
		if e != id {
			out = append(out, e)
		}
	}
	return out
}

// shared answers GET and PATCH of program stages and tracked entity types, as far
// as their sharing.
func (s *Server) shared(title string, known func(dhis2.UID) (string, bool)) (get, patch func(*User, *http.Request) (any, *problem)) {
	find := func(r *http.Request) (id dhis2.UID, doc map[string]any, p *problem) {
		id, _ = dhis2.ParseUID(r.PathValue("uid"))
		name, ok := known(id)
		if !ok {
			return id, nil, notFound(title + " with id " + id.String() + " could not be found.")
		}
		return id, map[string]any{"id": id.String(), "name": name, "displayName": name, "sharing": asMap(s.sharingOf(id))}, nil
	}
	get = func(_ *User, r *http.Request) (any, *problem) {
		_, doc, p := find(r)
		if p != nil {
			return nil, p
		}
		return filtered(doc, r.URL.Query().Get("fields"))
	}
	patch = func(u *User, r *http.Request) (any, *problem) {
		if !u.has("F_PROGRAM_PUBLIC_ADD") && !u.has("F_PROGRAM_PRIVATE_ADD") {
			return nil, forbidden("You don't have the proper permissions to update this object.")
		}
		operations, p := readPatch(r)
		if p != nil {
			return nil, p
		}
		id, doc, p := find(r)
		if p == nil {
			p = patched(doc, operations)
		}
		if p != nil {
			return nil, p
		}
		s.share(id, doc)
		return written(http.StatusOK, "org.hisp.dhis."+title, id), nil
	}
	return get, patch
}

func (s *Server) stageName(id dhis2.UID) (string, bool) {
	_, st := s.meta.stage(id)
	if st == nil {
		return "", false
	}
	return st.Name, true
}

func (s *Server) typeName(id dhis2.UID) (string, bool) {
	for _, p := range s.meta.programs {
		if p.TrackedEntityType.ID == id && !id.IsZero() {
			return p.TrackedEntityType.Name, true
		}
	}
	return "", false
}
