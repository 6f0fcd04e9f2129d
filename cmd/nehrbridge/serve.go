package main

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"
)

func (a *app) serve() *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Everything that the settings name, in one process",
		Long: "Runs sync, and beside it what rp runs where the settings have it (esignet.clients, esignet.login.url), until it is " +
			"interrupted: then both come to the end of what is under way. When one of them cannot go on, the other ends too.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runServe(cmd.Context(), accept) },
	}
	cmd.Flags().BoolVar(&accept, "accept-servers", false, "DHIS2 or the record is another one than the ledger was made with, and that is meant")
	return cmd
}

func (a *app) runServe(ctx context.Context, accept bool) error {
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
	if !wantsWeb(s) {
		return a.watchDHIS2(ctx, s, accept, nil)
	}
	log := a.logger()
	w, err := openWeb(ctx, s, log)
	if err != nil {
		return err
	}
	defer w.close()
	working, stop := context.WithCancel(ctx)
	defer stop()
	var answering, watching error
	var both sync.WaitGroup
	both.Go(func() { defer stop(); answering = w.run(working, log) })
	both.Go(func() { defer stop(); watching = a.watchDHIS2(working, s, accept, w) })
	both.Wait()
	// The code is that of whoever gave a reason.
	if watching != nil {
		return watching
	}
	return errors.Join(answering)
}
