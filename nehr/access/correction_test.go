package access_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/golden/oracle"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

var operator = access.Actor{Kind: access.KindSystem, Session: "session-o"}

// TestCorrection: what she says is wrong is a Task that she and the operator see, with
// its state and reply, each step in her log.
func TestCorrection(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first, err := w.gate.Correct(ctx, asha, access.Correction{About: "Observation/asha-bp-2", Words: "  It was\n 120, \u202enot\u202c 160 "})
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	if _, err := w.gate.Open(ctx, drSilva, "Patient/asha", access.Treatment); err == nil {
		t.Fatal("the test's clinician sees without a grant")
	}
	seq := w.log(asha)[1].Seq // before this look at the log itself
	second, err := w.gate.Correct(ctx, asha, access.Correction{Entry: seq})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.gate.Corrections(ctx, asha)
	if err != nil || len(list) != 2 || list[0].ID != second || list[0].Entry != seq || list[1].Words != "It was 120, not 160" ||
		list[1].About != "Observation/asha-bp-2" || list[1].State != access.CorrectionRequested || list[1].Patient != "Patient/asha" || !list[1].At.Equal(today) {
		t.Fatalf("%+v %v", list, err)
	}
	all, err := w.gate.AllCorrections(ctx, operator)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v %v", all, err)
	}
	if e := w.log(asha)[1]; e.Actor != access.KindSystem || e.Type != "Task" || e.Count != 2 || !e.Permitted {
		t.Errorf("the operator's look is not in her log: %+v", e)
	}
	for _, step := range []struct {
		state access.CorrectionState
		reply string
	}{{access.CorrectionReceived, ""}, {access.CorrectionAccepted, "We ask the clinic."}, {access.CorrectionDone, "It is put right."}} {
		if err := w.gate.Reply(ctx, operator, first, step.state, step.reply); err != nil {
			t.Fatalf("%s: %v", step.state, err)
		}
		if list, err = w.gate.Corrections(ctx, asha); err != nil || list[1].State != step.state || list[1].Reply != step.reply {
			t.Errorf("%s: %+v %v", step.state, list[1], err)
		}
	}
	if e := w.log(asha); !slices.ContainsFunc(e, func(e access.Entry) bool {
		return e.Action == access.ActionUpdate && e.Type == "Task" && e.ID == first && e.Permitted
	}) {
		t.Error("the reply is not in her log")
	}
	for name, c := range map[string]struct {
		id    string
		state access.CorrectionState
		reply string
	}{
		"done already": {first, access.CorrectionReceived, ""}, "rejected without a reason": {second, access.CorrectionRejected, " "},
		"no state": {second, "x", "x"}, "no id": {"../" + second, access.CorrectionDone, "x"}, "too long": {second, access.CorrectionDone, strings.Repeat("x", 1001)},
	} {
		if denied := new(access.DeniedError); !errors.As(w.gate.Reply(ctx, operator, c.id, c.state, c.reply), &denied) {
			t.Errorf("%s: taken", name)
		}
	}
	if err := w.gate.Reply(ctx, asha, second, access.CorrectionDone, "x"); err == nil {
		t.Error("she replies to herself")
	}
	record, err := w.open(asha, "Patient/asha").Record(ctx)
	if err != nil || !ids(record)[first] {
		t.Errorf("she does not see it in her record: %v", err)
	}
}

// TestOracleCorrections: what is written has no error by HL7's validator, at each step.
func TestOracleCorrections(t *testing.T) {
	o := oracle.Ask(t)
	w := newWorld(t)
	ctx := t.Context()
	judge := func(name, id string) {
		t.Helper()
		a, err := w.client.Read(ctx, "Task", id)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range o.Errors(t, a.Resource.Encode()) {
			t.Errorf("%s: %s", name, e)
		}
	}
	for name, c := range map[string]access.Correction{
		"a fact": {About: "Observation/asha-bp-2", Words: "It was 120"}, "in general": {Words: "සියල්ල වැරදියි"}, "an entry": {Entry: w.log(asha)[0].Seq}, "an entry with words": {Entry: w.log(asha)[0].Seq, Words: "Who?"},
	} {
		id, err := w.gate.Correct(ctx, asha, c)
		if err != nil {
			t.Fatal(err)
		}
		judge(name, id)
		if err := w.gate.Reply(ctx, operator, id, access.CorrectionRejected, "It was measured twice"); err != nil {
			t.Fatal(err)
		}
		judge(name+", answered", id)
	}
}

// TestAttackCorrections: another's resource or entry, texts that are too long or none,
// too many; nobody but she and the operator sees it, and it permits nobody anything.
func TestAttackCorrections(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if _, err := w.open(beni, "Patient/beni").Record(ctx); err != nil {
		t.Fatal(err)
	}
	foreign := w.log(beni)[0].Seq
	for name, c := range map[string]access.Correction{
		"another's resource": {About: "Observation/beni-bp-2", Words: "x"}, "another's record": {About: "Patient/beni", Words: "x"},
		"a document of another": {About: "DocumentReference/beni-document", Words: "x"}, "what she may not see": {About: "Observation/asha-nopat", Words: "x"},
		"a path": {About: "Observation/../Patient/beni", Words: "x"}, "a consent": {About: "Consent/x", Words: "x"}, "an address": {About: "https://evil.example/Patient/1", Words: "x"},
		"another's entry": {Entry: foreign}, "no entry": {Entry: 1 << 40}, "a negative entry": {Entry: -1}, "both": {Entry: foreign, About: "Observation/asha-bp-2"},
		"no words": {Words: " \u202e\n "}, "too long": {Words: strings.Repeat("අ", 1001)},
	} {
		t.Run(name, func(t *testing.T) {
			if id, err := w.gate.Correct(ctx, asha, c); err == nil {
				t.Errorf("made %s", id)
			}
		})
	}
	t.Run("another actor", func(t *testing.T) {
		for _, a := range []access.Actor{drPera, operator, {Kind: access.KindPatient, Person: "Practitioner/pera"}, {}} {
			if _, err := w.gate.Correct(ctx, a, access.Correction{Words: "x"}); err == nil {
				t.Errorf("%s corrects", a.Kind)
			}
			if a.Kind != access.KindSystem {
				if _, err := w.gate.AllCorrections(ctx, a); err == nil {
					t.Errorf("%s sees all", a.Kind)
				}
			}
			if _, err := w.gate.Corrections(ctx, a); err == nil {
				t.Errorf("%s sees hers", a.Kind)
			}
		}
	})
	id, err := w.gate.Correct(ctx, asha, access.Correction{Words: "Dr Pera looked, and I do not know why"})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("whom it is about", func(t *testing.T) {
		w.grant(access.Scope{Sensitive: true})
		v := w.open(drPera, "Patient/asha")
		record, err := v.Record(ctx)
		if err != nil || ids(record)[id] {
			t.Errorf("in the record: %v", err)
		}
		if slices.Contains(record.Withheld.Classes, access.Referrals) {
			t.Error("that there is one is told")
		}
		if _, err := v.Read(ctx, "Task", id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("read: %v", err)
		}
		if n, err := v.Count(ctx, "Task", nil); err != nil || n != 0 {
			t.Errorf("counted: %d %v", n, err)
		}
	})
	t.Run("as a referral", func(t *testing.T) {
		w.put(fmt.Sprintf(`{"resourceType":"Task","id":%q,"status":"accepted","intent":"order","code":{"coding":[{"system":"urn:nehrbridge:task","code":"correction"}]},"for":{"reference":"Patient/asha"},"requester":{"reference":"Patient/asha"},"authoredOn":"2026-03-01","owner":{"reference":%q}}`, id, drSilva.Facility))
		if _, err := w.gate.Open(ctx, drSilva, "Patient/asha", access.Treatment); err == nil {
			t.Error("who puts it right sees the record")
		}
	})
	t.Run("as the end of a referral", func(t *testing.T) {
		w.put(fmt.Sprintf(`{"resourceType":"ServiceRequest","id":"asha-request","status":"active","intent":"order","subject":{"reference":"Patient/asha"},"encounter":{"reference":"Encounter/asha-visit-2"},"authoredOn":"2026-02-10","requester":{"reference":"Practitioner/midwife"},"performer":[{"reference":%q}]}`, drSilva.Facility))
		w.open(drSilva, "Patient/asha")
		about, err := w.gate.Correct(ctx, asha, access.Correction{About: "ServiceRequest/asha-request", Words: "The reason is wrong"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.gate.Reply(ctx, operator, about, access.CorrectionDone, "Put right"); err != nil {
			t.Fatal(err)
		}
		w.open(drSilva, "Patient/asha")
		w.put(`{"resourceType":"ServiceRequest","id":"asha-request","status":"revoked","intent":"order","subject":{"reference":"Patient/asha"}}`)
	})
	t.Run("another sees it", func(t *testing.T) {
		if list, err := w.gate.Corrections(ctx, beni); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
	})
	t.Run("too many", func(t *testing.T) {
		made := 1
		for ; made < 50; made++ {
			if _, err := w.gate.Correct(ctx, asha, access.Correction{Words: "x"}); err != nil {
				break
			}
		}
		if made != 10 {
			t.Errorf("%d are open", made)
		}
	})
	t.Run("a task that is none of hers", func(t *testing.T) {
		w.task("requested", "", "")
		if err := w.gate.Reply(ctx, operator, "asha-task", access.CorrectionDone, "x"); err == nil {
			t.Error("an order of care is changed as a correction")
		}
	})
}

// TestVersion: it is another after any change that she would see, the same without one,
// hers alone, and not in the log.
func TestVersion(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	version := func() string {
		t.Helper()
		v, err := w.gate.Version(ctx, asha, "Patient/asha")
		if err != nil || v == "" {
			t.Fatalf("%q %v", v, err)
		}
		return v
	}
	entries, last := len(w.log(asha)), version()
	w.requests.Store(0)
	if v := version(); v != last {
		t.Error("it changes by itself")
	}
	if n := w.requests.Load(); n != 1 {
		t.Errorf("it costs %d requests", n)
	}
	if n := len(w.log(asha)); n != entries+1 { // but for the look at the log itself
		t.Errorf("%d entries, before %d: a poll floods the log", n, entries)
	}
	w.now = w.now.Add(time.Minute)
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"an observation", func() { w.put(observation("asha-new", "asha", "vital-signs", "85354-9", "2026-03-02", "")) }},
		{"an older one changed", func() {
			w.put(observation("asha-bp-1", "asha", "vital-signs", "85354-9", "2023-02-10", `,"issued":"2026-03-02T08:00:00Z"`))
		}},
		{"a permission", func() { w.grant(access.Scope{}) }},
		{"an emergency", func() {
			if _, err := w.gate.BreakGlass(ctx, drSilva, "Patient/asha", access.EmergencyObstetric, "She bleeds heavily and cannot speak"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		c.change()
		v := version()
		if v == last {
			t.Errorf("%s does not change it", c.name)
		}
		last = v
		w.now = w.now.Add(time.Minute)
	}
	w.put(observation("beni-new", "beni", "vital-signs", "85354-9", "2026-03-02", ""))
	if version() != last {
		t.Error("another's record changes it")
	}
	for _, a := range []access.Actor{beni, drPera, operator, {}} {
		if _, err := w.gate.Version(ctx, a, "Patient/asha"); err == nil {
			t.Errorf("%s learns it", a.Kind)
		}
	}
	if !slices.ContainsFunc(w.log(asha), func(e access.Entry) bool { return !e.Permitted && e.Reason == access.ReasonForeign }) {
		t.Error("the refusal is not in the log")
	}
}
