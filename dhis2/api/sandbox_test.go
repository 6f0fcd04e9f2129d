package api_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// serve starts a sandbox with the demo's mothers and a client of it.
func serve(t *testing.T, cfg sandbox.Config) (*sandbox.Server, *api.Client) {
	t.Helper()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return now }
	}
	s, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(data); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, client(t, api.Config{BaseURL: server.URL, Token: sandbox.DefaultToken})
}

func client(t *testing.T, cfg api.Config) *api.Client {
	t.Helper()
	c, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// apiError wants an *api.Error.
func apiError(t *testing.T, err error) *api.Error {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		t.Fatalf("got error %v, want an *api.Error", err)
	}
	return e
}
