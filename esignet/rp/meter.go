package rp

import (
	"io"

	"github.com/VictoriaMetrics/metrics"
)

// meter counts, without any value of a person.
type meter struct{ set *metrics.Set }

func newMeter(s *Service) *meter {
	m := &meter{metrics.NewSet()}
	m.set.NewGauge("nehrbridge_rp_open_transactions", func() float64 { return float64(s.open.open()) })
	return m
}

// WriteMetrics writes the service's metrics in Prometheus text format:
// nehrbridge_rp_calls_total by call and result, nehrbridge_rp_open_transactions.
func (s *Service) WriteMetrics(w io.Writer) { s.meter.set.WritePrometheus(w) }
