package access_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

var (
	restricted = access.Code{System: nehr.SystemConfidentiality, Code: "R"}
	forever    = today.Add(1000 * time.Hour)
	vitals     = access.Data{Type: "Observation", ID: "o", Class: access.Vitals, Start: today, End: today, Episodes: []string{"Observation/o", "Encounter/v"}}
)

func labelled(d access.Data, labels ...access.Code) access.Data {
	d.Labels = labels
	return d
}

func permit(change func(*access.Rule)) access.Rule {
	r := access.Rule{Effect: access.Permit, Origin: access.FromConsent, Source: "Consent/p", Party: access.Party{Role: drPera.Role}, Scope: access.Scope{Until: forever}}
	if change != nil {
		change(&r)
	}
	return r
}

func deny(change func(*access.Rule)) access.Rule {
	r := access.Rule{Effect: access.Deny, Origin: access.FromConsent, Source: "Consent/d"}
	if change != nil {
		change(&r)
	}
	return r
}

func emergency(r access.Rule) access.Rule {
	r.Origin, r.Source = access.FromBreakGlass, "glass"
	return r
}

// truth is the table of README.md.
var truth = []struct {
	who, rules, data string
	actor            access.Actor
	purpose          access.Purpose
	given            []access.Rule
	asked            access.Data
	policy           access.Policy
	want             access.Reason
	permitted        bool
}{
	{"she herself", "none", "hers", asha, access.PatientRequest, nil, vitals, access.Policy{}, access.ReasonOwn, true},
	{"she herself", "a deny to everybody", "hers", asha, access.PatientRequest, []access.Rule{deny(nil)}, vitals, access.Policy{}, access.ReasonOwn, true},
	{"she herself", "none", "labelled R", asha, access.PatientRequest, nil, labelled(vitals, restricted), access.Policy{}, access.ReasonOwn, true},
	{"she herself", "none", "labelled NOPAT", asha, access.PatientRequest, nil, labelled(vitals, access.Code{System: nehr.SystemActCode, Code: "NOPAT"}), access.Policy{}, access.ReasonPolicy, false},
	{"she herself, for treatment", "none", "hers", asha, access.Treatment, nil, vitals, access.Policy{}, access.ReasonActor, false},
	{"another patient", "a permit to everybody", "hers", beni, access.PatientRequest, []access.Rule{permit(func(r *access.Rule) { r.Party = access.Party{} })}, vitals, access.Policy{}, access.ReasonForeign, false},
	{"a system", "a permit", "hers", access.Actor{Kind: access.KindSystem}, access.Treatment, []access.Rule{permit(nil)}, vitals, access.Policy{}, access.ReasonActor, false},
	{"a clinician without a practitioner", "a permit", "hers", access.Actor{Kind: access.KindClinician, Person: asha.Person, Role: drPera.Role}, access.Treatment, []access.Rule{permit(nil)}, vitals, access.Policy{}, access.ReasonActor, false},
	{"a clinician, at the patient's request", "a permit", "hers", drPera, access.PatientRequest, []access.Rule{permit(nil)}, vitals, access.Policy{}, access.ReasonActor, false},
	{"a clinician", "none", "hers", drPera, access.Treatment, nil, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit", "hers", drPera, access.Treatment, []access.Rule{permit(nil)}, vitals, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit", "of no class", drPera, access.Treatment, []access.Rule{permit(nil)}, access.Data{Type: "AuditEvent"}, access.Policy{}, access.ReasonUnknown, false},
	{"a clinician", "a permit to nobody in particular", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Party = access.Party{} })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit without an end", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Until = time.Time{} })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit to another role", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Party.Role = drSilva.Role })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit that ends now", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Until = today })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit that begins later", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.From = today.Add(1) })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit for research", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Purposes = []access.Purpose{"HRESCH"} })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician, in an emergency", "a permit for treatment", "hers", drPera, access.Emergency, []access.Rule{permit(func(r *access.Rule) { r.Purposes = []access.Purpose{access.Treatment} })}, vitals, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit for emergencies", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Purposes = []access.Purpose{access.Emergency} })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit of another class", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Types = []access.Class{access.Laboratory} })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit of another class", "who she is", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Types = []access.Class{access.Laboratory} })}, access.Data{Type: "Patient", Class: access.Demographics}, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit of another episode", "hers", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Episode = "Encounter/w" })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit of a time", "without a date", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.From = &today })}, access.Data{Type: "Condition", Class: access.Problems, Unplaced: true}, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a permit; a deny of a time", "without a date", drPera, access.Treatment, []access.Rule{permit(nil), deny(func(r *access.Rule) { r.Scope.From = &today })}, access.Data{Type: "Condition", Class: access.Problems, Unplaced: true}, access.Policy{}, access.ReasonDenied, false},
	{"a clinician", "a permit; a deny of an episode", "of no known episode", drPera, access.Treatment, []access.Rule{permit(nil), deny(func(r *access.Rule) { r.Scope.Episode = "Encounter/w" })}, access.Data{Type: "Condition", Class: access.Problems, Unplaced: true}, access.Policy{}, access.ReasonDenied, false},
	{"a clinician", "a permit; a deny of another episode", "hers", drPera, access.Treatment, []access.Rule{permit(nil), deny(func(r *access.Rule) { r.Scope.Episode = "Encounter/w" })}, vitals, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit; a deny to everybody", "hers", drPera, access.Treatment, []access.Rule{permit(nil), deny(nil)}, vitals, access.Policy{}, access.ReasonDenied, false},
	{"a clinician", "a deny to everybody; two permits", "hers", drPera, access.Treatment, []access.Rule{deny(nil), permit(nil), permit(nil)}, vitals, access.Policy{}, access.ReasonDenied, false},
	{"a clinician", "a permit; a deny to another", "hers", drPera, access.Treatment, []access.Rule{permit(nil), deny(func(r *access.Rule) { r.Party.Person = drSilva.Person })}, vitals, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit; a deny that has ended", "hers", drPera, access.Treatment, []access.Rule{permit(nil), deny(func(r *access.Rule) { r.Scope.Until = today })}, vitals, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit", "labelled R", drPera, access.Treatment, []access.Rule{permit(nil)}, labelled(vitals, restricted), access.Policy{}, access.ReasonSensitive, false},
	{"a clinician", "a permit of what is sensitive", "labelled R", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Sensitive = true })}, labelled(vitals, restricted), access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit of R by name", "labelled R", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Labels = []access.Code{restricted} })}, labelled(vitals, restricted), access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a permit of R by name", "labelled R and HIV", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Labels = []access.Code{restricted} })}, labelled(vitals, restricted, access.Code{System: nehr.SystemActCode, Code: "HIV"}), access.Policy{}, access.ReasonSensitive, false},
	{"a clinician", "a permit of what is sensitive; a deny of it", "labelled R", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Sensitive = true }), deny(func(r *access.Rule) { r.Scope.Sensitive = true })}, labelled(vitals, restricted), access.Policy{}, access.ReasonDenied, false},
	{"a clinician", "a permit of what is sensitive; a deny of it", "not labelled", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Scope.Sensitive = true }), deny(func(r *access.Rule) { r.Scope.Sensitive = true })}, vitals, access.Policy{}, access.ReasonConsent, true},
	{"a clinician", "a referral", "of its episode", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Origin, r.Episodes = access.FromReferral, []string{"Encounter/v"} })}, vitals, access.Policy{}, access.ReasonReferral, true},
	{"a clinician", "a referral", "of another episode", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) { r.Origin, r.Episodes = access.FromReferral, []string{"Encounter/w"} })}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "a referral that he made", "of its episode", drPera, access.Treatment, []access.Rule{permit(func(r *access.Rule) {
		r.Origin, r.Episodes, r.Except = access.FromReferral, []string{"Encounter/v"}, []string{drPera.Person}
	})}, vitals, access.Policy{}, access.ReasonNoRule, false},
	{"a clinician", "break-glass", "hers", drPera, access.Treatment, []access.Rule{emergency(permit(nil))}, vitals, access.Policy{}, access.ReasonEmergency, true},
	{"a clinician", "break-glass", "labelled R", drPera, access.Treatment, []access.Rule{emergency(permit(nil))}, labelled(vitals, restricted), access.Policy{}, access.ReasonSensitive, false},
	{"a clinician, policy: sensitive too", "break-glass", "labelled R", drPera, access.Treatment, []access.Rule{emergency(permit(nil))}, labelled(vitals, restricted), access.Policy{EmergencySensitive: true}, access.ReasonEmergency, true},
	{"a clinician", "break-glass; a deny to everybody", "hers", drPera, access.Treatment, []access.Rule{emergency(permit(nil)), deny(nil)}, vitals, access.Policy{}, access.ReasonDenied, false},
	{"a clinician, policy: overrides", "break-glass; a deny to everybody", "hers", drPera, access.Treatment, []access.Rule{emergency(permit(nil)), deny(nil)}, vitals, access.Policy{EmergencyOverridesDeny: true}, access.ReasonEmergency, true},
	{"a clinician", "break-glass; a permit", "hers", drPera, access.Treatment, []access.Rule{emergency(permit(nil)), permit(nil)}, vitals, access.Policy{}, access.ReasonConsent, true},
}

func TestD092_TruthTable(t *testing.T) {
	var table strings.Builder
	table.WriteString("| who asks | rules | data | seen | because |\n|---|---|---|---|---|\n")
	for _, row := range truth {
		policy := row.policy
		policy.WithheldFromPatient = []access.Code{{System: nehr.SystemActCode, Code: "NOPAT"}}
		got := access.Decide(access.Request{Actor: row.actor, Patient: "Patient/asha", Purpose: row.purpose, At: today, Data: &row.asked}, row.given, policy)
		if got.Permitted != row.permitted || got.Reason != row.want {
			t.Errorf("%s, %s, %s: got %v because of %s, want %v because of %s", row.who, row.rules, row.data, got.Permitted, got.Reason, row.permitted, row.want)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | `%s` |\n", row.who, row.rules, row.data, map[bool]string{true: "yes", false: "no"}[row.permitted], row.want)
	}
	const from, to = "<!-- made of truth, held by a test -->\n", "<!-- end of truth -->"
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), from)
	had, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatal("README.md has no place for the truth table")
	}
	if had == table.String() {
		return
	}
	if os.Getenv("UPDATE_README") == "1" {
		if err := os.WriteFile("README.md", []byte(before+from+table.String()+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the truth table of README.md is another: UPDATE_README=1 go test -run TestD092_TruthTable ./nehr/access")
}

// TestDecideExhaustively holds the decision against what it says of itself, for
// every way in which one permit and one deny can be about something else.
func TestDecideExhaustively(t *testing.T) {
	ways := []func(*access.Rule){
		func(r *access.Rule) { r.Party = access.Party{Role: drSilva.Role} },
		func(r *access.Rule) { r.Scope.Until = today },
		func(r *access.Rule) { r.From = today.Add(time.Second) },
		func(r *access.Rule) { r.Purposes = []access.Purpose{"HRESCH"} },
		func(r *access.Rule) { r.Scope.Types = []access.Class{access.Laboratory} },
		func(r *access.Rule) { r.Scope.Episode = "Encounter/w" },
		func(r *access.Rule) { r.Scope.To = new(today.Add(-time.Hour)) },
		func(r *access.Rule) { r.Codes = []access.Code{{System: "s", Code: "c"}} },
	}
	n := 0
	for p := range 1 << len(ways) {
		for d := range 1 << len(ways) {
			for _, sensitive := range []bool{false, true} {
				yes, no := permit(func(r *access.Rule) { r.Scope.Sensitive = sensitive }), deny(nil)
				for i, way := range ways {
					if p&(1<<i) != 0 {
						way(&yes)
					}
					if d&(1<<i) != 0 {
						way(&no)
					}
				}
				data := vitals
				if sensitive {
					data = labelled(vitals, restricted)
				}
				got := access.Decide(access.Request{Actor: drPera, Patient: "Patient/asha", Purpose: access.Treatment, At: today, Data: &data}, []access.Rule{yes, no}, access.Policy{})
				if want := p == 0 && d != 0; got.Permitted != want {
					t.Fatalf("permit %b, deny %b, sensitive %v: %v, want %v", p, d, sensitive, got.Permitted, want)
				}
				n++
			}
		}
	}
	if n != 2<<16 {
		t.Errorf("%d cases", n)
	}
}

func TestScopeWithin(t *testing.T) {
	early, late := today.Add(-time.Hour), today.Add(time.Hour)
	outer := access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, From: &early, To: &late, Episode: "Encounter/v", Until: late}
	if !outer.Within(outer) {
		t.Error("a scope is not within itself")
	}
	for name, change := range map[string]func(*access.Scope){
		"all types":       func(s *access.Scope) { s.Types = nil },
		"another type":    func(s *access.Scope) { s.Types = []access.Class{access.Problems} },
		"a resource type": func(s *access.Scope) { s.Types = []access.Class{"Observation"} },
		"from before":     func(s *access.Scope) { s.From = new(early.Add(-1)) },
		"from ever":       func(s *access.Scope) { s.From = nil },
		"to after":        func(s *access.Scope) { s.To = new(late.Add(1)) },
		"to ever":         func(s *access.Scope) { s.To = nil },
		"another episode": func(s *access.Scope) { s.Episode = "Encounter/w" },
		"every episode":   func(s *access.Scope) { s.Episode = "" },
		"sensitive":       func(s *access.Scope) { s.Sensitive = true },
		"until later":     func(s *access.Scope) { s.Until = late.Add(1) },
		"without an end":  func(s *access.Scope) { s.Until = time.Time{} },
	} {
		wider := outer
		change(&wider)
		if wider.Within(outer) {
			t.Errorf("%s: wider, and taken for narrower", name)
		}
	}
	narrower := outer
	narrower.Types, narrower.From, narrower.Until = []access.Class{access.Vitals}, &today, today
	if !narrower.Within(outer) || !outer.Within(access.Scope{}) {
		t.Error("narrower, and taken for wider")
	}
}

func BenchmarkDecide(b *testing.B) {
	var rules []access.Rule
	for i := range 40 {
		rules = append(rules, permit(func(r *access.Rule) {
			r.Source, r.Scope.Types = fmt.Sprint("Consent/", i), []access.Class{access.Laboratory, access.Vitals}
		}), deny(func(r *access.Rule) { r.Scope.Episode = "Encounter/other" }))
	}
	request := access.Request{Actor: drPera, Patient: "Patient/asha", Purpose: access.Treatment, At: today, Data: &vitals}
	b.ReportAllocs()
	for b.Loop() {
		if !access.Decide(request, rules, access.Policy{}).Permitted {
			b.Fatal("refused")
		}
	}
}
