package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// running is a `sync` that goes on.
type running struct {
	t     *testing.T
	log   *lockedBuffer
	ended chan int
	end   context.CancelFunc
}

// watching starts `sync` with metrics on a port that is free.
func watching(t *testing.T, env ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, log: &lockedBuffer{}, ended: make(chan int, 1), end: cancel}
	env = append([]string{"NEHRBRIDGE_METRICS_LISTEN=127.0.0.1:0"}, env...)
	go func() { r.ended <- run(ctx, []string{"sync"}, stdio{strings.NewReader(""), io.Discard, r.log, env}) }()
	t.Cleanup(func() { r.stop() })
	return r
}

// stop ends it, and gives its exit code.
func (r *running) stop() int {
	r.t.Helper()
	r.end()
	select {
	case code := <-r.ended:
		r.ended <- code
		return code
	case <-time.After(25 * time.Second):
		r.t.Fatalf("sync did not end\n%s", r.log)
		return -1
	}
}

var metricsAddress = regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)"[^\n]*"message":"metrics"`)

// get asks metrics.listen; status 0 says that nobody listens yet.
func (r *running) get(path string) (status int, body string) {
	r.t.Helper()
	m := metricsAddress.FindStringSubmatch(r.log.String())
	if m == nil {
		return 0, ""
	}
	resp, err := http.Get("http://" + m[1] + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// metric is the value of one, with its labels as they are written; "" is none.
func (r *running) metric(name string) string {
	_, page := r.get("/metrics")
	for line := range strings.Lines(page) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return value
		}
	}
	return ""
}
