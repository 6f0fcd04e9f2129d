package main

import (
	"fmt"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// The consumers of the ledger, as the metrics name them.
const (
	toRecord = "record"
	toEvents = "events"
)

// meter counts what the agent does. No label is a value of a person or the
// identifier of a document: each has a handful of values, which are all there
// from the start, so that a rate has something to begin from.
type meter struct {
	set  *metrics.Set
	runs map[string]*tries // by consumer
	held atomic.Pointer[changes.SlotLag]
	late atomic.Bool // the slot is an alarm
}

// tries are the figures of one consumer.
type tries struct {
	by     map[changes.Class]*metrics.Counter
	took   *metrics.Summary
	paused atomic.Int64 // end of the pause, milliseconds since 1970
}

func newMeter() *meter {
	m := &meter{set: metrics.NewSet(), runs: map[string]*tries{}}
	for _, consumer := range []string{toRecord, toEvents} {
		t := &tries{by: map[changes.Class]*metrics.Counter{}, took: m.set.NewSummary(fmt.Sprintf(`nehrbridge_try_seconds{consumer=%q}`, consumer))}
		for _, class := range append([]changes.Class{""}, changes.Classes...) {
			t.by[class] = m.set.NewCounter(fmt.Sprintf(`nehrbridge_tries_total{consumer=%q,result=%q}`, consumer, result(class)))
		}
		m.set.NewGauge(fmt.Sprintf(`nehrbridge_paused{consumer=%q}`, consumer), func() float64 {
			return truth(time.Now().UnixMilli() < t.paused.Load())
		})
		m.runs[consumer] = t
	}
	for _, what := range []string{"done", "failed", "skipped"} {
		m.sweeps(what)
	}
	m.sweepSeconds()
	m.rows()
	m.marked()
	for _, server := range []string{"dhis2", "nehr", toEvents} {
		for _, status := range []string{"2xx", "3xx", "4xx", "5xx", "none"} {
			m.requests(server, status)
		}
		m.requestSeconds(server)
	}
	m.set.NewGauge(fmt.Sprintf(`nehrbridge_build_info{version=%q,go=%q}`, version, runtime.Version()), func() float64 { return 1 })
	return m
}

func (m *meter) sweeps(what string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`nehrbridge_sweeps_total{result=%q}`, what))
}
func (m *meter) sweepSeconds() *metrics.Summary {
	return m.set.GetOrCreateSummary(`nehrbridge_sweep_seconds`)
}
func (m *meter) rows() *metrics.Counter { return m.set.GetOrCreateCounter(`nehrbridge_rows_total`) }
func (m *meter) marked() *metrics.Counter {
	return m.set.GetOrCreateCounter(`nehrbridge_marked_total`)
}
func (m *meter) requests(server, status string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`nehrbridge_requests_total{server=%q,status=%q}`, server, status))
}
func (m *meter) requestSeconds(server string) *metrics.Summary {
	return m.set.GetOrCreateSummary(fmt.Sprintf(`nehrbridge_request_seconds{server=%q}`, server))
}

// result names a class where "" is success.
func result(c changes.Class) string {
	if c == "" {
		return "done"
	}
	return string(c)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// tried counts a try of a consumer.
func (m *meter) tried(consumer string, t changes.Try) {
	run := m.runs[consumer]
	if c := run.by[t.Class]; c != nil {
		c.Inc()
	}
	run.took.Update(t.Took.Seconds())
	run.paused.Store(0)
	if t.Paused > 0 {
		run.paused.Store(time.Now().Add(t.Paused).UnixMilli())
	}
}

// swept counts a look at a program.
func (m *meter) swept(s changes.Sweep, err error) {
	m.rows().Add(s.Rows)
	m.marked().Add(s.Marked)
	switch {
	case err != nil:
		m.sweeps("failed").Inc()
	case s.Skipped:
		m.sweeps("skipped").Inc()
	default:
		m.sweeps("done").Inc()
		m.sweepSeconds().Update(s.Took.Seconds())
	}
}

// counted counts the requests to a server, and how long each took until its
// answer began.
func (m *meter) counted(server string) func(http.RoundTripper) http.RoundTripper {
	t := countedTransport{took: m.requestSeconds(server), none: m.requests(server, "none")}
	for i := range t.by {
		t.by[i] = m.requests(server, fmt.Sprintf("%dxx", i+2))
	}
	return func(next http.RoundTripper) http.RoundTripper {
		own := t
		own.next = next
		return &own
	}
}

type countedTransport struct {
	took *metrics.Summary
	by   [4]*metrics.Counter // 2xx to 5xx
	none *metrics.Counter    // no answer
	next http.RoundTripper
}

func (t *countedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := t.next.RoundTrip(r)
	t.took.UpdateDuration(began)
	counter := t.none
	if err == nil {
		if i := resp.StatusCode/100 - 2; i >= 0 && i < len(t.by) {
			counter = t.by[i]
		}
	}
	counter.Inc()
	return resp, err
}

// CloseIdleConnections lets the connections go that nobody uses.
func (t *countedTransport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
