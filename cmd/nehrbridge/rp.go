package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"
)

func (a *app) rp() *cobra.Command {
	return &cobra.Command{
		Use:   "rp",
		Short: "The relying party of eSignet behind a DHIS2 Route",
		Long: "Verifies people at eSignet for the forms of DHIS2: starts a sign-in for a user who may register people in a " +
			"program at an organisation unit, completes it once, answers values for the form's attributes, and keeps signed " +
			"evidence. Runs until it is interrupted; calls that are under way are answered first.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runRP(cmd.Context()) },
	}
}

func (a *app) runRP(ctx context.Context) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	if err := s.ForRP(); err != nil {
		return usage(err)
	}
	log := a.logger()
	party, err := openRP(ctx, s, log)
	if err != nil {
		return err
	}
	defer party.db.Close()
	handler, closeLogin, err := withLogin(ctx, s, party.service.Handler(), log)
	if err != nil {
		return err
	}
	defer closeLogin()
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return usage(fmt.Errorf("listen: %w: choose another address", err))
	}
	observe := observed{page: party.page, ready: party.ready}
	unobserve, err := observe.serve(s.Metrics, log)
	if err != nil {
		listener.Close()
		return err
	}
	defer unobserve()

	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	var aside sync.WaitGroup
	working, stop := context.WithCancel(ctx)
	defer aside.Wait()
	defer stop()
	aside.Go(func() { _ = party.service.Run(working) })
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info().Stringer("address", listener.Addr()).Msg("relying party")
	select {
	case err := <-failed:
		return unreachable(err)
	case <-ctx.Done():
	}
	// What was redeemed at eSignet is lost to the form if it is not answered.
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		log.Warn().Msg("calls were cut that took too long")
		return server.Close()
	}
	return nil
}

// drain is how long calls that are under way are waited for.
const drain = 20 * time.Second

// page writes the metrics.
func (p *party) page(_ context.Context, w io.Writer) error {
	p.service.WriteMetrics(w)
	metrics.WriteProcessMetrics(w)
	return nil
}

// ready reports whether evidence can be kept.
func (p *party) ready(ctx context.Context) error {
	if _, err := p.db.Versions(ctx); err != nil {
		return errors.New("not ready: the database cannot be read")
	}
	return nil
}
