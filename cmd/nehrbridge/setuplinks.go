package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/esignet/login"
)

func (a *app) setupLinks() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "links",
		Short: "Which person of eSignet signs in as which DHIS2 user",
		Long: "A person who signs in for the first time is shown a code and tells it to an administrator, who knows by other means who that is. " +
			"Nothing here names the person.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say list, approve or revoke"))
		},
	}
	var state, user string
	list := a.linkCommand("list", "One JSON line for each", cobra.NoArgs, func(ctx context.Context, _ *config.Settings, links *login.Links, _ []string) error {
		all, err := links.List(ctx, login.State(state))
		if err != nil {
			return err
		}
		for _, one := range all {
			if err := a.printJSON(one); err != nil {
				return err
			}
		}
		return nil
	})
	list.Flags().StringVar(&state, "state", "", "requested, approved or revoked (default: all)")

	var applyApproval, applyRevocation bool
	approve := a.linkCommand("approve CODE", "Let the person with this code sign in as a DHIS2 user", cobra.ExactArgs(1),
		func(ctx context.Context, s *config.Settings, links *login.Links, args []string) error {
			var users *api.Client
			if applyApproval {
				var err error
				if users, err = usersOf(s); err != nil {
					return err
				}
				if known, err := users.UsersByName(ctx, []string{user}); err != nil {
					return err
				} else if len(known) == 0 {
					return api.ErrNoUser
				}
			}
			link, err := links.Approve(ctx, args[0], user)
			if err != nil {
				return err
			}
			// What fails here is made good by the same command again: nobody signs
			// in before DHIS2 knows the value too.
			if users != nil {
				if err := users.LinkOpenID(ctx, link.Username, link.OpenID); err != nil {
					return err
				}
			}
			return a.printJSON(link)
		})
	approve.Flags().StringVar(&user, "user", "", "name of the DHIS2 user")
	approve.Flags().BoolVar(&applyApproval, "apply", false, "set openId and externalAuth of that user at DHIS2 (dhis2.* settings)")

	revoke := a.linkCommand("revoke CODE", "Refuse a request, or take an approval back", cobra.ExactArgs(1),
		func(ctx context.Context, s *config.Settings, links *login.Links, args []string) error {
			// Here first: the person must not sign in, whatever DHIS2 answers.
			link, err := links.Revoke(ctx, args[0])
			if err != nil {
				return err
			}
			if applyRevocation && link.Username != "" {
				c, err := usersOf(s)
				if err != nil {
					return err
				}
				if err := c.UnlinkOpenID(ctx, link.Username, link.OpenID); err != nil {
					return err
				}
			}
			return a.printJSON(link)
		})
	revoke.Flags().BoolVar(&applyRevocation, "apply", false, "take openId away from the user at DHIS2 too")
	cmd.AddCommand(list, approve, revoke)
	return cmd
}

func (a *app) linkCommand(use, short string, args cobra.PositionalArgs, do func(context.Context, *config.Settings, *login.Links, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		s, err := a.settings()
		if err != nil {
			return err
		}
		db, links, err := openLinks(cmd.Context(), s)
		if err != nil {
			return usage(err)
		}
		defer db.Close()
		err = do(cmd.Context(), s, links, args)
		var away *api.UnreachableError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &away):
			return unreachable(err)
		case errors.Is(err, login.ErrNoLink), errors.Is(err, login.ErrUserTaken), errors.Is(err, api.ErrNoUser):
			return found(err)
		}
		return usage(err)
	}}
}

func usersOf(s *config.Settings) (*api.Client, error) {
	if err := s.ForDHIS2(); err != nil {
		return nil, err
	}
	return newDHIS2(s)
}
