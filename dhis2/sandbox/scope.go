package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// scope is how far a list reaches.
type scope struct {
	within func(unit dhis2.UID) bool
	global bool // reaches outside the user's capture scope: counts as a search
}

// searchAll lets a user ask for orgUnitMode=ALL.
const searchAll = "F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS"

// scopeOf applies the rules of orgUnits and orgUnitMode. 2.40 knows them as
// orgUnit and ouMode and ignores the later names, as every parameter that it
// does not know.
func (s *Server) scopeOf(u *User, q url.Values, unitNames ...string) (scope, *problem) {
	capture := s.capturePaths(u)
	accessible := append(s.paths(u.Search), capture...)
	mode := s.param(q, "orgUnitMode", "ouMode")
	units, p := s.uids(q, unitNames...)
	if p != nil {
		return scope{}, p
	}
	if mode == "" {
		mode = "ACCESSIBLE"
		if len(units) > 0 {
			mode = "SELECTED"
		}
	}
	anyOf := func(paths []string) func(dhis2.UID) bool {
		return func(unit dhis2.UID) bool { return below(s.meta.path(unit), paths) }
	}
	switch mode {
	case "ACCESSIBLE", "CAPTURE", "ALL":
		if len(units) > 0 {
			return scope{}, bad("orgUnitMode " + mode + " cannot be used with orgUnits. Please remove the orgUnit parameter and try again.")
		}
	case "SELECTED", "CHILDREN", "DESCENDANTS":
		if len(units) == 0 {
			return scope{}, bad("At least one org unit is required for orgUnitMode: " + mode)
		}
	default:
		return scope{}, bad("orgUnitMode is unknown")
	}
	switch mode {
	case "ALL":
		if !u.has(searchAll) {
			return scope{}, forbidden("User is not authorized to query across all organisation units")
		}
		global := slices.ContainsFunc(s.meta.roots(), func(r dhis2.UID) bool { return !below(s.meta.path(r), capture) })
		return scope{within: func(dhis2.UID) bool { return true }, global: global}, nil
	case "CAPTURE":
		return scope{within: anyOf(capture)}, nil
	case "ACCESSIBLE":
		global := slices.ContainsFunc(s.paths(u.Search), func(p string) bool { return !below(p, capture) })
		return scope{within: anyOf(accessible), global: global}, nil
	}
	sc := scope{}
	var paths []string
	for _, unit := range units {
		known, ok := s.meta.unit(unit)
		if !ok {
			return scope{}, bad("Organisation unit does not exist: " + unit.String())
		}
		if !below(known.Path, accessible) {
			return scope{}, forbidden("Organisation unit is not part of the search scope: " + unit.String())
		}
		sc.global = sc.global || !below(known.Path, capture)
		paths = append(paths, known.Path)
	}
	sc.within = func(unit dhis2.UID) bool {
		path := s.meta.path(unit)
		return slices.ContainsFunc(paths, func(p string) bool {
			switch mode {
			case "SELECTED":
				return path == p
			case "CHILDREN":
				return path == p || path[:strings.LastIndexByte(path, '/')] == p
			}
			return below(path, []string{p})
		})
	}
	return sc, nil
}

// searchLimit is the 409 of a query that counts as a search and names fewer
// attributes than the program demands.
func searchLimit(sc scope, p *dhis2.Program) *problem {
	if !sc.global || p == nil || p.MinAttributesToSearch < 1 {
		return nil
	}
	return conflict("", fmt.Sprintf("At least %d attributes should be mentioned in the search criteria.", p.MinAttributesToSearch))
}

// capturePaths are the roots of the user's data capture scope. A user without
// named units captures everywhere, also where a document names a unit that
// the sandbox was never told of.
func (s *Server) capturePaths(u *User) []string {
	if u.Capture == nil {
		return []string{""}
	}
	return s.paths(u.Capture)
}

// accessible reports whether a unit lies in the user's capture or search
// scope.
func (s *Server) accessible(u *User, unit dhis2.UID) bool {
	return below(s.meta.path(unit), append(s.paths(u.Search), s.capturePaths(u)...))
}

func (s *Server) paths(units []dhis2.UID) []string {
	out := make([]string, 0, len(units))
	for _, u := range units {
		out = append(out, s.meta.path(u))
	}
	return out
}

// below reports whether path is one of the roots or lies under one.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool {
		return path == r || strings.HasPrefix(path, r+"/")
	})
}

// param reads a parameter whose name changed with 2.41: 2.40 knows the old
// name only, 2.41 both, later versions the new one.
func (s *Server) param(q url.Values, name, old string) string {
	switch {
	case s.minor <= 40:
		return q.Get(old)
	case s.minor == 41 && !q.Has(name):
		return q.Get(old)
	}
	return q.Get(name)
}

// uids reads a list of UIDs: names[0] is its name, names[1] (where given) the
// one of 2.40, which joins by semicolons.
func (s *Server) uids(q url.Values, names ...string) ([]dhis2.UID, *problem) {
	name, old := names[0], names[len(names)-1]
	comma := ","
	text := s.param(q, name, old)
	if name != old && (s.minor <= 40 || (s.minor == 41 && !q.Has(name))) {
		comma = ";"
	}
	var out []dhis2.UID
	for part := range strings.SplitSeq(text, comma) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		u, err := dhis2.ParseUID(part)
		if err != nil {
			return nil, bad("Value is not a valid UID for parameter " + name)
		}
		out = append(out, u)
	}
	return out, nil
}
