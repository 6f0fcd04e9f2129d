package contract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Server is what is asked; *api.Client is one.
type Server interface {
	SystemInfo(ctx context.Context) (*dhis2.SystemInfo, error)
	Me(ctx context.Context) (*api.Me, error)
	Program(ctx context.Context, uid dhis2.UID) (*dhis2.Program, error)
	OrganisationUnits(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error)
	TrackedEntity(ctx context.Context, uid, program dhis2.UID, fields string) (*dhis2.TrackedEntity, error)
	TrackedEntities(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.TrackedEntity], error)
	Enrollments(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.Enrollment], error)
	Events(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.Event], error)
	Import(ctx context.Context, p api.Payload, o api.ImportOptions) (*api.ImportReport, error)
}

// Config says what to ask, and of whom.
type Config struct {
	Server  Server    // Required.
	Program dhis2.UID // a tracker program that the user reads. Required.

	// Zone is the zone of the server's wall time where the server names none
	// that is known (the setting dhis2.zone). Defaults to UTC.
	Zone *time.Location

	// Sample are tracked entities to look at. Defaults to the first 20 of the
	// program.
	Sample []dhis2.UID

	// Recorded says that the server holds recorded documents only: what it
	// answers with 501 was not recorded, and is not asked.
	Recorded bool

	// Write lets one person be enrolled who is marked as a test, changed, and
	// deleted again.
	Write bool

	// OrgUnit is where she is enrolled. Defaults to the user's first
	// organisation unit for data capture.
	OrgUnit dhis2.UID

	// Values are attribute and data values for her, where those that the suite
	// makes up by value type are refused, as by a pattern.
	Values map[dhis2.UID]string

	// Patience is how long a change may take to show: DHIS2 marks a tracked
	// entity as updated in a transaction of its own. Defaults to 10 s.
	Patience time.Duration
}

func (c Config) withDefaults() (Config, error) {
	if c.Server == nil || c.Program.IsZero() {
		return c, errors.New("dhis2/api/contract: Server and Program are needed")
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	return c, nil
}

// Expectation is one thing that is relied on.
type Expectation struct {
	Name   string
	For    string // who depends on it
	Cure   string // what to do about a server that does not meet it
	Writes bool   // asked with Config.Write only

	check func(ctx context.Context, p *probe) error
}

// Outcome is what an expectation came to.
type Outcome string

// The outcomes.
const (
	Met      Outcome = "ok"
	Broken   Outcome = "BROKEN"
	NotAsked Outcome = "not asked"
)

// Result is the outcome of one expectation. Reason is empty where it was met;
// it names documents by UID and never quotes a value.
type Result struct {
	Expectation
	Outcome Outcome
	Reason  string
}

// Report is the outcome of a run, in the order of All.
type Report struct {
	Results []Result
	// Left are the UIDs of what the run made and could not delete.
	Left []dhis2.UID
}

// Broken are the expectations that were not met.
func (r *Report) Broken() []Result {
	var out []Result
	for _, x := range r.Results {
		if x.Outcome == Broken {
			out = append(out, x)
		}
	}
	return out
}

// WriteTo prints a line per expectation, and below those that are not met who
// depends on it and what to do.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	counts := map[Outcome]int{}
	for _, x := range r.Results {
		counts[x.Outcome]++
		fmt.Fprintf(&b, "%-9s  %s", x.Outcome, x.Name)
		if x.Reason != "" {
			b.WriteString(": " + x.Reason)
		}
		b.WriteString("\n")
		if x.Outcome == Broken {
			fmt.Fprintf(&b, "           needed by: %s\n           cure: %s\n", x.For, x.Cure)
		}
	}
	fmt.Fprintf(&b, "%d met, %d broken, %d not asked\n", counts[Met], counts[Broken], counts[NotAsked])
	for _, uid := range r.Left {
		fmt.Fprintf(&b, "left behind, delete it by hand: tracked entity %s\n", uid)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// All are the expectations, in the order in which they are asked.
func All() []Expectation {
	return append(append(append([]Expectation{}, systemExpectations...), listExpectations...), writeExpectations...)
}

// notAsked is the error of a check that finds nothing to look at.
type notAsked string

func (e notAsked) Error() string { return string(e) }

// Run asks everything. Its error is one of the configuration, or the context's;
// what the server does wrong stands in the report.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &probe{cfg: cfg}
	r := &Report{}
	for _, x := range All() {
		result := Result{Expectation: x, Outcome: Met}
		switch {
		case x.Writes && !cfg.Write:
			result.Outcome, result.Reason = NotAsked, "it writes, and writing was not allowed"
		default:
			result.Outcome, result.Reason = judge(cfg, x.check(ctx, p))
		}
		r.Results = append(r.Results, result)
		if ctx.Err() != nil {
			break
		}
	}
	r.Left = p.cleanUp(ctx)
	return r, ctx.Err()
}

func judge(cfg Config, err error) (Outcome, string) {
	if err == nil {
		return Met, ""
	}
	if e, ok := errors.AsType[notAsked](err); ok {
		return NotAsked, string(e)
	}
	if e, ok := errors.AsType[*api.Error](err); ok && cfg.Recorded && e.Status == http.StatusNotImplemented {
		return NotAsked, "it was not recorded"
	}
	return Broken, err.Error()
}
