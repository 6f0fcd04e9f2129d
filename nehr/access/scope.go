package access

import (
	"slices"
	"time"
)

// Class names a part of a record as people speak of it; README.md lists which
// resources each holds.
type Class string

// The classes of data.
const (
	Demographics  Class = "demographics"
	Visits        Class = "visits"
	Vitals        Class = "vitals"
	Laboratory    Class = "laboratory"
	Observations  Class = "observations"
	Problems      Class = "problems"
	Allergies     Class = "allergies"
	Medicines     Class = "medicines"
	Immunizations Class = "immunizations"
	Procedures    Class = "procedures"
	Referrals     Class = "referrals"
	Documents     Class = "documents"
)

// Classes are all of them, in the order in which they are shown.
var Classes = []Class{Demographics, Visits, Vitals, Laboratory, Observations, Problems, Allergies, Medicines, Immunizations, Procedures, Referrals, Documents}

// Scope is how much of a record a consent is about, and how long. The zero value
// of a field does not limit.
type Scope struct {
	// Types are the classes of data, or names of resource types; all when empty. Who may see anything may
	// see who she is: Demographics need not be named.
	Types []Class
	// From and To bound the clinical date of what is seen, both inclusive.
	From, To *time.Time
	// Episode is "EpisodeOfCare/…", "Encounter/…", or the UID of an enrollment.
	Episode string
	// Sensitive includes what carries a label of sensitivity; in a deny it
	// means that nothing else is denied.
	Sensitive bool
	// Until is when it ends. A permit must end; a deny need not.
	Until time.Time
}

// Within tells whether s is as narrow as outer, or narrower, in every respect.
func (s Scope) Within(outer Scope) bool {
	if len(outer.Types) > 0 {
		if len(s.Types) == 0 {
			return false
		}
		for _, c := range s.Types {
			if c != Demographics && !slices.Contains(outer.Types, c) {
				return false
			}
		}
	}
	if outer.From != nil && (s.From == nil || s.From.Before(*outer.From)) {
		return false
	}
	if outer.To != nil && (s.To == nil || s.To.After(*outer.To)) {
		return false
	}
	if outer.Episode != "" && s.Episode != outer.Episode {
		return false
	}
	if s.Sensitive && !outer.Sensitive {
		return false
	}
	if !outer.Until.IsZero() && (s.Until.IsZero() || s.Until.After(outer.Until)) {
		return false
	}
	return true
}

// covers tells whether the scope is about data. Where the data do not say what
// the scope asks, unknown is the answer: a permit does not reach what it cannot
// place, and a deny does.
func (s Scope) covers(d Data, unknown bool) bool {
	if len(s.Types) > 0 && !slices.Contains(s.Types, d.Class) && !slices.Contains(s.Types, Class(d.Type)) {
		return false
	}
	if s.From != nil || s.To != nil {
		if d.Start.IsZero() {
			if !unknown {
				return false
			}
		} else if s.From != nil && d.End.Before(*s.From) || s.To != nil && d.Start.After(*s.To) {
			return false
		} else if !unknown && (s.From != nil && d.Start.Before(*s.From) || s.To != nil && d.End.After(*s.To)) {
			// What lies partly outside is not permitted, but is denied.
			return false
		}
	}
	if s.Episode != "" && !slices.Contains(d.Episodes, s.Episode) && !(unknown && d.Unplaced) {
		return false
	}
	return true
}

// Code is a code in a code system, as labels and resources carry it.
type Code struct{ System, Code string }
