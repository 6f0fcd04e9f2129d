package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Item is one thing that goes back into DHIS2.
type Item interface {
	// Kind names the type of the item in the database.
	Kind() string

	// Subject is the tracked entity that it is about.
	Subject() dhis2.UID

	// Validate names everything that is missing.
	Validate() error

	// Deliver brings the item, under the UID that was assigned to it, and
	// reads it again. It finds out first what stands already: it may be called
	// any number of times, also after a call of which nobody knows the outcome,
	// and DHIS2 then holds the item once. Errors are those of Server and
	// *RefusedError.
	Deliver(ctx context.Context, s Server, uid dhis2.UID) (Result, error)
}

// Server is the DHIS2 that orders go to; *api.Client is one.
type Server interface {
	TrackedEntity(ctx context.Context, uid, program dhis2.UID, fields string) (*dhis2.TrackedEntity, error)
	Enrollment(ctx context.Context, uid dhis2.UID, fields string) (*dhis2.Enrollment, error)
	Event(ctx context.Context, uid dhis2.UID, fields string) (*dhis2.Event, error)
	Import(ctx context.Context, p api.Payload, o api.ImportOptions) (*api.ImportReport, error)
	ReadsAttribute(ctx context.Context, attribute dhis2.UID) (bool, error)
	SetAttribute(ctx context.Context, trackedEntity, program, attribute dhis2.UID, value string) (*api.ImportReport, error)
	AddEnrollmentNote(ctx context.Context, enrollment dhis2.UID, note dhis2.Note) error
	AddEventNote(ctx context.Context, event dhis2.UID, note dhis2.Note) error
}

// Result is how an order came to its good end.
type Result string

// The results.
const (
	Written   Result = "written"   // it was sent, and DHIS2 shows it
	Stood     Result = "stood"     // DHIS2 showed it before it was sent (again)
	Taken     Result = "taken"     // another value stands there: this one does not
	Removed   Result = "removed"   // it was there, and somebody has deleted it: it is not made again
	Discarded Result = "discarded" // somebody gave up on it
)

// Stands tells whether DHIS2 holds what was ordered.
func (r Result) Stands() bool { return r == Written || r == Stood }

// kinds makes an empty item of each kind, to decode into.
var kinds = map[string]func() Item{
	(*Attribute)(nil).Kind(): func() Item { return new(Attribute) },
	(*Note)(nil).Kind():      func() Item { return new(Note) },
	(*Event)(nil).Kind():     func() Item { return new(Event) },
}

func decode(kind string, body []byte) (Item, error) {
	empty, known := kinds[kind]
	if !known {
		return nil, &brokenError{"a kind of item that this version does not know"}
	}
	item := empty()
	if err := json.Unmarshal(body, item); err != nil {
		return nil, &brokenError{"its content cannot be read"}
	}
	return item, nil
}

// brokenError says that an order cannot be read. It quotes nothing of it.
type brokenError struct{ text string }

func (e *brokenError) Error() string   { return "dhis2/outbox: " + e.text }
func (e *brokenError) Permanent() bool { return true }

// RefusedError says that DHIS2's import refused an item, with the codes of its
// report: its words quote values and are not kept.
type RefusedError struct{ Codes []string }

func (e *RefusedError) Error() string { return "DHIS2 refused the import: " + e.Cause() }

// Permanent is always true: the same import is refused again.
func (e *RefusedError) Permanent() bool { return true }

// Cause is the codes, sorted, without those that repeat.
func (e *RefusedError) Cause() string { return joined(e.Codes) }

// unsettledError says that DHIS2 took an item and does not show it.
type unsettledError struct{}

func (*unsettledError) Error() string {
	return "DHIS2 took it and does not show it: it is looked for again"
}
func (*unsettledError) Retryable() bool { return true }

// blindError says that nothing can be concluded from a value that is not shown.
type blindError struct{}

func (*blindError) Error() string {
	return "the user may not read the attribute: whether a value stands is not known, and nothing is written"
}
func (*blindError) Retryable() bool { return true }
func (*blindError) Cause() string   { return "blind" }

// demand names what is missing of an item.
func demand(kind string, missing map[string]bool) error {
	var wrong []error
	for name, is := range missing {
		if is {
			wrong = append(wrong, errors.New(name+" is needed"))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("dhis2/outbox: %s: %w", kind, errors.Join(wrong...))
	}
	return nil
}

// notFound tells whether DHIS2 itself said that it has no such object.
func notFound(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.NotFound()
}
