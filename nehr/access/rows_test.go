package access_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// TestD092_NobodyIsOpenedWithoutHer: what lets a clinician into a record, each with what
// does not, with what took it away, and with what put it right; and all of it in her log.
func TestD092_NobodyIsOpenedWithoutHer(t *testing.T) {
	const words = "she bleeds and cannot be asked now"
	type step struct {
		name string
		do   func(*world)
		want access.Reason // that opens or refuses
	}
	var consent string
	for _, way := range []struct {
		name  string
		steps []step
	}{
		{"consent", []step{
			{"negative: none", func(*world) {}, access.ReasonNoRule},
			{"positive: given", func(w *world) { consent = w.grant(access.Scope{}) }, access.ReasonConsent},
			{"cleared: taken back", func(w *world) { w.check(w.gate.Revoke(t.Context(), asha, consent)) }, access.ReasonNoRule},
			{"corrected: given again", func(w *world) { w.grant(access.Scope{Types: []access.Class{access.Vitals}}) }, access.ReasonConsent},
			{"cleared: hidden from him", func(w *world) {
				w.check(second(w.gate.Hide(t.Context(), asha, access.Party{Role: drPera.Role}, access.Scope{})))
			}, access.ReasonDenied},
		}},
		{"request", []step{
			{"negative: asked, not answered", func(w *world) { consent = w.asked(access.Scope{Until: today.Add(time.Hour)}) }, access.ReasonNoRule},
			{"positive: approved", func(w *world) {
				w.check(w.gate.Answer(t.Context(), asha, consent, access.Scope{Until: today.Add(time.Hour)}, true))
			}, access.ReasonConsent},
			{"cleared: its time is over", func(w *world) { w.now = today.Add(time.Hour) }, access.ReasonNoRule},
		}},
		{"relationship", []step{
			{"negative: to another facility", func(w *world) { w.task("requested", "Organization/base", "") }, access.ReasonNoRule},
			{"corrected: to his", func(w *world) { w.task("requested", "Organization/general", "") }, access.ReasonReferral},
			{"cleared: cancelled", func(w *world) { w.task("cancelled", "Organization/general", "") }, access.ReasonNoRule},
		}},
		{"break-glass", []step{
			{"negative: without words", func(w *world) {
				_, err := w.gate.BreakGlass(t.Context(), drPera, "Patient/asha", access.EmergencyObstetric, "")
				denied(t, err, access.ReasonText)
			}, access.ReasonNoRule},
			{"positive: with code and words", func(w *world) {
				w.check(second(w.gate.BreakGlass(t.Context(), drPera, "Patient/asha", access.EmergencyObstetric, words)))
			}, access.ReasonEmergency},
			{"corrected: she permits it afterwards", func(w *world) { w.grant(access.Scope{Until: today.Add(30 * time.Hour)}) }, access.ReasonConsent},
			{"cleared: after a day", func(w *world) { w.now = today.Add(31 * time.Hour) }, access.ReasonNoRule},
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			w := newWorld(t)
			var did []string
			for _, s := range way.steps {
				s.do(w)
				v, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
				switch s.want {
				case access.ReasonConsent, access.ReasonReferral, access.ReasonEmergency:
					if err != nil || v.Decision().Reason != s.want {
						t.Fatalf("%s: %v, want to be let in because of %s", s.name, err, s.want)
					}
					if r, err := v.Record(t.Context()); err != nil || !ids(r)["asha-bp-2"] {
						t.Errorf("%s: he does not see what he may: %v", s.name, err)
					}
				default:
					denied(t, err, s.want)
				}
				did = append(did, fmt.Sprint(err == nil, " ", s.want))
			}
			// Not for research, whatever lets him in to treat.
			_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", "HRESCH")
			denied(t, err, access.ReasonActor)
			w.now = today
			var logged []string
			for _, e := range slices.Backward(w.log(asha)) {
				if e.Action == access.ActionOpen && e.Person == drPera.Person && e.Reason != access.ReasonActor {
					logged = append(logged, fmt.Sprint(e.Permitted, " ", e.Reason))
				}
			}
			if !slices.Equal(did, logged) {
				t.Errorf("her log has %q, and it was %q", logged, did)
			}
		})
	}
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestD095_OneSubjectAtATime: what changes its owner is in one record at each moment,
// and what two patients have in common is in neither.
func TestD095_OneSubjectAtATime(t *testing.T) {
	w := newWorld(t)
	mine, hers := w.open(asha, "Patient/asha"), w.open(beni, "Patient/beni")
	for _, step := range []struct {
		name, subject string
		asha, beni    bool
	}{
		{"positive: hers", `"subject":{"reference":"Patient/asha"}`, true, false},
		{"corrected: it was the other's", `"subject":{"reference":"Patient/beni"}`, false, true},
		{"negative: a group's", `"subject":{"reference":"Group/clinic"}`, false, false},
		{"negative: nobody's", `"subject":{"display":"Asha"}`, false, false},
		{"cleared: nobody is said", `"effectiveDateTime":"2026-02-10"`, false, false},
		{"hers again", `"subject":{"reference":"Patient/asha"}`, true, false},
	} {
		w.put(`{"resourceType":"Group","id":"clinic","type":"person","actual":true}`,
			`{"resourceType":"Observation","id":"moving","status":"final","code":{"text":"x"},`+step.subject+`}`)
		for v, want := range map[*access.View]bool{mine: step.asha, hers: step.beni} {
			r, err := v.Record(t.Context())
			if err != nil || ids(r)["moving"] != want {
				t.Errorf("%s, in the record of %s: shown %v, %v", step.name, v.Patient(), !want, err)
			}
			if _, err := v.Read(t.Context(), "Observation", "moving"); (err == nil) != want {
				t.Errorf("%s, read by %s: %v", step.name, v.Patient(), err)
			}
			for _, x := range r.Resources {
				if x.Get("resourceType").Str() == "Patient" && "Patient/"+x.Get("id").Str() != v.Patient() {
					t.Errorf("%s: two persons in one record", step.name)
				}
			}
		}
	}
}
