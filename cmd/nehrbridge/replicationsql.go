package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func (a *app) replication() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replication",
		Short: "What DHIS2's database needs to hint at changes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say sql"))
		},
	}
	var release string
	sql := &cobra.Command{
		Use:   "sql",
		Short: "The statements for psql, to set it up and to take it back",
		Long: "Prints the statements that the owner of DHIS2's tables runs once, in PostgreSQL 15 or newer, before " +
			"dhis2.replication.url is set. The role that they make reads no table, and the publication names tables and " +
			"columns without a value of a person. The release of DHIS2 is asked of dhis2.url where --dhis2-version does not say it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := a.release(cmd.Context(), release)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, replicationSQL, v.Major, v.Minor, changes.PublicationSQL(v.Minor))
			return err
		},
	}
	sql.Flags().StringVar(&release, "dhis2-version", "", "such as 2.42")
	cmd.AddCommand(sql)
	return cmd
}

// release is what the flag says, or else the server.
func (a *app) release(ctx context.Context, text string) (api.Version, error) {
	if text != "" {
		v, err := api.ParseVersion(text)
		if err != nil {
			return v, usage(err)
		}
		return v, nil
	}
	s, err := a.settings()
	if err != nil {
		return api.Version{}, err
	}
	if err := s.ForDHIS2(); err != nil {
		return api.Version{}, usage(errors.Join(errors.New("name the release with --dhis2-version, or the server"), err))
	}
	dhis, err := newDHIS2(s)
	if err != nil {
		return api.Version{}, usage(err)
	}
	v, err := dhis.Version(ctx)
	if err != nil {
		return v, serverError(err)
	}
	return v, nil
}

// replicationSQL takes the release and the publication.
const replicationSQL = `-- For the database of DHIS2 %d.%d, as the owner of its tables. PostgreSQL 15 or newer.
-- postgresql.conf needs (the first with a restart):
--   wal_level = logical
--   max_slot_wal_keep_size = 4GB   -- what may be kept for an agent that is down
-- pg_hba.conf needs a line that lets nehrbridge sign in to this database.

CREATE ROLE nehrbridge LOGIN REPLICATION;  -- in psql then: \password nehrbridge
%s;

-- To take it back, when no agent runs:
--   SELECT pg_drop_replication_slot('nehrbridge');
--   DROP PUBLICATION nehrbridge;
--   DROP ROLE nehrbridge;
-- After an upgrade of DHIS2 to another release drop the publication, and make that of the new release.
`
