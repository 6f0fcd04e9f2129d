package mapper_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

type condition struct {
	Clinical, Verification, Category, Code []string
	Recorded, Onset                        string
	Recorder, Encounter                    string
	HasAsserter                            bool
	Profile                                []string
}

func readCondition(r *record, res nehr.Resource) any {
	c := res.(*nehr.Condition)
	return condition{
		Clinical: coded(c.ClinicalStatus), Verification: coded(c.VerificationStatus), Category: coded(&c.Category[0]),
		Code: coded(c.Code), Recorded: c.RecordedDate,
		Onset:       c.OnsetDateTime + c.OnsetString,
		Recorder:    r.resource(c.Recorder).ResourceType(),
		Encounter:   r.resource(c.Encounter).(*nehr.Encounter).Identifier[0].Value,
		HasAsserter: c.Asserter != nil,
		Profile:     c.Meta.Profile,
	}
}

var diseases = []struct{ element, name, code string }{
	{"R4EnBNPKblS", "cardiac disease", "56265001"},
	{"D5khklwbOPt", "diabetes", "73211009"},
	{"H8VPisy6Ket", "hepatic disease", "235856003"},
	{"plTkCmySMzT", "hypertension", "38341003"},
	{"OGGnIEQSH1O", "psychiatric illness", "74732009"},
	{"MQ2Hi22F8Uj", "renal disease", "90708001"},
}

func sick(element, code string) condition {
	return condition{
		Clinical:     []string{nehr.SystemConditionClinical + "|active"},
		Verification: []string{nehr.SystemConditionVerification + "|confirmed"},
		Category:     []string{nehr.SystemConditionCategory + "|problem-list-item"},
		Code:         []string{"sct|" + code, "dhis2|" + element},
		Recorded:     "2025-09-04", Recorder: "Practitioner", Encounter: registrationEvent,
		Profile: []string{nehr.ProfileLKMedicalHistory},
	}
}

// Six answers of "false" must not label a healthy woman with six diseases.
func TestD001_DiseaseOnlyWhenTrue(t *testing.T) {
	for _, d := range diseases {
		t.Run(d.name, func(t *testing.T) {
			clinical{
				doc: inRegistration(d.element), typ: "Condition", key: ofElement(registrationEvent, d.element), says: readCondition,
				positive:  case1{"true", sick(d.element, d.code)},
				negative:  case1{"false", nil},
				corrected: [2]case1{{"true", sick(d.element, d.code)}, {"false", nil}},
			}.run(t)
			t.Run("corrected back", func(t *testing.T) {
				clinical{
					doc: inRegistration(d.element), typ: "Condition", key: ofElement(registrationEvent, d.element), says: readCondition,
					positive:  case1{"TRUE", sick(d.element, d.code)},
					negative:  case1{"FALSE", nil},
					corrected: [2]case1{{"false", nil}, {"true", sick(d.element, d.code)}},
				}.run(t)
			})
		})
	}
	t.Run("healthy in all six", func(t *testing.T) {
		var values []dhis2.DataValue
		for _, d := range diseases {
			values = append(values, value(d.element, "false"))
		}
		if got := all[*nehr.Condition](mapped(t, mother(registration(values...)))); len(got) != 0 {
			t.Errorf("%d conditions of a woman who has none", len(got))
		}
	})
}

// The problem list says who recorded what and when; it invents no onset, and
// a correction takes the disease back.
func TestD027_ConditionIsComplete(t *testing.T) {
	renal := sick("MQ2Hi22F8Uj", "90708001")
	clinical{
		doc: inRegistration("MQ2Hi22F8Uj"), typ: "Condition", key: ofElement(registrationEvent, "MQ2Hi22F8Uj"), says: readCondition,
		positive:  case1{"true", renal},
		negative:  case1{"false", nil},
		corrected: [2]case1{{"true", renal}, {"false", nil}},
	}.run(t)
	t.Run("contradiction between registrations", func(t *testing.T) {
		later := event("Vaa00000009", registrationStage, "2026-09-04T00:00:00.000", value("MQ2Hi22F8Uj", "false"))
		r := mapped(t, mother(registration(value("MQ2Hi22F8Uj", "true")), later))
		made[*nehr.Condition](r, registrationEvent, "MQ2Hi22F8Uj")
		if got := r.issues(mapper.RuleContradiction); len(got) != 1 || got[0].Event != uid("Vaa00000009") || got[0].Severity != mapper.Warning {
			t.Errorf("want one warning on the later event, got %v", got)
		}
		back := event("Vaa00000009", registrationStage, "2025-08-04T00:00:00.000", value("MQ2Hi22F8Uj", "false"))
		r = mapped(t, mother(registration(value("MQ2Hi22F8Uj", "true")), back))
		if got := r.issues(mapper.RuleContradiction); len(got) != 0 {
			t.Errorf("a disease that came later is no contradiction: %v", got)
		}
	})
}

type medication struct {
	Status               string
	Code                 []string
	Start, End, Asserted string
	Context              string
	Informant            string
	Profile              []string
}

func readMedication(r *record, res nehr.Resource) any {
	m := res.(*nehr.MedicationStatement)
	return medication{
		Status: string(m.Status), Code: coded(m.MedicationCodeableConcept),
		Start: m.EffectivePeriod.Start, End: m.EffectivePeriod.End, Asserted: m.DateAsserted,
		Context:   r.resource(m.Context).(*nehr.Encounter).Identifier[0].Value,
		Informant: r.resource(m.InformationSource).ResourceType(),
		Profile:   m.Meta.Profile,
	}
}

func TestD002_FolicAcidNotTaken(t *testing.T) {
	folic := func(status string) medication {
		return medication{
			Status: status, Code: []string{"atc|B03BB01", "dhis2|J3eLUAZkM6M"}, Start: "2025-09-04", Asserted: "2025-09-04",
			Context: registrationEvent, Informant: "Patient", Profile: []string{nehr.ProfileIPSMedicationStatement},
		}
	}
	clinical{
		doc: inRegistration("J3eLUAZkM6M"), typ: "MedicationStatement", key: ofElement(registrationEvent, "J3eLUAZkM6M"), says: readMedication,
		positive:  case1{"true", folic("active")},
		negative:  case1{"false", folic("not-taken")},
		corrected: [2]case1{{"true", folic("active")}, {"false", folic("not-taken")}},
	}.run(t)
}

type immunization struct {
	Status         string
	Code           []string
	Occurrence     string
	OccurrenceDate string
	Recorded       string
	PrimarySource  *bool
	HasReason      bool
	Performer      string
	Profile        []string
}

func readImmunization(r *record, res nehr.Resource) any {
	i := res.(*nehr.Immunization)
	return immunization{
		Status: string(i.Status), Code: coded(&i.VaccineCode), Occurrence: i.OccurrenceString, OccurrenceDate: i.OccurrenceDateTime,
		Recorded: i.Recorded, PrimarySource: i.PrimarySource, HasReason: i.StatusReason != nil,
		Performer: r.resource(i.Performer[0].Actor).ResourceType(), Profile: i.Meta.Profile,
	}
}

func rubella(status string) immunization {
	return immunization{
		Status: status, Code: []string{"sct|871732000", "dhis2|RpRCMceQhks"}, Occurrence: "unknown", Recorded: "2025-09-04",
		PrimarySource: new(false), Performer: "Organization", Profile: []string{nehr.ProfileIPSImmunization},
	}
}

func rubellaRow() clinical {
	return clinical{
		doc: inRegistration("RpRCMceQhks"), typ: "Immunization", key: ofElement(registrationEvent, "RpRCMceQhks"), says: readImmunization,
		positive:  case1{"true", rubella("completed")},
		negative:  case1{"false", rubella("not-done")},
		corrected: [2]case1{{"true", rubella("completed")}, {"false", rubella("not-done")}},
	}
}

// A susceptible mother must not be recorded as immune.
func TestD003_RubellaNotDone(t *testing.T) { rubellaRow().run(t) }

// When the dose was given is not known; when she said so is.
func TestD004_RubellaDateIsNotInvented(t *testing.T) {
	rubellaRow().run(t)
	t.Run("late entry", func(t *testing.T) {
		e := registration(value("RpRCMceQhks", "true"))
		e.CompletedAt = "2025-12-24T10:00:00.000"
		i := made[*nehr.Immunization](mapped(t, mother(e)), registrationEvent, "RpRCMceQhks")
		same(t, "recorded", i.Recorded, "2025-09-04")
		same(t, "occurrence", i.OccurrenceDateTime+i.OccurrenceString, "unknown")
	})
}

// course is a document with the medicine in the visits that the answer names:
// "12" is in the first and second of three.
func courseIn(element string) func(string) *dhis2.TrackedEntity {
	return func(answer string) *dhis2.TrackedEntity {
		var events []dhis2.Event
		for i, day := range []string{"2025-10-02", "2025-11-06", "2025-12-04"} {
			e := event("Vaa0000001"+string(rune('0'+i)), visitStage, day+"T00:00:00.000", value("XMMTan4EEsB", "well"))
			for _, n := range answer {
				if int(n-'1') == i {
					e.DataValues = append(e.DataValues, value(element, "true"))
				}
			}
			events = append(events, e)
		}
		return mother(events...)
	}
}

// Medicines ticked at visit after visit are one course, which ends when it is
// no longer ticked.
func TestD021_OneCourseOfMedicine(t *testing.T) {
	for _, m := range []struct{ element, name, atc string }{
		{"p7yWXAO6ag7", "iron-folate", "B03AD"}, {"GCHralHLuAB", "vitamin C", "A11GA01"}, {"Kh4Xr0VkC8w", "calcium", "A12AA"},
	} {
		t.Run(m.name, func(t *testing.T) {
			course := func(status, start, end, asserted, context string) medication {
				return medication{
					Status: status, Code: []string{"atc|" + m.atc, "dhis2|" + m.element}, Start: start, End: end, Asserted: asserted,
					Context: context, Informant: "Patient", Profile: []string{nehr.ProfileIPSMedicationStatement},
				}
			}
			goingOn := course("active", "2025-10-02", "", "2025-12-04", "Vaa00000012")
			ended := course("completed", "2025-10-02", "2025-11-06", "2025-11-06", "Vaa00000011")
			clinical{
				doc: courseIn(m.element), typ: "MedicationStatement", key: ofCourse(m.element), says: readMedication,
				positive:  case1{"123", goingOn},
				negative:  case1{"12", ended},
				corrected: [2]case1{{"123", goingOn}, {"12", ended}},
			}.run(t)
			t.Run("with a gap", func(t *testing.T) {
				r := mapped(t, courseIn(m.element)("13"))
				same(t, "course", readMedication(r, one[*nehr.MedicationStatement](r)), any(goingOn))
			})
			t.Run("enrollment completed", func(t *testing.T) {
				te := courseIn(m.element)("123")
				te.Enrollments[0].Status = dhis2.EnrollmentCompleted
				r := mapped(t, te)
				same(t, "course", readMedication(r, one[*nehr.MedicationStatement](r)),
					any(course("completed", "2025-10-02", "2025-12-04", "2025-12-04", "Vaa00000012")))
			})
			t.Run("false has no course", func(t *testing.T) {
				r := mapped(t, mother(visit(value(m.element, "false"))))
				if n := len(all[*nehr.MedicationStatement](r)); n != 0 {
					t.Errorf("%d courses of an answer that TRUE_ONLY does not have", n)
				}
				if len(r.issues(mapper.RuleValueType)) != 1 {
					t.Errorf("want one issue, got %v", r.result.Issues)
				}
			})
		})
	}
}
