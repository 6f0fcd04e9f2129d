package registry

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
)

// Caller is who asks: a user of DHIS2, through a Route.
type Caller struct{ User, Route string }

// Place is what a call is for: a program and an organisation unit of DHIS2, by UID.
type Place struct {
	Program string `json:"program"`
	OrgUnit string `json:"orgUnit"`
}

// ErrForbidden is the answer of an [Authority] to a user who may not.
var ErrForbidden = errors.New("the user may not register people in this program there")

// Authority says whether a user of DHIS2 may register people in a program at an
// organisation unit: nil, an error that is [ErrForbidden], or another where it is not
// known.
type Authority interface {
	MayCapture(ctx context.Context, user string, at Place) error
}

// Record is the national record. Errors that are Retryable() say that it cannot be
// asked now.
type Record interface {
	// SearchPage searches by POST Type/_search and reads the first page.
	SearchPage(ctx context.Context, typ string, params url.Values) (*client.Found, error)
}

// Config is one registry.
type Config struct {
	// DB has the tables of Migrations. Required.
	DB *database.DB
	// Record is asked before a number is given. Required.
	Record Record
	// Authority says who may. Required.
	Authority Authority
	// Installation names the DHIS2 that numbers are issued for, by what stays the same
	// when its address changes: its system id. A point of issue belongs to one
	// installation. Required.
	Installation func(context.Context) (string, error)

	// Scheme issues numbers. Defaults to phn.NDHGS2.
	Scheme phn.Scheme
	// Accept reads the number that is searched for. Defaults to phn.ParseAny.
	Accept func(string) (phn.PHN, error)
	// Points are the points of issue by the UID of the organisation unit, each of one
	// unit. Without, nothing is issued; search and selection work.
	Points map[string]string
	// Provisional issues numbers while the record cannot be reached, marked as such
	// and looked up later. Without, they are refused.
	Provisional bool
	// Ours tells whether a tracked entity of DHIS2 is of this installation and has the
	// number, for Recheck. Without, a provisional number that the record has come to
	// know is disputed.
	Ours func(ctx context.Context, trackedEntity, number string) (bool, error)
	// Telephone writes a number in E.164, as the record has it; ok is false for what
	// is none. Defaults to numbers with a plus sign only.
	Telephone func(string) (e164 string, ok bool)

	// SearchFor is how long a search can be acted on, ReceiptFor how long a card can be
	// printed. Default to 10 and 30 min. ClaimFor is how long a claim code is good:
	// 30 days of 24 h.
	SearchFor, ReceiptFor, ClaimFor time.Duration
	// AuditFor is how long it is kept who searched, who was shown and selected, and which
	// records were said not to be hers. Who issued a number is kept with it. Defaults to 10 years of 365 days.
	AuditFor time.Duration
	// Limits bound what one user may find out. See there.
	Limits Limits
	// Patience bounds one question to the record. Defaults to 12 s: below the Route's
	// time-out.
	Patience time.Duration

	// Metrics takes the counts; a set of its own when nil.
	Metrics *metrics.Set
	// Log gets what an operator must know, without any value of a person.
	Log zerolog.Logger
	// Now is the clock, time.Now when nil. Rand draws numbers and secrets; crypto/rand
	// when nil.
	Now  func() time.Time
	Rand io.Reader
}

// Limits bound the calls of one user in an hour. Who goes beyond is locked until the
// hour is over.
type Limits struct {
	// Searches of all kinds, and with them the numbers that are issued. Defaults to 120.
	Searches int
	// Misses are searches by a number that nobody has: who guesses numbers has many.
	// Defaults to 10.
	Misses int
	// Unknown are questions for the status of a number that the registry does not
	// know. Defaults to 120.
	Unknown int
}

func (c Config) withDefaults() Config {
	if c.Scheme == nil {
		c.Scheme = phn.NDHGS2
	}
	if c.Accept == nil {
		c.Accept = phn.ParseAny
	}
	if c.Telephone == nil {
		c.Telephone = func(text string) (string, bool) { return text, international.MatchString(text) }
	}
	c.SearchFor = cmp.Or(c.SearchFor, 10*time.Minute)
	c.ReceiptFor = cmp.Or(c.ReceiptFor, 30*time.Minute)
	c.ClaimFor = cmp.Or(c.ClaimFor, 30*24*time.Hour)
	c.AuditFor = cmp.Or(c.AuditFor, 10*365*24*time.Hour)
	c.Patience = cmp.Or(c.Patience, 12*time.Second)
	c.Limits.Searches = cmp.Or(c.Limits.Searches, 120)
	c.Limits.Misses = cmp.Or(c.Limits.Misses, 10)
	c.Limits.Unknown = cmp.Or(c.Limits.Unknown, 120)
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

var (
	international = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	uid           = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{10}$`)
)

func (c Config) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(c.DB != nil, "no database: a number that is not reserved may be given twice")
	need(c.Record != nil, "no national record: a number may be known there")
	need(c.Authority != nil, "no Authority: nobody says who may register people where")
	need(c.Installation != nil, "no installation: two could issue at one point")
	need(c.SearchFor > 0 && c.ReceiptFor > 0 && c.ClaimFor > 0 && c.AuditFor > 0 && c.Patience > 0, "times must be positive")
	l := c.Limits
	need(l.Searches > 0 && l.Misses > 0 && l.Unknown > 0, "limits must be positive")
	units := map[string]string{}
	for unit, point := range c.Points {
		need(uid.MatchString(unit), "point of issue %s: %q is not the UID of an organisation unit", point, unit)
		other, twice := units[point]
		need(!twice, "point of issue %s: it is that of %s and of %s; each needs its own", point, min(unit, other), max(unit, other))
		units[point] = unit
		if _, err := c.Scheme.New(point, c.Rand); errors.Is(err, phn.ErrPointOfIssue) {
			need(false, "point of issue %q of %s: scheme %s has no such one", point, unit, c.Scheme.Name())
		}
	}
	return errors.Join(errs...)
}
