package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// replicate makes what runs beside the poller where DHIS2's database is to
// hint at changes. Without its hints the poller finds everything, later.
func (g *agent) replicate(s *config.Settings, poller *changes.Poller, wake func()) ([]func(context.Context) error, error) {
	if !g.replicating {
		return nil, nil
	}
	last := ""
	listener, err := changes.NewListener(changes.ReplicationConfig{
		URL: s.DHIS2.Replication.URL.Reveal(), Ledger: g.ledger, Lost: poller.Doubt,
		// What the ledger knows can be carried on now; the others are found by
		// the sweep.
		Wake: func() { wake(); poller.Wake() },
		Broken: func(err error) {
			if _, lost := errors.AsType[*changes.SlotError](err); lost {
				g.log.Error().Bool("alarm", true).Err(err).Msg("hints were lost: every program is reconciled")
			} else if text := err.Error(); text != last { // once, not every minute
				last = text
				g.log.Warn().Err(err).Msg("DHIS2's database gives no hints: changes are found by polling, later")
			}
		},
	})
	if err != nil {
		return nil, usage(err)
	}
	slot := &slotWatch{listener: listener, agent: g}
	return []func(context.Context) error{listener.Run, slot.run}, nil
}

// What a replication slot may cost DHIS2's database before a person has to
// look.
const (
	slotLook        = 15 * time.Second
	slotHeld        = 1 << 30 // bytes
	slotUnconfirmed = 5 * time.Minute
)

// slotWatch looks at the replication slot, for the metrics and for an alarm in
// the log.
type slotWatch struct {
	listener *changes.Listener
	agent    *agent
	alarm    string
	warned   bool // that nothing limits the slot
}

func (w *slotWatch) run(ctx context.Context) error {
	tick := time.NewTicker(slotLook)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *slotWatch) look(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, slotLook)
	defer cancel()
	lag, err := w.listener.Lag(asking)
	if ctx.Err() != nil {
		return
	}
	seen := &lag
	if err != nil { // why, the listener says
		seen = nil
	}
	w.agent.meter.held.Store(seen)
	alarm := slotAlarm(lag)
	w.agent.meter.late.Store(alarm != "")
	log := w.agent.log
	if alarm != "" && w.alarm == "" {
		log.Error().Bool("alarm", true).Int64("held_bytes", lag.Held).Str("status", lag.Status).Msg(alarm)
	} else if alarm == "" && w.alarm != "" {
		log.Info().Int64("held_bytes", lag.Held).Msg("the replication slot is well again")
	}
	w.alarm = alarm
	if err == nil && lag.Status != "" && lag.Left < 0 && !w.warned {
		w.warned = true
		log.Warn().Msg("nothing limits the replication slot: while this agent is down it fills the disk of DHIS2's database; set max_slot_wal_keep_size there")
	}
}

// slotAlarm says why a person has to look at the slot, "" for no reason.
func slotAlarm(l changes.SlotLag) string {
	switch {
	case l.Status == "lost":
		return "the replication slot has lost its place: it is made anew, and every program is reconciled"
	case l.Status == "unreserved" || l.Left >= 0 && l.Held > 3*l.Left && l.Status != "":
		return "the replication slot is about to lose its place: it holds nearly as much as max_slot_wal_keep_size allows"
	case l.Held > slotHeld:
		return fmt.Sprintf("the replication slot has DHIS2's database keep more than %d MiB of its log: is this agent listening?", slotHeld>>20)
	case !l.Active && l.Unconfirmed > slotUnconfirmed:
		return fmt.Sprintf("the place of the replication slot was not confirmed for %d minutes", slotUnconfirmed/time.Minute)
	}
	return ""
}
