package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

func (s *Server) program(u *User, r *http.Request) (any, *problem) {
	id, _ := dhis2.ParseUID(r.PathValue("uid"))
	p := s.meta.program(id)
	if p == nil || !u.reads(id) {
		return nil, notFound("Program with id " + id.String() + " could not be found.")
	}
	return filtered(s.programDoc(p), r.URL.Query().Get("fields"))
}

func (s *Server) listPrograms(u *User, r *http.Request) (any, *problem) {
	docs := []any{}
	for i := range s.meta.programs {
		if u.reads(s.meta.programs[i].ID) {
			docs = append(docs, s.programDoc(&s.meta.programs[i]))
		}
	}
	return s.listMetadata(r, "programs", docs)
}

func (s *Server) programDoc(p *dhis2.Program) map[string]any {
	readable := *p
	readable.Access = dhis2.Access{Read: true, Data: dhis2.DataAccess{Read: true, Write: true}}
	doc := asMap(&readable)
	doc["sharing"] = asMap(s.programSharing(p.ID))
	// Every unit, unless Dataset.ProgramMembers says which.
	units := []any{}
	for _, u := range s.meta.units {
		units = append(units, map[string]any{"id": u.ID.String()})
	}
	doc["organisationUnits"] = units
	s.withRows(p, doc)
	return doc
}

// programSharing is who may use a program: everybody, or those whose
// User.Programs name it.
func (s *Server) programSharing(program dhis2.UID) Sharing {
	sharing := Sharing{Public: "rwrw----", Users: map[string]Grant{}, UserGroups: map[string]Grant{}}
	for _, u := range s.users {
		if !u.reads(program) {
			sharing.Public = "--------"
		} else {
			sharing.Users[u.Identity().String()] = Grant{ID: u.Identity(), Access: "rwrw----"}
		}
	}
	for user, grant := range s.meta.grants[program] {
		sharing.Users[user] = grant
	}
	return sharing
}

func (s *Server) listOptionSets(_ *User, r *http.Request) (any, *problem) {
	return s.listMetadata(r, "optionSets", s.meta.optionSets())
}

func (s *Server) listDataElements(_ *User, r *http.Request) (any, *problem) {
	return s.listMetadata(r, "dataElements", s.meta.elements(false))
}

func (s *Server) listOrganisationUnits(_ *User, r *http.Request) (any, *problem) {
	docs := []any{}
	for _, u := range s.meta.units {
		docs = append(docs, asMap(u))
	}
	return s.listMetadata(r, "organisationUnits", docs)
}

// listUsers needs an authority to see users, as DHIS2 does.
func (s *Server) listUsers(u *User, r *http.Request) (any, *problem) {
	if !u.has("F_USER_VIEW") {
		return nil, forbidden("You don't have the proper permissions to read objects of this type.")
	}
	docs := []any{}
	for i := range s.users {
		docs = append(docs, s.userDoc(&s.users[i]))
	}
	return s.listMetadata(r, "users", docs)
}

func (s *Server) userDoc(o *User) map[string]any {
	doc := asMap(o.User)
	delete(doc, "uid")
	doc["id"] = o.Identity().String()
	doc["displayName"] = strings.TrimSpace(o.FirstName + " " + o.Surname)
	doc["disabled"], doc["externalAuth"] = o.Disabled, o.ExternalAuth
	if o.OpenID != "" {
		doc["openId"] = o.OpenID
	}
	doc["organisationUnits"] = references(s.captureRoots(o))
	doc["userGroups"] = references(o.Groups)
	roles := []any{}
	for _, id := range o.Roles {
		roles = append(roles, map[string]any{"id": id, "authorities": s.objects["userRoles"][id]["authorities"]})
	}
	if len(roles) == 0 {
		authorities := []any{}
		for _, a := range o.Authorities {
			authorities = append(authorities, a)
		}
		roles = []any{map[string]any{"authorities": authorities}}
	}
	doc["userRoles"] = roles
	return doc
}

// captureRoots are the organisation units whose subtrees a user captures in.
func (s *Server) captureRoots(u *User) []dhis2.UID {
	if u.Capture != nil {
		return u.Capture
	}
	var roots []dhis2.UID
	for _, unit := range s.meta.units {
		if unit.Level == 1 {
			roots = append(roots, unit.ID)
		}
	}
	return roots
}

func references(ids []dhis2.UID) []any {
	docs := []any{}
	for _, id := range ids {
		docs = append(docs, map[string]any{"id": id.String()})
	}
	return docs
}

// listMetadata filters and pages a metadata list. Without fields DHIS2 prints
// id and displayName only.
func (s *Server) listMetadata(r *http.Request, plural string, docs []any) (any, *problem) {
	q := r.URL.Query()
	for _, f := range q["filter"] {
		keep, p := metadataFilter(f)
		if p != nil {
			return nil, p
		}
		docs = slices.DeleteFunc(docs, func(d any) bool { return !keep(d.(map[string]any)) })
	}
	answer := map[string]any{}
	if q.Get("paging") != "false" {
		page, size, p := s.pageOf(q)
		if p != nil {
			return nil, p
		}
		total := len(docs)
		docs = slice(docs, page, size)
		answer["pager"] = map[string]any{"page": page, "pageSize": size, "total": total, "pageCount": max(1, (total+size-1)/size)}
	}
	fields := q.Get("fields")
	if fields == "" {
		fields = "id,displayName"
	}
	shown, p := filtered(docs, fields)
	if p != nil {
		return nil, p
	}
	answer[plural] = shown
	return answer, nil
}

// metadataFilter reads property:in:[a,b] and property:eq:a; a property may be one of
// the members of a list, as organisationUnits.id, of which one has to fit.
func metadataFilter(f string) (func(map[string]any) bool, *problem) {
	parts := strings.SplitN(f, ":", 3)
	if len(parts) != 3 || (parts[1] != "in" && parts[1] != "eq") {
		return nil, bad("filter: the sandbox knows property:in:[…] and property:eq:… only")
	}
	wanted := []string{parts[2]}
	if parts[1] == "in" {
		list, opened := strings.CutPrefix(parts[2], "[")
		list, closed := strings.CutSuffix(list, "]")
		if !opened || !closed {
			return nil, bad("filter: in wants a list in brackets")
		}
		wanted = strings.Split(list, ",")
	}
	fits := func(doc map[string]any, property string) bool {
		switch v := doc[property].(type) {
		case string:
			return slices.Contains(wanted, v)
		case float64:
			return slices.Contains(wanted, strconv.FormatFloat(v, 'f', -1, 64))
		}
		return false
	}
	property, member, nested := strings.Cut(parts[0], ".")
	return func(doc map[string]any) bool {
		if !nested {
			return fits(doc, property)
		}
		list, _ := doc[property].([]any)
		return slices.ContainsFunc(list, func(one any) bool {
			object, ok := one.(map[string]any)
			return ok && fits(object, member)
		})
	}, nil
}

// pageOf reads page and pageSize. Since 2.42 what is below 1 is refused;
// before, the default stood in.
func (s *Server) pageOf(q url.Values) (page, size int, p *problem) {
	page, size = 1, s.cfg.PageSize
	for _, n := range []struct {
		name string
		to   *int
	}{{"page", &page}, {"pageSize", &size}} {
		text := q.Get(n.name)
		if text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || (v < 1 && s.minor >= 42) {
			return 0, 0, bad(n.name + " must be a number from 1")
		}
		if v >= 1 {
			*n.to = v
		}
	}
	if size > s.cfg.MaxPageSize {
		return 0, 0, bad(fmt.Sprintf("pageSize may be at most %d", s.cfg.MaxPageSize))
	}
	return page, size, nil
}

// slice is the page of a list, by OFFSET.
func slice[T any](list []T, page, size int) []T {
	from := min((page-1)*size, len(list))
	return list[from:min(from+size, len(list))]
}
