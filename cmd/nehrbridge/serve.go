package main

import (
	"context"
	"sync"

	"github.com/spf13/cobra"
)

func (a *app) serve() *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Everything that the settings name, in one process",
		Long: "Runs sync, and beside it what rp runs where the settings have it (esignet.clients, esignet.login.url, phn.route.secret), until it is " +
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
	// The code is that of whoever gave a reason: the agent's first.
	return together(ctx,
		func(ctx context.Context) error { return a.watchDHIS2(ctx, s, accept, w) },
		func(ctx context.Context) error { return w.run(ctx, log) })
}

// together runs each of them until ctx ends or the first one does, waits for all,
// and gives the first error in their order.
func together(ctx context.Context, runs ...func(context.Context) error) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	ended := make([]error, len(runs))
	var all sync.WaitGroup
	for i, run := range runs {
		all.Go(func() { defer stop(); ended[i] = run(working) })
	}
	all.Wait()
	for _, err := range ended {
		if err != nil {
			return err
		}
	}
	return nil
}
