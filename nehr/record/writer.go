package record

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Mode is how owned resources are addressed.
type Mode int

// The modes of nehr.write.
const (
	// ByID puts owned resources to ids of this system's own: PUT Type/{uuid}.
	ByID Mode = iota
	// Conditional puts them by identifier, for servers that refuse client ids:
	// PUT Type?identifier=system|value.
	Conditional
)

// Server is what a Writer needs of a FHIR server; *client.Client is one.
type Server interface {
	Search(ctx context.Context, typ string, params url.Values) (*client.Found, error)
	Transaction(ctx context.Context, bundle []byte) (*client.Answer, error)
}

// Config makes a [Writer].
type Config struct {
	Server Server
	// Validate judges every bundle before it is sent. It is required: no bundle
	// leaves unvalidated.
	Validate func(bundle []byte) error
	Mode     Mode
	// Retract is what becomes of an owned resource that is no longer true.
	Retract Retraction
	// Zone is that in which the day of a visit is read; UTC when nil.
	Zone *time.Location
}

// Retraction is how a resource is taken back.
type Retraction int

// The ways of nehr.retract.
const (
	// EnteredInError keeps it, with a status that says that it never was so.
	EnteredInError Retraction = iota
	// Delete deletes it, unless a portal wrote into it or others refer to it:
	// then it is entered in error.
	Delete
)

// Writer writes entities to one server. It is safe for use by many goroutines,
// as long as no two write the same entity.
type Writer struct {
	server   Server
	validate func([]byte) error
	mode     Mode
	retract  Retraction
	zone     *time.Location
}

// New checks the configuration.
func New(c Config) (*Writer, error) {
	if c.Server == nil || c.Validate == nil {
		return nil, errors.New("a record writer needs a server and a validator")
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	return &Writer{server: c.Server, validate: c.Validate, mode: c.Mode, retract: c.Retract, zone: c.Zone}, nil
}

// Action is what was done with one entry.
type Action string

// The actions.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
	// Retracted: what is no longer true says so itself.
	Retracted Action = "retracted"
	// Deleted: what is no longer true is gone.
	Deleted Action = "deleted"
	// Fulfilled: the visit of an Appointment took place.
	Fulfilled Action = "fulfilled"
	// Released: a Patient holds nothing of this entity any more.
	Released Action = "released"
)

// Outcome is what became of one entry.
type Outcome struct {
	FullURL string
	Type    string
	ID      string // at the server
	Version string // meta.versionId; empty where the server does not say
	Action  Action
	// Body is what this system says of a shared resource or an Appointment,
	// references as they stand at the server: the caller keeps it and gives it back
	// as Entry.Written, or keeps the State, which holds it. Of other entries it is
	// nil, they are replaced as a whole.
	Body []byte
}

// Result counts what a write did.
type Result struct {
	Created, Updated, Unchanged int
	Entries                     []Outcome // in the order of Desired.Entries
	// Retracted counts what was retracted or deleted, Fulfilled the Appointments
	// whose visit took place.
	Retracted, Fulfilled int
	// Others are the resources that were written before, are desired no more, and
	// were changed for it, in the order of the state.
	Others []Outcome
}

// Changed tells whether anything was sent that changed a resource.
func (r *Result) Changed() bool {
	return r.Created+r.Updated+len(r.Others) > 0
}

// resolve turns references to entries whose id is known into Type/id. The
// others stay as they are, for the server to resolve.
func resolve(items []*item) {
	known := map[string]string{}
	for _, t := range items {
		if t.id != "" {
			known[t.FullURL] = t.Type + "/" + t.id
		}
	}
	for _, t := range items {
		replaceReferences(t.ours, known)
		for _, w := range t.written {
			replaceReferences(w, known)
		}
	}
}

func replaceReferences(v *fhirjson.Value, by map[string]string) {
	v.Strings(func(field, s string) string {
		if field == "reference" {
			if to, ok := by[s]; ok {
				return to
			}
		}
		return s
	})
}
