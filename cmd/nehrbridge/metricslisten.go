package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
)

// observed is what a program shows on metrics.listen.
type observed struct {
	page  func(ctx context.Context, w io.Writer) error // the metrics, in Prometheus text format
	ready func(ctx context.Context) error              // why it is not ready, nil when it is
}

// handler answers /metrics, /healthz and /readyz, and nothing else: no
// profile, no variable, no page of the console.
func (o observed) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = o.page(r.Context(), w) // whoever asked has gone
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerText(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := o.ready(ctx); err != nil {
			answerText(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		answerText(w, http.StatusOK, "ready")
	})
	return mux
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// serve listens at the address of the settings until stop is called. An
// address that an operator chose and that cannot be had is an error of usage;
// without the default one, which another agent of this machine may have, the
// work goes on.
func (o observed) serve(at config.Address, log zerolog.Logger) (stop func(), err error) {
	if at.Listen == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", at.Listen)
	if err != nil {
		if at.Given {
			return nil, usage(fmt.Errorf("metrics.listen: %w: choose another address, or off", err))
		}
		log.Warn().Err(err).Msg("there are no metrics: set metrics.listen to an address that is free, or to off")
		return func() {}, nil
	}
	server := &http.Server{
		Handler:           o.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("the metrics are not served any more")
		}
	}()
	log.Info().Stringer("address", listener.Addr()).Msg("metrics")
	return func() {
		_ = server.Close() // nobody waits for a last figure
		<-ended
	}, nil
}

// observed is what the agent shows.
func (g *agent) observed() observed {
	return observed{page: g.page, ready: func(ctx context.Context) error {
		if !g.ready.Load() {
			return errors.New("not ready: DHIS2 was not reached yet, or not with the rights that are needed")
		}
		if _, _, err := g.ledger.Pinned(ctx, "readyz"); err != nil {
			return errors.New("not ready: the ledger cannot be read")
		}
		if g.beside != nil {
			return g.beside.ready(ctx)
		}
		return nil
	}}
}
