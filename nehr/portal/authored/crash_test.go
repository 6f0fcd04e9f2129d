package authored_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

// once lets the worker of a new process bring what is due after a while.
func (w *world) once(want int) {
	w.t.Helper()
	if n := w.work(); n != want {
		w.t.Fatalf("tried %d, want %d", n, want)
	}
}

func (w *world) work() int {
	w.t.Helper()
	w.now = w.now.Add(time.Hour)
	var err error
	w.desk, err = authored.New(w.config)
	w.must(err)
	n, err := w.desk.Once(w.t.Context())
	w.must(err)
	return n
}

func (w *world) entry(v *access.View, id string, want authored.State) authored.Entry {
	w.t.Helper()
	e, err := w.desk.Entry(w.t.Context(), v, id)
	w.must(err)
	if e.State != want {
		w.t.Errorf("state %s %s %s, want %s", e.State, e.Problem, e.Details, want)
	}
	return e
}

// TestNotLost: whatever fails between the signature and the answer, the entry is in the
// record once, and DHIS2 is told once.
func TestNotLost(t *testing.T) {
	for name, tt := range map[string]struct {
		fail, mend func(*world)
	}{
		"the record is away":     {func(w *world) { w.down.Store(true) }, func(w *world) { w.down.Store(false) }},
		"the answer is lost":     {func(w *world) { w.cut.Store(true) }, func(w *world) { w.cut.Store(false) }},
		"the reply is not taken": {func(w *world) { w.replyErr = errors.New("full") }, func(w *world) { w.replyErr = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			v, id := w.draft(haemoglobin("9.8"))
			// Whom DHIS2 knows her as is read before: the record is there until then.
			sign := func() authored.Entry {
				if name == "the record is away" {
					w.cutAfterReading(tt.fail)
				} else {
					tt.fail(w)
				}
				return w.sign(v, id, authored.Signing)
			}
			if e := sign(); e.Version != 0 || len(w.failed) == 0 {
				t.Errorf("signing: %+v %v", e, w.failed)
			}
			if again, err := w.desk.Sign(t.Context(), w.viewAgain(tt.mend, tt.fail), id); err != nil || again.State != authored.Signing {
				t.Errorf("signed again: %+v %v", again, err)
			}
			if n, err := w.desk.Once(t.Context()); n != 0 || err != nil {
				t.Errorf("tried at once again: %d %v", n, err)
			}
			w.once(1) // which may see that it stands
			tt.mend(w)
			w.work()
			w.once(0)
			w.entry(w.view(pera, "Patient/asha"), id, authored.Signed)
			if len(w.found("Observation")) != 1 || len(w.found("Provenance")) != 1 || len(w.replies) != 1 {
				t.Errorf("%d observations, %d provenances, %d replies; want one of each", len(w.found("Observation")), len(w.found("Provenance")), len(w.replies))
			}
			if v := w.only("Observation").Get("meta", "versionId").Str(); v != "1" {
				t.Errorf("version %s", v)
			}
		})
	}
}

// cutAfterReading makes the record fail from the next write on.
func (w *world) cutAfterReading(fail func(*world)) {
	validate := w.config.Validate
	w.config.Validate = func(b []byte) error {
		fail(w)
		return validate(b)
	}
	desk, err := authored.New(w.config)
	w.must(err)
	w.desk = desk
	w.config.Validate = validate
}

// viewAgain opens a view while the record answers.
func (w *world) viewAgain(mend, fail func(*world)) *access.View {
	mend(w)
	defer fail(w)
	return w.view(pera, "Patient/asha")
}

// TestKnownAfterRevoking: the answer was lost, and she revoked meanwhile. What stands is
// known to stand; what does not stand is not written any more.
func TestKnownAfterRevoking(t *testing.T) {
	w := start(t)
	v, id := w.draft(haemoglobin("9.8"))
	w.cut.Store(true)
	w.sign(v, id, authored.Signing)
	w.cut.Store(false)
	v2, id2 := w.draft(note("Rest."))
	w.cutAfterReading(func(w *world) { w.down.Store(true) })
	w.sign(v2, id2, authored.Signing)
	w.down.Store(false)
	w.revoke()
	w.once(2)
	w.grant(access.Scope{})
	again := w.view(pera, "Patient/asha")
	w.entry(again, id, authored.Signed)
	if e := w.entry(again, id2, authored.Failed); e.Problem != "failed_denied" || len(w.found("DocumentReference")) != 0 {
		t.Errorf("entry %+v", e)
	}
	// Its author may change it and sign it again.
	w.sign(again, id2, authored.Signed)
}

func TestFailed(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*world)
		problem string
	}{
		"a class that is not permitted": {func(w *world) { w.grant(access.Scope{Types: []access.Class{access.Vitals}}) }, "failed_denied"},
		"not valid":                     {func(w *world) { w.config.Validate = func([]byte) error { return errors.New("a rule") } }, "failed_invalid"},
		"refused by the record": {func(w *world) {
			w.config.Gate = refusing{w.gate}
		}, "failed_changed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			tt.change(w)
			desk, err := authored.New(w.config)
			w.must(err)
			w.desk = desk
			v, id := w.draft(haemoglobin("9.8"))
			if e := w.sign(v, id, authored.Failed); e.Problem != tt.problem || e.Version != 0 || !e.Editable() {
				t.Errorf("entry %+v", e)
			}
			if len(w.found("Observation")) != 0 || len(w.replies) != 0 {
				t.Error("something was written")
			}
			w.must(w.desk.Discard(t.Context(), v, id))
			if _, err := w.desk.Entry(t.Context(), v, id); !errors.Is(err, authored.ErrNotFound) {
				t.Errorf("after discarding: %v", err)
			}
		})
	}
}

// TestAttackSignRefused: who may not write at the moment of signing.
func TestAttackSignRefused(t *testing.T) {
	t.Run("not linked any more", func(t *testing.T) {
		w := start(t)
		v, id := w.draft(haemoglobin("9.8"))
		w.linked = false
		if _, err := w.desk.Sign(t.Context(), v, id); err == nil {
			t.Error("signed")
		}
		w.entry(v, id, authored.Draft)
	})
	t.Run("unlinked while it waits", func(t *testing.T) {
		w := start(t)
		v, id := w.draft(haemoglobin("9.8"))
		w.cutAfterReading(func(w *world) { w.down.Store(true) })
		w.sign(v, id, authored.Signing)
		w.down.Store(false)
		w.linked = false
		w.once(1)
		if e := w.entry(v, id, authored.Failed); e.Problem != "failed_unlinked" {
			t.Errorf("entry %+v", e)
		}
		if len(w.found("Observation")) != 0 {
			t.Error("it was written")
		}
	})
	t.Run("taken back", func(t *testing.T) {
		w := start(t)
		v, id := w.draft(haemoglobin("9.8"))
		w.revoke()
		if _, err := w.desk.Sign(t.Context(), v, id); err == nil {
			t.Error("signed")
		}
		if len(w.found("Observation")) != 0 {
			t.Error("it was written")
		}
	})
}

// TestAttackOthersDraft: nobody finds another author's draft, nor one's own from the
// record of another patient, and nobody takes the place of one.
func TestAttackOthersDraft(t *testing.T) {
	w := start(t)
	_, id := w.draft(haemoglobin("9.8"))
	for _, one := range []struct{ person, patient string }{{"Patient/asha", "PractitionerRole/silva"}, {"Patient/beni", "PractitionerRole/pera"}} {
		her := asha
		her.Person = one.person
		if _, err := w.gate.Standing(t.Context(), her, access.Party{Role: one.patient}, access.Scope{Until: w.now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range map[string]*access.View{"another author": w.view(silva, "Patient/asha"), "another patient": w.view(pera, "Patient/beni"), "herself": w.her()} {
		t.Run(name, func(t *testing.T) {
			for what, do := range map[string]func() error{
				"entry":     func() error { _, err := w.desk.Entry(t.Context(), v, id); return err },
				"sign":      func() error { _, err := w.desk.Sign(t.Context(), v, id); return err },
				"draft":     func() error { _, err := w.desk.Draft(t.Context(), v, id, haemoglobin("7")); return err },
				"amend":     func() error { _, err := w.desk.Amendment(t.Context(), v, id, haemoglobin("7"), "x"); return err },
				"withdraw":  func() error { _, err := w.desk.Withdraw(t.Context(), v, id, "x"); return err },
				"discard":   func() error { return w.desk.Discard(t.Context(), v, id) },
				"any other": func() error { _, err := w.desk.Draft(t.Context(), v, "../x", haemoglobin("7")); return err },
			} {
				if err := do(); !errors.Is(err, authored.ErrNotFound) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if list, err := w.desk.Entries(t.Context(), v); len(list) != 0 || err != nil && name != "herself" {
				t.Errorf("listed: %v %v", list, err)
			}
		})
	}
	if e := w.entry(w.view(pera, "Patient/asha"), id, authored.Draft); e.Content.Values[0] != "9.8" {
		t.Errorf("entry %+v", e)
	}
}

func (w *world) her() *access.View {
	v, err := w.gate.Open(w.t.Context(), asha, "Patient/asha", access.PatientRequest)
	w.must(err)
	return v
}

// TestDraftsEnd: a draft ends seven days after it was changed last; what was signed stays
// in the record, and can be amended for 90.
func TestDraftsEnd(t *testing.T) {
	w := start(t)
	v, id := w.draft(haemoglobin("9.8"))
	_, signed := w.signed(note("Rest."))
	w.now = w.now.Add(6 * 24 * time.Hour)
	if _, err := w.desk.Draft(t.Context(), v, id, haemoglobin("9.9")); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(6 * 24 * time.Hour)
	w.entry(v, id, authored.Draft)
	w.now = w.now.Add(2 * 24 * time.Hour)
	if _, err := w.desk.Entry(t.Context(), v, id); !errors.Is(err, authored.ErrNotFound) {
		t.Errorf("after seven days: %v", err)
	}
	w.entry(v, signed, authored.Signed)
	w.now = w.now.Add(90 * 24 * time.Hour)
	w.once(0)
	list, err := w.desk.Entries(t.Context(), v)
	if err != nil || len(list) != 0 {
		t.Errorf("after 90 days: %v %v", list, err)
	}
	if len(w.found("DocumentReference")) != 1 {
		t.Error("it is not in the record any more")
	}
}
