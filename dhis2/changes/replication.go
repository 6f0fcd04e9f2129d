package changes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// PublicationSQL makes the publication that a Listener reads, for the owner of
// the tables of a DHIS2 server of a minor version (42 of 2.42); PostgreSQL 15
// or newer. It names the tables and the columns on purpose:
//
//   - FOR ALL TABLES makes DHIS2 fail: tables without a primary key then
//     refuse DELETE (userrolerestrictions);
//   - a column list without the primary key makes every UPDATE fail;
//   - columns that a newer DHIS2 drops (storedby) would stop its migration.
//
// No value of a person is in it. The form for 2.41 and 2.42 is tested on the
// tables of a real 2.42; those of other versions have the names that their
// migrations give.
func PublicationSQL(minor int) string {
	entity, rows := "trackedentity (trackedentityid, uid, deleted, lastupdated, trackedentitytypeid)", ""
	switch {
	case minor <= 40:
		entity = "trackedentityinstance (trackedentityinstanceid, uid, deleted, lastupdated, trackedentitytypeid)"
		rows = "programinstance (programinstanceid), programstageinstance (programstageinstanceid)"
	case minor <= 42:
		rows = "enrollment (enrollmentid), event (eventid)"
	default:
		rows = "enrollment (enrollmentid), trackerevent (eventid)"
	}
	return "CREATE PUBLICATION nehrbridge FOR TABLE " + entity + ", " + rows
}

// ReplicationConfig says where a Listener listens.
type ReplicationConfig struct {
	// URL is the PostgreSQL database of DHIS2, for a role with LOGIN and
	// REPLICATION. Required.
	URL string

	// Ledger takes the hints. Required.
	Ledger *Ledger

	// Wake is called after every transaction that touched tracker data:
	// Poller.Wake. Required.
	Wake func()

	// Publication and Slot are names in the database. Default to nehrbridge.
	// The slot is made when it is not there. It keeps the server's write-ahead
	// log while nobody listens: set max_slot_wal_keep_size, and drop it when
	// the hint is given up.
	Publication, Slot string

	// Status is how often the position is confirmed. Defaults to 10 s.
	Status time.Duration

	// Lost is called when hints were lost, before the slot is made anew:
	// Poller.Doubt. An error leaves things as they are, for the next
	// connection to call it again. May be nil.
	Lost func(context.Context) error

	// Broken is told why a connection ended, before the next one; may be nil.
	// A *SlotError among them is the alarm that hints were lost.
	Broken func(error)
}

// SlotError says that the server has thrown away what the slot was to keep.
// The slot is made anew; what happened in between was not hinted at, and is
// for polling to find.
type SlotError struct{ Slot string }

func (e *SlotError) Error() string {
	return fmt.Sprintf("dhis2/changes: the replication slot %s has lost its place: changes in between are found by polling; reconcile, and look at max_slot_wal_keep_size", e.Slot)
}

// Alarm is true: a person has to look.
func (e *SlotError) Alarm() bool { return true }

// Listener follows the write-ahead log of DHIS2's database, as a hint that
// shortens the wait for the next sweep. What has changed is always read
// through the API, and polling goes on: losing it costs time only.
type Listener struct {
	cfg       ReplicationConfig
	confirmed atomic.Int64 // when a position was last confirmed, or the first would have been: ms since 1970
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// NewListener checks the configuration. It connects to nothing yet.
func NewListener(cfg ReplicationConfig) (*Listener, error) {
	if cfg.Publication == "" {
		cfg.Publication = "nehrbridge"
	}
	if cfg.Slot == "" {
		cfg.Slot = "nehrbridge"
	}
	if cfg.Status == 0 {
		cfg.Status = 10 * time.Second
	}
	if cfg.Broken == nil {
		cfg.Broken = func(error) {}
	}
	if cfg.Lost == nil {
		cfg.Lost = func(context.Context) error { return nil }
	}
	var wrong []error
	if _, err := pgconn.ParseConfig(cfg.URL); err != nil || cfg.URL == "" {
		wrong = append(wrong, errors.New("URL is not the address of a PostgreSQL database"))
	}
	if cfg.Ledger == nil || cfg.Wake == nil {
		wrong = append(wrong, errors.New("Ledger and Wake are needed"))
	}
	if !plainName.MatchString(cfg.Publication) || !plainName.MatchString(cfg.Slot) {
		wrong = append(wrong, errors.New("Publication and Slot: want lower-case letters, digits and _"))
	}
	if cfg.Status < 0 {
		wrong = append(wrong, errors.New("Status is negative"))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("dhis2/changes: replication: %w", errors.Join(wrong...))
	}
	l := &Listener{cfg: cfg}
	l.confirmed.Store(time.Now().UnixMilli())
	return l, nil
}

// Run listens until ctx is done, and then returns nil. It connects again after
// every failure, with pauses of up to a minute.
func (l *Listener) Run(ctx context.Context) error {
	for failures := 0; ; failures++ {
		began := time.Now()
		err := l.listen(ctx)
		if ctx.Err() != nil {
			return nil
		}
		l.cfg.Broken(err)
		if time.Since(began) > maxPause || errors.Is(err, errAnew) {
			failures = 0
		}
		timer := time.NewTimer(jitter(min(maxPause, time.Second<<min(failures, 6))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// pinSlot and the name of a slot is where the ledger remembers that there was
// one.
const pinSlot = "replication.slot."

// The SQLSTATEs of a slot that exists already, that was invalidated, of a
// publication that does not exist, and of a slot that another reads.
const (
	slotExists  = "42710"
	slotLost    = "55000"
	noSuchThing = "42704"
	slotInUse   = "55006"
)

func (l *Listener) listen(ctx context.Context) error {
	cfg, err := pgconn.ParseConfig(l.cfg.URL)
	if err != nil {
		return errors.New("dhis2/changes: replication: the address cannot be read")
	}
	cfg.RuntimeParams["replication"] = "database"
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("dhis2/changes: replication: connect: %w", sanitized(err))
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if err := l.slot(ctx, conn); err != nil {
		return err
	}
	err = l.follow(ctx, conn)
	switch sqlState(err) {
	case slotLost:
		return l.drop(ctx, "wal_status = 'lost'", err)
	case noSuchThing:
		// The server looks for the publication as it was at each change: one
		// that was made after a change does not help a slot that stands before.
		return l.drop(ctx, "NOT active AND EXISTS (SELECT 1 FROM pg_publication WHERE pubname = '"+l.cfg.Publication+"')", err)
	}
	return fmt.Errorf("dhis2/changes: replication: %w", sanitized(err))
}

// slot makes the slot where there is none. One that was there once and has to
// be made again knows nothing of what happened in between: whoever has to know
// knows before it is made, so that no crash makes a secret of it.
func (l *Listener) slot(ctx context.Context, conn *pgconn.PgConn) error {
	found, err := conn.Exec(ctx, "SELECT 1 FROM pg_replication_slots WHERE slot_name = '"+l.cfg.Slot+"'").ReadAll()
	if err != nil {
		return fmt.Errorf("dhis2/changes: replication: look for the slot: %w", sanitized(err))
	}
	if len(found) > 0 && len(found[0].Rows) > 0 {
		return l.cfg.Ledger.Pin(ctx, pinSlot+l.cfg.Slot, "made", false)
	}
	_, again, err := l.cfg.Ledger.Pinned(ctx, pinSlot+l.cfg.Slot)
	if err == nil && again {
		err = l.cfg.Lost(ctx)
	}
	if err != nil {
		return err
	}
	if again {
		l.cfg.Broken(&SlotError{Slot: l.cfg.Slot})
	}
	_, err = conn.Exec(ctx, "CREATE_REPLICATION_SLOT "+l.cfg.Slot+" LOGICAL pgoutput NOEXPORT_SNAPSHOT").ReadAll()
	if err != nil && sqlState(err) != slotExists {
		return fmt.Errorf("dhis2/changes: replication: make the slot: %w", sanitized(err))
	}
	return l.cfg.Ledger.Pin(ctx, pinSlot+l.cfg.Slot, "made", true)
}

// errAnew ends a connection whose slot could never be read again.
var errAnew = errors.New("dhis2/changes: replication: the slot can no longer be read, it is made anew")

// drop removes a slot of which a condition holds, for the next connection to
// make it anew.
func (l *Listener) drop(ctx context.Context, condition string, cause error) error {
	conn, err := pgx.Connect(ctx, l.cfg.URL)
	if err != nil {
		return fmt.Errorf("dhis2/changes: replication: connect: %w", sanitized(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var dropped int
	err = conn.QueryRow(ctx, `SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots
		WHERE slot_name = $1 AND `+condition, l.cfg.Slot).Scan(&dropped)
	if err != nil || dropped == 0 {
		return fmt.Errorf("dhis2/changes: replication: the slot cannot be read: %w", sanitized(errors.Join(cause, err)))
	}
	return errAnew
}

func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// sanitized keeps what PostgreSQL and the network say, without an address.
func sanitized(err error) error {
	if code := sqlState(err); code != "" {
		if code == noSuchThing {
			return fmt.Errorf("SQLSTATE %s: the publication is not there, see PublicationSQL", code)
		}
		if code == slotInUse {
			return fmt.Errorf("SQLSTATE %s: another process reads the slot", code)
		}
		return fmt.Errorf("SQLSTATE %s", code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return errors.New("the database cannot be reached")
	}
	return err
}

// follow reads the stream. A position is confirmed only after the ledger has
// what came before it.
func (l *Listener) follow(ctx context.Context, conn *pgconn.PgConn) error {
	front := conn.Frontend()
	front.SendQuery(&pgproto3.Query{String: fmt.Sprintf("START_REPLICATION SLOT %s LOGICAL 0/0 (proto_version '1', publication_names '%s')", l.cfg.Slot, l.cfg.Publication)})
	if err := front.Flush(); err != nil {
		return err
	}
	var s stream
	var confirmed uint64
	next := time.Now().Add(l.cfg.Status)
	for {
		if !time.Now().Before(next) {
			if err := confirm(front, confirmed); err != nil {
				return err
			}
			if confirmed > 0 {
				l.confirmed.Store(time.Now().UnixMilli())
			}
			next = time.Now().Add(l.cfg.Status)
		}
		message, err := receive(ctx, conn, next)
		if err != nil {
			return err
		}
		var data *pgproto3.CopyData
		switch m := message.(type) {
		case nil:
			continue
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		case *pgproto3.CopyData:
			data = m
		default:
			continue
		}
		r := reader{b: data.Data}
		switch r.byte() {
		case 'k':
			end := r.uint64()
			r.skip(8)
			if !s.open { // nothing of ours lies before it
				confirmed = max(confirmed, end)
			}
			if r.byte() == 1 {
				next = time.Time{}
			}
		case 'w':
			r.skip(24)
			commit, end, err := s.next(r.b)
			switch {
			case err != nil || r.bad:
				return errStream
			case commit:
				if err := l.hint(ctx, &s); err != nil {
					return err
				}
				confirmed = max(confirmed, end)
			}
		}
	}
}

// receive waits for a message, or gives nil when it is time to confirm.
func receive(ctx context.Context, conn *pgconn.PgConn, until time.Time) (pgproto3.BackendMessage, error) {
	waiting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	m, err := conn.ReceiveMessage(waiting)
	if err != nil && pgconn.Timeout(err) && ctx.Err() == nil {
		return nil, nil
	}
	return m, err
}

// confirm sends a standby status update.
func confirm(front *pgproto3.Frontend, position uint64) error {
	b := make([]byte, 0, 34)
	b = append(b, 'r')
	for range 3 { // written, flushed, applied
		b = binary.BigEndian.AppendUint64(b, position)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Microseconds()))
	b = append(b, 0)
	front.Send(&pgproto3.CopyData{Data: b})
	return front.Flush()
}

// hint marks those that the ledger knows, and has the next sweep look for the
// others: the log tells neither their program nor whether they are ours.
func (l *Listener) hint(ctx context.Context, s *stream) error {
	if len(s.touched) == 0 && !s.others {
		return nil
	}
	uids := make([]dhis2.UID, 0, len(s.touched))
	for u := range s.touched {
		uids = append(uids, u)
	}
	if err := l.cfg.Ledger.MarkKnown(ctx, uids...); err != nil {
		return err
	}
	l.cfg.Wake()
	return nil
}
