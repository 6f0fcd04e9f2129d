package record_test

import (
	"context"
	"fmt"
	"strings"

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
	d := record.Desired{Basis: "b", Entries: []record.Entry{p, n}}
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
