package record_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// ledger keeps the state of one entity as the agent does: encoded, the union
// before anything is sent.
type ledger struct {
	w      *world
	bytes  []byte
	stored int
}

func (l *ledger) state() record.State {
	l.w.Helper()
	s, err := record.DecodeState(l.bytes)
	if err != nil {
		l.w.Fatal(err)
	}
	return s
}

func (l *ledger) keep(s record.State) {
	l.w.Helper()
	b, err := record.EncodeState(s)
	if err != nil {
		l.w.Fatal(err)
	}
	l.bytes = b
}

// try writes once, and keeps what is to be kept, whatever happens.
func (l *ledger) try(writer *record.Writer, d record.Desired) (record.Result, error) {
	l.w.Helper()
	r, s, err := writer.Replace(l.w.ctx, d, l.state(), func(_ context.Context, s record.State) error {
		l.stored++
		l.keep(s)
		return nil
	})
	if err == nil {
		l.keep(s)
	}
	return r, err
}

func (l *ledger) write(d record.Desired) record.Result {
	l.w.Helper()
	r, err := l.try(l.w.writer, d)
	if err != nil {
		l.w.Fatal(err, outcome(err))
	}
	return r
}

// visitOf is a desired state with a visit of each kind of fact: changes take
// facts out of it or alter them.
type mother struct {
	phn, entity, hb    string
	event              string // UID of the visit
	user               string
	cardiac, completed bool
	planned            string // fields of the Appointment of the same event
	referral           string // status of the Task; empty: none
	patient            string // more fields of the Patient
}

func (w *world) healthy() mother {
	return mother{event: "E", phn: "P", entity: "T", hb: "10.50", user: "N", cardiac: true, completed: true, referral: "requested"}
}

func (w *world) desired(m mother) record.Desired {
	p := entry(false, "Patient", phn, m.phn+w.run, `,"name":[{"text":"Test `+w.run+`"}],"gender":"female"`+m.patient)
	p.Resource = []byte(strings.Replace(string(p.Resource), `"identifier":[`, `"identifier":[`+ident("urn:dhis2:trackedEntity", m.entity+w.run)+`,`, 1))
	n := entry(false, "Practitioner", "urn:dhis2:user:uid", m.user+w.run, `,"name":[{"text":"Midwife"}]`)
	subject := `"subject":{"reference":"` + p.FullURL + `"}`
	d := record.Desired{Entries: []record.Entry{p, n}}
	if m.planned != "" && !m.completed {
		d.Entries = append(d.Entries, entry(true, "Appointment", eventSys, m.event+w.run, strings.ReplaceAll(m.planned, "{patient}", p.FullURL)))
	}
	if !m.completed {
		return d
	}
	e := entry(true, "Encounter", eventSys, m.event+w.run, `,"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},`+subject+`,"participant":[{"individual":{"reference":"`+n.FullURL+`"}}]`)
	d.Entries = append(d.Entries, e)
	within := subject + `,"encounter":{"reference":"` + e.FullURL + `"}`
	if m.hb != "" {
		d.Entries = append(d.Entries, entry(true, "Observation", "urn:dhis2:dataelement:uid", m.event+w.run+"-hb", `,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},`+within+`,"performer":[{"reference":"`+n.FullURL+`"}],"valueQuantity":{"value":`+m.hb+`,"unit":"g/dL"}`))
	}
	if m.cardiac {
		d.Entries = append(d.Entries, entry(true, "Condition", "urn:dhis2:dataelement:uid", m.event+w.run+"-cardiac", `,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},"code":{"text":"heart disease"},`+within))
	}
	if m.referral != "" {
		s := entry(true, "ServiceRequest", eventSys, m.event+w.run, `,"status":"active","intent":"order",`+within)
		d.Entries = append(d.Entries, s, entry(true, "Task", eventSys, m.event+w.run, fmt.Sprintf(`,"status":"%s","intent":"order","focus":{"reference":"%s"},"for":{"reference":"%s"}`, m.referral, s.FullURL, p.FullURL)))
	}
	return d
}

// id of the one resource of a type in a desired state.
func (w *world) idOf(l *ledger, typ string) string {
	w.Helper()
	for _, r := range l.state().Resources {
		if r.Type == typ {
			return r.ID
		}
	}
	w.Fatalf("no %s is known", typ)
	return ""
}

func (w *world) status(typ, id string) string {
	w.Helper()
	r := w.read(typ, id)
	if typ == "Condition" {
		return strings.Trim(fmt.Sprint(r.Get("clinicalStatus", "coding") != nil, " ", r.Get("verificationStatus", "coding").Items()[0].Get("code").Str()), " ")
	}
	return r.Get("status").Str()
}

var ownedTypes = []string{"Encounter", "Observation", "Condition", "ServiceRequest", "Task"}

// Each way in which DHIS2 takes back what it said.
func TestD080_Corrections(t *testing.T) {
	tests := []struct {
		name  string
		row   string
		to    func(*mother)
		gone  []string // types that must be entered in error
		stays []string
	}{
		{"true to false", "D-001, G2", func(m *mother) { m.cardiac = false }, []string{"Condition"}, []string{"Encounter", "Observation", "ServiceRequest", "Task"}},
		{"cleared value", "D-080", func(m *mother) { m.hb = "" }, []string{"Observation"}, []string{"Encounter", "Condition", "ServiceRequest", "Task"}},
		{"referral cleared", "D-080", func(m *mother) { m.referral = "" }, []string{"ServiceRequest", "Task"}, []string{"Encounter", "Condition", "Observation"}},
		{"un-completed", "D-080", func(m *mother) { m.completed = false }, ownedTypes, nil},
		{"moved to scheduled", "D-080", func(m *mother) { m.completed, m.planned = false, appointment("proposed", dayWindow) }, ownedTypes, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			worlds(t, func(w *world) {
				l := &ledger{w: w}
				m := w.healthy()
				w.counts(l.write(w.desired(m)), 7, 0, 0)
				ids := map[string]string{}
				for _, typ := range ownedTypes {
					ids[typ] = w.idOf(l, typ)
				}
				tt.to(&m)
				r := l.write(w.desired(m))
				if r.Retracted != len(tt.gone) || len(r.Others) != len(tt.gone) || !r.Changed() {
					w.Errorf("%d retracted, want %d: %+v", r.Retracted, len(tt.gone), r)
				}
				for _, typ := range tt.gone {
					want := "entered-in-error"
					if typ == "Condition" {
						want = "false entered-in-error" // con-5: no clinicalStatus
					}
					if got := w.status(typ, ids[typ]); got != want {
						w.Errorf("%s is %s", typ, got)
					}
				}
				for _, typ := range tt.stays {
					if got := w.read(typ, ids[typ]).Get("meta", "versionId").Str(); got != "1" {
						w.Errorf("%s has version %s, and nobody corrected it", typ, got)
					}
				}
				n := len(w.spy.transactions)
				l.write(w.desired(m))
				if len(w.spy.transactions) != n {
					w.Error("what is retracted was retracted again")
				}
				// It was true after all.
				l.write(w.desired(w.healthy()))
				for typ, want := range map[string]string{"Encounter": "finished", "Observation": "final", "Condition": "true confirmed", "ServiceRequest": "active", "Task": "requested"} {
					if got := w.status(typ, ids[typ]); got != want {
						w.Errorf("%s came back as %s, want %s", typ, got, want)
					}
				}
			})
		})
	}
}

const dayWindow = `,"requestedPeriod":[{"start":"2026-03-02","end":"2026-03-02"}]`

func TestD077_DeletedTrackedEntity(t *testing.T) {
	worlds(t, func(w *world) {
		registry := w.put("Patient", `{"resourceType":"Patient","active":true,"identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}],"telecom":[{"system":"email","value":"a@example.org"}]}`)
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		ids := map[string]string{}
		for _, typ := range append(ownedTypes, "Practitioner") {
			ids[typ] = w.idOf(l, typ)
		}
		r := l.write(record.Desired{Deleted: true})
		if r.Retracted != len(ownedTypes) || len(r.Others) != len(ownedTypes)+1 {
			w.Errorf("got %+v", r)
		}
		for _, typ := range ownedTypes {
			if got := w.status(typ, ids[typ]); !strings.HasSuffix(got, "entered-in-error") {
				w.Errorf("%s is %s", typ, got)
			}
		}
		p := w.read("Patient", registry)
		if got := p.All("identifier.system"); len(got) != 1 || got[0].Str() != phn {
			w.Errorf("her number alone must stay of the identifiers: %s", p.Encode())
		}
		if p.Get("active").Scalar() != "true" || p.All("telecom.value")[0].Str() != "a@example.org" {
			w.Errorf("the registry's fields were touched: %s", p.Encode())
		}
		if got := w.read("Practitioner", ids["Practitioner"]).Get("meta", "versionId").Str(); got != "1" {
			w.Errorf("the shared Practitioner has version %s", got)
		}
		if len(l.bytes) != 0 {
			w.Error("something is still remembered of an entity that is gone")
		}
		n := len(w.spy.transactions)
		l.write(record.Desired{Deleted: true})
		if len(w.spy.transactions) != n {
			w.Error("a deletion was sent twice")
		}
	})
}

// Silence is no deletion: a user who lost a right sees less.
func TestD080_NothingDesiredIsNotDeleted(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		for name, d := range map[string]record.Desired{
			"empty":   {},
			"deleted": {Deleted: true, Entries: w.desired(w.healthy()).Entries},
		} {
			if _, err := l.try(w.writer, d); err == nil {
				w.Errorf("%s: written", name)
			}
		}
		if n := len(w.spy.transactions); n != 1 {
			w.Errorf("%d transactions, want 1", n)
		}
	})
}

// A cancelled enrollment takes its facts along; the woman stays as she is.
func TestD080_CancelledEnrollment(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		m.planned = appointment("cancelled", dayWindow)
		l.write(w.desired(m))
		if got := w.status("Appointment", id); got != "cancelled" {
			w.Errorf("cancelled enrollment: the Appointment is %s", got)
		}
		m.planned = "" // deleted enrollment
		l.write(w.desired(m))
		a := w.read("Appointment", id)
		if a.Get("status").Str() != "entered-in-error" || a.Get("_start") == nil {
			w.Errorf("deleted enrollment: %s", a.Encode())
		}
		if p := w.read("Patient", w.idOf(l, "Patient")); p.Get("meta", "versionId").Str() != "1" {
			w.Errorf("the Patient was changed: %s", p.Encode())
		}
	})
}

func TestAppointmentOfACompletedVisitIsFulfilled(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		m.completed = true
		if r := l.write(w.desired(m)); r.Fulfilled != 1 || r.Retracted != 0 {
			w.Errorf("got %+v", r)
		}
		a := w.read("Appointment", id)
		if a.Get("status").Str() != "fulfilled" || a.Get("start").Str() != "2026-03-02T00:00:00+00:00" || a.Get("end").Str() != "2026-03-02T23:59:59+00:00" {
			w.Errorf("got %s", a.Encode())
		}
		n := len(w.spy.transactions)
		l.write(w.desired(m))
		if len(w.spy.transactions) != n {
			w.Errorf("sent again: %s", w.spy.transactions[n])
		}
		m.completed = false // it was not yet
		l.write(w.desired(m))
		if a := w.read("Appointment", id); a.Get("status").Str() != "proposed" || a.Get("start") != nil {
			w.Errorf("un-completed: %s", a.Encode())
		}
		m.completed = true
		l.write(w.desired(m))
		m.completed, m.planned = false, "" // deleted
		l.write(w.desired(m))
		if got := w.status("Appointment", id); got != "entered-in-error" {
			w.Errorf("deleted: %s", got)
		}
	})
}

// A time that was booked at the portal is the time of the visit, and stays hers
// when DHIS2 takes the visit back.
func TestFulfilledAppointmentKeepsTheBookedTime(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		v := w.read("Appointment", id)
		v.Delete("meta")
		v.Set("status", parse(w.T, `"booked"`))
		v.Set("start", parse(w.T, `"2026-03-02T11:00:00+05:30"`))
		v.Set("end", parse(w.T, `"2026-03-02T11:30:00+05:30"`))
		w.put("Appointment", string(v.Encode()))
		m.completed = true
		l.write(w.desired(m))
		if a := w.read("Appointment", id); a.Get("status").Str() != "fulfilled" || a.Get("start").Str() != "2026-03-02T11:00:00+05:30" {
			w.Errorf("got %s", a.Encode())
		}
		m.completed = false
		l.write(w.desired(m))
		if a := w.read("Appointment", id); a.Get("start").Str() != "2026-03-02T11:00:00+05:30" {
			w.Errorf("got %s", a.Encode())
		}
	})
}

func TestSecondUserTakesOverAVisit(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		first := w.idOf(l, "Practitioner")
		m.user = "M"
		r := l.write(w.desired(m))
		if r.Created != 1 || r.Updated != 2 || r.Retracted != 0 {
			w.Errorf("got %+v", r)
		}
		second := "Practitioner/" + w.idOf(l, "Practitioner")
		if second == "Practitioner/"+first {
			w.Fatal("one Practitioner for two users")
		}
		if got := w.read("Observation", w.idOf(l, "Observation")).All("performer.reference")[0].Str(); got != second {
			w.Errorf("performed by %s, want %s", got, second)
		}
		if got := w.read("Practitioner", first).Get("meta", "versionId").Str(); got != "1" {
			w.Errorf("the first user's Practitioner has version %s", got)
		}
	})
}
