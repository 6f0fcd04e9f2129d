package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestServe: one process carries the mother to the record, verifies another by
// a Route, shows the metrics of both, and ends both.
func TestServe(t *testing.T) {
	nehr := startNEHR(t)
	h := startRPAs(t, esignetsandbox.V18, "serve", "NEHRBRIDGE_NEHR_URL="+nehr, "NEHRBRIDGE_DHIS2_POLL=1s")
	s := &testServers{dhis2: h.dhis2, nehr: newRecordClient(t, nehr)}
	await(t, "the mother in the record", func() bool { return len(s.patients(t)) == 1 })

	var started rp.Started
	at := rp.StartRequest{Program: dhis2.MustUID("eozjj9UivfS"), OrgUnit: dhis2.MustUID("SbxClinic01")}
	if status := h.through("midwife.one", "POST", "start", at, &started); status != 200 {
		t.Fatalf("start: %d\n%s", status, h.log)
	}
	m := metricsAddress.FindStringSubmatch(h.log.String())
	if m == nil {
		t.Fatal("no metrics")
	}
	res, err := http.Get("http://" + m[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{"nehrbridge_ready 1", "nehrbridge_rp_open_transactions 1", "process_start_time_seconds"} {
		if strings.Count(string(page), "\n"+figure) != 1 {
			t.Errorf("%s is not once among the metrics\n%s", figure, page)
		}
	}
	var shown []string
	for _, name := range metricFamilies(string(page)) {
		if strings.HasPrefix(name, "nehrbridge_rp_") {
			shown = append(shown, name)
		}
	}
	if diff := cmp.Diff(metricsOf("nehrbridge_rp_"), shown); diff != "" {
		t.Errorf("metrics of the relying party (-README +shown):\n%s", diff)
	}
	if code := h.stop(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, h.log)
	}
}

// TestServeWithoutESignet: nothing but the agent is demanded.
func TestServeWithoutESignet(t *testing.T) {
	log := &lockedBuffer{}
	if code := run(t.Context(), []string{"serve"}, stdio{strings.NewReader(""), io.Discard, log, nil}); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	if text := log.String(); !strings.Contains(text, "nehr.url: is not set") || strings.Contains(text, "esignet") {
		t.Errorf("%s", text)
	}
}
