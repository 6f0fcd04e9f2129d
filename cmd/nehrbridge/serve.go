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
		Long: "Runs sync, and beside it what rp runs where the settings have it (esignet.clients, esignet.login.url, phn.route.secret) and the portals (portal.patient.url), until it is " +
			"interrupted: then all come to the end of what is under way. When one of them cannot go on, the others end too.",
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
	log := a.logger()
	runs := []func(context.Context) error{nil} // the agent
	var w *web
	if wantsWeb(s) {
		if w, err = openWeb(ctx, s, log); err != nil {
			return err
		}
		defer w.close()
		runs = append(runs, func(ctx context.Context) error { return w.run(ctx, log) })
	}
	if wantsPortals(s) {
		p, err := openPortals(ctx, s, log)
		if err != nil {
			return err
		}
		defer p.close()
		runs = append(runs, func(ctx context.Context) error { return p.run(ctx, log) })
	}
	// The code is that of whoever gave a reason: the agent's first.
	runs[0] = func(ctx context.Context) error { return a.watchDHIS2(ctx, s, accept, w) }
	return together(ctx, runs...)
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
