package record

import (
	"context"
	"errors"
	"fmt"
	"net/url"

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
}

// Writer writes entities to one server. It is safe for use by many goroutines,
// as long as no two write the same entity.
type Writer struct {
	server   Server
	validate func([]byte) error
	mode     Mode
}

// New checks the configuration.
func New(c Config) (*Writer, error) {
	if c.Server == nil || c.Validate == nil {
		return nil, errors.New("a record writer needs a server and a validator")
	}
	return &Writer{server: c.Server, validate: c.Validate, mode: c.Mode}, nil
}

// Action is what was done with one entry.
type Action string

// The actions.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
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
	// as Entry.Written. Of other entries it is nil, they are replaced as a whole.
	Body []byte
}

// Result counts what a write did.
type Result struct {
	Created, Updated, Unchanged int
	Entries                     []Outcome // in the order of Desired.Entries
}

// Write makes the server hold what is desired. It gives
//   - [*KeyError], [*EntryError], [*InvalidError], [*ReviewError]: nothing was sent;
//   - [*client.OutcomeError]: the server refused; with Conflict, look up again,
//     that is, call Write again;
//   - [*client.UnreachableError], [*AnswerError], [*ConflictError]: see Unknown,
//     the transaction may have been carried out.
//
// Calling it again is always safe.
func (w *Writer) Write(ctx context.Context, d Desired) (Result, error) {
	items, err := w.check(d)
	if err != nil || len(items) == 0 {
		return Result{}, err
	}
	if err := w.lookUp(ctx, items); err != nil {
		return Result{}, fmt.Errorf("look up: %w", err)
	}
	resolve(items)
	for _, t := range items {
		if err := t.difference(); err != nil {
			return Result{}, err
		}
	}
	requests := w.requests(items)
	if len(requests) == 0 {
		return tally(items), nil
	}
	bundle, err := encode(d.Bundle, requests, len(items))
	if err != nil {
		return Result{}, err
	}
	if err := w.validate(bundle); err != nil {
		return Result{}, &InvalidError{err}
	}
	answer, err := w.server.Transaction(ctx, bundle)
	if err != nil {
		return Result{}, fmt.Errorf("write: %w", err)
	}
	if err := verify(requests, answer.Resource); err != nil {
		return Result{}, err
	}
	return finish(items, requests), nil
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

// difference decides what is to be sent of one entry: nothing when what stands
// says all of it already.
func (t *item) difference() error {
	switch {
	case t.stands == nil:
		t.next = t.ours.Clone()
		return nil
	case !t.Owned:
		if err := t.checkPatient(); err != nil {
			return err
		}
		t.next = mergeShared(t.stands, t.ours, t.written)
	case t.Type == "Task":
		t.next = mergeTask(t.stands, t.ours)
	case t.Type == "Appointment":
		t.next = mergeAppointment(t.stands, t.ours, t.written)
	case says(t.stands, t.ours): // most often, and then there is nothing to copy
		return nil
	default:
		t.next = t.ours.Clone()
		keepLabels(t.next, t.stands)
	}
	if says(t.stands, t.next) {
		t.next = nil
		return nil
	}
	t.next.SetFirst(1, "id", fhirjson.Text(t.id))
	return nil
}

// remembered tells whether what was written has to be known to merge the entry
// the next time.
func (t *item) remembered() bool { return !t.Owned || t.Type == "Appointment" }

// tally is the result of a write in which nothing had to be sent.
func tally(items []*item) Result { return finish(items, nil) }

// finish counts, and names where everything stands now.
func finish(items []*item, requests []*request) Result {
	sent := map[*item]*request{}
	known := map[string]string{}
	for _, r := range requests {
		sent[r.item] = r
		known[r.FullURL] = r.Type + "/" + r.id
	}
	var result Result
	for _, t := range items {
		o := Outcome{FullURL: t.FullURL, Type: t.Type, ID: t.id, Version: t.version(), Action: Unchanged}
		if r := sent[t]; r != nil {
			o.Version, o.Action = r.gotVersion, Updated
			switch {
			case r.created:
				o.Action = Created
			case o.Version != "" && o.Version == t.version():
				// The server keeps it in another form, and saw no change.
				o.Action = Unchanged
			}
		}
		switch o.Action {
		case Created:
			result.Created++
		case Updated:
			result.Updated++
		default:
			result.Unchanged++
		}
		if t.remembered() {
			replaceReferences(t.ours, known)
			o.Body = t.ours.Encode()
		}
		result.Entries = append(result.Entries, o)
	}
	return result
}

// version of the resource as it stands at the server.
func (t *item) version() string { return t.stands.Get("meta", "versionId").Str() }
