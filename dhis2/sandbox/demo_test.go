package sandbox_test

import (
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

func demo(t *testing.T, cfg sandbox.DemoConfig) sandbox.Dataset {
	t.Helper()
	d, err := sandbox.Demo(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDemoIsDeterministic(t *testing.T) {
	text := func(cfg sandbox.DemoConfig) string {
		b, err := json.Marshal(demo(t, cfg).TrackedEntities)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if diff := cmp.Diff(text(sandbox.DemoConfig{Now: today}), text(sandbox.DemoConfig{Now: today})); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
	if text(sandbox.DemoConfig{Now: today}) == text(sandbox.DemoConfig{Now: today, Seed: 1}) {
		t.Error("the seed changes nothing")
	}
}

// TestDemoFitsItsMetadata: every value is one that its type allows, except
// the phone that cannot be normalised, which DHIS2 takes; every UID and PHN is
// there once; nothing lies after now.
func TestDemoFitsItsMetadata(t *testing.T) {
	d := demo(t, sandbox.DemoConfig{Now: today, Mothers: 300})
	program := d.Programs[0]
	types := map[dhis2.UID]dhis2.ValueType{}
	for _, a := range program.Attributes {
		types[a.Attribute.ID] = a.Attribute.ValueType
	}
	for _, st := range program.Stages {
		for _, e := range st.Elements {
			types[e.DataElement.ID] = e.DataElement.ValueType
		}
	}
	zone, err := time.LoadLocation("Asia/Colombo")
	if err != nil {
		t.Fatal(err)
	}
	seen, phns := map[dhis2.UID]bool{}, map[string]bool{}
	once := func(u dhis2.UID) {
		if seen[u] {
			t.Errorf("%s stands twice", u)
		}
		seen[u] = true
	}
	check := func(element dhis2.UID, value string) {
		if _, err := dhis2.ParseValue(types[element], value, zone); err != nil {
			t.Errorf("%s: %v", element, err)
		}
	}
	now := dhis2.Timestamp(today.In(zone).Format("2006-01-02T15:04:05.000"))
	for _, te := range d.TrackedEntities {
		once(te.TrackedEntity)
		for _, a := range te.Attributes {
			check(a.Attribute, a.Value)
			if a.Attribute == dhis2.MustUID("IrUmPkFMDU5") {
				if phns[a.Value] || len(a.Value) != 11 {
					t.Errorf("%s: the PHN is another mother's or has not 11 characters", te.TrackedEntity)
				}
				phns[a.Value] = true
			}
		}
		if te.UpdatedAt > now {
			t.Errorf("%s was updated after now", te.TrackedEntity)
		}
		for _, en := range te.Enrollments {
			once(en.Enrollment)
			if en.UpdatedAt > te.UpdatedAt {
				t.Errorf("%s is older than its enrollment", te.TrackedEntity)
			}
			for _, ev := range en.Events {
				once(ev.Event)
				if ev.OccurredAt > now || ev.UpdatedAt > en.UpdatedAt || ev.Enrollment != en.Enrollment || ev.TrackedEntity != te.TrackedEntity {
					t.Errorf("event %s does not fit where it stands", ev.Event)
				}
				for _, v := range ev.DataValues {
					check(v.DataElement, v.Value)
				}
			}
		}
	}
}

// TestDemoHasEveryCase counts what the first 25 are there to show.
func TestDemoHasEveryCase(t *testing.T) {
	d := demo(t, sandbox.DemoConfig{Now: today})
	if len(d.TrackedEntities) != 25 {
		t.Fatalf("got %d mothers", len(d.TrackedEntities))
	}
	answers, users, statuses := map[dhis2.UID]map[string]bool{}, map[string]bool{}, map[dhis2.EventStatus]bool{}
	var withoutPHN, deleted, twice, withReason, without, cancelled int
	phn, reason := dhis2.MustUID("IrUmPkFMDU5"), dhis2.MustUID("kLAB3XIylS8")
	for _, te := range d.TrackedEntities {
		switch {
		case te.Deleted:
			deleted++
		case !slices.ContainsFunc(te.Attributes, func(a dhis2.Attribute) bool { return a.Attribute == phn }):
			withoutPHN++
		}
		if len(te.Enrollments) == 2 {
			twice++
		}
		for _, en := range te.Enrollments {
			if en.Status == dhis2.EnrollmentCancelled {
				cancelled++
			}
			for _, ev := range en.Events {
				statuses[ev.Status] = true
				users[ev.CompletedBy] = true
				if ev.ProgramStage == sandbox.ANCReferral {
					if slices.ContainsFunc(ev.DataValues, func(v dhis2.DataValue) bool { return v.DataElement == reason }) {
						withReason++
					} else {
						without++
					}
				}
				for _, st := range d.Programs[0].Stages {
					if st.ID != ev.ProgramStage || ev.Status != dhis2.EventCompleted {
						continue
					}
					for _, e := range st.Elements {
						given := ""
						for _, v := range ev.DataValues {
							if v.DataElement == e.DataElement.ID {
								given = v.Value
							}
						}
						if answers[e.DataElement.ID] == nil {
							answers[e.DataElement.ID] = map[string]bool{}
						}
						answers[e.DataElement.ID][given] = true
					}
				}
			}
		}
	}
	if withoutPHN != 1 || deleted != 1 || twice < 3 || withReason == 0 || without == 0 || cancelled == 0 {
		t.Errorf("got %d without PHN, %d deleted, %d with two pregnancies, %d and %d referrals with and without reason, %d cancelled",
			withoutPHN, deleted, twice, withReason, without, cancelled)
	}
	for _, st := range []dhis2.EventStatus{dhis2.EventCompleted, dhis2.EventScheduled, dhis2.EventOverdue, dhis2.EventSkipped} {
		if !statuses[st] {
			t.Errorf("no event is %s", st)
		}
	}
	if len(users) < 4 { // three users, and nobody for what is not completed
		t.Errorf("got %d users", len(users))
	}
	for _, st := range d.Programs[0].Stages {
		for _, e := range st.Elements {
			got := answers[e.DataElement.ID]
			switch e.DataElement.ValueType {
			case dhis2.Boolean:
				if !got["true"] || !got["false"] || !got[""] {
					t.Errorf("%s: got %v, want true, false and absent", e.DataElement.Name, got)
				}
			case dhis2.TrueOnly:
				if !got["true"] || !got[""] {
					t.Errorf("%s: got %v, want true and absent", e.DataElement.Name, got)
				}
			default:
				if len(got) == 0 || len(got) == 1 && got[""] {
					t.Errorf("%s is never answered", e.DataElement.Name)
				}
			}
		}
	}
}

func TestDemoRefusals(t *testing.T) {
	if _, err := sandbox.Demo(sandbox.DemoConfig{Mothers: -1}); err == nil {
		t.Error("a negative number was taken")
	}
	if got := demo(t, sandbox.DemoConfig{}); len(got.TrackedEntities) != 25 {
		t.Errorf("by default: got %d", len(got.TrackedEntities))
	}
}
