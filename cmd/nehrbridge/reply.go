package main

import (
	"errors"
	"fmt"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

// replySource is what the outbox calls what clinicians wrote.
const replySource = "reply"

// replies takes what a clinician signed to DHIS2: as a note on the event of the referral,
// or on the enrollment, or as an event of the stage that a map names for it.
type replies struct {
	outbox *outbox.Outbox
	in     mapper.Reply // zero: notes
	of     dhis2.UID    // the program
}

// newReplies makes it. The database of the outbox is that of the portal: the reply is
// there if, and only if, the signature is.
func newReplies(o *outbox.Outbox, maps []*mapper.Map) (*replies, error) {
	r := &replies{outbox: o}
	for _, m := range maps {
		if m.Reply.IsZero() {
			continue
		}
		if !r.in.IsZero() {
			return nil, errors.New("two maps name a stage for replies: a reply knows her and the referral, and not which of the two it is")
		}
		r.in, r.of = m.Reply, m.Program
	}
	return r, nil
}

// PutIn is authored.Reply.
func (r *replies) PutIn(tx database.Tx, text authored.ReplyText) error {
	item, err := r.item(text)
	if err != nil {
		return err
	}
	_, err = r.outbox.PutIn(tx, outbox.Order{Key: fmt.Sprintf("reply/%s/%d", text.Entry, text.Version), Source: replySource, Item: item})
	return err
}

// item is the order.
func (r *replies) item(text authored.ReplyText) (outbox.Item, error) {
	var uids [3]dhis2.UID
	for i, s := range []string{text.TrackedEntity, text.Enrollment, text.Event} {
		if s == "" {
			continue
		}
		var err error
		if uids[i], err = dhis2.ParseUID(s); err != nil {
			return nil, fmt.Errorf("a reply to DHIS2: %w", err)
		}
	}
	her, enrollment, event := uids[0], uids[1], uids[2]
	if r.in.IsZero() {
		return &outbox.Note{TrackedEntity: her, Enrollment: enrollment, Event: event, Text: text.String()}, nil
	}
	reply := &outbox.Event{TrackedEntity: her, Program: r.of, Stage: r.in.Stage, OccurredAt: dhis2.Timestamp(text.Day)}
	if reply.Answers = event; event.IsZero() { // the referral's own enrollment, wherever there is one
		reply.Enrollment = enrollment
	}
	says := text.String()
	if !r.in.Author.IsZero() && text.By() != "" {
		says = text.Text
		reply.Values = append(reply.Values, outbox.Value{Element: r.in.Author, Value: text.By()})
	}
	if !r.in.Date.IsZero() {
		reply.Values = append(reply.Values, outbox.Value{Element: r.in.Date, Value: text.Day})
	}
	reply.Values = append(reply.Values, outbox.Value{Element: r.in.Text, Value: says})
	return reply, nil
}
