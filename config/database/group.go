package database

import (
	"context"
	"errors"
	"fmt"
)

// job is one Write that waits for its turn.
type job struct {
	ctx  context.Context
	f    func(Tx) error
	err  error
	died any // what f panicked with
	lead bool
	done chan struct{}
}

// groupLimit bounds the writes of one transaction, and so how long the first
// of them waits for the last.
const groupLimit = 256

// ErrClosed is returned for a write after Close.
var ErrClosed = errors.New("the database is closed")

// write queues f. Whoever finds nobody writing becomes the leader, writes all
// that waits in one transaction and hands the lead on. A caller that gives up
// while it waits is skipped; one whose turn has come gets its result.
func (d *sqliteDB) write(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.readOnly {
		return &Error{Op: "write to the database", Kind: ReadOnly, Err: errReadOnly}
	}
	j := &job{ctx: ctx, f: f, done: make(chan struct{})}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	d.waiting = append(d.waiting, j)
	lead := !d.turn
	d.turn = true
	d.mu.Unlock()
	if !lead {
		<-j.done
		lead = j.lead
	}
	if lead {
		d.leadGroup()
		// The leader's own job is first in its group.
	}
	if j.died != nil {
		panic(j.died)
	}
	return j.err
}

// leadGroup writes the group at the head of the queue and passes the lead to
// the first that came meanwhile.
func (d *sqliteDB) leadGroup() {
	d.mu.Lock()
	n := min(len(d.waiting), groupLimit)
	group := d.waiting[:n:n]
	d.waiting = d.waiting[n:]
	d.mu.Unlock()

	d.runGroup(group)

	d.mu.Lock()
	var next *job
	if len(d.waiting) > 0 {
		next = d.waiting[0]
		next.lead = true
	} else {
		d.waiting = nil
		d.turn = false
		d.idle.Broadcast()
	}
	d.mu.Unlock()
	for _, j := range group[1:] {
		close(j.done)
	}
	if next != nil {
		close(next.done)
	}
}

// runGroup runs the jobs in one transaction, each undone alone when it fails.
// A failure of the transaction is a failure of all.
func (d *sqliteDB) runGroup(group []*job) {
	tx := &d.writer
	fail := func(err error) {
		for _, j := range group {
			if j.err == nil && j.died == nil {
				j.err = err
			}
		}
	}
	if _, err := tx.Exec("BEGIN IMMEDIATE"); err != nil {
		fail(err)
		return
	}
	for _, j := range group {
		if j.err = j.ctx.Err(); j.err != nil {
			continue
		}
		if err := d.runOne(j, len(group) > 1); err != nil {
			fail(err)
			break
		}
	}
	alone := len(group) == 1 && (group[0].err != nil || group[0].died != nil)
	if !alone {
		_, err := tx.Exec("COMMIT")
		if err == nil {
			return
		}
		fail(err)
	}
	// SQLite may have rolled back by itself (a full disk): then there is
	// nothing left to undo, and saying so is no failure of its own.
	_, _ = tx.Exec("ROLLBACK")
}

// runOne runs one job; its error is the job's own, the one returned that of
// the transaction.
func (d *sqliteDB) runOne(j *job, shared bool) error {
	tx := &d.writer
	if shared {
		if _, err := tx.Exec("SAVEPOINT one"); err != nil {
			return err
		}
	}
	func() {
		defer func() {
			if v := recover(); v != nil {
				j.died = fmt.Sprint("config/database: a write panicked: ", v)
			}
		}()
		j.err = j.f(tx)
	}()
	if !shared {
		return nil
	}
	if j.err != nil || j.died != nil {
		if _, err := tx.Exec("ROLLBACK TO one"); err != nil {
			// SQLite has undone everything (a full disk does that): what the
			// job met is the reason for all.
			return errors.Join(j.err, err)
		}
	}
	_, err := tx.Exec("RELEASE one")
	return err
}
