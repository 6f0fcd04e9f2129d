package registry

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// meter counts, without any value of a person.
type meter struct {
	set        *metrics.Set
	collisions *metrics.Counter
}

func newMeter(s *Service) *meter {
	m := &meter{set: s.config.Metrics}
	m.collisions = m.set.NewCounter("nehrbridge_phn_collisions_total")
	return m
}

// collision counts a number that was drawn and was taken.
func (m *meter) collision() { m.collisions.Inc() }

// called counts a call by its result: done, or the code of the refusal.
func (m *meter) called(name string, err error) {
	result := "done"
	if err != nil {
		result = string(codeOf(err))
	}
	m.set.GetOrCreateCounter(`nehrbridge_phn_calls_total{call="` + name + `", result="` + result + `"}`).Inc()
}

func codeOf(err error) Code {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Code
	}
	return CodeInternal
}

// WriteMetrics writes Config.Metrics and the registry's metrics in Prometheus text format:
// nehrbridge_phn_calls_total by call and result; nehrbridge_phn_collisions_total, the
// numbers that were drawn and taken; nehrbridge_phn_open by state, the numbers that
// were issued provisionally and are not looked up, or disputed.
func (s *Service) WriteMetrics(w io.Writer) {
	s.meter.set.WritePrometheus(w)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	open, err := s.Open(ctx)
	if err != nil {
		return // that the database is away is said elsewhere
	}
	count := map[State]uint64{}
	for _, o := range open {
		count[o.State]++
	}
	for _, state := range []State{StateProvisional, StateDisputed} {
		metrics.WriteGaugeUint64(w, `nehrbridge_phn_open{state="`+string(state)+`"}`, count[state])
	}
}
