package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

func (a *app) accessLog() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "access-log",
		Short: "Is the log of who saw whose record as it was written",
		Long: "The portals write each access, permitted or denied, into a chain of hashes before anything is shown, and send it to the NEHR. " +
			"verify finds what was changed in the chain; compare finds a chain that was cut off or written anew as a whole.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say verify or compare"))
		},
	}
	cmd.AddCommand(a.verifyAccessLog(), a.compareAccessLog())
	return cmd
}

func (a *app) verifyAccessLog() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check the chain of hashes, entry by entry",
		Long:  "Prints how many entries are sound from the first on, and the hash of the last of them; exit code 1 when one is missing, changed or put in.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			return withAccessLog(cmd.Context(), s, func(db *database.DB) error {
				v, err := access.Verify(cmd.Context(), db)
				if err != nil {
					return serverError(err)
				}
				if err := a.printJSON(struct {
					Entries int64  `json:"entries"`
					Broken  int64  `json:"broken,omitzero"`
					Hash    string `json:"hash,omitzero"`
				}{v.Entries, v.Broken, hex.EncodeToString(v.Hash)}); err != nil {
					return err
				}
				if v.Broken != 0 {
					return found(fmt.Errorf("the access log is not as it was written from entry %d on", v.Broken))
				}
				return nil
			})
		},
	}
}

func (a *app) compareAccessLog() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Hold the log against the AuditEvents that the NEHR has of it",
		Long: "Prints a JSON line for each difference, and one with counts at the end; exit code 1 when there is one. missing: the NEHR does not have " +
			"what it was sent; changed: it tells another thing; cut: the log does not have the entry any more; rewritten: the log has another under its number. " +
			"After restore the entries since the backup are cut. Where it stopped, it goes on with --from and what next says.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			place, err := parsePlace(from)
			if err != nil {
				return usage(err)
			}
			s, err := a.settings()
			if err != nil {
				return err
			}
			if err := s.ForNEHR(); err != nil {
				return usage(err)
			}
			if !wantsPortals(s) {
				return usage(errors.New("neither portal.patient.url nor portal.clinician.url is set: by its host the NEHR knows the log"))
			}
			record, err := newNEHR(s, nil)
			if err != nil {
				return usage(err)
			}
			return withAccessLog(cmd.Context(), s, func(db *database.DB) error {
				gate, err := openGate(s, db, record, a.logger())
				if err != nil {
					return usage(err)
				}
				return a.compare(cmd.Context(), gate, place)
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "go on at this place")
	return cmd
}

func (a *app) compare(ctx context.Context, gate *access.Gate, from access.Place) error {
	c, err := gate.Compare(ctx, from, func(f access.Finding) error { return a.printJSON(f) })
	printed := a.printJSON(struct {
		Entries int64  `json:"entries"`
		Waiting int64  `json:"waiting"`
		Refused int64  `json:"refused"`
		Events  int64  `json:"events"`
		Found   int64  `json:"found"`
		Next    string `json:"next"`
	}{c.Entries, c.Waiting, c.Refused, c.Events, c.Found, placeText(c.Place)})
	switch {
	case err != nil:
		return serverError(fmt.Errorf("compare the access log: %w", err))
	case printed != nil:
		return printed
	case c.Found > 0:
		return found(fmt.Errorf("the access log and the NEHR differ %d times", c.Found))
	}
	return nil
}

// withAccessLog opens the database of the settings to look at its access log.
func withAccessLog(ctx context.Context, s *config.Settings, do func(*database.DB) error) error {
	db, err := database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), ReadOnly: true, Migrations: []database.Migrations{access.Migrations()}})
	older, none := errors.AsType[*database.OlderError](err)
	if errors.Is(err, fs.ErrNotExist) || none && older.Have == 0 {
		return usage(errors.New("the database of the settings has no access log: the portals make one when they start"))
	}
	if err != nil {
		return serverError(err)
	}
	defer db.Close()
	return do(db)
}

// A place is written as the last entry, @, and the instant of the events.
func placeText(p access.Place) string {
	text := strconv.FormatInt(p.Seq, 10)
	if !p.At.IsZero() {
		text += "@" + p.At.UTC().Format(time.RFC3339Nano)
	}
	return text
}

func parsePlace(text string) (p access.Place, err error) {
	if text == "" {
		return p, nil
	}
	seq, at, timed := strings.Cut(text, "@")
	p.Seq, err = strconv.ParseInt(seq, 10, 64)
	if err == nil && timed {
		p.At, err = time.Parse(time.RFC3339Nano, at)
	}
	if err != nil || p.Seq < 0 {
		return access.Place{}, errors.New("--from: want what next said, such as 500@2026-03-04T00:00:00Z")
	}
	return p, nil
}
