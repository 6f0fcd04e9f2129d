package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

func (a *app) corrections() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "corrections",
		Short: "What mothers say is not right in their records, and who they do not recognise in their logs",
		Long: "A mother asks in her portal for something to be put right, or says of an entry of her log that she does not recognise it. " +
			"Her words are shown to the operator, who answers when the clinic has dealt with it; she sees each step. Her log says that it was looked at.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say list or reply"))
		},
	}
	var all bool
	list := &cobra.Command{
		Use:   "list",
		Short: "One JSON line for each that is open",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withGate(cmd.Context(), func(ctx context.Context, gate *access.Gate) error {
				found, err := gate.AllCorrections(ctx, theOperator)
				if err != nil {
					return err
				}
				for _, c := range found {
					if over := c.State == access.CorrectionDone || c.State == access.CorrectionRejected; over && !all {
						continue
					}
					if err := a.printJSON(correctionLine{c.ID, c.Patient, c.About, c.Entry, c.Words, string(c.State), c.Reply, c.At, c.Changed}); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	list.Flags().BoolVar(&all, "all", false, "those too that are done or rejected")
	var state, text string
	reply := &cobra.Command{
		Use:   "reply ID",
		Short: "Say where it stands; she reads it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withGate(cmd.Context(), func(ctx context.Context, gate *access.Gate) error {
				return gate.Reply(ctx, theOperator, args[0], access.CorrectionState(state), text)
			})
		},
	}
	reply.Flags().StringVar(&state, "state", "", "received, accepted, completed or rejected")
	reply.Flags().StringVar(&text, "text", "", "what she reads; a rejection needs it")
	cmd.AddCommand(list, reply)
	return cmd
}

// correctionLine is a line of `corrections list`.
type correctionLine struct {
	ID      string    `json:"id"`
	Patient string    `json:"patient"`
	About   string    `json:"about,omitzero"`
	Entry   int64     `json:"entry,omitzero"` // of the access log
	Words   string    `json:"words"`
	State   string    `json:"state"`
	Reply   string    `json:"reply,omitzero"`
	At      time.Time `json:"at"`
	Changed time.Time `json:"changed,omitzero"`
}

// theOperator is who asks by a command.
var theOperator = access.Actor{Kind: access.KindSystem, Session: "command"}

// withGate opens the gate of the settings for a command of the operator.
func (a *app) withGate(ctx context.Context, do func(context.Context, *access.Gate) error) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	if err := s.ForPortals(); err != nil {
		return usage(err)
	}
	record, err := newNEHR(s, nil)
	if err != nil {
		return usage(err)
	}
	db, err := database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), Migrations: []database.Migrations{access.Migrations()}})
	if err != nil {
		return serverError(err)
	}
	defer db.Close()
	gate, err := openGate(s, db, record, a.logger())
	if err != nil {
		return usage(err)
	}
	err = do(ctx, gate)
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		return usage(denied)
	}
	if errors.Is(err, access.ErrNotFound) {
		return found(err)
	}
	if err != nil {
		return serverError(err)
	}
	return nil
}
