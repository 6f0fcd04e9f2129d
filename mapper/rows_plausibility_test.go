package mapper_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

func detected(c *mapper.Config) { c.Plausibility = mapper.PlausibilityDetectedIssue }

// The reference's own example: 9 weeks since the last period, 18 written down.
func TestD026_ImplausibleFactsAreFlagged(t *testing.T) {
	doc := func(lmp string) *dhis2.TrackedEntity {
		return mother(registration(value("vuDExM32SZ6", lmp), value("No3jJWIR7bn", "18")))
	}
	says := func(r *record, res nehr.Resource) any {
		d := res.(*nehr.DetectedIssue)
		out := []string{string(d.Status), d.Code.Text, d.IdentifiedDateTime, r.resource(d.Patient).ResourceType()}
		for i := range d.Implicated {
			o := r.resource(&d.Implicated[i]).(*nehr.Observation)
			out = append(out, o.Identifier[0].Value)
		}
		return out
	}
	flagged := []string{"final", "weeks-lmp", "2025-09-04", "Patient", registrationEvent + "-No3jJWIR7bn", registrationEvent + "-vuDExM32SZ6"}
	clinical{
		doc: doc, typ: "DetectedIssue", key: nehr.Key{System: "urn:dhis2:issue", Value: registrationEvent + "-weeks-lmp"}, says: says, others: true,
		positive:  case1{"2025-07-02", flagged},
		negative:  case1{"2025-05-01", nil},
		corrected: [2]case1{{"2025-07-02", flagged}, {"2025-05-01", nil}},
		config:    []func(*mapper.Config){detected},
	}.run(t)
	t.Run("report alone", func(t *testing.T) {
		r := mapped(t, doc("2025-07-02"))
		same(t, "detected issues", len(all[*nehr.DetectedIssue](r)), 0)
		if i := r.issues(mapper.RuleWeeksLMP); len(i) != 1 || i[0].Severity != mapper.Warning {
			t.Errorf("want one warning, got %v", r.result.Issues)
		}
		made[*nehr.Observation](r, registrationEvent, "No3jJWIR7bn") // never a refusal
		made[*nehr.Observation](r, registrationEvent, "vuDExM32SZ6")
	})
}

// Each rule of section 4a at its boundary: the last value that is plausible
// and the first that is not.
func TestPlausibilityAtTheBoundaries(t *testing.T) {
	lmp := func(day string) dhis2.DataValue { return value("vuDExM32SZ6", day) }
	edd := func(day string) dhis2.DataValue { return value("r5TIiovGHdi", day) }
	reg := func(values ...dhis2.DataValue) *dhis2.TrackedEntity { return mother(registration(values...)) }
	anc := func(element, text string) *dhis2.TrackedEntity { return mother(visit(value(element, text))) }
	bp := func(s, d string) *dhis2.TrackedEntity {
		return mother(visit(value("Y3xF4qecAVw", s), value("QMCuOLLRHHD", d)))
	}
	born := func(day string) *dhis2.TrackedEntity { return set(mother(), birthAttribute, day) }
	done := func(occurred, completed string) *dhis2.TrackedEntity {
		e := visit()
		e.OccurredAt, e.CompletedAt = dhis2.Timestamp(occurred), dhis2.Timestamp(completed)
		return mother(e)
	}
	weeks := func(n string) *dhis2.TrackedEntity {
		return mother(registration(lmp("2025-06-12")), visit(value("gu4sr8eOZcT", n))) // 16 weeks before the visit
	}
	for _, c := range []struct {
		rule    mapper.Rule
		name    string
		te      *dhis2.TrackedEntity
		flagged bool
	}{
		// 2 July 2025 + 280 days is 8 April 2026.
		{mapper.RuleDueDateLMP, "as computed", reg(lmp("2025-07-02"), edd("2026-04-08")), false},
		{mapper.RuleDueDateLMP, "14 days later", reg(lmp("2025-07-02"), edd("2026-04-22")), false},
		{mapper.RuleDueDateLMP, "15 days later", reg(lmp("2025-07-02"), edd("2026-04-23")), true},
		{mapper.RuleDueDateLMP, "14 days earlier", reg(lmp("2025-07-02"), edd("2026-03-25")), false},
		{mapper.RuleDueDateLMP, "15 days earlier", reg(lmp("2025-07-02"), edd("2026-03-24")), true},
		{mapper.RuleWeeksLMP, "as computed", weeks("16"), false},
		{mapper.RuleWeeksLMP, "3 more", weeks("19"), false},
		{mapper.RuleWeeksLMP, "4 more", weeks("20"), true},
		{mapper.RuleWeeksLMP, "3 fewer", weeks("13"), false},
		{mapper.RuleWeeksLMP, "4 fewer", weeks("12"), true},
		{mapper.RuleDueDateEnrollment, "on the day of enrollment", reg(edd("2025-09-03")), false},
		{mapper.RuleDueDateEnrollment, "the day before", reg(edd("2025-09-02")), true},
		{mapper.RuleDueDateEnrollment, "300 days after", reg(edd("2026-06-30")), false},
		{mapper.RuleDueDateEnrollment, "301 days after", reg(edd("2026-07-01")), true},
		{mapper.RuleLMPEvent, "on the day of the event", reg(lmp("2025-09-04")), false},
		{mapper.RuleLMPEvent, "the day after", reg(lmp("2025-09-05")), true},
		{mapper.RuleAge, "10 on the day", born("2015-09-03"), false},
		{mapper.RuleAge, "10 tomorrow", born("2015-09-04"), true},
		{mapper.RuleAge, "60 for one more day", born("1964-09-04"), false},
		{mapper.RuleAge, "61 on the day", born("1964-09-03"), true},
		{mapper.RuleBloodPressure, "systolic above", bp("81", "80"), false},
		{mapper.RuleBloodPressure, "equal", bp("80", "80"), true},
		{mapper.RuleBloodPressure, "systolic 50", bp("50", "40"), false},
		{mapper.RuleBloodPressure, "systolic 49", bp("49", "40"), true},
		{mapper.RuleBloodPressure, "systolic 300", bp("300", "100"), false},
		{mapper.RuleBloodPressure, "systolic 301", bp("301", "100"), true},
		{mapper.RuleBloodPressure, "diastolic 20", bp("90", "20"), false},
		{mapper.RuleBloodPressure, "diastolic 19", bp("90", "19"), true},
		{mapper.RuleBloodPressure, "diastolic 200", bp("250", "200"), false},
		{mapper.RuleBloodPressure, "diastolic 201", bp("250", "201"), true},
		{mapper.RuleBloodPressure, "systolic alone", anc("Y3xF4qecAVw", "301"), true},
		{mapper.RuleBloodPressure, "diastolic alone", anc("QMCuOLLRHHD", "201"), true},
		{mapper.RuleHaemoglobin, "2", anc("cw35l7X4hnV", "2"), false},
		{mapper.RuleHaemoglobin, "1.9", anc("cw35l7X4hnV", "1.9"), true},
		{mapper.RuleHaemoglobin, "25.0", anc("cw35l7X4hnV", "25.0"), false},
		{mapper.RuleHaemoglobin, "25.1", anc("cw35l7X4hnV", "25.1"), true},
		{mapper.RuleBloodSugar, "20", anc("CbZCIisQAzv", "20"), false},
		{mapper.RuleBloodSugar, "19", anc("CbZCIisQAzv", "19"), true},
		{mapper.RuleBloodSugar, "800", anc("CbZCIisQAzv", "800"), false},
		{mapper.RuleBloodSugar, "801", anc("CbZCIisQAzv", "801"), true},
		{mapper.RuleFundalHeight, "5", anc("aDaoKP0DB1c", "5"), false},
		{mapper.RuleFundalHeight, "4", anc("aDaoKP0DB1c", "4"), true},
		{mapper.RuleFundalHeight, "60", anc("aDaoKP0DB1c", "60"), false},
		{mapper.RuleFundalHeight, "61", anc("aDaoKP0DB1c", "61"), true},
		{mapper.RuleWeeks, "45", anc("gu4sr8eOZcT", "45"), false},
		{mapper.RuleWeeks, "46", anc("gu4sr8eOZcT", "46"), true},
		{mapper.RuleWeeks, "below 0", reg(value("No3jJWIR7bn", "-1")), true},
		{mapper.RuleLateOccurrence, "the same time", done("2025-10-02T08:15:00.000", "2025-10-02T08:15:00.000"), false},
		{mapper.RuleLateOccurrence, "a minute after", done("2025-10-02T08:16:00.000", "2025-10-02T08:15:00.000"), true},
		{mapper.RuleLateOccurrence, "a day, completed that day", done("2025-10-02T00:00:00.000", "2025-10-02T00:00:00.000"), false},
		{mapper.RuleLateOccurrence, "a day, completed the day before", done("2025-10-02", "2025-10-01T23:59:00.000"), true},
		{mapper.RuleLateOccurrence, "completion unknown", done("2025-10-02", ""), false},
	} {
		t.Run(string(c.rule)+" "+c.name, func(t *testing.T) {
			r := mapped(t, c.te, detected)
			got := r.issues(c.rule)
			if (len(got) == 1) != c.flagged || len(got) > 1 {
				t.Fatalf("flagged %t, issues %v", c.flagged, r.result.Issues)
			}
			n := 0
			for _, d := range all[*nehr.DetectedIssue](r) {
				if d.Code.Text == string(c.rule) {
					n++
					if len(d.Implicated) == 0 {
						t.Error("the DetectedIssue names nothing")
					}
				}
			}
			same(t, "detected issues", n, len(got))
			if c.flagged {
				same(t, "severity", got[0].Severity, mapper.Warning)
			}
		})
	}
}

// Both rules of one pressure are said, in one DetectedIssue of the visit, and
// the pressure of another visit is not accused.
func TestPlausibilityNamesTheFactsOfItsVisit(t *testing.T) {
	other := event("Vaa00000005", visitStage, "2025-11-06", value("Y3xF4qecAVw", "120"), value("QMCuOLLRHHD", "80"))
	r := mapped(t, mother(visit(value("Y3xF4qecAVw", "40"), value("QMCuOLLRHHD", "210")), other), detected)
	same(t, "issues", len(r.issues(mapper.RuleBloodPressure)), 3)
	d := one[*nehr.DetectedIssue](r)
	var named []string
	for i := range d.Implicated {
		named = append(named, r.resource(&d.Implicated[i]).Common().Identifier[0].Value)
	}
	same(t, "implicated", named, []string{visitEvent + "-blood-pressure"})
	if id := d.Identifier[0]; id.System != "urn:dhis2:issue" || id.Value != visitEvent+"-blood-pressure" {
		t.Errorf("identifier %+v", d.Identifier)
	}
}
