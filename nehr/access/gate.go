package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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
	SearchPage(ctx context.Context, typ string, params url.Values) (*client.Found, error)
	History(ctx context.Context, typ, id string) ([]*fhirjson.Value, error)
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
	// Address is the host name of this system in AuditEvents. Defaults to Source.
	Address string
	Policy  Policy
	// Zone is that of dates without one. Defaults to UTC.
	Zone *time.Location
	// Notify is told of each break-glass; nil for nobody.
	Notify Notifier
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Rand makes ids; crypto/rand when nil.
	Rand io.Reader
	// Copies bounds the memory in bytes for the last copies of records that
	// patients see while the NEHR is down. 16 MiB when 0, none when negative.
	Copies int
	// Every is how often Run forwards what is new. Defaults to 15 s.
	Every time.Duration
	// Failed is told of what Run could not forward; nil for nobody.
	Failed func(error)
}

func (c Config) withDefaults() Config {
	if c.Source == "" {
		c.Source = "nehrbridge"
	}
	if c.Address == "" {
		c.Address = c.Source
	}
	c.Policy = c.Policy.withDefaults()
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Copies == 0 {
		c.Copies = 16 << 20
	}
	if c.Every == 0 {
		c.Every = 15 * time.Second
	}
	return c
}

func (c Config) validate() error {
	var wrong []error
	if c.DB == nil {
		wrong = append(wrong, errors.New("access: DB is required: the log is kept there"))
	}
	if c.NEHR == nil {
		wrong = append(wrong, errors.New("access: NEHR is required"))
	}
	for _, q := range c.Policy.SharedQueues {
		if !is(q, "Organization", "Location", "PractitionerRole", "Practitioner") {
			wrong = append(wrong, fmt.Errorf("access: a shared queue is %q, which is no reference to an organisation, place or role", q))
		}
	}
	return errors.Join(wrong...)
}

// Gate is the one way to a person's resources. It is safe for use by many
// goroutines.
type Gate struct {
	c      Config
	log    *log
	copies *copies
}

// New checks the configuration and makes a gate. Its errors name every wrong
// field.
func New(c Config) (*Gate, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	return &Gate{c: c, log: &log{db: c.DB}, copies: newCopies(c.Copies)}, nil
}

// Open decides whether an actor may see anything of a patient's record now, and
// gives the view of what that is. Nothing of her is read before: of the NEHR only
// her Consents and who is asked to treat her, by one request, and for herself
// nothing at all.
//
// A refusal is a *DeniedError, or a *LogError when the log takes no entry; when
// the NEHR does not tell which consents there are, its error is given.
func (g *Gate) Open(ctx context.Context, a Actor, patient string, p Purpose) (*View, error) {
	v := &View{g: g, actor: a, patient: patient, purpose: p}
	e := Entry{Action: ActionOpen}
	s, err := v.look(ctx, e)
	if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	v.opened = s.decision
	return v, nil
}

// id makes a random logical id.
func (g *Gate) id() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(g.c.Rand, b[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
