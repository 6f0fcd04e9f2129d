package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// sourceWorklist is who puts the orders, for the outbox.
const sourceWorklist = "worklist"

// issuedTo is a line of `phn worklist --issue`.
type issuedTo struct {
	withoutNumber
	Outcome     outcome `json:"outcome"`
	Reason      string  `json:"reason,omitzero"`
	Provisional bool    `json:"provisional,omitzero"` // the record could not be asked, and is asked later
}

// outcome is what became of a woman of the work list.
type outcome string

const (
	gotNumber   outcome = "written"     // she has a number
	hadNumber   outcome = "taken"       // somebody typed one meanwhile: it stays, ours is burnt
	onItsWay    outcome = "waiting"     // hers, and DHIS2 could not be reached: sync, serve or the next run brings it
	notWritten  outcome = "dead-letter" // hers, and DHIS2 refuses it: see outbox list
	forAPerson  outcome = "review"      // known, a double, unusable or incomplete: nobody may guess
	cannotIssue outcome = "refused"     // see the reason
)

// numberIssuer gives numbers; *registry.Service is one.
type numberIssuer interface {
	IssueTo(ctx context.Context, who registry.Caller, at registry.Place, trackedEntity string, d registry.Demographics) (*registry.Issued, error)
	Withdraw(ctx context.Context, who registry.Caller, at registry.Place, trackedEntity string) error
}

// issuing gives numbers to women of a work list, one after the other.
type issuing struct {
	*worklist
	numbers numberIssuer
	outbox  *outbox.Outbox
	who     registry.Caller
}

// issueNumbers gives each her number, and prints what became of her. It ends at the
// first of whom a server that is away keeps it.
func (a *app) issueNumbers(ctx context.Context, w *worklist, rows []withoutNumber) error {
	i, db, err := a.newIssuing(ctx, w)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := i.catchUp(ctx); err != nil {
		return serverError(err)
	}
	left := 0
	for _, row := range rows {
		if ctx.Err() != nil {
			return unreachable(ctx.Err())
		}
		line, err := i.issue(ctx, row)
		if err != nil {
			return serverError(fmt.Errorf("tracked entity %s: %w", row.UID, err))
		}
		if line.Outcome != gotNumber && line.Outcome != hadNumber {
			left++
		}
		if err := a.printJSON(line); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "%d without a number, %d of them left.\n", len(rows), left)
	if left > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

func (a *app) newIssuing(ctx context.Context, w *worklist) (i *issuing, db *database.DB, err error) {
	if err := w.settings.ForNEHR(); err != nil {
		return nil, nil, usage(err)
	}
	cfg, err := registryConfig(w.settings, a.logger())
	if err != nil {
		return nil, nil, usage(err)
	}
	if len(cfg.Points) == 0 {
		return nil, nil, usage(errors.New("phn.points is not set: no organisation unit issues numbers"))
	}
	me, err := w.dhis2.Me(ctx)
	if err != nil {
		return nil, nil, serverError(err)
	}
	db, err = database.Open(ctx, database.Config{URL: w.settings.Ledger.URL.Reveal(), Migrations: append(agentTables(), registry.Migrations())})
	if err != nil {
		return nil, nil, serverError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	ledger, err := changes.New(ctx, changes.Config{DB: db})
	if err != nil {
		return nil, nil, serverError(err)
	}
	same := func(ctx context.Context) error { return w.same(ctx, ledger) }
	if err := same(ctx); err != nil {
		return nil, nil, serverError(err)
	}
	i = &issuing{worklist: w, who: registry.Caller{User: me.Username, Route: sourceWorklist}}
	cfg.DB = db
	if i.numbers, err = registry.New(cfg); err != nil {
		return nil, nil, usage(err)
	}
	if i.outbox, err = outbox.New(ctx, outbox.Config{DB: db, Server: w.dhis2, Lease: lease, Same: same}); err != nil {
		return nil, nil, serverError(err)
	}
	return i, db, nil
}

// same makes sure that DHIS2 and the record are those that the ledger belongs to: who is
// looked for in another record is not found, and gets a number that she has not to get.
func (w *worklist) same(ctx context.Context, ledger *changes.Ledger) error {
	info, err := w.dhis2.SystemInfo(ctx)
	if err != nil {
		return err
	}
	for name, found := range map[string]string{changes.PinSystem: info.SystemID, pinRecord: w.settings.NEHR.URL} {
		pinned, known, err := ledger.Pinned(ctx, name)
		if err != nil {
			return err
		}
		if known && pinned != found {
			return &changes.PinError{Name: name, Pinned: pinned, Found: found}
		}
	}
	return nil
}

// catchUp brings what an earlier run has left, and burns the numbers that were not
// written because somebody has typed another meanwhile, or has given up on them.
func (i *issuing) catchUp(ctx context.Context) error {
	if err := i.bring(ctx); err != nil {
		return err
	}
	fallen, err := i.outbox.Fallen(ctx, sourceWorklist)
	if err != nil {
		return err
	}
	for _, l := range fallen {
		// Where she was enrolled is not known here, and only kept for the audit.
		if err := i.numbers.Withdraw(ctx, i.who, registry.Place{}, l.Subject.String()); err != nil {
			return err
		}
	}
	return nil
}

// bring brings orders now. What DHIS2 keeps from being brought waits.
func (i *issuing) bring(ctx context.Context) error {
	if err := i.outbox.Hurry(ctx); err != nil {
		return err
	}
	_, err := i.outbox.Once(ctx)
	return err
}

// issue gives one woman her number. An error is that of a server which is away.
func (i *issuing) issue(ctx context.Context, row withoutNumber) (issuedTo, error) {
	line := issuedTo{withoutNumber: row, Outcome: forAPerson}
	orders, err := i.outbox.Of(ctx, sourceWorklist, row.UID)
	if err != nil {
		return line, err
	}
	// One that is under way is hers: there is no second.
	if len(orders) > 0 && orders[0].State != outbox.Ended {
		return i.became(ctx, line, orders[0])
	}
	// The list was read before, and somebody may have written since: a person, or an
	// order of an earlier run.
	row, without, err := i.again(ctx, row)
	if err != nil {
		return line, err
	}
	line.withoutNumber = row
	stands := len(orders) > 0 && orders[0].Result.Stands()
	switch {
	case !without && stands:
		line.Outcome = gotNumber
		return line, nil
	case !without:
		line.Outcome, line.Reason = hadNumber, row.Problem
		return line, i.withdraw(ctx, row)
	case row.Problem == numberUnusable:
		line.Reason = numberUnusable
		return line, nil
	case i.hasTwin(row):
		line.Reason = "double"
		return line, nil
	}
	got, err := i.numbers.IssueTo(ctx, i.who, row.place(), row.UID.String(), row.she)
	refused, isRefused := errors.AsType[*registry.Refusal](err)
	switch {
	case errors.Is(err, registry.ErrKnown):
		line.Reason = "known"
		if stands {
			return line, nil // it may be she, by the number that was written and somebody has deleted
		}
		return line, i.withdraw(ctx, row)
	case isRefused && refused.Code == registry.CodeDemographics:
		line.Reason = "incomplete"
		return line, nil
	case isRefused && (refused.Code == registry.CodeNEHR || refused.Code == registry.CodeUnavailable):
		return line, err
	case isRefused:
		line.Outcome, line.Reason = cannotIssue, string(refused.Code)
		return line, nil
	case err != nil:
		return line, err
	}
	line.Provisional = got.Provisional
	key := fmt.Sprintf("phn/%s/%d", row.UID, len(orders)+1)
	if _, err := i.outbox.Put(ctx, outbox.Order{Key: key, Source: sourceWorklist, Item: &outbox.Attribute{
		TrackedEntity: row.UID, Program: row.Program, Attribute: row.attribute, Value: got.PHN}}); err != nil {
		return line, err
	}
	away := i.bring(ctx)
	order, _, err := i.outbox.Get(ctx, key)
	if err != nil {
		return line, err
	}
	if order.State == outbox.Waiting && away != nil {
		return line, away
	}
	return i.became(ctx, line, order)
}

// again reads a woman of the list again.
func (i *issuing) again(ctx context.Context, row withoutNumber) (now withoutNumber, without bool, err error) {
	te, err := i.dhis2.TrackedEntity(ctx, row.UID, row.Program, fieldsOfWorklist)
	if gone, ok := errors.AsType[*api.Error](err); ok && gone.NotFound() {
		row.Problem = "deleted"
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	m := i.maps[slices.IndexFunc(i.maps, func(m *mapper.Map) bool { return m.Program == row.Program })]
	now, without = i.look(m, te)
	return now, without, nil
}

// withdraw takes back the number of a woman that is not written for her.
func (i *issuing) withdraw(ctx context.Context, row withoutNumber) error {
	return i.numbers.Withdraw(ctx, i.who, row.place(), row.UID.String())
}

func (r withoutNumber) place() registry.Place {
	return registry.Place{Program: r.Program.String(), OrgUnit: r.OrgUnit.String()}
}

// became tells what became of an order.
func (i *issuing) became(ctx context.Context, line issuedTo, order outbox.Letter) (issuedTo, error) {
	switch {
	case order.State == outbox.Waiting:
		line.Outcome, line.Reason = onItsWay, order.Cause
	case order.State == outbox.Dead:
		line.Outcome, line.Reason = notWritten, order.Cause
	case order.Result.Stands():
		line.Outcome = gotNumber
	default:
		line.Outcome = hadNumber
		return line, i.withdraw(ctx, line.withoutNumber)
	}
	return line, nil
}
