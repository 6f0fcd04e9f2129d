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
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
)

func (a *app) rp() *cobra.Command {
	return &cobra.Command{
		Use:   "rp",
		Short: "The relying party of eSignet behind a DHIS2 Route, and the sign-in of DHIS2's users",
		Long: "Verifies people at eSignet for the forms of DHIS2: starts a sign-in for a user who may register people in a " +
			"program at an organisation unit, completes it once, answers values for the form's attributes, and keeps signed " +
			"evidence (esignet.clients). Signs the users of DHIS2 in with eSignet (esignet.login.url). Searches for Personal Health " +
			"Numbers and issues them (phn.route.secret). Maps what a Route brings (mapping.route.secret). Runs until it is interrupted; calls that are under way are answered first.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runRP(cmd.Context()) },
	}
}

func (a *app) runRP(ctx context.Context) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	log := a.logger()
	w, err := openWeb(ctx, s, log)
	if err != nil {
		return err
	}
	defer w.close()
	return serveAlone(ctx, s, log, w.page, w.ready, w.run)
}

// serveAlone runs a service in a process of its own, and shows its metrics beside those
// of the process, until ctx ends.
func serveAlone(ctx context.Context, s *config.Settings, log zerolog.Logger, page func(io.Writer), ready func(context.Context) error, run func(context.Context, zerolog.Logger) error) error {
	unobserve, err := observed{ready: ready, page: func(_ context.Context, out io.Writer) error {
		page(out)
		metrics.WriteProcessMetrics(out)
		return nil
	}}.serve(s.Metrics, log)
	if err != nil {
		return err
	}
	defer unobserve()
	return run(ctx, log)
}

// web is what answers by HTTP: the relying party and the registry of personal health
// numbers, each behind a Route of DHIS2, and what signs DHIS2's users in, each where
// the settings have it.
type web struct {
	party    *party // nil without esignet.clients
	handler  http.Handler
	listener net.Listener
	login    *loginPart    // nil without esignet.login.url
	numbers  *numbers      // nil without phn.route.secret
	mapping  *routeMapping // nil without mapping.route.secret
}

// wantsWeb says that the settings have something that answers by HTTP.
func wantsWeb(s *config.Settings) bool {
	return len(s.ESignet.Clients) > 0 || s.ESignet.Login.URL != "" || s.PHN.Route.Secret != "" || s.Mapping.Route.Secret != ""
}

// openWeb wires what the settings have, at least one of them, and listens;
// close it.
func openWeb(ctx context.Context, s *config.Settings, log zerolog.Logger) (*web, error) {
	w, err := wireWeb(ctx, s, log)
	if err != nil {
		return nil, err
	}
	if w.listener, err = net.Listen("tcp", s.Listen); err != nil {
		w.close()
		return nil, usage(fmt.Errorf("listen: %w: choose another address", err))
	}
	return w, nil
}

// wireWeb wires what the settings have, at least one of them; close it.
func wireWeb(ctx context.Context, s *config.Settings, log zerolog.Logger) (w *web, err error) {
	w = &web{handler: http.HandlerFunc(aliveOnly)}
	defer func() {
		if err != nil {
			w.close()
			w = nil
		}
	}()
	if len(s.ESignet.Clients) > 0 || !wantsWeb(s) {
		if err := s.ForRP(); err != nil {
			return w, usage(err)
		}
		if w.party, err = openRP(ctx, s, log); err != nil {
			return w, err
		}
		w.handler = w.party.service.Handler()
	}
	if w.handler, w.login, err = withLogin(ctx, s, w.handler, log); err != nil {
		return w, err
	}
	if w.handler, w.numbers, err = withNumbers(ctx, s, w.handler, log); err != nil {
		return w, err
	}
	w.handler, w.mapping, err = withMapping(ctx, s, w.handler, log)
	return w, err
}

func aliveOnly(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		answerText(w, http.StatusOK, "alive")
		return
	}
	http.NotFound(w, r)
}

func (w *web) close() {
	if w.listener != nil {
		_ = w.listener.Close() // of a server that has ended it is closed already
	}
	if w.login != nil {
		_ = w.login.close()
	}
	if w.party != nil {
		_ = w.party.db.Close()
	}
	if w.numbers != nil {
		_ = w.numbers.db.Close()
	}
	if w.mapping != nil && w.mapping.writer != nil {
		_ = w.mapping.writer.close()
	}
}

// run answers until ctx ends, and then what is under way.
func (w *web) run(ctx context.Context, log zerolog.Logger) error {
	var aside sync.WaitGroup
	working, stop := context.WithCancel(ctx)
	defer aside.Wait()
	defer stop()
	if w.party != nil {
		aside.Go(func() { _ = w.party.service.Run(working) })
	}
	if w.numbers != nil {
		aside.Go(func() { _ = w.numbers.service.Run(working) })
	}
	if w.mapping != nil && w.mapping.writer != nil {
		aside.Go(func() { w.mapping.writer.run(working) })
	}
	return serveUntil(ctx, w.listener, w.handler, serverTimes{read: 10 * time.Second, write: 30 * time.Second}, "relying party", log)
}

// serverTimes bound how long a request may come in, and an answer may take.
type serverTimes struct{ read, write time.Duration }

// serveUntil answers until ctx ends, and then what is under way.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler, times serverTimes, name string, log zerolog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       times.read,
		WriteTimeout:      times.write,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info().Stringer("address", listener.Addr()).Msg(name)
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

// page writes the metrics.
func (w *web) page(out io.Writer) {
	if w.party != nil {
		w.party.service.WriteMetrics(out)
	}
	if w.login != nil {
		w.login.WriteMetrics(out)
	}
	if w.numbers != nil {
		w.numbers.service.WriteMetrics(out)
	}
	if w.mapping != nil {
		w.mapping.metrics.WritePrometheus(out)
	}
}

// drain is how long calls that are under way are waited for.
const drain = 20 * time.Second

// ready reports whether evidence can be kept.
func (w *web) ready(ctx context.Context) error {
	if w.party == nil {
		return nil
	}
	if _, err := w.party.db.Versions(ctx); err != nil {
		return errors.New("not ready: the database cannot be read")
	}
	return nil
}
