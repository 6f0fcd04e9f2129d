package access

import (
	"context"
	"errors"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// permit logs what is shown; without that nothing may be.
func (v *View) permit(ctx context.Context, e Entry, s *sight, shown []*fhirjson.Value) error {
	e.Sources = s.decision.Sources
	classes := map[Class]bool{}
	for _, r := range shown {
		if c := classOf(r); c != "" {
			classes[c] = true
			e.Count++
		}
	}
	if e.Action == ActionBinary {
		classes[Documents], e.Count = true, 1
	}
	e.Classes = sortClasses(classes)
	return v.append(ctx, e, true, s.decision.Reason, e.Sources)
}

// refuse logs a refusal and gives it.
func (v *View) refuse(ctx context.Context, e Entry, why Reason, sources []string) error {
	if err := v.append(ctx, e, false, why, sources); err != nil {
		return err
	}
	return &DeniedError{Reason: why}
}

// missing logs a refusal that looks like what is not there. What belongs to
// another patient stands in her log.
func (v *View) missing(ctx context.Context, e Entry, why Reason, r *fhirjson.Value) error {
	if why == ReasonForeign && r != nil {
		if other := ownerOf(r, v.g.c.NEHR.Base()); other != "" {
			e.Patient = other
		}
	}
	if err := v.append(ctx, e, false, why, nil); err != nil {
		return err
	}
	return ErrNotFound
}

// ownerOf is the patient that a resource belongs to, if any.
func ownerOf(r *fhirjson.Value, base string) string {
	if r.Get("resourceType").Str() == "Patient" {
		return "Patient/" + r.Get("id").Str()
	}
	for _, o := range owners(r) {
		if ref := local(o.Get("reference").Str(), base); is(ref, "Patient") {
			return ref
		}
	}
	return ""
}

// failed passes on an error. What could not be read is logged as a refusal, unless
// that has been done: somebody tried.
func (v *View) failed(ctx context.Context, e Entry, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*DeniedError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*LogError](err); ok {
		return err
	}
	if logErr := v.append(ctx, e, false, ReasonUndecided, nil); logErr != nil {
		return logErr
	}
	return err
}

// append fills in who, whose and why, and logs.
func (v *View) append(ctx context.Context, e Entry, permitted bool, why Reason, sources []string) error {
	if e.Patient == "" && is(v.patient, "Patient") {
		e.Patient = v.patient
	}
	e.Purpose, e.Permitted, e.Reason, e.Sources = v.purpose, permitted, why, sources
	return v.g.record(ctx, v.actor, e)
}

// given is what may be shown once it is in the log, and nothing if it is not.
func given[T any](what T, err error) (T, error) {
	if err != nil {
		var nothing T
		return nothing, err
	}
	return what, nil
}
