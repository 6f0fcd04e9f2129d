package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func (a *app) sync() *cobra.Command {
	var once, dry, accept bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Carry what DHIS2 says to the national record",
		Long: "Watches the mapped programs, maps and validates each tracked entity that may have changed, writes what the " +
			"national record does not hold, and takes back what is no longer true. Goes on until it is interrupted, whatever " +
			"fails meanwhile. With --once it looks once, prints one JSON object with counts, and exits: code 1 when something " +
			"could not be written or needs a person's decision, 3 when a server could not be reached.\n\n" +
			"With --dry-run it writes nothing, neither to the record nor to the ledger, and may run beside an agent. It prints " +
			"one JSON object a line for each tracked entity of which the record holds something else than DHIS2 says: what would " +
			"be created, updated or retracted, with the names of the fields that differ. With --once --dry-run it looks only at " +
			"what sync --once would look at now. A difference is code 0, an entity that cannot be written is code 1.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSync(cmd.Context(), once, dry, accept) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "look once, then exit")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "print the differences and write nothing")
	cmd.Flags().BoolVar(&accept, "accept-servers", false, "DHIS2 or the record is another one than the ledger was made with, and that is meant")
	return cmd
}

func (a *app) runSync(ctx context.Context, once, dry, accept bool) error {
	if wholeProcess {
		defer tuneMemory()()
	}
	s, err := a.settings()
	if err != nil {
		return err
	}
	if err := s.ForSync(); err != nil {
		return usage(err)
	}
	if dry {
		return a.runDryRun(ctx, s, once, accept)
	}
	if !once {
		return a.watchDHIS2(ctx, s, accept, nil)
	}
	g, err := wireAgent(s, a.logger())
	if err != nil {
		return usage(err)
	}
	if err := g.open(ctx); err != nil {
		return serverError(err)
	}
	defer g.close()
	g.accept = accept
	g.warnOfOpenRecord(ctx, s)
	c, err := g.once(ctx)
	if err = errors.Join(err, g.tell(ctx)); err != nil {
		return serverError(err)
	}
	if err := a.printJSON(c); err != nil {
		return err
	}
	if c.DeadLetters+c.Review > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

// watchDHIS2 runs the agent until ctx ends. beside is what else the process
// does, for its metrics; it may be nil.
func (a *app) watchDHIS2(ctx context.Context, s *config.Settings, accept bool, beside *web) error {
	g, err := wireAgent(s, a.logger())
	if err != nil {
		return usage(err)
	}
	if err := g.insist(ctx, func() error { return g.open(ctx) }); err != nil {
		return serverError(err)
	}
	if g.db == nil {
		return nil // interrupted before the ledger was there
	}
	defer g.close()
	g.accept, g.beside = accept, beside
	var aside sync.WaitGroup
	aside.Go(func() { g.warnOfOpenRecord(ctx, s) })
	defer aside.Wait()
	return g.watch(ctx, s)
}

// wholeProcess says that the process is this program and nothing else, so that
// a command may set what concerns all of it; main sets it.
var wholeProcess bool

// The garbage of the agent is a hundred times what it keeps, some 10 MB:
// collecting it at every doubling takes a fifth of the computing time. It may
// be five times as much, as long as all stays under memorySoft. What is kept
// may grow beyond that; then collecting costs up to half of the time.
const (
	garbagePercent = 400
	memorySoft     = 40 << 20
)

// tuneMemory sets the above, unless the environment says otherwise, and gives
// what undoes it.
func tuneMemory() (undo func()) {
	percent, soft := -1, int64(-1)
	if os.Getenv("GOGC") == "" {
		percent = debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		soft = debug.SetMemoryLimit(memorySoft)
	}
	return func() {
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(percent)
		}
		debug.SetMemoryLimit(soft) // negative changes nothing
	}
}

// watch goes on until ctx ends, and then lets what is under way come to its
// end.
func (g *agent) watch(ctx context.Context, s *config.Settings) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	unobserve, err := g.observed().serve(s.Metrics, g.log)
	if err != nil {
		return err
	}
	defer unobserve()
	var poller *changes.Poller
	var runner *changes.Runner
	wake := func() {
		runner.Wake()
		if g.events != nil {
			g.events.runner.Wake()
		}
	}
	err = g.insist(ctx, func() (err error) {
		poller, runner, err = g.prepare(ctx, changes.PollConfig{Interval: s.DHIS2.Poll, Overlap: s.DHIS2.Overlap,
			Reconciled: g.reconciled,
			Swept: func(sw changes.Sweep, err error) {
				g.meter.swept(sw, err)
				if _, another := errors.AsType[*changes.PinError](err); another {
					// Nothing of it may reach the record: what is under way is cut.
					runner.Cut()
					stop(usage(err))
				} else if err != nil {
					g.log.Error().Err(err).Stringer("program", sw.Program).Msg("looking for changes failed")
				} else if sw.Marked > 0 {
					wake()
				}
			}})
		return err
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	runs, err := g.replicate(s, poller, wake)
	if err != nil {
		return err
	}
	runs = append(runs, poller.Run, runner.Run, g.outbox.Run)
	cut := func() { runner.Cut(); g.outbox.Cut() }
	if g.events != nil {
		runs = append(runs, g.events.runner.Run)
		cut = func() { runner.Cut(); g.outbox.Cut(); g.events.runner.Cut() }
	}
	defer onSecondSignal(cut)()
	g.ready.Store(true)
	g.log.Info().Msg("watching DHIS2")
	var all sync.WaitGroup
	failed := make([]error, len(runs))
	for i, run := range runs {
		all.Go(func() { failed[i] = run(ctx) })
	}
	all.Wait()
	if another, ok := errors.AsType[*exitError](context.Cause(ctx)); ok {
		return another
	}
	return errors.Join(failed...)
}

// reconciled logs what the daily comparison has found, or what it cannot see.
func (g *agent) reconciled(r changes.Reconciliation, err error) {
	if err != nil {
		var alarming interface{ Alarm() bool }
		g.log.Error().Bool("alarm", errors.As(err, &alarming) && alarming.Alarm()).Err(err).Stringer("program", r.Program).Msg("reconciling failed")
		return
	}
	g.log.Info().Stringer("program", r.Program).Int("shown", r.Shown).Int("new", r.New).Int("missing", r.Missing).Msg("reconciled")
}

// insist tries again until f works, with pauses up to a minute: a server that
// is down, or a right that is missing, at the start is no reason to give up.
// What no waiting mends is: another server than the ledger's, a ledger that is
// damaged, of a newer version, or at a place that is none.
func (g *agent) insist(ctx context.Context, f func() error) error {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := f()
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if hopeless(err) {
			return serverError(err)
		}
		g.log.Error().Err(err).Dur("pause", pause).Msg("cannot begin, trying again")
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

func hopeless(err error) bool {
	if _, another := errors.AsType[*changes.PinError](err); another {
		return true
	}
	if _, newer := errors.AsType[*database.NewerError](err); newer {
		return true
	}
	e, ok := errors.AsType[*database.Error](err)
	return ok && !e.Away() && e.Kind != database.Full && e.Kind != database.Disk && e.Kind != database.Busy
}

// serverError gives the exit code of an error that stopped the work: a server
// that refuses the credentials, or is another one, is a matter of
// configuration, and so is a ledger that cannot be used.
func serverError(err error) error {
	if _, newer := errors.AsType[*database.NewerError](err); newer {
		return usage(err)
	}
	if e, ok := errors.AsType[*database.Error](err); ok && !e.Away() {
		return usage(err)
	}
	var refused interface{ Unauthorized() bool }
	var forbidden interface{ Forbidden() bool }
	var pinned *changes.PinError
	if errors.Is(err, errNoProgram) || errors.As(err, &pinned) ||
		errors.As(err, &refused) && refused.Unauthorized() || errors.As(err, &forbidden) && forbidden.Forbidden() {
		return usage(err)
	}
	return unreachable(err)
}

// progressBar shows how far the work is, on a terminal only.
func (a *app) progressBar(total int) func(counts) {
	f, ok := a.err.(*os.File)
	if !ok || !isTerminal(f) {
		return nil
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(io.Writer(f)), progressbar.OptionShowCount(),
		progressbar.OptionSetDescription("mothers"), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	return func(c counts) { _ = bar.Set(min(c.Entities, total)) }
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
