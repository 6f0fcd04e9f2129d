package sandbox

import (
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// objectKind is a kind of metadata that the sandbox keeps as documents: it looks
// at few members of them.
type objectKind struct {
	plural, title string
	class         string   // of Java, as answers name it
	needs         []string // members that must be there
	add, remove   string   // authorities
	used          func(s *Server, id string) bool
}

var objectKinds = []*objectKind{
	{plural: "userRoles", title: "UserRole", class: "org.hisp.dhis.user.UserRole", needs: []string{"name"},
		add: "F_USERROLE_PUBLIC_ADD", remove: "F_USERROLE_DELETE", used: (*Server).roleUsed},
	{plural: "userGroups", title: "UserGroup", class: "org.hisp.dhis.user.UserGroup", needs: []string{"name"},
		add: "F_USERGROUP_PUBLIC_ADD", remove: "F_USERGROUP_DELETE"},
	{plural: "trackedEntityAttributes", title: "TrackedEntityAttribute", class: "org.hisp.dhis.trackedentity.TrackedEntityAttribute",
		needs: []string{"name", "shortName", "valueType", "aggregationType"},
		add:   "F_TRACKED_ENTITY_ATTRIBUTE_PUBLIC_ADD", remove: "F_TRACKED_ENTITY_ATTRIBUTE_DELETE", used: (*Server).attributeUsed},
}

func (s *Server) registerObjects() {
	for _, k := range objectKinds {
		list, one := "/api/"+k.plural, "/api/"+k.plural+"/{uid}"
		s.api("GET "+list, func(u *User, r *http.Request) (any, *problem) {
			return s.listMetadata(r, k.plural, u.sees(s.objectDocs(k)))
		})
		s.api("GET "+one, func(_ *User, r *http.Request) (any, *problem) {
			doc, p := s.objectDoc(k, r)
			if p != nil {
				return nil, p
			}
			return filtered(doc, r.URL.Query().Get("fields"))
		})
		s.api("POST "+list, func(u *User, r *http.Request) (any, *problem) { return s.createObject(k, u, r) })
		s.api("PATCH "+one, func(u *User, r *http.Request) (any, *problem) { return s.patchObject(k, u, r) })
		s.api("DELETE "+one, func(u *User, r *http.Request) (any, *problem) { return s.deleteObject(k, u, r) })
	}
}

// objectDocs are all documents of a kind: those that were made here, and what
// other parts of the sandbox imply.
func (s *Server) objectDocs(k *objectKind) []any {
	docs := []any{}
	made := s.objects[k.plural]
	if k.plural == "trackedEntityAttributes" {
		for _, d := range s.meta.elements(true) {
			doc := d.(map[string]any)
			if made[doc["id"].(string)] == nil {
				doc["shortName"], doc["aggregationType"] = doc["name"], "NONE"
				docs = append(docs, doc)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(made)) {
		docs = append(docs, maps.Clone(made[id]))
	}
	for _, d := range docs {
		doc := d.(map[string]any)
		doc["displayName"] = doc["name"]
	}
	return docs
}

// sees leaves out what sharing hides from a user.
func (u *User) sees(docs []any) []any {
	return slices.DeleteFunc(docs, func(d any) bool {
		return slices.ContainsFunc(u.HiddenAttributes, func(id dhis2.UID) bool { return d.(map[string]any)["id"] == id.String() })
	})
}

func (s *Server) objectDoc(k *objectKind, r *http.Request) (map[string]any, *problem) {
	for _, d := range s.objectDocs(k) {
		if doc := d.(map[string]any); doc["id"] == r.PathValue("uid") {
			return doc, nil
		}
	}
	return nil, notFound(k.title + " with id " + r.PathValue("uid") + " could not be found.")
}

func (s *Server) createObject(k *objectKind, u *User, r *http.Request) (any, *problem) {
	if !u.has(k.add) {
		return nil, forbidden("You don't have the proper permissions to create this object.")
	}
	doc := map[string]any{}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &doc) != nil {
		return nil, bad("the body is no object")
	}
	for _, name := range k.needs {
		if text, _ := doc[name].(string); text == "" {
			return nil, conflict("E4000", "Missing required property `"+name+"`.")
		}
	}
	id, err := dhis2.ParseUID(stringOf(doc["id"]))
	if err != nil {
		id = s.newUID()
	}
	for _, d := range s.objectDocs(k) {
		other := d.(map[string]any)
		if other["id"] == id.String() {
			return nil, conflict("E5000", "Found matching object for reference, but import strategy is CREATE.")
		}
		for _, name := range []string{"name", "code"} {
			if text := stringOf(doc[name]); text != "" && text == other[name] {
				return nil, conflict("E5003", "Property `"+name+"` is not unique.")
			}
		}
	}
	if k.plural == "userRoles" {
		for _, a := range texts(doc["authorities"]) {
			if !u.has(a) {
				return nil, conflict("E3032", "User is not allowed to grant an authority that he does not have.")
			}
		}
	}
	doc["id"] = id.String()
	s.object(k.plural)[id.String()] = doc
	return reply{http.StatusCreated, contextPath(r) + "/api/" + k.plural + "/" + id.String(), written(http.StatusCreated, k.class, id)}, nil
}

func (s *Server) patchObject(k *objectKind, u *User, r *http.Request) (any, *problem) {
	if !u.has(k.add) {
		return nil, forbidden("You don't have the proper permissions to update this object.")
	}
	patch, p := readPatch(r)
	if p != nil {
		return nil, p
	}
	doc := s.objects[k.plural][r.PathValue("uid")]
	if doc == nil {
		return nil, notFound(k.title + " with id " + r.PathValue("uid") + " could not be found.")
	}
	if p := patched(doc, patch); p != nil {
		return nil, p
	}
	id, _ := dhis2.ParseUID(r.PathValue("uid"))
	s.grantRoles()
	return written(http.StatusOK, k.class, id), nil
}

func (s *Server) deleteObject(k *objectKind, u *User, r *http.Request) (any, *problem) {
	id := r.PathValue("uid")
	switch {
	case !u.has(k.remove):
		return nil, forbidden("You don't have the proper permissions to delete this object.")
	case s.objects[k.plural][id] == nil:
		if _, p := s.objectDoc(k, r); p != nil {
			return nil, p
		}
		return nil, conflict("E4030", "Object could not be deleted because it is associated with another object.")
	case k.used != nil && k.used(s, id):
		return nil, conflict("E4030", "Object could not be deleted because it is associated with another object.")
	}
	delete(s.objects[k.plural], id)
	uid, _ := dhis2.ParseUID(id)
	return written(http.StatusOK, k.class, uid), nil
}

func (s *Server) object(plural string) map[string]map[string]any {
	if s.objects[plural] == nil {
		s.objects[plural] = map[string]map[string]any{}
	}
	return s.objects[plural]
}

// attributeUsed: an attribute that stands in a program, or has a value, stays.
func (s *Server) attributeUsed(id string) bool {
	uid, _ := dhis2.ParseUID(id)
	if _, ok := s.meta.attribute(uid); ok {
		return true
	}
	return slices.ContainsFunc(s.store.records, func(r *record) bool {
		return slices.ContainsFunc(r.te.Attributes, func(a dhis2.Attribute) bool { return a.Attribute == uid })
	})
}

func (s *Server) roleUsed(id string) bool {
	return slices.ContainsFunc(s.users, func(u User) bool { return slices.Contains(u.Roles, id) })
}

func stringOf(v any) string {
	text, _ := v.(string)
	return text
}

// texts are the strings of an array.
func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, e := range list {
		if text, ok := e.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
