package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func (a *app) deadLetters() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "What could not be written, why, again",
		Long:  "Tracked entities that were set aside: refused, without a usable key, or waiting for a person's decision.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say list, show, retry or discard"))
		},
	}
	cmd.PersistentFlags().BoolVar(&a.ofEvents, "events", false, "notifications that a receiver refused, instead of what was not written")
	cmd.AddCommand(
		a.letters("list", "One JSON line for each", func(ctx context.Context, l *changes.Ledger, f changes.Filter) error {
			letters, err := l.Letters(ctx, f)
			if err != nil {
				return err
			}
			for _, one := range letters {
				if err := a.printJSON(one); err != nil {
					return err
				}
			}
			return nil
		}),
		a.letters("retry", "Put them back on the list", func(ctx context.Context, l *changes.Ledger, f changes.Filter) error {
			n, err := l.Retry(ctx, f)
			return errors.Join(err, a.printJSON(map[string]int{"retried": n}))
		}),
		a.letters("discard", "Give up on them until they change in DHIS2", func(ctx context.Context, l *changes.Ledger, f changes.Filter) error {
			if f == (changes.Filter{}) {
				return usage(errors.New("discard: name what is to be discarded (--class, --cause, --tracked-entity, --before)"))
			}
			n, err := l.Discard(ctx, f)
			return errors.Join(err, a.printJSON(map[string]int{"discarded": n}))
		}),
		a.showLetter(),
	)
	return cmd
}

// letters is a subcommand on those that a filter selects.
func (a *app) letters(name, short string, do func(context.Context, *changes.Ledger, changes.Filter) error) *cobra.Command {
	var class, cause, entity, since, before string
	cmd := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := changes.Filter{Class: changes.Class(class), Cause: cause}
			var errs []error
			if entity != "" {
				uid, err := dhis2.ParseUID(entity)
				f.TrackedEntity = uid
				errs = append(errs, err)
			}
			for text, at := range map[string]*time.Time{since: &f.Since, before: &f.Before} {
				if text != "" {
					t, err := time.Parse(time.RFC3339, text)
					*at = t
					errs = append(errs, err)
				}
			}
			if err := errors.Join(errs...); err != nil {
				return usage(err)
			}
			return a.withLedger(cmd.Context(), func(l *changes.Ledger) error { return do(cmd.Context(), l, f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&class, "class", "", "dead-letter, quarantine or review")
	flags.StringVar(&cause, "cause", "", "exactly this cause, such as 422")
	flags.StringVar(&entity, "tracked-entity", "", "UID of one")
	flags.StringVar(&since, "since", "", "set aside since then (2026-03-04T00:00:00Z)")
	flags.StringVar(&before, "before", "", "set aside before then")
	return cmd
}

func (a *app) showLetter() *cobra.Command {
	return &cobra.Command{
		Use: "show UID", Short: "One with what the server said, which may quote the record", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			uid, err := dhis2.ParseUID(args[0])
			if err != nil {
				return usage(err)
			}
			return a.withLedger(cmd.Context(), func(l *changes.Ledger) error {
				letter, there, err := l.Letter(cmd.Context(), uid)
				if err != nil {
					return err
				}
				if !there {
					return found(fmt.Errorf("tracked entity %s is not set aside", uid))
				}
				shown := struct {
					changes.Letter
					Outcome jsontext.Value `json:"outcome,omitempty"` // the server's OperationOutcome
					Answer  string         `json:"answer,omitempty"`  // base64, where it was no JSON
				}{Letter: letter}
				if v := jsontext.Value(letter.Detail); v.IsValid() {
					shown.Outcome = v
				} else if len(letter.Detail) > 0 {
					shown.Answer = base64.StdEncoding.EncodeToString(letter.Detail)
				}
				return a.printJSON(shown)
			})
		},
	}
}

// withLedger opens the ledger of the settings for one command.
func (a *app) withLedger(ctx context.Context, do func(*changes.Ledger) error) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	db, ledger, err := openLedger(ctx, s)
	if err != nil {
		return usage(err)
	}
	defer db.Close()
	if a.ofEvents {
		if s.DHIS2.Events.URL == "" {
			return usage(errors.New("--events: dhis2.events.url is not set, so nobody is notified"))
		}
		if ledger, err = openEvents(ctx, db, ""); err != nil {
			return usage(err)
		}
	}
	return do(ledger)
}

func (a *app) backup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "A copy of the database, while the agent is running",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			db, _, err := openLedger(cmd.Context(), s)
			if err != nil {
				return usage(err)
			}
			defer db.Close()
			if err := db.Backup(cmd.Context(), args[0]); err != nil {
				return usage(err)
			}
			fmt.Fprintln(a.err, "The database is in", args[0])
			return nil
		},
	}
}
