package contract_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/api/contract"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// serve starts a sandbox with the demo's mothers. Its clock moves on with each
// look at it, as no two transactions share a millisecond on a real server
// that one person uses.
func serve(t *testing.T, version string) (*sandbox.Server, contract.Config) {
	t.Helper()
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	var ticks atomic.Int64
	s, err := sandbox.New(sandbox.Config{Version: version, Seed: 7,
		Now: func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }})
	if err != nil {
		t.Fatal(err)
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(data); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return s, contract.Config{Server: client(t, web.URL, sandbox.DefaultToken), Program: sandbox.ANCProgram, Write: true,
		OrgUnit: dhis2.MustUID("SbxClinic01"), Patience: 50 * time.Millisecond}
}

func client(t *testing.T, address, token string) *api.Client {
	t.Helper()
	c, err := api.New(api.Config{BaseURL: address, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t *testing.T, cfg contract.Config) *contract.Report {
	t.Helper()
	report, err := contract.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func printed(t *testing.T, r *contract.Report) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestContractSandbox: the sandbox plays every release as one that is relied
// on.
func TestContractSandbox(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(version, func(t *testing.T) {
			_, cfg := serve(t, version)
			report := run(t, cfg)
			for _, r := range report.Results {
				if r.Outcome != contract.Met {
					t.Errorf("%s: %s: %s", r.Name, r.Outcome, r.Reason)
				}
			}
			if len(report.Left) > 0 {
				t.Errorf("left behind: %v", report.Left)
			}
		})
	}
}

// TestContractReadsOnly: nothing is sent but GET unless writing is allowed.
func TestContractReadsOnly(t *testing.T) {
	s, cfg := serve(t, "2.42")
	var wrote atomic.Int64
	s.Rewrite(sandbox.Rewrite{Request: func(r *http.Request) {
		if r.Method != http.MethodGet {
			wrote.Add(1)
		}
	}})
	cfg.Write = false
	report := run(t, cfg)
	if wrote.Load() != 0 || len(report.Broken()) != 0 {
		t.Errorf("%d requests wrote\n%s", wrote.Load(), printed(t, report))
	}
	asked := 0
	for _, r := range report.Results {
		if r.Writes != (r.Outcome == contract.NotAsked) {
			t.Errorf("%s: %s", r.Name, r.Outcome)
		}
		if !r.Writes {
			asked++
		}
	}
	if asked < 20 {
		t.Errorf("only %d expectations need no writing", asked)
	}
}

// TestContractServer asks a live server, read-only unless DHIS2_WRITE=1:
// DHIS2_URL, DHIS2_TOKEN; DHIS2_PROGRAM where it is not the Sri Lankan one,
// DHIS2_ORGUNIT where the test person is to be enrolled, DHIS2_VALUES
// (uid=value,…) for attributes with a pattern, DHIS2_ZONE as dhis2.zone.
// Without DHIS2_URL the sandbox answers, so that the command is tried too.
func TestContractServer(t *testing.T) {
	address := os.Getenv("DHIS2_URL")
	var cfg contract.Config
	if address == "" {
		_, cfg = serve(t, "2.42")
		address = "the sandbox (name a server with DHIS2_URL)"
	} else {
		cfg = contract.Config{Server: client(t, address, os.Getenv("DHIS2_TOKEN")), Program: sandbox.ANCProgram, Write: os.Getenv("DHIS2_WRITE") == "1"}
		if text := os.Getenv("DHIS2_PROGRAM"); text != "" {
			cfg.Program = dhis2.MustUID(text)
		}
		if text := os.Getenv("DHIS2_ORGUNIT"); text != "" {
			cfg.OrgUnit = dhis2.MustUID(text)
		}
		if text := os.Getenv("DHIS2_ZONE"); text != "" {
			zone, err := time.LoadLocation(text)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Zone = zone
		}
		cfg.Values = map[dhis2.UID]string{}
		for pair := range strings.SplitSeq(os.Getenv("DHIS2_VALUES"), ",") {
			if uid, value, ok := strings.Cut(pair, "="); ok {
				cfg.Values[dhis2.MustUID(uid)] = value
			}
		}
	}
	report := run(t, cfg)
	t.Logf("%s\n%s", address, printed(t, report))
	if n := len(report.Broken()); n > 0 {
		t.Errorf("%d expectations are not met", n)
	}
	if len(report.Left) > 0 {
		t.Errorf("left behind: %v", report.Left)
	}
}

func TestConfigRefuses(t *testing.T) {
	for _, cfg := range []contract.Config{{}, {Program: sandbox.ANCProgram}} {
		if _, err := contract.Run(t.Context(), cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}
