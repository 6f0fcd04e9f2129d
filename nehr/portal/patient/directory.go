package patient

import (
	"context"
	"net/url"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// Directory finds whose record an identifier is on, without reading the record, and
// says what those are called who looked at one. [NEHR] is one.
type Directory interface {
	// Find gives the patients, such as Patient/1, that have an identifier.
	Find(ctx context.Context, system, value string) ([]string, error)
	// Name gives the name of a Practitioner, Organization or Location, and of a
	// PractitionerRole that of its practitioner and organisation; "" where it has none
	// or is not there.
	Name(ctx context.Context, reference string) (string, error)
}

// Client is what NEHR needs of *client.Client.
type Client interface {
	SearchPage(ctx context.Context, typ string, params url.Values) (*client.Found, error)
	Read(ctx context.Context, typ, id string) (*client.Answer, error)
}

// NEHR is the directory that the national record is.
type NEHR struct{ Client Client }

// Find gives the ids alone: of what else the server answers nothing is looked at before
// the gate has decided, but that a record is still in use.
func (n NEHR) Find(ctx context.Context, system, value string) ([]string, error) {
	if system == "" || value == "" {
		return nil, nil // an empty half would match more than one person
	}
	found, err := n.Client.SearchPage(ctx, "Patient", url.Values{"identifier": {client.Token(system, value)}, "_count": {"20"}})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range found.Resources {
		if p.Get("resourceType").Str() == "Patient" && p.Get("id").Str() != "" && p.Get("active").Scalar() != "false" {
			ids = append(ids, "Patient/"+p.Get("id").Str())
		}
	}
	return ids, nil
}

// Name reads the resource, and those that a role names.
func (n NEHR) Name(ctx context.Context, reference string) (string, error) {
	typ, id, ok := strings.Cut(reference, "/")
	if !ok {
		return "", nil
	}
	switch typ {
	case "Practitioner", "Organization", "Location", "PractitionerRole":
	default:
		return "", nil
	}
	a, err := n.Client.Read(ctx, typ, id)
	if client.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if typ != "PractitionerRole" {
		return charts.NameOf(a.Resource), nil
	}
	var names []string
	for _, member := range []string{"practitioner", "organization"} {
		at := a.Resource.Get(member)
		name := at.Get("display").Str()
		if of := at.Get("reference").Str(); name == "" && !strings.HasPrefix(of, "PractitionerRole/") {
			if name, err = n.Name(ctx, of); err != nil {
				return "", err
			}
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", "), nil
}
