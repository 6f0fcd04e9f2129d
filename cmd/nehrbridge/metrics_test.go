package main

import (
	"bytes"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestD086_Metrics: what metrics.listen shows while mothers are carried over:
// figures, each of the README's table, and neither a UID nor a value of a
// person; and it shows nothing else.
func TestD086_Metrics(t *testing.T) {
	s := startServersFor(t, 12, startNEHR(t))
	receiver := newEvents(t, nil)
	s.dhis2.Inject(dhis2sandbox.Fault{Kind: dhis2sandbox.FaultStatus, Status: 503, Path: "/api/programs", Times: 1})
	r := watching(t, append(s.env, "NEHRBRIDGE_DHIS2_POLL=1s", "NEHRBRIDGE_DHIS2_EVENTS_URL="+receiver.URL, "NEHRBRIDGE_DHIS2_EVENTS_SECRET="+eventSecret)...)
	await(t, "readiness", func() bool { status, _ := r.get("/readyz"); return status == http.StatusOK })
	await(t, "the mothers", func() bool {
		return r.metric(`nehrbridge_ledger_ready{consumer="record"}`) == "0" && r.metric(`nehrbridge_ledger_claimed{consumer="record"}`) == "0" &&
			r.metric(`nehrbridge_ledger_dirty{consumer="events"}`) == "0" && r.metric("nehrbridge_low_water_age_seconds") != ""
	})
	_, page := r.get("/metrics")
	var want []string
	for _, m := range metricNames {
		if !partly.MatchString(m.name) {
			want = append(want, m.name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, metricFamilies(page)); diff != "" {
		t.Errorf("metrics (-README +shown):\n%s", diff)
	}
	for _, zero := range []string{
		`nehrbridge_tries_total{consumer="record",result="done"}`, `nehrbridge_tries_total{consumer="events",result="done"}`,
		`nehrbridge_requests_total{server="dhis2",status="2xx"}`, `nehrbridge_requests_total{server="nehr",status="2xx"}`,
		`nehrbridge_requests_total{server="events",status="2xx"}`, `nehrbridge_sweeps_total{result="done"}`, `nehrbridge_rows_total`,
		`nehrbridge_marked_total`, `nehrbridge_ledger_known{consumer="record"}`, `nehrbridge_ledger_known{consumer="events"}`,
		`nehrbridge_ledger_aside{consumer="record",class="quarantine"}`, `nehrbridge_request_seconds_count{server="nehr"}`,
		`nehrbridge_requests_total{server="dhis2",status="5xx"}`,
	} {
		if v := r.metric(zero); v == "0" || v == "" {
			t.Errorf("%s is %q, want more", zero, v)
		}
	}
	for name, want := range map[string]string{
		"nehrbridge_ready": "1", "nehrbridge_ledger_up": "1", `nehrbridge_paused{consumer="record"}`: "0",
		`nehrbridge_ledger_aside{consumer="events",class="dead-letter"}`: "0",
	} {
		if v := r.metric(name); v != want {
			t.Errorf("%s is %q, want %s", name, v, want)
		}
	}
	for _, value := range []string{"SbxMother", "Udaharana", "SBX2", "eozjj9UivfS", dhis2sandbox.DefaultToken} {
		if strings.Contains(page, value) {
			t.Errorf("the metrics hold %s…", value[:4])
		}
	}
	line := regexp.MustCompile(`^[a-z_][a-z0-9_]*(\{[a-zA-Z_]+="[^"]*"(, ?[a-zA-Z_]+="[^"]*")*\})? \S+$`)
	for text := range strings.Lines(page) {
		if text = strings.TrimSpace(text); !line.MatchString(text) && !strings.HasPrefix(text, "#") {
			t.Errorf("no line of the text format: %q", text)
		}
	}

	if status, body := r.get("/healthz"); status != http.StatusOK || body != "alive\n" {
		t.Errorf("/healthz: %d %q", status, body)
	}
	for _, path := range []string{"/", "/debug/pprof/", "/debug/vars", "/metrics/", "/console", "/api/system/info", "/fhir/metadata", "/..%2fmetrics"} {
		if status, _ := r.get(path); status != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", path, status)
		}
	}
	address := metricsAddress.FindStringSubmatch(r.log.String())[1]
	resp, err := http.Post("http://"+address+"/metrics", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", resp.StatusCode)
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("somebody listens after the end")
	}
}

// partly are metrics of parts that not everybody has; services of those that sync
// does not run.
var partly = regexp.MustCompile("^nehrbridge_(slot|rp|map|login|phn)_")

var services = regexp.MustCompile("^nehrbridge_(rp|map|login|phn)_")

// metricsOf are the names of the README's table that begin so.
func metricsOf(prefix string) (names []string) {
	for _, m := range metricNames {
		if strings.HasPrefix(m.name, prefix) {
			names = append(names, m.name)
		}
	}
	slices.Sort(names)
	return names
}

// TestReadyz: alive while DHIS2 cannot be reached, and not ready.
func TestReadyz(t *testing.T) {
	s := startServersFor(t, 1, startNEHR(t))
	s.dhis2.Inject(dhis2sandbox.Fault{Kind: dhis2sandbox.FaultStatus, Status: 503, Path: "/api/"})
	r := watching(t, s.env...)
	await(t, "life", func() bool { status, _ := r.get("/healthz"); return status == http.StatusOK })
	if status, body := r.get("/readyz"); status != http.StatusServiceUnavailable || !strings.HasPrefix(body, "not ready") {
		t.Errorf("/readyz: %d %q", status, body)
	}
	if v := r.metric("nehrbridge_ready"); v != "0" {
		t.Errorf("nehrbridge_ready is %q", v)
	}
}

// TestD086_MetricsListenOnLoopback: by default for this machine alone; a port
// that is taken is an error only where somebody chose it.
func TestD086_MetricsListenOnLoopback(t *testing.T) {
	initial, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	host, _, err := net.SplitHostPort(initial.Metrics.Listen)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("metrics.listen is %s by default", initial.Metrics.Listen)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var log bytes.Buffer
	stop, err := observed{}.serve(config.Address{Listen: taken.Addr().String()}, zerolog.New(&log))
	if err != nil || !strings.Contains(log.String(), "no metrics") {
		t.Fatalf("the default address is taken: %v, log %s", err, &log)
	}
	stop()

	s := startServersFor(t, 1, startNEHR(t))
	r := watching(t, append(s.env, "NEHRBRIDGE_METRICS_LISTEN="+taken.Addr().String())...)
	if code := <-r.ended; code != exitUsage || !strings.Contains(r.log.String(), "metrics.listen") {
		t.Errorf("exit code %d, want %d\n%s", code, exitUsage, r.log)
	}
	r.ended <- exitUsage

	r = watching(t, append(s.env, "NEHRBRIDGE_METRICS_LISTEN=off")...)
	await(t, "the work", func() bool { return strings.Contains(r.log.String(), "watching DHIS2") })
	if m := metricsAddress.FindString(r.log.String()); m != "" {
		t.Errorf("metrics are off, and listen at %s", m)
	}
}
