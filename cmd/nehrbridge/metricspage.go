package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// metricNames are the metrics with their labels, and what they say.
var metricNames = []struct{ name, labels, meaning string }{
	{"nehrbridge_build_info", "version, go", "1"},
	{"nehrbridge_ready", "", "1 once the programs are known and the work has begun"},
	{"nehrbridge_ledger_up", "", "1 while the ledger can be read; the figures of the ledger are there only then"},
	{"nehrbridge_ledger_known", "consumer", "tracked entities on the ledger"},
	{"nehrbridge_ledger_dirty", "consumer", "of these: changed, and not carried on yet, those set aside among them"},
	{"nehrbridge_ledger_ready", "consumer", "of the dirty: due now"},
	{"nehrbridge_ledger_claimed", "consumer", "of the dirty: being worked on"},
	{"nehrbridge_ledger_waiting", "consumer", "of the dirty: waiting after a failure"},
	{"nehrbridge_ledger_aside", "consumer, class", "of the dirty: set aside (`dead-letter`, `quarantine`, `review`)"},
	{"nehrbridge_ledger_oldest_seconds", "consumer", "how long the one has waited that waits longest, those set aside apart"},
	{"nehrbridge_low_water_age_seconds", "", "how long ago DHIS2 was last seen whole, of the program that is furthest behind"},
	{"nehrbridge_sweeps_total", "result", "looks for changes: `done`, `failed`, `skipped` (another replica does it)"},
	{"nehrbridge_sweep_seconds", "quantile", "how long a look takes; with `_sum`, `_count`"},
	{"nehrbridge_rows_total", "", "rows of DHIS2's lists that were looked at"},
	{"nehrbridge_marked_total", "", "rows of these that were news"},
	{"nehrbridge_tries_total", "consumer, result", "tries to carry one entity on: `done`, `retry`, `dead-letter`, `quarantine`, `review`"},
	{"nehrbridge_try_seconds", "consumer, quantile", "how long a try takes; with `_sum`, `_count`"},
	{"nehrbridge_paused", "consumer", "1 while one after the other fails, and the work waits"},
	{"nehrbridge_requests_total", "server, status", "requests to `dhis2`, `nehr` and `events` by the class of the answer (`2xx` to `5xx`, `none`)"},
	{"nehrbridge_request_seconds", "server, quantile", "until an answer begins; with `_sum`, `_count`"},
	{"nehrbridge_outbox_tries_total", "kind, result", "tries to bring something back into DHIS2 (`attribute`, `note`, `event`): `written`, `stood`, `taken`, `removed`, `retry`, `dead-letter`"},
	{"nehrbridge_outbox_orders", "state", "what is to be brought there: `waiting`, `dead-letter`"},
	{"nehrbridge_outbox_oldest_seconds", "", "how long the oldest of it waits"},
	{"nehrbridge_slot_up", "", "1 while the replication slot can be seen; only with `dhis2.replication.url`, as those below"},
	{"nehrbridge_slot_held_bytes", "", "write-ahead log that DHIS2's database keeps for us"},
	{"nehrbridge_slot_unconfirmed_seconds", "", "how long ago the slot's place was last confirmed"},
	{"nehrbridge_slot_alarm", "", "1 while it keeps too much, or is about to lose its place or has lost it"},
	{"nehrbridge_rp_open_transactions", "", "people who are being verified for a form; with `esignet.clients`, as the next"},
	{"nehrbridge_rp_calls_total", "call, result", "calls by a Route, and `phone-…` by a person's own phone: `done`, or the code of the refusal"},
	{"nehrbridge_map_calls_total", "call, result", "`claims` and `transaction` mapped at a Route: `done`, or the code of the refusal; with `mapping.route.secret`"},
	{"nehrbridge_phn_calls_total", "call, result", "searches, selections, numbers issued and cards: `done`, or the code of the refusal; with `phn.route.secret`, as those below"},
	{"nehrbridge_phn_collisions_total", "", "numbers that were drawn and taken, so that others were"},
	{"nehrbridge_phn_open", "state", "numbers that were issued while the record was away: `provisional` until they are looked up, `disputed` where it knows somebody by them"},
	{"nehrbridge_login_attempts", "", "sign-ins of DHIS2 users under way; with `esignet.login.url`, as those below"},
	{"nehrbridge_login_tokens", "", "access tokens of DHIS2 that are good"},
	{"nehrbridge_login_calls_total", "call, result", "`authorize`, `callback`, `token`, `userinfo` (`shim`): `done`, `requested` and `revoked` for who is not linked, or why not"},
}

// metricTable is the README's table of them.
func metricTable() string {
	var b strings.Builder
	b.WriteString("| metric | labels | meaning |\n|---|---|---|\n")
	for _, m := range metricNames {
		labels := ""
		if m.labels != "" {
			labels = "`" + strings.ReplaceAll(m.labels, ", ", "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.name, labels, m.meaning)
	}
	return b.String()
}

// page writes everything that the agent knows in figures, and those of Go and
// the process.
func (g *agent) page(ctx context.Context, w io.Writer) error {
	var b bytes.Buffer
	g.meter.set.WritePrometheus(&b)
	metrics.WriteGaugeFloat64(&b, "nehrbridge_ready", truth(g.ready.Load()))
	b.Write(g.ledgerFigures.get(ctx, g.writeLedger))
	g.outbox.WriteMetrics(&b)
	g.writeSlot(&b)
	if g.beside != nil {
		g.beside.page(&b)
	}
	metrics.WriteProcessMetrics(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// remembered keeps a text for a while, so that asking often costs little.
type remembered struct {
	mu   sync.Mutex
	text []byte
	at   time.Time
}

// figuresAge is how old the figures of the ledger may be: counting reads its
// whole index.
const figuresAge = 5 * time.Second

func (r *remembered) get(ctx context.Context, write func(context.Context, io.Writer)) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.text == nil || time.Since(r.at) > figuresAge {
		var b bytes.Buffer
		write(ctx, &b)
		r.text, r.at = b.Bytes(), time.Now()
	}
	return r.text
}

func (g *agent) writeLedger(ctx context.Context, w io.Writer) {
	ctx, cancel := context.WithTimeout(ctx, figuresAge)
	defer cancel()
	stats := map[string]changes.Stats{}
	var err error
	for consumer, l := range g.ledgers() {
		if err == nil {
			stats[consumer], err = l.Stats(ctx)
		}
	}
	low, lowErr := g.ledger.LowWater(ctx)
	metrics.WriteGaugeFloat64(w, "nehrbridge_ledger_up", truth(err == nil && lowErr == nil))
	if err != nil || lowErr != nil {
		return
	}
	now := time.Now()
	for consumer, s := range stats {
		for _, f := range []struct {
			name string
			n    int
		}{{"known", s.Known}, {"dirty", s.Dirty}, {"ready", s.Ready}, {"claimed", s.Claimed}, {"waiting", s.Waiting}} {
			metrics.WriteGaugeUint64(w, fmt.Sprintf(`nehrbridge_ledger_%s{consumer=%q}`, f.name, consumer), uint64(f.n))
		}
		for _, class := range changes.Classes {
			if class != changes.Retry {
				metrics.WriteGaugeUint64(w, fmt.Sprintf(`nehrbridge_ledger_aside{consumer=%q,class=%q}`, consumer, string(class)), uint64(s.Aside[class]))
			}
		}
		metrics.WriteGaugeFloat64(w, fmt.Sprintf(`nehrbridge_ledger_oldest_seconds{consumer=%q}`, consumer), age(now, s.Oldest))
	}
	if !g.ready.Load() { // what programs there are is not known
		return
	}
	furthest := now
	for _, program := range g.served {
		if at := low[program]; at.Before(furthest) {
			furthest = at
		}
	}
	if !furthest.IsZero() { // each was seen whole once
		metrics.WriteGaugeFloat64(w, "nehrbridge_low_water_age_seconds", age(now, furthest))
	}
}

// ledgers are those of the consumers that are wanted.
func (g *agent) ledgers() map[string]*changes.Ledger {
	all := map[string]*changes.Ledger{toRecord: g.ledger}
	if g.events != nil {
		all[toEvents] = g.events.ledger
	}
	return all
}

// age is how long ago a time is in seconds; 0 for none.
func age(now, at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, now.Sub(at).Seconds())
}

func (g *agent) writeSlot(w io.Writer) {
	if !g.replicating {
		return
	}
	lag := g.meter.held.Load()
	metrics.WriteGaugeFloat64(w, "nehrbridge_slot_up", truth(lag != nil))
	metrics.WriteGaugeFloat64(w, "nehrbridge_slot_alarm", truth(g.meter.late.Load()))
	if lag == nil {
		return
	}
	metrics.WriteGaugeUint64(w, "nehrbridge_slot_held_bytes", uint64(max(0, lag.Held)))
	metrics.WriteGaugeFloat64(w, "nehrbridge_slot_unconfirmed_seconds", lag.Unconfirmed.Seconds())
}

// metricFamilies are the names of a page without labels and suffixes, sorted.
func metricFamilies(page string) []string {
	var out []string
	for line := range strings.Lines(page) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, _, _ = strings.Cut(name, "{")
		if strings.HasSuffix(name, "_seconds_sum") || strings.HasSuffix(name, "_seconds_count") {
			name = name[:strings.LastIndex(name, "_")]
		}
		if strings.HasPrefix(name, "nehrbridge_") && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
