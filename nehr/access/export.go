package access

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Log gives the patient who saw her record, and who tried to, newest first.
func (g *Gate) Log(ctx context.Context, a Actor, f Filter) ([]Entry, error) {
	if err := g.herself(ctx, a, Entry{Action: ActionLog}); err != nil {
		return nil, err
	}
	limit := f.Limit
	switch {
	case limit == 0:
		limit = 100
	case limit > 1000:
		limit = 1000
	}
	before := f.Before
	if before <= 0 {
		before = 1<<63 - 1
	}
	since := int64(0)
	if !f.From.IsZero() {
		since = f.From.UnixMicro()
	}
	var found []Entry
	err := g.c.DB.Read(ctx, func(tx database.Tx) error {
		found = nil
		return tx.Each("SELECT entry, hash FROM access_log WHERE patient = ?1 AND seq < ?2 AND at >= ?3 ORDER BY seq DESC", []any{a.Person, before, since},
			func(scan func(...any) error) error {
				if limit >= 0 && len(found) >= limit {
					return errEnough
				}
				var canonical, hash string
				if err := scan(&canonical, &hash); err != nil {
					return err
				}
				e, err := decode(canonical, hash)
				if err == nil && f.takes(e) {
					found = append(found, e)
				}
				return err
			})
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// logged tells whether an entry is of a patient's log.
func (g *Gate) logged(ctx context.Context, patient string, seq int64) (found bool, err error) {
	err = g.c.DB.Read(ctx, func(tx database.Tx) (err error) {
		found, err = database.Row(tx, "SELECT seq FROM access_log WHERE seq = ?1 AND patient = ?2", []any{seq, patient}, new(int64))
		return err
	})
	return found, err
}

// errEnough ends the reading of a log of which enough was read.
var errEnough = errors.New("enough")

// takes tells whether an entry is chosen.
func (f Filter) takes(e Entry) bool {
	return (f.From.IsZero() || !e.At.Before(f.From)) &&
		(f.To.IsZero() || !e.At.After(f.To)) &&
		(f.Person == "" || f.Person == e.Person) &&
		(f.Facility == "" || f.Facility == e.Facility) &&
		(f.Action == "" || f.Action == e.Action) &&
		(!f.DeniedOnly || !e.Permitted) &&
		(!f.Emergency || e.Reason == ReasonEmergency) &&
		(f.WithOwn || e.Actor != KindPatient || e.Person != e.Patient)
}

// herself permits what only a patient may do about her own record, and logs it.
func (g *Gate) herself(ctx context.Context, a Actor, e Entry) error {
	e.Patient, e.Purpose = safe(a.Person), PatientRequest
	if a.Kind != KindPatient || !is(a.Person, "Patient") {
		e.Patient, e.Reason = "", ReasonActor
		if err := g.record(ctx, a, e); err != nil {
			return err
		}
		return &DeniedError{Reason: ReasonActor}
	}
	e.Permitted, e.Reason = true, ReasonOwn
	return g.record(ctx, a, e)
}

// columns are those of an export.
var columns = []string{"number", "time", "who", "as", "at", "purpose", "did", "allowed", "why", "by", "what", "id", "parts", "how many", "emergency"}

func (e Entry) row() []string {
	parts := make([]string, len(e.Classes))
	for i, c := range e.Classes {
		parts[i] = string(c)
	}
	allowed := "no"
	if e.Permitted {
		allowed = "yes"
	}
	who := e.Person
	if who == "" {
		who = string(e.Actor)
	}
	return []string{
		strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339), who, e.Role, e.Facility, string(e.Purpose), string(e.Action),
		allowed, string(e.Reason), strings.Join(e.Sources, " "), e.Type, e.ID, strings.Join(parts, " "), strconv.Itoa(e.Count), string(e.Code),
	}
}

// WriteCSV writes entries for her to keep, with a head line. A cell that a
// spreadsheet would take for a formula begins with an apostrophe.
func WriteCSV(w io.Writer, entries []Entry) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	if err := out.Write(columns); err != nil {
		return fmt.Errorf("write the log as CSV: %w", err)
	}
	for _, e := range entries {
		row := e.row()
		for i, cell := range row {
			row[i] = inert(cell)
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write the log as CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the log as CSV: %w", err)
	}
	return nil
}

// inert keeps a spreadsheet from calculating a cell. The wide forms are what
// some of them take for the narrow ones.
func inert(cell string) string {
	trimmed := strings.TrimLeft(cell, " \u00a0\ufeff")
	first, _ := utf8.DecodeRuneInString(trimmed)
	if trimmed != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

// WriteJSON writes entries as an array of objects, with names as in the CSV.
func WriteJSON(w io.Writer, entries []Entry) error {
	out := make([]map[string]string, len(entries))
	for i, e := range entries {
		out[i] = map[string]string{}
		for n, cell := range e.row() {
			if cell != "" {
				out[i][columns[n]] = cell
			}
		}
	}
	if err := json.MarshalWrite(w, out, json.Deterministic(true), jsontext.EscapeForHTML(true), jsontext.WithIndent("  ")); err != nil {
		return fmt.Errorf("write the log as JSON: %w", err)
	}
	return nil
}
