package clinician

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// Role is a PractitionerRole that somebody acts in.
type Role struct {
	Reference string // PractitionerRole/…
	Person    string // Practitioner/…
	Facility  string // Organization/…, else Location/…
	Name      string // of the person
	Place     string // of the facility
}

// ErrNotInUse is given for a role that nobody can act in now: not there, not active,
// outside of its period, without a practitioner, or without an organisation and a place.
var ErrNotInUse = errors.New("the role is not in use")

// Directory knows the roles and names of the national record. [NEHR] is one.
type Directory interface {
	// Role reads a role that is in use at a time; ErrNotInUse for any other.
	Role(ctx context.Context, reference string, at time.Time) (*Role, error)
	// Name gives the name of a Practitioner, Organization or Location; "" where it has
	// none.
	Name(ctx context.Context, reference string) (string, error)
}

// NEHR is the directory that the national record is. Dates of a period are read in Zone,
// UTC when nil.
type NEHR struct {
	Client patient.Client
	Zone   *time.Location
}

// Name reads a resource and gives what it is called.
func (n NEHR) Name(ctx context.Context, reference string) (string, error) {
	return patient.NEHR{Client: n.Client}.Name(ctx, reference)
}

// Role reads the role, and the names of who and where.
func (n NEHR) Role(ctx context.Context, reference string, at time.Time) (*Role, error) {
	typ, id, _ := strings.Cut(reference, "/")
	if typ != "PractitionerRole" {
		return nil, ErrNotInUse
	}
	a, err := n.Client.Read(ctx, typ, id)
	if client.IsNotFound(err) {
		return nil, ErrNotInUse
	}
	if err != nil {
		return nil, err
	}
	r := a.Resource
	role := &Role{Reference: reference, Person: r.Get("practitioner", "reference").Str(), Facility: r.Get("organization", "reference").Str()}
	if role.Facility == "" {
		if places := r.Get("location").Items(); len(places) == 1 {
			role.Facility = places[0].Get("reference").Str()
		}
	}
	if r.Get("active").Scalar() != "true" || !n.within(r.Get("period", "start").Str(), r.Get("period", "end").Str(), at) ||
		!strings.HasPrefix(role.Person, "Practitioner/") || !strings.HasPrefix(role.Facility, "Organization/") && !strings.HasPrefix(role.Facility, "Location/") {
		return nil, ErrNotInUse
	}
	if role.Name, err = n.Name(ctx, role.Person); err != nil {
		return nil, err
	}
	role.Place, err = n.Name(ctx, role.Facility)
	return role, err
}

// within tells whether an instant lies in a period of FHIR, whose ends are inclusive. An
// end that cannot be read ends it.
func (n NEHR) within(from, to string, at time.Time) bool {
	zone := n.Zone
	if zone == nil {
		zone = time.UTC
	}
	if from != "" {
		if t, _, _, ok := portal.ParseDate(from, zone); !ok || at.Before(t) {
			return false
		}
	}
	if to == "" {
		return true
	}
	t, parts, precise, ok := portal.ParseDate(to, zone)
	switch {
	case !ok:
		return false
	case precise:
	case parts == 1:
		t = t.AddDate(1, 0, 0)
	case parts == 2:
		t = t.AddDate(0, 1, 0)
	default:
		t = t.AddDate(0, 0, 1)
	}
	return at.Before(t)
}
