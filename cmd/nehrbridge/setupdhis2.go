package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
)

// setupDHIS2Flags are what an administrator decides for one server.
type setupDHIS2Flags struct {
	apply, undo bool

	adminToken, adminUser, adminPassword string // files, but for the name
	bridge, browser                      string
	programs, groups                     []string
	syncUser                             string
	writes, newToken                     bool
	tokenFile                            string
	tokenDays                            int
	verifyBeside, phnBeside              string
	evidence, phnVerified                string
	noPhone, noAssisted                  bool
}

// Environment of the administrator, whose credentials are no settings: they are
// needed once and kept nowhere.
const (
	adminTokenEnv    = "DHIS2_ADMIN_TOKEN"
	adminUserEnv     = "DHIS2_ADMIN_USERNAME"
	adminPasswordEnv = "DHIS2_ADMIN_PASSWORD"
)

func (a *app) setupDHIS2() *cobra.Command {
	var f setupDHIS2Flags
	cmd := &cobra.Command{
		Use:   "dhis2",
		Short: "A DHIS2 server: the plugin in its forms, Routes, attributes, the service's user",
		Long: "Prints, as JSON, what is to be changed on the DHIS2 server of dhis2.url, and on stderr what is to be done by hand. " +
			"--apply does it, a second time it changes nothing; --undo takes it back, and leaves what others changed since. " +
			"What was before is kept in setup-dhis2.json in data_dir. Signs in as an administrator: --admin-token-file, or --admin-user and --admin-password-file, or the " +
			"environment (" + adminTokenEnv + ", or " + adminUserEnv + " and " + adminPasswordEnv + "); these are kept nowhere.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSetupDHIS2(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.apply, "apply", false, "do it")
	flags.BoolVar(&f.undo, "undo", false, "take it back")
	cmd.MarkFlagsMutuallyExclusive("apply", "undo")
	flags.StringVar(&f.adminToken, "admin-token-file", "", "file with an administrator's personal access token")
	flags.StringVar(&f.adminUser, "admin-user", "", "an administrator's user name, in place of a token")
	flags.StringVar(&f.adminPassword, "admin-password-file", "", "file with that administrator's password")
	flags.StringVar(&f.bridge, "bridge-url", "", "where DHIS2 reaches `nehrbridge rp`, such as https://bridge.example.org")
	flags.StringVar(&f.browser, "browser-url", "", "DHIS2 as browsers reach it (default: what it says of itself)")
	flags.StringSliceVar(&f.programs, "program", nil, "UID of a program (default: those of the maps that the server has)")
	flags.StringSliceVar(&f.groups, "group", nil, "UID of a user group whose members may call the Routes")
	flags.StringVar(&f.syncUser, "sync-user", "nehrbridge", "name of the user that the services sign in as, or `off`")
	flags.BoolVar(&f.writes, "write-back", false, "that user may write what comes back into DHIS2")
	flags.BoolVar(&f.newToken, "new-token", false, "make that user another token; the one before is deleted")
	flags.StringVar(&f.tokenFile, "token-file", "", "write the new token into this file instead of printing it")
	flags.IntVar(&f.tokenDays, "token-days", 365, "how long a new token is good, in days")
	flags.StringVar(&f.verifyBeside, "verify-before", "", "UID of the attribute that the field \"verify\" stands before (default: the first that it fills, and before the PHN)")
	flags.StringVar(&f.phnBeside, "phn-before", "", "UID of the attribute that the field for the PHN stands before (default: the PHN)")
	flags.StringVar(&f.evidence, "evidence", "", "UID of the attribute that keeps the id of the evidence (default: one is made)")
	flags.StringVar(&f.phnVerified, "phn-verified", "", "UID of the attribute that says that the PHN was checked (default: the one that the UID map calls so, else one is made)")
	flags.BoolVar(&f.noPhone, "no-phone", false, "no sign-in on the person's own phone")
	flags.BoolVar(&f.noAssisted, "no-assisted", false, "no assisted sign-in with a witness")
	return cmd
}

func (a *app) runSetupDHIS2(ctx context.Context, f setupDHIS2Flags) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	if s.DHIS2.URL == "" {
		return usage(errors.New("dhis2.url is not set: which server?"))
	}
	admin, err := a.administrator(s, f)
	if err != nil {
		return usage(err)
	}
	record := filepath.Join(s.DataDir, "setup-dhis2.json")
	cfg := setup.Config{Server: admin, URL: s.DHIS2.URL, Record: setup.File(record),
		SignIn: func(username, password string) (setup.TokenMaker, error) {
			return dhis2As(s, api.Config{Username: username, Password: password})
		}}
	if !f.undo {
		w, err := a.wantedOfDHIS2(ctx, s, f, admin)
		if err != nil {
			return err
		}
		cfg.Wanted = *w
	}
	work, err := setup.New(cfg)
	if err != nil {
		return usage(err)
	}
	do := work.Plan
	switch {
	case f.apply:
		do = work.Apply
	case f.undo:
		do = work.Undo
	}
	plan, err := do(ctx)
	if plan != nil { // also what was done before a failure, and a token that is shown once
		if written := a.keepToken(plan, f.tokenFile); written != nil {
			err = errors.Join(err, written)
		}
		plan.Notes = append(plan.Notes, redirects(s, plan.Redirect)...)
		a.saySetup(plan, f, record)
		err = errors.Join(err, a.printJSON(plan))
	}
	return setupFailure(err)
}

// redirects names the clients at eSignet that would send a person elsewhere than to
// the plugin.
func redirects(s *config.Settings, want string) (notes []setup.Note) {
	clients, err := config.ESignetClients(s.ESignet.Clients)
	if err != nil || want == "" { // the relying party says what is wrong with its files
		return nil
	}
	for _, c := range clients {
		if c.RedirectURI != want {
			notes = append(notes, setup.Note{Level: "must", About: "eSignet client " + c.ClientID,
				Text: "its redirect_uri is " + c.RedirectURI + ", and the plugin is at " + want})
		}
	}
	return notes
}

// setupFailure gives an error its exit code.
func setupFailure(err error) error {
	var rights *setup.RightsError
	var refused *api.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &rights), errors.Is(err, setup.ErrOtherServer):
		return usage(err)
	case errors.As(err, &refused) && (refused.Unauthorized() || refused.Forbidden()):
		return usage(err)
	case errors.As(err, new(*api.UnreachableError)):
		return unreachable(err)
	}
	return found(err)
}

// dhis2As is the server of the settings, asked by somebody else.
func dhis2As(s *config.Settings, cfg api.Config) (*api.Client, error) {
	cfg.BaseURL, cfg.UserAgent = s.DHIS2.URL, "nehrbridge/"+version
	return api.New(cfg)
}

// administrator signs in as the administrator of the flags, else of the
// environment.
func (a *app) administrator(s *config.Settings, f setupDHIS2Flags) (*api.Client, error) {
	token, user, password := "", f.adminUser, ""
	for _, secret := range []struct {
		file string
		into *string
	}{{f.adminToken, &token}, {f.adminPassword, &password}} {
		if secret.file == "" {
			continue
		}
		text, err := config.ReadSecret(secret.file)
		if err != nil {
			return nil, err
		}
		*secret.into = text.Reveal()
	}
	if token == "" && user == "" {
		for _, e := range a.environ {
			name, value, _ := strings.Cut(e, "=")
			switch name {
			case adminTokenEnv:
				token = value
			case adminUserEnv:
				user = value
			case adminPasswordEnv:
				password = value
			}
		}
	}
	if token == "" && (user == "" || password == "") {
		return nil, errors.New("say as which administrator: --admin-token-file, or --admin-user and --admin-password-file, or " + adminTokenEnv + " in the environment")
	}
	if token != "" {
		user, password = "", ""
	}
	return dhis2As(s, api.Config{Token: token, Username: user, Password: password})
}

// keepToken moves the key of a new token into a file, where one is named.
func (a *app) keepToken(p *setup.Plan, file string) error {
	if p.Token == nil || file == "" {
		return nil
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = out.WriteString(p.Token.Key + "\n")
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		return fmt.Errorf("the token is printed: %w", err)
	}
	p.Token.Key = ""
	return nil
}

// saySetup says to people what a plan says to programs.
func (a *app) saySetup(p *setup.Plan, f setupDHIS2Flags, record string) {
	say := func(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
	say("DHIS2 %s", p.Version)
	if len(p.Steps) == 0 {
		say("nothing to change")
	}
	for _, st := range p.Steps {
		done := "to do:"
		if st.Done {
			done = "done: "
		} else if f.apply || f.undo {
			done = "FAILED:"
		}
		say("%s %s %s", done, st.Does, st.Item)
	}
	for _, n := range p.Notes {
		say("%s: %s: %s", n.Level, n.About, n.Text)
	}
	if p.DHISConf != "" {
		say("dhis.conf:\n    %s", strings.TrimSpace(p.DHISConf))
	}
	if len(p.Lacking) > 0 {
		say("the administrator lacks: %s", strings.Join(p.Lacking, ", "))
	}
	if t := p.Token; t != nil && t.Key == "" {
		say("the token of %s, good until %s, is in %s", t.Username, t.Expires.Format(time.DateOnly), f.tokenFile)
	} else if t != nil {
		say("the token of %s, good until %s, is on stdout and is shown once: keep it as dhis2.token", t.Username, t.Expires.Format(time.DateOnly))
	}
	if f.apply {
		say("what was before is in %s: --undo needs it", record)
	}
}
