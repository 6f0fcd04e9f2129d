package access_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

const phnSystem = "http://fhir.health.gov.lk/ips/identifier/phn"

// TestD093_FindGivesOneOrNobody: a patient is found by her number, or by all of name, day
// of birth and telephone; two that fit, or one of whom not all is so, are nobody; each
// look-up is in the log, hers where she was found, without a value.
func TestD093_FindGivesOneOrNobody(t *testing.T) {
	w := newWorld(t)
	person := func(id, number, name, birth, phone, more string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":%q}],"name":[{"text":%q}],"gender":"female","birthDate":%q,"telecom":[{"system":"phone","value":%q}]%s}`, id, phnSystem, number, name, birth, phone, more)
	}
	w.put(person("chandi", "1111", "Chandi Devi Ekanayake Fernando", "1990-02-03", "+94771", ""), person("dilani", "2222", "Dilani", "1991-01-01", "+94772", ""),
		person("dila", "2222", "Dilani", "1991-01-01", "+94772", ""), person("sinhala", "3333", "ක්‍රිෂ්ණා පෙරේරා", "1992-01-01", "0773", ""),
		person("gone", "4444", "Gone", "1992-01-01", "0774", `,"active":false`), person("merged", "5555", "Merged", "1992-01-01", "0775", `,"link":[{"type":"replaced-by","other":{"reference":"Patient/chandi"}}]`))
	for name, c := range map[string]struct {
		l    access.Lookup
		want access.Masked
	}{
		"number":    {access.Lookup{Number: "1111"}, access.Masked{Patient: "Patient/chandi", Initials: "C. D. E.", Year: "1990", Gender: "female"}},
		"all three": {access.Lookup{Name: "ekanayake CHANDI", Birth: "1990-02-03", Phones: []string{"0771", "+94771"}}, access.Masked{Patient: "Patient/chandi", Initials: "C. D. E.", Year: "1990", Gender: "female"}},
		"sinhala":   {access.Lookup{Name: "පෙරේරා", Birth: "1992-01-01", Phones: []string{"0773"}}, access.Masked{Patient: "Patient/sinhala", Initials: "ක්. පෙ.", Year: "1992", Gender: "female"}},
	} {
		got, err := w.gate.Find(t.Context(), drPera, c.l)
		if err != nil || *got != c.want {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for name, l := range map[string]access.Lookup{
		"no such number": {Number: "9999"}, "two of a number": {Number: "2222"}, "two of all three": {Name: "Dilani", Birth: "1991-01-01", Phones: []string{"+94772"}},
		"another name": {Name: "Silva", Birth: "1990-02-03", Phones: []string{"+94771"}}, "a name more": {Name: "Chandi Silva", Birth: "1990-02-03", Phones: []string{"+94771"}},
		"another day": {Name: "Chandi", Birth: "1990-02-04", Phones: []string{"+94771"}}, "another telephone": {Name: "Chandi", Birth: "1990-02-03", Phones: []string{"+94772"}},
		"two telephones in one": {Name: "Chandi", Birth: "1990-02-03", Phones: []string{"+94771,+94772"}}, "out of use": {Number: "4444"}, "gone into another": {Number: "5555"},
		"a number of another system": {Number: phnSystem + "|1111"},
	} {
		if got, err := w.gate.Find(t.Context(), drPera, l); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for name, l := range map[string]access.Lookup{"nothing": {}, "name alone": {Name: "Chandi"}, "no name": {Birth: "1990-02-03", Phones: []string{"+94771"}}, "no telephone": {Name: "Chandi", Birth: "1990-02-03"},
		"an empty telephone": {Name: "Chandi", Birth: "1990-02-03", Phones: []string{""}}, "a year": {Name: "Chandi", Birth: "1990", Phones: []string{"+94771"}}, "one letter": {Name: "C", Birth: "1990-02-03", Phones: []string{"+94771"}}} {
		denied, ok := errors.AsType[*access.DeniedError](errOf(w.gate.Find(t.Context(), drPera, l)))
		if !ok || denied.Reason != access.ReasonParameter {
			t.Errorf("%s: %v", name, denied)
		}
	}
	for name, who := range map[string]access.Actor{"a patient": asha, "nobody": {}, "a clinician without a practitioner": {Kind: access.KindClinician, Subject: "s"}} {
		denied, ok := errors.AsType[*access.DeniedError](errOf(w.gate.Find(t.Context(), who, access.Lookup{Number: "1111"})))
		if !ok || denied.Reason != access.ReasonActor {
			t.Errorf("%s: %v", name, denied)
		}
	}
	if err := w.gate.NotMine(t.Context(), drPera, "Patient/chandi"); err != nil {
		t.Error(err)
	}
	if err := w.gate.NotMine(t.Context(), drPera, "Organization/base"); err == nil {
		t.Error("an organisation is taken for a patient")
	}
	chandi := access.Actor{Kind: access.KindPatient, Subject: "c", Person: "Patient/chandi"}
	log := w.log(chandi)[1:] // without this look at it
	if len(log) != 3 || log[0].Reason != access.ReasonNotMine || log[0].Permitted || log[1].Reason != access.ReasonMasked || !log[1].Permitted || log[1].Action != access.ActionFind || log[1].Person != drPera.Person {
		t.Errorf("her log: %+v", log)
	}
	// It is forwarded, by the names of what was searched and without a value.
	if _, err := w.gate.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	queries := map[string]bool{}
	for _, e := range w.events() {
		for _, q := range e.All("entity.query") {
			text, err := base64.StdEncoding.DecodeString(q.Str())
			if err != nil {
				t.Fatal(err)
			}
			queries[string(text)] = true
			if strings.Contains(string(text), "1111") || strings.Contains(strings.ToLower(string(text)), "ekanayake") {
				t.Errorf("an event has what was typed: %s", text)
			}
		}
	}
	if !queries["Patient?identifier=&patient=Patient%2Fchandi"] || !queries["Patient?birthdate=&name=&patient=Patient%2Fchandi&phone="] {
		t.Errorf("the queries are %v", queries)
	}
}

func errOf[T any](_ T, err error) error { return err }

// TestInbox: referrals to the clinician, the role or the facility, by initials; not
// another's, a shared queue's, what is no referral, or what ended long ago; in the log
// without a patient.
func TestInbox(t *testing.T) {
	w := newWorld(t, func(c *access.Config) { c.Policy.SharedQueues = []string{"Organization/general"} })
	w.put(`{"resourceType":"ServiceRequest","id":"r","status":"active","intent":"order","subject":{"reference":"Patient/asha"}}`)
	task := func(id, status, owner, more string) string {
		return fmt.Sprintf(`{"resourceType":"Task","id":%q,"status":%q,"intent":"order","for":{"reference":"Patient/asha"},"focus":{"reference":"ServiceRequest/r"},"authoredOn":"2026-02-1%d","owner":{"reference":%q}%s}`, id, status, len(id), owner, more)
	}
	w.put(task("a", "requested", drSilva.Facility, `,"priority":"urgent"`), task("bb", "accepted", drSilva.Role, ""), task("ccc", "completed", drSilva.Person, ""), task("dddd", "requested", drPera.Role, ""),
		task("e", "requested", "Organization/general", ""), task("f", "draft", drSilva.Facility, ""), task("g", "entered-in-error", drSilva.Facility, ""),
		`{"resourceType":"Task","id":"other","status":"requested","intent":"order","for":{"reference":"Patient/asha"},"authoredOn":"2026-02-10","owner":{"reference":"Organization/base"}}`,
		`{"resourceType":"Task","id":"nobody","status":"requested","intent":"order","focus":{"reference":"ServiceRequest/r"},"authoredOn":"2026-02-10","owner":{"reference":"Organization/base"}}`)
	got := func(a access.Actor) string {
		t.Helper()
		list, err := w.gate.Inbox(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, one := range list {
			said = append(said, fmt.Sprintf("%s %s %s %s %s", one.Task, one.Status, one.Priority, one.Patient.Patient, one.Patient.Initials))
		}
		return strings.Join(said, "; ")
	}
	if s := got(drSilva); s != "Task/ccc completed  Patient/asha S. A.; Task/bb accepted  Patient/asha S. A.; Task/a requested urgent Patient/asha S. A." {
		t.Errorf("Dr Silva's: %s", s)
	}
	if s := got(drPera); s != "Task/dddd requested  Patient/asha S. A." {
		t.Errorf("Dr Pera's: %s", s)
	}
	if log := w.log(asha); len(log) != 1 { // this look at it
		t.Errorf("a list is in her log: %+v", log)
	}
	w.now = w.now.Add(40 * 24 * time.Hour)
	if s := got(drSilva); strings.Contains(s, "ccc") {
		t.Errorf("what ended long ago is listed: %s", s)
	}
	for name, who := range map[string]access.Actor{"a patient": asha, "nobody": {}} {
		if _, err := w.gate.Inbox(t.Context(), who); err == nil {
			t.Errorf("%s has an inbox", name)
		}
	}
}

// TestAReferralThatWasAnsweredIsOver: the request names the facility still; once its
// Task is rejected or completed it lets nobody in, and a second Task does.
func TestAReferralThatWasAnsweredIsOver(t *testing.T) {
	w := newWorld(t)
	w.put(`{"resourceType":"ServiceRequest","id":"r","status":"active","intent":"order","subject":{"reference":"Patient/asha"},"encounter":{"reference":"Encounter/asha-visit-2"},"authoredOn":"2026-02-10","performer":[{"reference":"Organization/base"}]}`)
	focus := `,"focus":{"reference":"ServiceRequest/r"}`
	for status, in := range map[string]bool{"requested": true, "accepted": true, "rejected": false, "completed": false, "cancelled": false, "failed": false, "entered-in-error": true} {
		w.task(status, "Organization/base", focus)
		if _, err := w.gate.Open(t.Context(), drSilva, "Patient/asha", access.Treatment); (err == nil) != in {
			t.Errorf("%s: %v", status, err)
		}
	}
	w.task("rejected", "Organization/base", focus)
	w.put(`{"resourceType":"Task","id":"asha-again","status":"requested","intent":"order","for":{"reference":"Patient/asha"},"focus":{"reference":"ServiceRequest/r"},"encounter":{"reference":"Encounter/asha-visit-2"},"authoredOn":"2026-02-11","owner":{"reference":"Organization/base"}}`)
	if _, err := w.gate.Open(t.Context(), drSilva, "Patient/asha", access.Treatment); err != nil {
		t.Errorf("asked again: %v", err)
	}
}
