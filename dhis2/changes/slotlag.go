package changes

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// SlotLag says how far a replication slot is behind, and what that costs the
// server.
type SlotLag struct {
	// Held is how much write-ahead log the server keeps for the slot, in
	// bytes.
	Held int64

	// Left is how much may be written before the slot loses its place, in
	// bytes; negative where max_slot_wal_keep_size sets no limit, and a slot
	// that nobody reads fills the disk of DHIS2.
	Left int64

	// Status is pg_replication_slots.wal_status: reserved, extended,
	// unreserved (about to be lost) or lost; "" where there is no slot.
	Status string

	Active      bool          // somebody reads it
	Unconfirmed time.Duration // since this Listener has last confirmed a position
}

const slotLagRow = `SELECT
		COALESCE(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint,
		COALESCE(safe_wal_size, -1), COALESCE(wal_status, ''), active
	FROM pg_replication_slots WHERE slot_name = $1`

// Lag asks the server, on a connection of its own. The role of the Listener
// may see it.
func (l *Listener) Lag(ctx context.Context) (SlotLag, error) {
	lag := SlotLag{Left: -1, Unconfirmed: time.Since(time.UnixMilli(l.confirmed.Load()))}
	conn, err := pgx.Connect(ctx, l.cfg.URL)
	if err != nil {
		return lag, fmt.Errorf("dhis2/changes: replication: connect: %w", sanitized(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, slotLagRow, l.cfg.Slot)
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&lag.Held, &lag.Left, &lag.Status, &lag.Active}, func() error { return nil })
	}
	if err != nil {
		return lag, fmt.Errorf("dhis2/changes: replication: look at the slot: %w", sanitized(err))
	}
	return lag, nil
}
