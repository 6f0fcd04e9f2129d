package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// BenchmarkTransaction is one mother's transaction of 36 entries, new each time.
func BenchmarkTransaction(b *testing.B) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	h := s.Handler()
	n := 0
	for b.Loop() {
		n++
		p := fmt.Sprintf("p%d", n)
		entries := []string{entry("urn:uuid:p", "PUT", "Patient/"+p, patient(p, p, ""), "")}
		for i := range 35 {
			o := fmt.Sprintf("%s-%d", p, i)
			entries = append(entries, entry("urn:uuid:"+o, "PUT", "Observation/"+o, observation(o, "urn:uuid:p", ""), ""))
		}
		r := httptest.NewRequest("POST", "/fhir", strings.NewReader(bundle("transaction", entries...)))
		r.Header.Set("Content-Type", "application/fhir+json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
	b.ReportMetric(36*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
