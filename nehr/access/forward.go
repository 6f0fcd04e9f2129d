package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// perForward is how many AuditEvents go in one request.
const perForward = 50

// Forwarded is what Forward did.
type Forwarded struct {
	Sent     int // AuditEvents that the NEHR has taken
	Refused  int // entries that it does not take; they stay in the log, and are not sent again
	Notified int // break-glasses that the notifier was told of late
}

// Forward sends what is new in the log to the NEHR, each entry as one AuditEvent
// by PUT to an id made of its hash: what is sent again, after an answer that was
// lost, is the same event. It goes on where it stopped, in this process or
// another. An error of the NEHR that may pass ends it; nothing is lost by that.
func (g *Gate) Forward(ctx context.Context) (Forwarded, error) {
	var f Forwarded
	notified, failed := g.tellAll(ctx)
	f.Notified = notified
	for {
		entries, err := g.unsent(ctx)
		if err != nil || len(entries) == 0 {
			return f, errors.Join(failed, err)
		}
		if err := g.send(ctx, entries, &f); err != nil {
			return f, errors.Join(failed, err)
		}
	}
}

// unsent are the next entries to send.
func (g *Gate) unsent(ctx context.Context) ([]Entry, error) {
	var entries []Entry
	err := g.c.DB.Read(ctx, func(tx database.Tx) error {
		entries = nil
		return tx.Each(`SELECT seq, entry, hash FROM access_log WHERE seq > (SELECT seq FROM access_forward WHERE id = 1) ORDER BY seq LIMIT `+strconv.Itoa(perForward), nil,
			func(scan func(...any) error) error {
				var seq int64
				var canonical, hash string
				if err := scan(&seq, &canonical, &hash); err != nil {
					return err
				}
				e, err := decode(canonical, hash)
				if err != nil { // it stays in the log, for Verify to find, and stops nothing
					e = Entry{Seq: seq}
				}
				entries = append(entries, e)
				return nil
			})
	})
	return entries, err
}

// damaged tells that an entry could not be read, so that there is nothing to send.
func (e Entry) damaged() bool { return e.Action == "" }

// send sends entries and keeps how far it came. What is refused with references
// is tried once more without.
func (g *Gate) send(ctx context.Context, entries []Entry, f *Forwarded) error {
	statuses, err := g.puts(ctx, entries, false)
	if err != nil {
		return err
	}
	var again []Entry
	for i, e := range entries {
		if permanent(statuses[i]) {
			again = append(again, e)
		}
	}
	second := map[int64]int{}
	if len(again) > 0 {
		more, err := g.puts(ctx, again, true)
		if err != nil {
			return err
		}
		for i, e := range again {
			second[e.Seq] = more[i]
		}
	}
	refused := [][]any{}
	last, sent := int64(0), 0
	var stopped error
	for i, e := range entries {
		status := statuses[i]
		if s, ok := second[e.Seq]; ok {
			status = s
		}
		if permanent(status) {
			refused = append(refused, []any{e.Seq, int64(status)})
		} else if status < 200 || status > 299 {
			stopped = &client.OutcomeError{Operation: "update AuditEvent", Status: status}
			break
		} else {
			sent++
		}
		last = e.Seq
	}
	if last > 0 {
		err := g.c.DB.Write(ctx, func(tx database.Tx) error {
			if _, err := tx.ExecMany("INSERT INTO access_refused (seq, status) VALUES (?1, ?2) ON CONFLICT (seq) DO NOTHING", refused); err != nil {
				return err
			}
			_, err := tx.Exec("UPDATE access_forward SET seq = ?1 WHERE id = 1 AND seq < ?1", last)
			return err
		})
		if err != nil {
			return err
		}
	}
	f.Sent, f.Refused = f.Sent+sent, f.Refused+len(refused)
	return stopped
}

// permanent tells that the event will not be taken as it is.
func permanent(status int) bool {
	return status == 400 || status == 404 || status == 410 || status == 412 || status == 422
}

// puts sends one batch and gives the status of each entry: that of what cannot be
// processed for one that cannot be read.
func (g *Gate) puts(ctx context.Context, entries []Entry, bare bool) ([]int, error) {
	statuses := make([]int, len(entries))
	var sent []int // indices
	list := fhirjson.List()
	for i, e := range entries {
		if e.damaged() {
			statuses[i] = http.StatusUnprocessableEntity
			continue
		}
		sent = append(sent, i)
		list.Append(fhirjson.Fields(
			fhirjson.F("resource", g.audit(e, bare)),
			fhirjson.F("request", fhirjson.Fields(fhirjson.F("method", text("PUT")), fhirjson.F("url", text("AuditEvent/"+auditID(e))))),
		))
	}
	if len(sent) == 0 {
		return statuses, nil
	}
	answer, err := g.c.NEHR.Transaction(ctx, fhirjson.Fields(
		fhirjson.F("resourceType", text("Bundle")),
		fhirjson.F("type", text("batch")),
		fhirjson.F("entry", list),
	).Encode())
	if err != nil {
		return nil, err
	}
	items := answer.Resource.Get("entry").Items()
	if len(items) != len(sent) {
		return nil, &client.UnreachableError{Operation: "update AuditEvent", Reason: fmt.Sprintf("%d answers to %d events", len(items), len(sent))}
	}
	for n, item := range items {
		code, _, _ := strings.Cut(item.Get("response", "status").Str(), " ")
		statuses[sent[n]], _ = strconv.Atoi(code)
	}
	return statuses, nil
}

// Run forwards what is new every Config.Every, until ctx ends. Config.Failed is
// told of errors; it goes on.
func (g *Gate) Run(ctx context.Context) error {
	tick := time.NewTicker(g.c.Every)
	defer tick.Stop()
	for {
		if _, err := g.Forward(ctx); err != nil && ctx.Err() == nil && g.c.Failed != nil {
			g.c.Failed(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
