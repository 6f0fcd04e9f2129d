package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// timeUpTo is until when everything was seen.
type timeUpTo = time.Time

// selection is what the flags of backfill choose.
type selection struct {
	programs, orgUnits []string
	after, before      string
	from, to           time.Time // of after and before
}

// parse reads the times: RFC 3339, or a day, whose beginning is meant, and whose
// end as the upper bound.
func (sel *selection) parse(zone *time.Location) (err error) {
	if sel.from, err = parseTime("--updated-after", sel.after, zone, 0); err != nil {
		return err
	}
	if sel.to, err = parseTime("--updated-before", sel.before, zone, 24*time.Hour-time.Millisecond); err != nil {
		return err
	}
	if !sel.from.IsZero() && !sel.to.IsZero() && sel.to.Before(sel.from) {
		return errors.New("--updated-before lies before --updated-after")
	}
	return nil
}

func parseTime(flag, text string, zone *time.Location, day time.Duration) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: want a day (2026-03-04) or a time (2026-03-04T08:00:00Z)", flag)
	}
	return t.Add(day), nil
}

// whole tells whether everything is chosen.
func (sel selection) whole() bool {
	return len(sel.programs)+len(sel.orgUnits) == 0 && sel.after == "" && sel.before == ""
}

// String names the choice, to tell whether a backfill is the one that was begun.
func (sel selection) String() string {
	return strings.Join([]string{strings.Join(sel.programs, ","), strings.Join(sel.orgUnits, ","), sel.after, sel.before}, ";")
}

// parts are the chosen programs of those that are served.
func (sel selection) parts(served []dhis2.UID) ([]changes.Selection, error) {
	units := make([]dhis2.UID, len(sel.orgUnits))
	for i, text := range sel.orgUnits {
		var err error
		if units[i], err = dhis2.ParseUID(text); err != nil {
			return nil, fmt.Errorf("--org-unit: %w", err)
		}
	}
	programs := served
	if len(sel.programs) > 0 {
		programs = nil
		for _, text := range sel.programs {
			uid, err := dhis2.ParseUID(text)
			if err != nil {
				return nil, fmt.Errorf("--program: %w", err)
			}
			if !slices.Contains(served, uid) {
				return nil, fmt.Errorf("--program: %s is no program that a map names and the server shows", uid)
			}
			programs = append(programs, uid)
		}
	}
	parts := make([]changes.Selection, len(programs))
	for i, program := range programs {
		parts[i] = changes.Selection{Program: program, OrgUnits: units, From: sel.from, To: sel.to}
	}
	return parts, nil
}

func (a *app) backfill() *cobra.Command {
	var sel selection
	var o backfillOptions
	var reconcile, repair bool
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Carry over the history: every tracked entity of the mapped programs, or a part",
		Long: "Goes through the tracked entities of the mapped programs in the order in which DHIS2 changed them, and carries over " +
			"what the record does not hold. Interrupted, the same command goes on where it was. It may run beside sync: no " +
			"tracked entity is worked on twice at once, and what changes meanwhile does not wait for it. Progress is a bar on a " +
			"terminal and JSON lines on stdout elsewhere; the last line is an object with counts, as of sync --once.\n\n" +
			"With --reconcile it compares ledger, DHIS2 and record instead and prints one JSON object a line for each tracked " +
			"entity on which they disagree, then counts; code 1 says that there is something. With --repair too it looks at " +
			"these by force: writes what differs or is missing, and takes back resources of its own that neither DHIS2 nor the " +
			"ledger accounts for. What portals and other systems wrote is left alone. When many tracked entities are missing " +
			"at once it stops.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			if err := s.ForSync(); err != nil {
				return usage(err)
			}
			zone, err := dayZone(s)
			if err != nil {
				return usage(err)
			}
			if err := sel.parse(zone); err != nil {
				return usage(err)
			}
			switch {
			case repair && !reconcile:
				return usage(errRepairAlone)
			case reconcile && (o.restart || o.force):
				return usage(errors.New("--restart and --force are for backfill without --reconcile, which always compares everything"))
			case reconcile:
				return a.runReconcile(cmd.Context(), s, sel, repair, o.accept)
			}
			return a.runBackfill(cmd.Context(), s, sel, o)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&sel.programs, "program", nil, "UID of a program (several: by commas); all mapped ones without")
	f.StringSliceVar(&sel.orgUnits, "org-unit", nil, "UID of an organisation unit, with all below it (several: by commas)")
	f.StringVar(&sel.after, "updated-after", "", "only what DHIS2 changed last (updatedAt) at this day or time or later")
	f.StringVar(&sel.before, "updated-before", "", "only what DHIS2 changed last at this day or time or earlier")
	f.BoolVar(&o.restart, "restart", false, "begin anew instead of where an interrupted one was")
	f.BoolVar(&o.force, "force", false, "look in the record also where nothing has changed since it was written")
	f.BoolVar(&reconcile, "reconcile", false, "compare ledger, DHIS2 and record, and report")
	f.BoolVar(&repair, "repair", false, "with --reconcile: mend what is reported")
	f.BoolVar(&o.accept, "accept-servers", false, "DHIS2 or the record is another one than the ledger was made with, and that is meant")
	return cmd
}

// dayZone is the zone in which a day of a flag begins.
func dayZone(s *config.Settings) (*time.Location, error) {
	for _, name := range []string{s.DHIS2.Zone, s.Zone} {
		if z, err := zone(name); z != nil || err != nil {
			return z, err
		}
	}
	return time.Local, nil
}

type backfillOptions struct{ restart, force, accept bool }

// queueLimit bounds what a backfill has on the ledger's list, so that what
// changes meanwhile waits for a few of its entities and not for all.
const queueLimit = 1000

// runBackfill lists and works at the same time.
func (a *app) runBackfill(ctx context.Context, s *config.Settings, sel selection, o backfillOptions) error {
	g, err := newAgent(ctx, s, a.logger())
	if err != nil {
		return usage(err)
	}
	defer g.close()
	g.accept = o.accept
	poller, runner, err := g.prepare(ctx, changes.PollConfig{})
	if err != nil {
		return serverError(err)
	}
	parts, err := sel.parts(g.served)
	if err != nil {
		return usage(err)
	}
	b := &backfill{agent: g, poller: poller, parts: parts, force: o.force, worked: make(chan struct{}, 1)}
	if err := b.begin(ctx, sel, o.restart); err != nil {
		return listError(err)
	}
	if b.at.Listed > 0 {
		fmt.Fprintf(a.err, "Going on after %d of %d tracked entities.\n", b.at.Listed, b.at.Total)
	}
	g.progress = func(counts) {
		select {
		case b.worked <- struct{}{}:
		default:
		}
	}
	b.show = a.showProgress(b.at.Total)
	defer onSecondSignal(runner.Cut)()

	work, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(work) }()
	err = b.list(ctx)
	if err == nil {
		err = b.await(ctx, 0)
	}
	stop()
	if last := <-ended; err == nil {
		err = last
	}
	b.show(progress{}, true)
	if err != nil {
		fmt.Fprintln(a.err, "The same command goes on from here.")
		if ctx.Err() != nil {
			return found(errors.New("interrupted before the end"))
		}
		return listError(err)
	}
	if err := b.finish(ctx); err != nil {
		return usage(err)
	}
	c := g.counted()
	if err := a.printJSON(c); err != nil {
		return err
	}
	if c.DeadLetters+c.Review > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}
