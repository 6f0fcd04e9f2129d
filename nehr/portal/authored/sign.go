package authored

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
)

const (
	lease     = 2 * time.Minute // of one try
	firstWait = 15 * time.Second
	mostWait  = 30 * time.Minute
	perRound  = 8 // each may hold a file
)

// Sign signs a draft, or the amendment of an entry that stands: it is durable when Sign
// returns, and in the record as soon as that can be reached. The Entry says which of the
// two: Signed or Amended, Signing where it is on its way, Failed where it was refused.
// What was signed already is not signed again.
func (d *Desk) Sign(ctx context.Context, v *access.View, id string) (Entry, error) {
	e, err := d.Entry(ctx, v, id)
	if err != nil {
		return Entry{}, err
	}
	if e.Next == nil && !e.Editable() {
		return e, nil // twice the same form
	}
	return d.send(ctx, v, id, func(r *row) error {
		e := r.entry()
		if !e.Editable() && (!e.Stands() || r.body.Next == nil) {
			return ErrState
		}
		if wrong := r.body.pending().Check(d.now()); len(wrong) > 0 { // it has lain
			return &ContentError{wrong}
		}
		return nil
	})
}

// Withdraw takes back what stands, with a reason, as entered in error.
func (d *Desk) Withdraw(ctx context.Context, v *access.View, id, reason string) (Entry, error) {
	reason, ok := sound(reason)
	if !ok {
		return Entry{}, ErrReason
	}
	e, err := d.Entry(ctx, v, id)
	if err != nil {
		return Entry{}, err
	}
	if e.State == Withdrawn {
		return e, nil
	}
	return d.send(ctx, v, id, func(r *row) error {
		if !r.entry().Stands() {
			return ErrState
		}
		r.body.Next, r.body.Reason, r.body.Withdraw = nil, reason, true
		return nil
	})
}

func sound(reason string) (string, bool) {
	reason = strings.Join(strings.Fields(reason), " ")
	return reason, reason != "" && utf8.RuneCountInString(reason) <= mostReason && bounded(reason, mostReason)
}

// send makes an entry one that is signing, and tries to bring it at once.
func (d *Desk) send(ctx context.Context, v *access.View, id string, allow func(*row) error) (Entry, error) {
	if ok, err := d.c.Linked(ctx, v.Actor()); err != nil {
		return Entry{}, err
	} else if !ok {
		return Entry{}, &access.DeniedError{Reason: access.ReasonActor}
	}
	e, err := d.Entry(ctx, v, id)
	if err != nil {
		return Entry{}, err
	}
	te, event, err := d.answered(ctx, v, e.Content.Referral)
	if err != nil {
		return Entry{}, err
	}
	token, err := d.token()
	if err != nil {
		return Entry{}, err
	}
	var claimed row
	_, err = d.change(ctx, v, id, func(r *row) error {
		if err := allow(r); err != nil {
			return err
		}
		now := d.now()
		r.state, r.changed, r.tries, r.lease = Signing, now.Unix(), 0, token
		r.due, r.until = now.Add(lease).Unix(), now.Add(d.c.Kept).Unix()
		r.body.Actor, r.body.Purpose, r.body.SignedAt = actorOf(v.Actor()), v.Purpose(), now.Truncate(time.Second)
		r.body.TrackedEntity, r.body.Event, r.body.Problem, r.body.Details = te, event, "", ""
		claimed = *r
		return nil
	})
	if err != nil {
		return Entry{}, err
	}
	if err := d.bring(ctx, claimed); err != nil {
		d.c.Failed(err)
	}
	return d.Entry(context.WithoutCancel(ctx), v, id)
}

// answered finds whom DHIS2 knows her as, and the event of the referral.
func (d *Desk) answered(ctx context.Context, v *access.View, referral string) (trackedEntity, event string, err error) {
	find := func(ref, system string) (string, error) {
		typ, id, _ := strings.Cut(ref, "/")
		r, err := v.Read(ctx, typ, id)
		if err != nil {
			return "", err
		}
		found := ""
		for _, i := range r.Get("identifier").Items() {
			if i.Get("system").Str() != system || i.Get("use").Str() == "old" {
				continue
			}
			if found != "" { // known twice: nobody can say which one asked
				return "", nil
			}
			found = i.Get("value").Str()
		}
		return found, nil
	}
	if trackedEntity, err = find(v.Patient(), nehr.SystemDHIS2TrackedEntity); err != nil || referral == "" {
		return trackedEntity, "", err
	}
	event, err = find(referral, nehr.SystemDHIS2Event)
	return trackedEntity, event, err
}

func (d *Desk) token() (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(d.c.Rand, b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}

// bring brings an entry whose lease the caller holds, and says what came of it. An error
// is one that passes: it is tried again.
func (d *Desk) bring(ctx context.Context, r row) error {
	problem, details, err := d.try(ctx, &r)
	// What became of it is kept also for somebody who has closed the page.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case err != nil:
		return errors.Join(err, d.later(ctx, r))
	case problem != "":
		return d.settle(ctx, r, func(next *row) {
			next.state, next.body.Problem, next.body.Details = Failed, problem, details
			if next.version > 0 {
				next.until = d.now().Add(d.c.Kept).Unix()
			} else {
				next.until = d.now().Add(d.c.Drafts).Unix()
			}
		}, ReplyText{}, false)
	}
	reply, told, err := d.reply(ctx, r, r.version+1)
	if err != nil {
		return errors.Join(err, d.later(ctx, r))
	}
	return d.settle(ctx, r, func(next *row) {
		next.version++
		next.body.Replied = next.body.Replied || told
		if next.body.Withdraw {
			next.state = Withdrawn
			return
		}
		next.state = standing(next.version)
		next.body.Content, next.body.Next = next.body.pending(), nil
		next.body.Content.File.Data = nil // it is in the record now
	}, reply, told)
}

// try writes an entry. What will not pass by waiting is a problem, for its author.
func (d *Desk) try(ctx context.Context, r *row) (problem, details string, err error) {
	if ok, err := d.c.Linked(ctx, r.body.Actor.access()); err != nil {
		return "", "", err
	} else if !ok {
		return "failed_unlinked", "", nil
	}
	all, says, err := d.signature(*r).written()
	if err != nil {
		return "failed_invalid", "", nil
	}
	if err := d.c.Validate(d.c.Gate.Bundle(all)); err != nil {
		return "failed_invalid", err.Error(), nil
	}
	done, err := d.c.Gate.Write(ctx, r.body.Actor.access(), r.body.Patient, r.body.Purpose, all)
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		switch denied.Reason {
		case access.ReasonState, access.ReasonForeign:
			return "failed_changed", string(denied.Reason), nil
		}
		return "failed_denied", string(denied.Reason), nil
	}
	if refused, ok := errors.AsType[*client.OutcomeError](err); ok && refused.Permanent() && !refused.Unauthorized() {
		return "failed_refused", refused.Error(), nil
	}
	if err != nil {
		return "", "", err
	}
	r.body.Stands, r.body.StandsAs = string(says.Encode()), done.Versions[refOf(says)]
	for _, e := range done.Episodes {
		if !strings.Contains(e, "/") {
			r.body.Enrollment = e
			break
		}
	}
	return "", "", nil
}

// later gives an entry back, to be tried again after a while.
func (d *Desk) later(ctx context.Context, r row) error {
	wait := min(firstWait<<min(r.tries, 10), mostWait)
	return d.c.DB.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE portal_entry SET due = ?1, tries = tries + 1, lease = '' WHERE id = ?2 AND lease = ?3 AND state = 'signing'`,
			d.now().Add(wait).Unix(), r.id, r.lease)
		return err
	})
}

// settle ends the signing of an entry, and keeps the reply in the same transaction.
func (d *Desk) settle(ctx context.Context, r row, change func(*row), reply ReplyText, told bool) error {
	return d.c.DB.Write(ctx, func(tx database.Tx) error {
		next := r
		change(&next)
		next.lease, next.due, next.tries = "", 0, 0
		if err := d.store.update(tx, r, next); err != nil {
			return err
		}
		if !told {
			return nil
		}
		return d.c.Reply.PutIn(tx, reply)
	})
}

// Once brings what was signed and is due, and gives how many entries it tried. What
// fails waits; an error is the database's.
func (d *Desk) Once(ctx context.Context) (tried int, err error) {
	if err := d.store.clear(ctx, d.now()); err != nil {
		return 0, err
	}
	for {
		rows, err := d.claim(ctx)
		if err != nil || len(rows) == 0 {
			return tried, err
		}
		for _, r := range rows {
			if ctx.Err() != nil {
				return tried, nil // the lease ends
			}
			tried++
			if err := d.bring(ctx, r); err != nil {
				d.c.Failed(err)
			}
		}
	}
}

// claim takes what is due, for as long as a lease.
func (d *Desk) claim(ctx context.Context) (rows []row, err error) {
	token, err := d.token()
	if err != nil {
		return nil, err
	}
	now := d.now()
	err = d.c.DB.Write(ctx, func(tx database.Tx) error {
		rows = nil
		if _, err := tx.Exec(`UPDATE portal_entry SET lease = ?1, due = ?2 WHERE due <= ?3 AND id IN
			(SELECT id FROM portal_entry WHERE state = 'signing' AND due <= ?3 ORDER BY due, id LIMIT ?4)`,
			token, now.Add(lease).Unix(), now.Unix(), perRound); err != nil {
			return err
		}
		if rows, err = d.store.all(tx, `lease = ?1 AND state = 'signing' ORDER BY changed, id`, token); err != nil {
			return err
		}
		for i := range rows {
			if err := d.store.withFile(tx, &rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// Run brings what could not be brought at once, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(d.c.Every)
	defer tick.Stop()
	for {
		if _, err := d.Once(ctx); err != nil && ctx.Err() == nil {
			d.c.Failed(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
