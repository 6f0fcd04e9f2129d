package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// The bounds of a break-glass.
const (
	emergencyLasts = 24 * time.Hour
	freshSignIn    = 5 * time.Minute
	fewestLetters  = 20
	mostLetters    = 2000
	notifyTime     = 5 * time.Second
)

// BreakGlass lets a clinician see a record without consent, for 24 hours: with a
// code, at least 20 characters that say why, and a sign-in of the last 5 minutes.
// She sees it at once ([Gate.BreakGlasses], [Gate.Log]), and the Notifier is told;
// one that cannot be told now is told by Forward.
func (g *Gate) BreakGlass(ctx context.Context, a Actor, patient string, code EmergencyCode, words string) (BreakGlass, error) {
	now := g.c.Now().UTC().Truncate(time.Microsecond)
	words = trimmed(words)
	e := Entry{Action: ActionBreakGlass, Purpose: Emergency, Patient: safe(patient)}
	var why Reason
	switch n := utf8.RuneCountInString(words); {
	case a.Kind != KindClinician || !is(a.Person, "Practitioner"):
		why = ReasonActor
	case !is(patient, "Patient"):
		why, e.Patient = ReasonForeign, ""
	case !slices.Contains(EmergencyCodes, code), n < fewestLetters, n > mostLetters:
		why = ReasonText
	case now.Sub(a.SignedIn) > freshSignIn, a.SignedIn.After(now.Add(time.Minute)):
		why = ReasonFresh
	}
	if slices.Contains(EmergencyCodes, code) {
		e.Code = code
	}
	b := BreakGlass{Patient: patient, Person: a.Person, Role: safe(a.Role), Facility: safe(a.Facility), Code: code, Text: words, At: now, Until: now.Add(emergencyLasts)}
	if why == "" {
		many, err := g.tooMany(ctx, b)
		if err != nil {
			return BreakGlass{}, &LogError{Err: err}
		}
		if many {
			why = ReasonTooMany
		}
	}
	if why != "" {
		e.Reason = why
		if err := g.record(ctx, a, e); err != nil {
			return BreakGlass{}, err
		}
		return BreakGlass{}, &DeniedError{Reason: why}
	}
	var err error
	if b.ID, err = g.id(); err != nil {
		return BreakGlass{}, err
	}
	e.Permitted, e.Reason, e.Sources = true, ReasonEmergency, []string{b.ID}
	if err := g.record(ctx, a, e); err != nil {
		return BreakGlass{}, err
	}
	kept, err := g.keep(ctx, b)
	if err != nil {
		return BreakGlass{}, &LogError{Err: err}
	}
	if !kept { // others of the same moment were first
		return BreakGlass{}, g.no(ctx, a, e, ReasonTooMany)
	}
	if g.c.Notify != nil {
		// It is kept as untold until the notifier has taken it.
		_ = g.tell(ctx, b)
	}
	return b, nil
}

// tooMany tells whether somebody has broken the glass too often within a day.
func (g *Gate) tooMany(ctx context.Context, b BreakGlass) (many bool, err error) {
	err = g.c.DB.Read(ctx, func(tx database.Tx) error {
		many, err = g.often(tx, b)
		return err
	})
	return many, err
}

func (g *Gate) often(tx database.Tx, b BreakGlass) (bool, error) {
	var n int64
	_, err := database.Row(tx, "SELECT count(*) FROM access_emergency WHERE person = ?1 AND at > ?2", []any{b.Person, b.At.Add(-emergencyLasts).UnixMicro()}, &n)
	return n >= int64(g.c.Policy.BreakGlassPerDay), err
}

// keep keeps a break-glass, unless there are too many by now.
func (g *Gate) keep(ctx context.Context, b BreakGlass) (kept bool, err error) {
	untold := int64(0)
	if g.c.Notify == nil {
		untold = 1 // there is nobody to tell
	}
	err = g.c.DB.Write(ctx, func(tx database.Tx) error {
		// One at a time, in every process: who comes second counts the first.
		if _, err := tx.Exec("UPDATE access_head SET seq = seq WHERE id = 1"); err != nil {
			return err
		}
		many, err := g.often(tx, b)
		if kept = !many; err != nil || many {
			return err
		}
		_, err = tx.Exec(`INSERT INTO access_emergency (id, patient, person, role, facility, code, words, at, until, notified)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
			b.ID, b.Patient, b.Person, b.Role, b.Facility, string(b.Code), b.Text, b.At.UnixMicro(), b.Until.UnixMicro(), untold)
		return err
	})
	return kept && err == nil, err
}

// tell tells the notifier, and keeps that it was told.
func (g *Gate) tell(ctx context.Context, b BreakGlass) error {
	told, cancel := context.WithTimeout(ctx, notifyTime)
	defer cancel()
	if err := g.c.Notify.Notify(told, Notice{
		ID: b.ID, At: b.At, Until: b.Until, Patient: b.Patient, Person: b.Person, Role: b.Role, Facility: b.Facility, Code: b.Code,
	}); err != nil {
		return fmt.Errorf("notify of a break-glass: %w", err)
	}
	return g.c.DB.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec("UPDATE access_emergency SET notified = 1 WHERE id = ?1", b.ID)
		return err
	})
}

// tellAll tells of those that could not be told of before.
func (g *Gate) tellAll(ctx context.Context) (n int, err error) {
	if g.c.Notify == nil {
		return 0, nil
	}
	untold, err := g.emergencies(ctx, "notified = 0", nil)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, b := range untold {
		if err := g.tell(ctx, b); err != nil {
			failed = append(failed, err)
			continue
		}
		n++
	}
	return n, errors.Join(failed...)
}

// emergencies reads break-glasses, newest first.
func (g *Gate) emergencies(ctx context.Context, where string, args []any) ([]BreakGlass, error) {
	var found []BreakGlass
	err := g.c.DB.Read(ctx, func(tx database.Tx) error {
		found = nil
		return tx.Each("SELECT id, patient, person, role, facility, code, words, at, until FROM access_emergency WHERE "+where+" ORDER BY at DESC, id", args,
			func(scan func(...any) error) error {
				var b BreakGlass
				var code string
				var at, until int64
				if err := scan(&b.ID, &b.Patient, &b.Person, &b.Role, &b.Facility, &code, &b.Text, &at, &until); err != nil {
					return err
				}
				b.Code, b.At, b.Until = EmergencyCode(code), time.UnixMicro(at).UTC(), time.UnixMicro(until).UTC()
				found = append(found, b)
				return nil
			})
	})
	return found, err
}

// emergencyRules are the break-glasses of a clinician that hold for a patient.
func (g *Gate) emergencyRules(ctx context.Context, a Actor, patient string) ([]Rule, error) {
	held, err := g.emergencies(ctx, "patient = ?1 AND person = ?2 AND until > ?3", []any{patient, a.Person, g.c.Now().UnixMicro()})
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for _, b := range held {
		rules = append(rules, Rule{
			Effect: Permit, Origin: FromBreakGlass, Source: b.ID,
			Party: Party{Person: b.Person, Role: b.Role, Facility: b.Facility},
			From:  b.At, Scope: Scope{Until: b.Until},
		})
	}
	return rules, nil
}

// BreakGlasses are those at the record of a patient, for her, or those that a
// clinician made; newest first.
func (g *Gate) BreakGlasses(ctx context.Context, a Actor) ([]BreakGlass, error) {
	switch {
	case a.Kind == KindPatient && is(a.Person, "Patient"):
		return g.emergencies(ctx, "patient = ?1", []any{a.Person})
	case a.Kind == KindClinician && is(a.Person, "Practitioner"):
		return g.emergencies(ctx, "person = ?1", []any{a.Person})
	}
	return nil, &DeniedError{Reason: ReasonActor}
}
