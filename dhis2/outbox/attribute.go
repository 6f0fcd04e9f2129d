package outbox

import (
	"context"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Attribute gives a tracked entity a value where it has none, such as the
// personal health number that was issued for her. What stands there already
// stays: then the result is Taken, or Stood if it is the same value.
//
// DHIS2 has no conditional write. Between the reading that finds nothing and
// the writing, and only there, somebody else's value would be replaced.
type Attribute struct {
	TrackedEntity dhis2.UID `json:"trackedEntity"`
	Program       dhis2.UID `json:"program"` // in which the attribute is read: outside it DHIS2 would not show it
	Attribute     dhis2.UID `json:"attribute"`
	Value         string    `json:"value"`
}

// Kind is "attribute".
func (*Attribute) Kind() string { return "attribute" }

// Subject is the tracked entity.
func (a *Attribute) Subject() dhis2.UID { return a.TrackedEntity }

// Validate names everything that is missing.
func (a *Attribute) Validate() error {
	return demand("attribute", map[string]bool{"TrackedEntity": a.TrackedEntity.IsZero(), "Program": a.Program.IsZero(),
		"Attribute": a.Attribute.IsZero(), "Value": a.Value == ""})
}

// Deliver writes the value if none stands there.
func (a *Attribute) Deliver(ctx context.Context, s Server, _ dhis2.UID) (Result, error) {
	switch stands, err := a.read(ctx, s); {
	case err != nil:
		return "", err
	case stands == a.Value:
		return Stood, nil
	case stands != "":
		return Taken, nil
	}
	// Nothing is shown where nothing may be seen, too.
	if readable, err := s.ReadsAttribute(ctx, a.Attribute); err != nil {
		return "", err
	} else if !readable {
		return "", &blindError{}
	}
	report, err := s.SetAttribute(ctx, a.TrackedEntity, a.Program, a.Attribute, a.Value)
	if err != nil {
		return "", err
	}
	if !report.Complete() {
		return "", refused(report)
	}
	switch stands, err := a.read(ctx, s); {
	case err != nil:
		return "", err
	case stands == a.Value:
		return Written, nil
	case stands != "":
		return Taken, nil // somebody changed it since
	}
	return "", &unsettledError{}
}

// read gives the value that stands, at the tracked entity or at one of its
// enrollments; "" for none.
func (a *Attribute) read(ctx context.Context, s Server) (string, error) {
	const values = "attributes[attribute,value]"
	te, err := s.TrackedEntity(ctx, a.TrackedEntity, a.Program, "trackedEntity,"+values+",enrollments[enrollment,"+values+"]")
	if err != nil {
		return "", err
	}
	all := te.Attributes
	for _, en := range te.Enrollments {
		all = append(all, en.Attributes...)
	}
	for _, v := range all {
		if v.Attribute == a.Attribute && v.Value != "" {
			return v.Value, nil
		}
	}
	return "", nil
}

// refused makes an error of a report.
func refused(r *api.ImportReport) error {
	e := &RefusedError{}
	for _, f := range r.Refusals {
		e.Codes = append(e.Codes, f.Code)
	}
	if len(e.Codes) == 0 {
		e.Codes = []string{"ignored"} // left out, without a reason
	}
	return e
}
