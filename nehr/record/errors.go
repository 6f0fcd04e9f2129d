package record

import (
	"fmt"
	"strings"
)

// KeyError refuses an entry without a usable identifier. Nothing was sent: a
// condition without a value matches anybody (D-036).
type KeyError struct {
	Index int
	Type  string
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("entry %d (%s) has no identifier to be found by: nothing was sent", e.Index, e.Type)
}

// Quarantined is true: the entity stays aside until it has an identifier.
func (e *KeyError) Quarantined() bool { return true }

// Permanent is true: trying again gives the same.
func (e *KeyError) Permanent() bool { return true }

// EntryError refuses an entry that cannot be sent as it is. Nothing was sent.
type EntryError struct {
	Index  int
	Type   string
	Reason string
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("entry %d (%s): %s", e.Index, e.Type, e.Reason)
}

// Permanent is true.
func (e *EntryError) Permanent() bool { return true }

// InvalidError says that the bundle did not pass the validator. Nothing was sent.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return "the bundle is not valid: " + e.Err.Error() }

// Unwrap gives the validator's error.
func (e *InvalidError) Unwrap() error { return e.Err }

// Permanent is true.
func (e *InvalidError) Permanent() bool { return true }

// ReviewError hands a question to a person: which of several records is meant,
// or whether two are one (D-038). Nothing was sent.
type ReviewError struct {
	Type   string
	Reason string
	// IDs of the resources at the server that come into question.
	IDs []string
}

func (e *ReviewError) Error() string {
	return fmt.Sprintf("%s needs a review: %s: %s", e.Type, e.Reason, strings.Join(e.IDs, ", "))
}

// Review is true.
func (e *ReviewError) Review() bool { return true }

// Permanent is true: trying again gives the same.
func (e *ReviewError) Permanent() bool { return true }

// ConflictError says that the server changed between look-up and write, without
// the server having refused: look it up again. The transaction was carried out
// except for the resource that it names.
type ConflictError struct {
	Type string
	ID   string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s/%s was created by another meanwhile: look it up again", e.Type, e.ID)
}

// Conflict is true.
func (e *ConflictError) Conflict() bool { return true }

// Unknown is true: the rest of the transaction stands.
func (e *ConflictError) Unknown() bool { return true }

// AnswerError says that the answer does not prove that every entry was written.
// The server said yes all the same, so what stands there is not known.
type AnswerError struct {
	Reason string
	// Entries are the types and ids (or types alone) that are not proven.
	Entries []string
}

func (e *AnswerError) Error() string {
	text := "the transaction's answer cannot be trusted: " + e.Reason
	if len(e.Entries) > 0 {
		text += ": " + strings.Join(e.Entries, ", ")
	}
	return text
}

// Retryable is true.
func (e *AnswerError) Retryable() bool { return true }

// Unknown is true: some or all of it may have been written.
func (e *AnswerError) Unknown() bool { return true }
