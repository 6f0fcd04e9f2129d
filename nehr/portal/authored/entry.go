package authored

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// State is where an entry stands.
type State string

// The states.
const (
	Draft     State = "draft"
	Signing   State = "signing" // signed by its author, and on its way
	Signed    State = "signed"
	Amended   State = "amended" // signed, and amended since
	Withdrawn State = "withdrawn"
	Failed    State = "failed" // refused; see Entry.Problem
)

// Entry is what a clinician wrote about one patient.
type Entry struct {
	ID    string
	State State
	// Content is what stands, and of a draft what would be signed.
	Content Content
	// Next is an amendment that is not signed, or on its way; nil where there is none.
	Next *Content
	// Reason is why it was amended or withdrawn last.
	Reason string
	// Version counts what was brought into the record: 0 for nothing yet.
	Version int
	// Changed is when it was last written or signed.
	Changed time.Time
	// Problem is the key of a sentence, and Details what the validator or the record
	// said (codes, no value), where the last signature failed.
	Problem string
	Details string
	// Replied tells that DHIS2 is told of it.
	Replied bool
}

// Editable tells whether its author may change what is not signed yet.
func (e Entry) Editable() bool { return e.State == Draft || e.State == Failed && e.Version == 0 }

// Stands tells whether the record has it, so that it can be amended or withdrawn.
func (e Entry) Stands() bool {
	return e.Version > 0 && e.State != Withdrawn && e.State != Signing
}

// ErrNotFound is the answer for what is not there, is another author's, or about another
// patient.
var ErrNotFound = errors.New("authored: no such entry")

// ErrState is the answer for what cannot be done to an entry as it stands.
var ErrState = errors.New("authored: the entry is not in a state for this")

// ErrFull is the answer where an author has too many drafts.
var ErrFull = errors.New("authored: too many drafts")

// mostDrafts bounds those of one author: each may hold a file.
const mostDrafts = 40

// ContentError says what is wrong with a content.
type ContentError struct{ Problems []Problem }

func (e *ContentError) Error() string { return "authored: the content is not complete" }

// ErrReason is the answer for a reason that is missing or too long.
var ErrReason = errors.New("authored: a reason is needed")

// body is what is sealed of an entry.
type body struct {
	Actor   actor          `json:"actor"`
	Patient string         `json:"patient"`
	Purpose access.Purpose `json:"purpose"`
	Content Content        `json:"content"`
	Next    *Content       `json:"next,omitempty"`
	Reason  string         `json:"reason,omitzero"`
	// Withdraw tells that what is on its way takes the entry back.
	Withdraw bool      `json:"withdraw,omitzero"`
	SignedAt time.Time `json:"signed_at,omitzero"`
	// Stands is the resource that says the entry, as it was written, and StandsAs its
	// version.
	Stands   string `json:"stands,omitzero"`
	StandsAs string `json:"stands_as,omitzero"`
	// Whom DHIS2 knows her as, and by which event it asked.
	TrackedEntity string `json:"tracked_entity,omitzero"`
	Event         string `json:"event,omitzero"`
	Enrollment    string `json:"enrollment,omitzero"`
	Replied       bool   `json:"replied,omitzero"`
	Problem       string `json:"problem,omitzero"`
	Details       string `json:"details,omitzero"`
}

// actor is an access.Actor as it is kept.
type actor struct {
	Issuer   string    `json:"issuer"`
	Subject  string    `json:"subject"`
	Person   string    `json:"person"`
	Role     string    `json:"role,omitzero"`
	Facility string    `json:"facility,omitzero"`
	SignedIn time.Time `json:"signed_in"`
	Session  string    `json:"session,omitzero"`
}

func actorOf(a access.Actor) actor {
	return actor{Issuer: a.Issuer, Subject: a.Subject, Person: a.Person, Role: a.Role, Facility: a.Facility, SignedIn: a.SignedIn, Session: a.Session}
}

func (a actor) access() access.Actor {
	return access.Actor{Kind: access.KindClinician, Issuer: a.Issuer, Subject: a.Subject, Person: a.Person, Role: a.Role, Facility: a.Facility, SignedIn: a.SignedIn, Session: a.Session}
}

// pending is what is on its way or would be: the next content, else the first.
func (b body) pending() Content {
	if b.Next != nil {
		return *b.Next
	}
	return b.Content
}

// Fingerprint names what would be signed: who signs says by it which content was read.
func (e Entry) Fingerprint() string {
	c := e.Content
	if e.Next != nil {
		c = *e.Next
	}
	c.File.Data = nil // its hash stands beside it
	b, err := json.Marshal([]any{e.ID, e.Version, c, e.Next != nil, e.Reason}, json.Deterministic(true))
	if err != nil {
		return "" // of what cannot be written nothing is signed
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
