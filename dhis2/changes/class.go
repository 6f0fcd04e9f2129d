package changes

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Class is what becomes of a failed try.
type Class string

// The classes. All but Retry set the entity aside.
const (
	Retry      Class = "retry"       // comes again by itself
	DeadLetter Class = "dead-letter" // refused for good as it stands
	Quarantine Class = "quarantine"  // has no usable identifier
	ForReview  Class = "review"      // a person has to decide
)

// Classes are all of them.
var Classes = []Class{Retry, DeadLetter, Quarantine, ForReview}

func (c Class) valid() bool { return slices.Contains(Classes, c) }

// The behaviours by which errors are told apart. The errors of a consumer
// have those that apply; the ledger knows neither FHIR nor HTTP.
type (
	// Retryable errors may go away by themselves.
	Retryable interface{ Retryable() bool }

	// Permanent errors stay until the entity or a setting changes.
	Permanent interface{ Permanent() bool }

	// Review errors need the decision of a person.
	Review interface{ Review() bool }

	// Quarantined errors say that the entity has no usable identifier.
	Quarantined interface{ Quarantined() bool }

	// Conflict errors say that somebody else wrote meanwhile: look again.
	Conflict interface{ Conflict() bool }

	// Unknown errors say that something may have been written all the same.
	Unknown interface{ Unknown() bool }

	// Unauthorized errors say that the credentials were refused, which
	// concerns every entity alike.
	Unauthorized interface{ Unauthorized() bool }

	// Waiting errors carry how long the server asked to wait.
	Waiting interface{ Wait() time.Duration }

	// Detailed errors carry what a dead letter keeps: a short cause that can
	// be counted, and the server's own words (an OperationOutcome).
	Detailed interface {
		Cause() string
		Detail() []byte
	}
)

// Explanation is what a caller knows about an error that has no methods to
// say it.
type Explanation struct {
	Cause      string        // short and countable, such as "422"
	Detail     []byte        // such as the body of an OperationOutcome
	RetryAfter time.Duration // that the server asked to wait; 0 for none
}

// Explain adds an explanation to an error; its behaviours stay.
func Explain(err error, e Explanation) error { return &explained{err, e} }

type explained struct {
	error
	e Explanation
}

func (x *explained) Unwrap() error       { return x.error }
func (x *explained) Cause() string       { return x.e.Cause }
func (x *explained) Detail() []byte      { return x.e.Detail }
func (x *explained) Wait() time.Duration { return x.e.RetryAfter }

// Outcome is what the errors in one chain say together.
type Outcome struct {
	Class   Class
	Unknown bool          // something may have been written
	Shared  bool          // a server may be the reason, rather than the entity
	All     bool          // every entity meets it: credentials are refused
	Wait    time.Duration // that the server asked for; 0 for none
	Cause   string
	Detail  []byte
}

// Classify reads an error's behaviours. What has none is unknown to us, and
// so is its effect: it is retried, and its next look forced.
func Classify(err error) Outcome {
	var o Outcome
	if w, ok := find[Waiting](err); ok {
		o.Wait = max(0, w.Wait())
	}
	if e, ok := errors.AsType[*api.Error](err); ok {
		o.Wait = max(o.Wait, e.RetryAfter)
		o.Cause = strconv.Itoa(e.Status)
	}
	if d, ok := find[Detailed](err); ok {
		o.Cause, o.Detail = d.Cause(), d.Detail()
	}
	unknown, says := find[Unknown](err)
	o.Unknown = says && unknown.Unknown()
	conflict := is(err, Conflict.Conflict)
	retryable := is(err, Retryable.Retryable)
	unauthorized := is(err, Unauthorized.Unauthorized)
	question, asked := errors.AsType[*api.Error](err)
	switch {
	case is(err, Review.Review):
		o.Class = ForReview
	case is(err, Quarantined.Quarantined):
		o.Class = Quarantine
	case conflict, retryable, unauthorized:
		o.Class = Retry
		o.Shared = !conflict
		o.All = o.Shared && unauthorized
	case is(err, Permanent.Permanent):
		o.Class = DeadLetter
	case asked:
		// DHIS2 did not answer a question: nothing was sent, and nothing is
		// known to be wrong with the entity. A right that one lacks may come
		// back, and may be lacking for all.
		o.Class, o.Shared = Retry, question.Forbidden()
	default:
		o.Class, o.Unknown = Retry, true
	}
	if o.Cause == "" {
		o.Cause = string(o.Class)
	}
	return o
}

// find is errors.As for an interface type.
func find[T any](err error) (T, bool) {
	var t T
	ok := errors.As(err, &t)
	return t, ok
}

// is reports whether an error in the chain has a behaviour and says yes.
func is[T any](err error, says func(T) bool) bool {
	t, ok := find[T](err)
	return ok && says(t)
}

// number is a bool as both databases store it.
func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
