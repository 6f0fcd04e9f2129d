package access

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Record reads all of the record that may be seen: by one request what is hers
// and what decides, and by another the organisations, practitioners and places
// that it names. A server that divides answers of 1,000 resources into pages is
// asked for each page.
func (v *View) Record(ctx context.Context) (*Record, error) {
	_, id, _ := reference(v.patient)
	queries := []*query{{typ: "Patient", id: id}}
	for _, t := range recordTypes {
		queries = append(queries, hersOf(t, v.patient))
	}
	e := Entry{Action: ActionRecord}
	s, err := v.look(ctx, e, queries...)
	if err != nil {
		if v.away(err) {
			return v.last(ctx, queries, err)
		}
		return nil, v.failed(ctx, e, err)
	}
	r, names := s.filter(queries)
	bodies := [][]byte{s.body}
	if len(names) > 0 {
		body, err := v.g.batch(ctx, names...)
		if err != nil {
			return nil, v.failed(ctx, e, err)
		}
		s.name(r, names)
		bodies = append(bodies, body)
	}
	r.At = s.at
	if err := v.permit(ctx, e, s, r.Resources); err != nil {
		return nil, err
	}
	if v.actor.Kind == KindPatient {
		v.g.copies.keep(v.patient, s.at, bodies)
	}
	return r, nil
}

// filter takes what may be seen, and makes the queries for what that names.
func (s *sight) filter(queries []*query) (*Record, []*query) {
	r := &Record{Patient: s.v.patient, Decision: s.decision}
	withheld := map[Class]bool{}
	named := map[string][]string{}
	seen := map[string]bool{}
	for _, q := range queries {
		for _, resource := range q.found {
			class, d := s.sees(resource)
			if !d.Permitted {
				if d.Reason != ReasonForeign {
					withheld[class] = true
				}
				continue
			}
			r.Resources = append(r.Resources, resource)
			resource.Strings(func(field, text string) string {
				if field == "reference" {
					ref := local(text, s.v.g.c.NEHR.Base())
					if typ, id, ok := reference(ref); ok && directory[typ] && !seen[ref] {
						seen[ref] = true
						named[typ] = append(named[typ], id)
					}
				}
				return text
			})
		}
	}
	r.Withheld = Withheld{Any: len(withheld) > 0, Classes: sortClasses(withheld)}
	var names []*query
	for _, typ := range []string{"Organization", "Location", "PractitionerRole", "Practitioner", "HealthcareService", "Device", "Medication"} {
		for ids := range slices.Chunk(named[typ], 50) {
			names = append(names, &query{typ: typ, params: map[string][]string{"_id": {strings.Join(ids, ",")}, "_count": {strconv.Itoa(len(ids))}}})
		}
	}
	return r, names
}

// name adds what the record names.
func (s *sight) name(r *Record, names []*query) {
	for _, q := range names {
		for _, resource := range q.found {
			if _, d := s.sees(resource); d.Permitted {
				r.Resources = append(r.Resources, resource)
			}
		}
	}
}
