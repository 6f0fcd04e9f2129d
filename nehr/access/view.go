package access

import (
	"context"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// View is one actor's sight of one patient's record, for one purpose. It keeps no
// decision: each of its methods asks the NEHR anew which consents there are, in
// the same request as what it reads, and is in the log before it returns.
// It is safe for use by many goroutines.
type View struct {
	g       *Gate
	actor   Actor
	patient string
	purpose Purpose
	opened  Decision
}

// Patient is whose record it is, "Patient/…".
func (v *View) Patient() string { return v.patient }

// Actor is whose view it is.
func (v *View) Actor() Actor { return v.actor }

// Purpose is what it was opened for.
func (v *View) Purpose() Purpose { return v.purpose }

// Decision is by what the view was opened. It is for people to read: each method
// decides anew.
func (v *View) Decision() Decision { return v.opened }

// Read gives one resource of hers, or one of the organisations, practitioners,
// places and devices. What is not there, is another's, or is withheld, is
// ErrNotFound alike.
func (v *View) Read(ctx context.Context, typ, id string) (*fhirjson.Value, error) {
	e := Entry{Action: ActionRead, Type: typ, ID: id}
	r, s, err := v.one(ctx, &e)
	if err != nil {
		return nil, err
	}
	return given(r, v.permit(ctx, e, s, []*fhirjson.Value{r}))
}

// one reads the resource that an entry names. A refusal is logged.
func (v *View) one(ctx context.Context, e *Entry) (*fhirjson.Value, *sight, error) {
	if !idForm.MatchString(e.ID) || !directory[e.Type] && classOfType[e.Type] == "" {
		if !typeForm.MatchString(e.Type) || !idForm.MatchString(e.ID) {
			e.Type, e.ID = "", "" // whatever it is, it is no name
		}
		return nil, nil, v.missing(ctx, *e, ReasonUnknown, nil)
	}
	if e.Type == "Patient" && "Patient/"+e.ID != v.patient {
		return nil, nil, v.missing(ctx, *e, ReasonForeign, fhirjson.Fields(
			fhirjson.F("resourceType", fhirjson.Text("Patient")), fhirjson.F("id", fhirjson.Text(e.ID))))
	}
	q := &query{typ: e.Type, id: e.ID}
	s, err := v.look(ctx, *e, q)
	if err != nil {
		return nil, nil, v.failed(ctx, *e, err)
	}
	if len(q.found) == 0 {
		return nil, nil, v.missing(ctx, *e, ReasonUnknown, nil)
	}
	if _, d := s.sees(q.found[0]); !d.Permitted {
		return nil, nil, v.missing(ctx, *e, d.Reason, q.found[0])
	}
	return q.found[0], s, nil
}

// History gives the versions of one resource, newest first: those that were hers
// and that may be seen, as long as the resource itself may be.
func (v *View) History(ctx context.Context, typ, id string) ([]*fhirjson.Value, error) {
	e := Entry{Action: ActionHistory, Type: typ, ID: id}
	now, s, err := v.one(ctx, &e)
	if err != nil {
		return nil, err
	}
	all, err := v.g.c.NEHR.History(ctx, typ, id)
	if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	var versions []*fhirjson.Value
	for _, r := range all {
		if r.Get("resourceType").Str() != typ || r.Get("id").Str() != now.Get("id").Str() {
			continue
		}
		if _, d := s.sees(r); d.Permitted {
			versions = append(versions, r)
		}
	}
	return given(versions, v.permit(ctx, e, s, versions))
}

// Audit decides anew and logs what the reader of the view does beside reading:
// ActionCreate, ActionUpdate (of "Type/id"), ActionDisclose. It is called before
// the write or the disclosure, which an error forbids.
func (v *View) Audit(ctx context.Context, action Action, ref string) error {
	e := Entry{Action: action}
	if action != ActionCreate && action != ActionUpdate && action != ActionDisclose {
		e.Action = ActionOpen
		return v.refuse(ctx, e, ReasonParameter, nil)
	}
	if ref != "" {
		typ, id, ok := reference(ref)
		if !ok {
			return v.refuse(ctx, e, ReasonParameter, nil)
		}
		e.Type, e.ID = typ, id
	}
	_, err := v.look(ctx, e)
	return v.failed(ctx, e, err)
}
