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
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

func (a *app) restore() *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the database",
		Long: "Checks a file that backup has made and puts it in the place of the database, which nobody may be using and which is " +
			"kept beside it under another name. The backup is older than the record, so the next sync looks at every tracked " +
			"entity by force, and takes back what was written since and is no longer true. Refused are a backup of a newer " +
			"version of this program and, unless --accept-servers says that it is meant, that of another DHIS2 or another record.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runRestore(cmd.Context(), args[0], accept) },
	}
	cmd.Flags().BoolVar(&accept, "accept-servers", false, "the backup is that of another DHIS2 or record, and that is meant")
	return cmd
}

func (a *app) runRestore(ctx context.Context, backup string, accept bool) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	file := s.Ledger.URL.Reveal()
	if strings.Contains(file, "://") {
		return usage(errors.New("the database is PostgreSQL: restore it with pg_restore, then run nehrbridge backfill --reconcile --repair"))
	}
	var servers map[string]string
	if !accept {
		servers = a.servers(ctx, s)
	}
	aside := file + time.Now().UTC().Format(".before-restore-20060102T150405Z")
	err = database.Restore(ctx, database.RestoreConfig{
		Backup: backup, File: file, Aside: aside, Migrations: slices.Concat(agentTables(), []database.Migrations{rp.Migrations(), login.Migrations(), registry.Migrations()}, ownPortalTables()),
		Prepare: func(db *database.DB) error {
			ledger, err := changes.New(ctx, changes.Config{DB: db})
			if err != nil {
				return err
			}
			for name, value := range servers {
				if err := ledger.Pin(ctx, name, value, false); err != nil {
					return fmt.Errorf("the backup is of other servers: %w", err)
				}
			}
			return ledger.Distrust(ctx)
		},
	})
	if err != nil {
		return usage(err)
	}
	fmt.Fprintln(a.err, "The backup is in its place. The next sync looks at every tracked entity by force.")
	return nil
}

// servers are the pins that a ledger of these settings has: what the record's
// address says, and which DHIS2 it is by the ledger that is there, else by its
// own word. Neither is needed to restore: the agent asks again.
func (a *app) servers(ctx context.Context, s *config.Settings) map[string]string {
	pins := map[string]string{}
	if s.NEHR.URL != "" {
		pins[pinRecord] = s.NEHR.URL
	}
	if db, ledger, err := viewLedger(ctx, s); err == nil && ledger != nil {
		defer db.Close()
		if id, found, err := ledger.Pinned(ctx, changes.PinSystem); err == nil && found {
			pins[changes.PinSystem] = id
			return pins
		}
	}
	dhis2, err := newDHIS2(s)
	if err != nil {
		return pins // there is none in the settings
	}
	info, err := dhis2.SystemInfo(ctx)
	if err != nil {
		fmt.Fprintln(a.err, "DHIS2 does not answer, so that it is the backup's is not checked here; sync will.")
		return pins
	}
	pins[changes.PinSystem] = info.SystemID
	return pins
}
