package access

import (
	"regexp"
	"strings"
	"time"
)

// Kind is what an [Actor] acts as.
type Kind string

// The kinds of actors.
const (
	KindPatient   Kind = "patient"
	KindClinician Kind = "clinician"
	KindSystem    Kind = "system"
)

// Actor is who asks. Beside opaque ids it holds nothing of a person.
type Actor struct {
	Kind    Kind
	Issuer  string // of the sign-in
	Subject string // opaque sub; wherever it is kept, only a hash of it is
	// Person is "Patient/…" of a patient who acts for herself, or
	// "Practitioner/…".
	Person   string
	Role     string    // "PractitionerRole/…" of a clinician
	Facility string    // "Organization/…" or "Location/…" that the clinician works for now
	SignedIn time.Time // when she proved who she is, for what demands it to be fresh
	Session  string    // opaque id of the session; wherever it is kept, only a hash of it is
}

// Purpose is why somebody asks, a code of v3-ActReason.
type Purpose string

// The purposes.
const (
	Treatment      Purpose = "TREAT"
	PatientRequest Purpose = "PATRQT"
	Emergency      Purpose = "ETREAT"
)

// Party is to whom a consent is about. An empty field says nothing; the zero
// Party is everybody.
type Party struct {
	Person   string // "Practitioner/…"
	Role     string // "PractitionerRole/…"
	Facility string // "Organization/…" or "Location/…"
}

// isZero tells that the party is everybody.
func (p Party) isZero() bool { return p == Party{} }

// has tells whether an actor is of the party: all that it says must hold.
func (p Party) has(a Actor) bool {
	return (p.Person == "" || p.Person == a.Person) &&
		(p.Role == "" || p.Role == a.Role) &&
		(p.Facility == "" || p.Facility == a.Facility)
}

// isOneOf tells whether one of the references is the actor.
func (a Actor) isOneOf(references []string) bool {
	for _, r := range references {
		if r != "" && (r == a.Person || r == a.Role || r == a.Facility) {
			return true
		}
	}
	return false
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)

// reference cuts Type/id, and gives nothing for any other form: no absolute
// URL, no version, no path beyond.
func reference(s string) (typ, id string, ok bool) {
	typ, id, ok = strings.Cut(s, "/")
	if !ok || !typeForm.MatchString(typ) || !idForm.MatchString(id) {
		return "", "", false
	}
	return typ, id, true
}

var typeForm = regexp.MustCompile(`^[A-Z][A-Za-z]{1,63}$`)

// is tells whether s is a reference to one of the types.
func is(s string, types ...string) bool {
	typ, _, ok := reference(s)
	if !ok {
		return false
	}
	for _, t := range types {
		if t == typ {
			return true
		}
	}
	return false
}
