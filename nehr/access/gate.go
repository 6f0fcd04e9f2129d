package access

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// NEHR is what the gate needs of the national record. *client.Client is one.
type NEHR interface {
	Base() string
	Read(ctx context.Context, typ, id string) (*client.Answer, error)
	Search(ctx context.Context, typ string, params url.Values) (*client.Found, error)
	Transaction(ctx context.Context, bundle []byte) (*client.Answer, error)
	Update(ctx context.Context, typ, id string, resource []byte, ifMatch string) (*client.Answer, error)
}

// Config says what a gate works with.
type Config struct {
	// DB keeps the log and the break-glasses. It was opened with Migrations.
	// Required.
	DB *database.DB
	// NEHR is the national record. Required.
	NEHR NEHR
	// Source names this system in AuditEvents. Defaults to "nehrbridge".
	Source string
	Policy Policy
	// Notify is told of each break-glass; nil for nobody.
	Notify Notifier
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Rand makes ids; crypto/rand when nil.
	Rand io.Reader
	// Copies bounds the memory in bytes for the last copies of records that
	// patients see while the NEHR is down. 16 MiB when 0, none when negative.
	Copies int
}

// Gate is the one way to a person's resources. It is safe for use by many
// goroutines.
type Gate struct{ Config }

var errSoon = errors.New("soon")

// New checks the configuration and makes a gate.
func New(c Config) (*Gate, error) { return nil, errSoon }

// View is one actor's sight of one patient's record, for one purpose.
type View struct{}

func (g *Gate) Open(ctx context.Context, a Actor, patient string, p Purpose) (*View, error) {
	return nil, errSoon
}
func (v *View) Patient() string                             { return "" }
func (v *View) Decision() Decision                          { return Decision{} }
func (v *View) Record(ctx context.Context) (*Record, error) { return nil, errSoon }
func (v *View) Read(ctx context.Context, typ, id string) (*fhirjson.Value, error) {
	return nil, errSoon
}
func (v *View) Search(ctx context.Context, typ string, params url.Values) ([]*fhirjson.Value, error) {
	return nil, errSoon
}
func (v *View) Count(ctx context.Context, typ string, params url.Values) (int, error) {
	return 0, errSoon
}
func (v *View) History(ctx context.Context, typ, id string) ([]*fhirjson.Value, error) {
	return nil, errSoon
}
func (v *View) Binary(ctx context.Context, id string) (*Binary, error) { return nil, errSoon }

// Audit decides anew and logs what the reader of the view does beside reading:
// ActionCreate, ActionUpdate (of "Type/id"), ActionDisclose. It is called before
// the write or the disclosure, which an error forbids.
func (v *View) Audit(ctx context.Context, action Action, ref string) error { return errSoon }

func (g *Gate) Request(ctx context.Context, a Actor, patient string, s Scope, why string) (id string, err error) {
	return "", errSoon
}
func (g *Gate) Answer(ctx context.Context, a Actor, id string, s Scope, approve bool) error {
	return errSoon
}
func (g *Gate) Consents(ctx context.Context, a Actor, patient string) ([]Consent, error) {
	return nil, errSoon
}
func (g *Gate) Revoke(ctx context.Context, a Actor, id string) error { return errSoon }
func (g *Gate) Standing(ctx context.Context, a Actor, to Party, s Scope) (id string, err error) {
	return "", errSoon
}
func (g *Gate) Hide(ctx context.Context, a Actor, from Party, s Scope) (id string, err error) {
	return "", errSoon
}
func (g *Gate) BreakGlass(ctx context.Context, a Actor, patient string, code EmergencyCode, text string) (BreakGlass, error) {
	return BreakGlass{}, errSoon
}

// BreakGlasses are those at the patient's record, or those of a clinician's own.
func (g *Gate) BreakGlasses(ctx context.Context, a Actor) ([]BreakGlass, error) { return nil, errSoon }
func (g *Gate) Log(ctx context.Context, a Actor, f Filter) ([]Entry, error)     { return nil, errSoon }

// WriteCSV and WriteJSON write entries of the log for her to keep.
func WriteCSV(w io.Writer, entries []Entry) error  { return errSoon }
func WriteJSON(w io.Writer, entries []Entry) error { return errSoon }

// Verdict is what Verify found.
type Verdict struct {
	Entries int64
	Broken  int64 // Seq of the first entry that does not follow from the one before; 0 when whole
	Hash    []byte
}

func (g *Gate) Verify(ctx context.Context) (Verdict, error) { return Verdict{}, errSoon }

// Forwarded is what Forward did.
type Forwarded struct{ Sent, Refused, Notified int }

func (g *Gate) Forward(ctx context.Context) (Forwarded, error) { return Forwarded{}, errSoon }

// Run forwards as entries come, until ctx ends.
func (g *Gate) Run(ctx context.Context) error { return errSoon }

// Migrations are the tables of the package.
func Migrations() database.Migrations { return database.Migrations{Owner: "nehr/access"} }
