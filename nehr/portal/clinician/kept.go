package clinician

import (
	"errors"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// What a session keeps, by name.
const (
	keptPerson   = "person"   // Practitioner/…
	keptFacility = "facility" // Organization/… or Location/…
	keptName     = "name"     // what the clinician is called
	keptPlace    = "place"    // what the facility is called
	keptPatient  = "patient"  // Patient/… who was found, or whose referral was chosen
	keptInitials = "initials" // of her name, year of birth and sex: how she is shown
	keptYear     = "year"     // before her record is open
	keptSex      = "sex"
	keptTask     = "task"    // Task/… of the referral that was chosen
	keptWords    = "words"   // the reason of an emergency while signing in again
	keptCode     = "code"    // its code
	keptChecked  = "checked" // when the role was last read, in seconds since 1970
	keptRole     = "role"    // which role to go on in after signing in again
	keptGoOn     = "go-on"   // page to go on at after signing in again
)

// roleHolds is how long a role that was read from the record is taken to be as it was.
// The link to it is read on every request.
const roleHolds = 10 * time.Minute

// recheck reads the role again after a while: one that is no longer in use is left.
func (p *Portal) recheck(v *portal.Visit) error {
	at, err := strconv.ParseInt(kept(v, keptChecked), 10, 64)
	if err == nil && v.Now().Sub(time.Unix(at, 0)) < roleHolds {
		return nil
	}
	err = p.take(v, v.Session.Role)
	if errors.Is(err, ErrNotInUse) {
		v.Session.Role = ""
		if err := v.Keep(); err != nil {
			return trouble(err)
		}
		return elsewhere{"/roles"}
	}
	if err != nil {
		return trouble(err)
	}
	return nil
}

func kept(v *portal.Visit, name string) string { return v.Session.Kept[name] }

// keep changes what the session keeps; an empty value is forgotten.
func keep(v *portal.Visit, pairs ...string) error {
	if v.Session.Kept == nil {
		v.Session.Kept = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			delete(v.Session.Kept, pairs[i])
			continue
		}
		v.Session.Kept[pairs[i]] = pairs[i+1]
	}
	if err := v.Keep(); err != nil {
		return trouble(err)
	}
	return nil
}
