package outbox

import (
	"context"
	"io"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// tries counts attempts, without any value of a person.
type tries struct{ set *metrics.Set }

func newTries() *tries {
	t := &tries{metrics.NewSet()}
	for kind := range kinds {
		for _, result := range []string{string(Written), string(Stood), string(Taken), string(Removed), "dead-letter", "retry"} {
			t.of(kind, result)
		}
	}
	return t
}

func (t *tries) of(kind, result string) *metrics.Counter {
	return t.set.GetOrCreateCounter(`nehrbridge_outbox_tries_total{kind="` + kind + `",result="` + result + `"}`)
}

func (t *tries) count(try Try) {
	if kinds[try.Kind] == nil {
		return
	}
	switch {
	case try.Result != "":
		t.of(try.Kind, string(try.Result)).Inc()
	case try.Dead:
		t.of(try.Kind, "dead-letter").Inc()
	default:
		t.of(try.Kind, "retry").Inc()
	}
}

// WriteMetrics writes the outbox's metrics in Prometheus text format:
// nehrbridge_outbox_tries_total by kind and result, nehrbridge_outbox_orders
// by state, nehrbridge_outbox_oldest_seconds. A database that is away leaves
// the latter two out.
func (o *Outbox) WriteMetrics(w io.Writer) {
	o.tries.set.WritePrometheus(w)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := o.Stats(ctx)
	if err != nil {
		return
	}
	metrics.WriteGaugeUint64(w, `nehrbridge_outbox_orders{state="waiting"}`, uint64(s.Waiting))
	metrics.WriteGaugeUint64(w, `nehrbridge_outbox_orders{state="dead-letter"}`, uint64(s.Dead))
	metrics.WriteGaugeFloat64(w, `nehrbridge_outbox_oldest_seconds`, s.Oldest.Seconds())
}
