package access

import (
	"slices"
	"time"
)

// Effect is what a rule does.
type Effect bool

// The effects.
const (
	Deny   Effect = false
	Permit Effect = true
)

// Origin is where a rule comes from.
type Origin string

// The origins of rules.
const (
	FromConsent    Origin = "consent"
	FromReferral   Origin = "referral"
	FromBreakGlass Origin = "break-glass"
)

// Rule is one thing that permits or denies, independent of how it is written.
type Rule struct {
	Effect Effect
	Origin Origin
	// Source is what it was read from: "Consent/…", "Task/…", "ServiceRequest/…",
	// or the id of a break-glass.
	Source string
	// Party is whom it is about. A permit to nobody in particular permits nobody.
	Party Party
	// Purposes are why; any when empty.
	Purposes []Purpose
	// From is when it begins to hold; Scope.Until is when it ends.
	From  time.Time
	Scope Scope
	// Episodes are more that the scope reaches beside Scope.Episode: the visit of
	// a referral. The rule is about any of them.
	Episodes []string
	// Codes limit it to resources with one of these codes.
	Codes []Code
	// Labels limit it to resources with one of these labels; what carries no other
	// sensitive label is then permitted explicitly.
	Labels []Code
	// Except are references to those whom it does not permit although they are of
	// the party: who refers to itself gets nothing by that.
	Except []string
}

// Data is what a decision has to know of one resource. [DataOf] reads it.
type Data struct {
	Type  string
	ID    string
	Class Class // empty: of no class, and seen by nobody
	// Start and End are its clinical date or period, the widest that its text
	// means; zero when it has none.
	Start, End time.Time
	// Episodes are what it belongs to: "Encounter/…", "EpisodeOfCare/…", UIDs of
	// enrollments, and its own "Type/id".
	Episodes []string
	// Unplaced says that nothing tells to which episode it belongs.
	Unplaced bool
	Labels   []Code // meta.security
	Codes    []Code
}

// Request is one question: may the actor, for the purpose, now, see the data of
// the patient?
type Request struct {
	Actor   Actor
	Patient string // "Patient/…"
	Purpose Purpose
	At      time.Time
	// Data is what is asked for; nil asks whether there is anything at all that
	// may be seen.
	Data *Data
}

// Decision is the answer to a Request.
type Decision struct {
	Permitted bool
	Reason    Reason
	// Sources are the rules that decided, Rule.Source.
	Sources []string
}

// Decide answers a request from the rules that there are. It is pure: the same
// request, rules and policy give the same answer. A deny overrides every permit;
// a rule that has ended, has not begun, or is about somebody else, another
// purpose or other data is no rule; without a rule a clinician is refused. A
// patient sees what is hers and not withheld by policy, whatever the rules say.
func Decide(r Request, rules []Rule, p Policy) Decision {
	if !is(r.Patient, "Patient") {
		return Decision{Reason: ReasonForeign}
	}
	if r.Data != nil && r.Data.Class == "" {
		return Decision{Reason: ReasonUnknown}
	}
	switch r.Actor.Kind {
	case KindPatient:
		return own(r, p)
	case KindClinician:
		if !is(r.Actor.Person, "Practitioner") || r.Purpose != Treatment && r.Purpose != Emergency {
			return Decision{Reason: ReasonActor}
		}
		return byRules(r, rules, p)
	}
	return Decision{Reason: ReasonActor}
}

// own decides for the patient herself.
func own(r Request, p Policy) Decision {
	switch {
	case r.Actor.Person != r.Patient:
		return Decision{Reason: ReasonForeign}
	case r.Purpose != PatientRequest:
		return Decision{Reason: ReasonActor}
	case r.Data != nil && slices.ContainsFunc(r.Data.Labels, p.withholds):
		return Decision{Reason: ReasonPolicy}
	}
	return Decision{Permitted: true, Reason: ReasonOwn}
}

func byRules(r Request, rules []Rule, p Policy) Decision {
	d := Decision{Reason: ReasonNoRule}
	sensitive := r.Data != nil && p.sensitive(r.Data.Labels)
	for i := range rules {
		rule := &rules[i]
		if rule.Effect != Permit || !rule.about(r) {
			continue
		}
		if sensitive && !rule.permitsSensitive(r.Data.Labels, p) {
			if d.Reason == ReasonNoRule {
				d.Reason = ReasonSensitive
			}
			continue
		}
		if !d.Permitted || rule.Origin != FromBreakGlass && d.Reason == ReasonEmergency {
			d.Reason = rule.reason()
		}
		d.Permitted = true
		d.Sources = append(d.Sources, rule.Source)
	}
	if !d.Permitted {
		return d
	}
	for i := range rules {
		rule := &rules[i]
		if rule.Effect != Deny || !rule.about(r) || rule.Scope.Sensitive && !sensitive {
			continue
		}
		if p.EmergencyOverridesDeny && d.Reason == ReasonEmergency {
			continue
		}
		return Decision{Reason: ReasonDenied, Sources: []string{rule.Source}}
	}
	return d
}

// about tells whether a rule has something to say to a request.
func (rule *Rule) about(r Request) bool {
	if r.At.Before(rule.From) || !rule.Scope.Until.IsZero() && !r.At.Before(rule.Scope.Until) {
		return false
	}
	if rule.Effect == Permit && (rule.Party.isZero() || rule.Scope.Until.IsZero()) {
		return false // to nobody in particular, or without an end
	}
	if !rule.Party.has(r.Actor) || r.Actor.isOneOf(rule.Except) {
		return false
	}
	if len(rule.Purposes) > 0 && !slices.Contains(rule.Purposes, r.Purpose) &&
		!(r.Purpose == Emergency && slices.Contains(rule.Purposes, Treatment)) { // emergency treatment is treatment
		return false
	}
	if r.Data == nil {
		// Is there anything at all? A deny says no only where it is about everything.
		return rule.Effect == Permit || rule.total()
	}
	return rule.reaches(*r.Data)
}

// total tells that a rule is about the whole record.
func (rule *Rule) total() bool {
	s := rule.Scope
	return len(s.Types) == 0 && s.From == nil && s.To == nil && s.Episode == "" && !s.Sensitive &&
		len(rule.Episodes) == 0 && len(rule.Codes) == 0 && len(rule.Labels) == 0
}

// reaches tells whether a rule is about these data.
func (rule *Rule) reaches(d Data) bool {
	if len(rule.Codes) > 0 && !rule.names(rule.Codes, d.Codes) {
		return false
	}
	if len(rule.Labels) > 0 && !rule.names(rule.Labels, d.Labels) &&
		!(rule.Effect == Deny && slices.ContainsFunc(d.Labels, func(l Code) bool { return l.Code == "" })) { // a label in words could be any
		return false
	}
	if rule.Effect == Permit && d.Type == "Patient" && len(rule.Codes) == 0 && len(rule.Labels) == 0 {
		return true // whose record it is goes with whatever is seen of it
	}
	s := rule.Scope
	if len(rule.Episodes) > 0 && s.Episode == "" {
		if !slices.ContainsFunc(rule.Episodes, func(e string) bool { return slices.Contains(d.Episodes, e) }) {
			return rule.Effect == Deny && d.Unplaced
		}
	}
	if rule.Effect == Deny && s.Episode != "" && d.Type == "Patient" {
		return false // she is of no episode
	}
	return s.covers(d, rule.Effect == Deny)
}

// permitsSensitive tells whether the rule speaks of each sensitive label.
func (rule *Rule) permitsSensitive(labels []Code, p Policy) bool {
	if rule.Origin == FromBreakGlass {
		return p.EmergencySensitive
	}
	return rule.Scope.Sensitive || !slices.ContainsFunc(labels, func(l Code) bool {
		return p.sensitive([]Code{l}) && (l.System == "" || !slices.Contains(rule.Labels, l))
	})
}

func (rule *Rule) reason() Reason {
	switch rule.Origin {
	case FromReferral:
		return ReasonReferral
	case FromBreakGlass:
		return ReasonEmergency
	}
	return ReasonConsent
}

// names tells whether one of the rule's codes stands among those of the data. A code
// without a system could be of any: it permits nothing, and a denial reaches it.
func (rule *Rule) names(codes, data []Code) bool {
	for _, a := range codes {
		for _, b := range data {
			if a.Code == b.Code && a.Code != "" && (a.System == b.System && a.System != "" ||
				rule.Effect == Deny && (a.System == "" || b.System == "")) {
				return true
			}
		}
	}
	return false
}

// meet tells whether one coding stands in both lists.
func meet(a, b []Code) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
