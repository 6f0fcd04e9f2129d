package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
)

func (a *app) clinicians() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clinicians",
		Short: "Who signs in to the clinicians' portal as which role at which facility",
		Long: "Who signs in there for the first time is asked for a name and a registration number, and is shown a code. Nobody has checked what they say: " +
			"the administrator, who knows by other means who that is, links the code to a PractitionerRole of the record.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say requests, links, link or unlink"))
		},
	}
	requests := a.rolesCommand("requests", "Who asks to be linked, one JSON line for each", cobra.NoArgs, func(ctx context.Context, _ *config.Settings, roles *clinician.Roles, _ []string) error {
		all, err := roles.Requests(ctx)
		if err != nil {
			return err
		}
		for _, one := range all {
			if err := a.printJSON(struct {
				Code         string    `json:"code"`
				Name         string    `json:"name"`
				Registration string    `json:"registration"`
				At           time.Time `json:"at"`
			}{one.Code, one.Name, one.Registration, one.At}); err != nil {
				return err
			}
		}
		return nil
	})
	links := a.rolesCommand("links", "Who is linked, one JSON line for each", cobra.NoArgs, func(ctx context.Context, _ *config.Settings, roles *clinician.Roles, _ []string) error {
		all, err := roles.Links(ctx)
		if err != nil {
			return err
		}
		for _, one := range all {
			if err := a.printJSON(struct {
				Person string    `json:"person"` // a hash
				Role   string    `json:"role"`
				Linked time.Time `json:"linked"`
				Until  time.Time `json:"until"`
			}{one.Subject, one.Role, one.Linked, one.Until}); err != nil {
				return err
			}
		}
		return nil
	})
	var role, days = "", 0
	link := a.rolesCommand("link CODE", "Let whoever has this code act as a role", cobra.ExactArgs(1), func(ctx context.Context, s *config.Settings, roles *clinician.Roles, args []string) error {
		if days < 1 {
			return usage(errors.New("--days: want 1 or more"))
		}
		who, err := roleInUse(ctx, s, role)
		if err != nil {
			return err
		}
		until := time.Now().AddDate(0, 0, days)
		if err := roles.Link(ctx, args[0], role, until); err != nil {
			return err
		}
		return a.printJSON(struct {
			Role  string    `json:"role"`
			Name  string    `json:"name"`
			Place string    `json:"place"`
			Until time.Time `json:"until"`
		}{role, who.Name, who.Place, until})
	})
	link.Flags().StringVar(&role, "role", "", "PractitionerRole/… of the record")
	link.Flags().IntVar(&days, "days", 365, "how long")
	unlink := a.rolesCommand("unlink PERSON", "End a link, as `links` names the person; it acts on the next click", cobra.ExactArgs(1), func(ctx context.Context, _ *config.Settings, roles *clinician.Roles, args []string) error {
		return roles.Unlink(ctx, args[0], role)
	})
	unlink.Flags().StringVar(&role, "role", "", "PractitionerRole/… of the link")
	cmd.AddCommand(requests, links, link, unlink)
	return cmd
}

// rolesCommand is a command with the links of the settings' database.
func (a *app) rolesCommand(use, short string, args cobra.PositionalArgs, do func(context.Context, *config.Settings, *clinician.Roles, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.settings()
		if err != nil {
			return err
		}
		db, err := database.Open(cmd.Context(), database.Config{URL: s.Ledger.URL.Reveal(), Migrations: []database.Migrations{clinician.Migrations}})
		if err != nil {
			return serverError(err)
		}
		defer db.Close()
		err = do(cmd.Context(), s, clinician.NewRoles(db, nil, nil), args)
		for _, mistake := range []error{clinician.ErrNoRequest, clinician.ErrRole, clinician.ErrUntil, clinician.ErrNoLink} {
			if errors.Is(err, mistake) {
				return usage(err)
			}
		}
		return err
	}}
}

// roleInUse reads a role of the record, of somebody at some facility: as another
// nobody could act.
func roleInUse(ctx context.Context, s *config.Settings, role string) (*clinician.Role, error) {
	if err := s.ForNEHR(); err != nil {
		return nil, usage(err)
	}
	record, err := newNEHR(s, nil)
	if err != nil {
		return nil, usage(err)
	}
	where, err := shownZone(s)
	if err != nil {
		return nil, usage(err)
	}
	found, err := clinician.NEHR{Client: record, Zone: where}.Role(ctx, role, time.Now())
	if errors.Is(err, clinician.ErrNotInUse) {
		return nil, usage(fmt.Errorf("--role: %w in the record: want PractitionerRole/…, active, with a practitioner and a facility", err))
	}
	if err != nil {
		return nil, serverError(err)
	}
	return found, nil
}
