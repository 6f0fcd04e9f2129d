package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
)

// openOutbox opens what goes back into DHIS2. It brings nothing before prepare,
// which knows how to tell the ledger's server from another.
func (g *agent) openOutbox(ctx context.Context) (err error) {
	g.outbox, err = outbox.New(ctx, outbox.Config{DB: g.db, Server: g.dhis2, Lease: lease, Done: g.brought,
		Same: func(ctx context.Context) error { return g.same(ctx) },
		Username: func(ctx context.Context) (string, error) {
			me, err := g.dhis2.Me(ctx)
			if err != nil {
				return "", err
			}
			return me.Username, nil
		}})
	return err
}

// brought logs what came of an order.
func (g *agent) brought(t outbox.Try) {
	switch {
	case t.Paused > 0:
		g.log.Warn().Dur("pause", t.Paused).Err(t.Err).Msg("nothing can be brought back into DHIS2: paused, and tried again")
	case t.Err != nil:
		g.log.Warn().Stringer("order", t.UID).Str("kind", t.Kind).Bool("deadLetter", t.Dead).Str("cause", t.Cause).Err(t.Err).Msg("not brought back into DHIS2")
	default:
		g.log.Info().Stringer("order", t.UID).Str("kind", t.Kind).Str("result", string(t.Result)).Msg("brought back into DHIS2")
	}
}

// bring brings what waits, for `sync --once`: what cannot be brought now waits on,
// and only a database that fails keeps the rest from being done.
func (g *agent) bring(ctx context.Context) error {
	_, err := g.outbox.Once(ctx)
	if _, kept := errors.AsType[*database.Error](err); kept || ctx.Err() != nil {
		return err
	}
	return nil
}

func (a *app) outbox() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "What goes back into DHIS2, and what could not",
		Long: "Numbers that were issued and replies that were given, on their way into DHIS2. sync and serve bring them; an order that " +
			"DHIS2 refuses is a dead letter until somebody retries or discards it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say list, retry or discard"))
		},
	}
	cmd.AddCommand(
		a.orders("list", "One JSON line for each that waits or is a dead letter", cobra.NoArgs, func(ctx context.Context, o *outbox.Outbox, _ []dhis2.UID) error {
			open, err := o.Open(ctx)
			if err != nil {
				return err
			}
			dead, err := o.DeadLetters(ctx)
			if err != nil {
				return err
			}
			for _, l := range append(open, dead...) {
				if err := a.printJSON(l); err != nil {
					return err
				}
			}
			if len(dead) > 0 {
				return &exitError{code: exitFound}
			}
			return nil
		}),
		a.orders("retry [UID…]", "Put dead letters back on the list, all of them without a UID", nil, func(ctx context.Context, o *outbox.Outbox, uids []dhis2.UID) error {
			n, err := o.Retry(ctx, uids...)
			return errors.Join(err, a.printJSON(map[string]int{"retried": n}))
		}),
		a.orders("discard UID…", "Give up on dead letters: their content is wiped", cobra.MinimumNArgs(1), func(ctx context.Context, o *outbox.Outbox, uids []dhis2.UID) error {
			n, err := o.Discard(ctx, uids...)
			return errors.Join(err, a.printJSON(map[string]int{"discarded": n}))
		}),
	)
	return cmd
}

// orders is a subcommand on the outbox of the settings.
func (a *app) orders(use, short string, args cobra.PositionalArgs, do func(context.Context, *outbox.Outbox, []dhis2.UID) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		var uids []dhis2.UID
		for _, text := range args {
			uid, err := dhis2.ParseUID(text)
			if err != nil {
				return usage(err)
			}
			uids = append(uids, uid)
		}
		s, err := a.settings()
		if err != nil {
			return err
		}
		db, _, err := openLedger(cmd.Context(), s)
		if err != nil {
			return usage(err)
		}
		defer db.Close()
		o, err := outbox.New(cmd.Context(), outbox.Config{DB: db})
		if err != nil {
			return usage(err)
		}
		return do(cmd.Context(), o, uids)
	}}
}
