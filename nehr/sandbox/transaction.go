package sandbox

import (
	"net/http"
	"slices"

	"github.com/google/uuid"
)

// transaction carries out all steps or none, in the order of the specification:
// deletions, creations, updates, reads; references to entries and conditional
// references become references to what stands afterwards.
func (x *session) transaction(steps []*step) error {
	if err := unambiguous(steps); err != nil {
		return err
	}
	by := func(method string) []*step {
		return slices.DeleteFunc(slices.Clone(steps), func(s *step) bool { return s.method != method || s.dropped })
	}
	var gone []*result
	for _, s := range by(http.MethodDelete) {
		results, err := x.deleteStep(s)
		if err != nil {
			return err
		}
		gone = append(gone, results...)
	}
	places, err := x.places(steps)
	if err != nil {
		return err
	}
	writes := append(by(http.MethodPost), by(http.MethodPut)...)
	for _, s := range writes {
		x.relativise(s.resource)
		if err := x.rewrite(s.resource, places); err != nil {
			return err
		}
	}
	for _, s := range writes {
		if s.method == http.MethodPost && len(s.matched) == 1 {
			after, err := x.load(s.typ, s.id)
			if err != nil {
				return err
			}
			s.result = &result{status: http.StatusOK, after: after, note: "an existing resource matched, nothing was done"}
			continue
		}
		ifMatch := s.ifMatch
		if s.condition != "" || s.method == http.MethodPost {
			ifMatch = ""
		}
		if s.result, err = x.put(s.typ, s.id, s.resource, ifMatch, s.method); err != nil {
			return err
		}
	}
	for _, s := range writes {
		if err := x.satisfies(s); err != nil {
			return err
		}
		if err := x.dangling(s.result.after); err != nil {
			return err
		}
	}
	for _, r := range gone {
		// What was deleted and then written again in this transaction stands.
		if now, err := x.load(r.after.typ, r.after.id); err != nil || !now.deleted {
			if err != nil {
				return err
			}
			continue
		}
		if err := x.stillReferred(r.after.typ, r.after.id); err != nil {
			return err
		}
	}
	for _, s := range by(http.MethodGet) {
		s.err = x.get(s)
	}
	return nil
}

// satisfies demands of what a condition created that the condition now finds
// it: else the next such write would create it again.
func (x *session) satisfies(s *step) error {
	if s.condition == "" || len(s.matched) > 0 {
		return nil
	}
	ids, err := x.match(s.typ, s.condition)
	if err != nil {
		return err
	}
	if !slices.Contains(ids, s.id) {
		return badRequest("entry %d: the %s does not satisfy the condition it is written by", s.at, s.typ)
	}
	return nil
}

// unambiguous refuses two entries with one fullUrl, and marks the second of two
// conditional writes of one identity, which HAPI drops without a word, provided
// that both have a fullUrl.
func unambiguous(steps []*step) error {
	urls, keys := map[string]bool{}, map[string]*step{}
	for _, s := range steps {
		if s.fullURL != "" && s.resource != nil {
			if urls[s.fullURL] {
				return badRequest("entry %d: another entry has the same fullUrl", s.at)
			}
			urls[s.fullURL] = true
		}
		if k := s.key(); k != "" {
			first := keys[k]
			if first != nil && (first.fullURL == "" || s.fullURL == "") {
				return badRequest("entry %d: another entry without a fullUrl has the same condition", s.at)
			}
			if s.dropped = first != nil; !s.dropped {
				keys[k] = s
			}
		}
	}
	return nil
}

// places decides under which id each write will stand, and gives the map from
// fullUrl and from conditional URL to Type/id.
func (x *session) places(steps []*step) (map[string]string, error) {
	places, keys := map[string]string{}, map[string]string{}
	for _, s := range steps {
		if s.resource == nil {
			continue
		}
		k := s.key()
		switch {
		case k != "" && s.dropped:
			s.id = keys[k]
		case k != "":
			s.condition = s.query + s.ifNoneExist
			ids, err := x.match(s.typ, s.condition)
			if err != nil {
				return nil, err
			}
			if len(ids) > 1 {
				return nil, multiple(s.typ, len(ids))
			}
			s.matched = ids
			s.id = newID(s, ids)
			keys[k] = s.id
			places[s.typ+"?"+s.condition] = s.typ + "/" + s.id
		case s.id == "":
			s.id = newID(s, nil)
		}
		if s.fullURL != "" {
			places[s.fullURL] = s.typ + "/" + s.id
		}
	}
	return places, nil
}

func (x *session) deleteStep(s *step) ([]*result, error) {
	ids := []string{s.id}
	if s.id == "" {
		var err error
		if ids, err = x.match(s.typ, s.query); err != nil {
			return nil, err
		}
		if len(ids) > 1 {
			return nil, multiple(s.typ, len(ids))
		}
	}
	s.result = &result{status: http.StatusNoContent}
	var gone []*result
	for _, id := range ids {
		r, err := x.remove(s.typ, id)
		if err != nil {
			return nil, err
		}
		r.status = http.StatusNoContent
		s.result = r
		if r.after != nil {
			gone = append(gone, r)
		}
	}
	return gone, nil
}

// newID is the id under which a write without one will stand: the one that its
// condition matched, that of the body of a conditional update, or a new one.
func newID(s *step, matched []string) string {
	if len(matched) == 1 {
		return matched[0]
	}
	if id := s.resource.Get("id").Str(); s.method == http.MethodPut && idForm.MatchString(id) {
		return id
	}
	return uuid.NewString()
}
