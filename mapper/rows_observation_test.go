package mapper_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// answer is a row of mapping.md about one data element that becomes one
// Observation: what two answers say.
type answer struct {
	element  string
	category string
	code     []string // standard codes; the DHIS2 coding is added
	first    case2
	second   case2
}

type case2 struct {
	value string
	says  func(*observation)
}

var (
	presentAbsent    = [2]func(*observation){answered("sct|52101004"), answered("sct|2667000")}
	positiveNegative = [2]func(*observation){answered("sct|10828004"), answered("sct|260385009")}
)

func (a answer) want(c case2, stage string) observation {
	edit := c.says
	if stage == registrationStage {
		edit = both(edit, registered)
	}
	o := generic(a.category, append(append([]string{}, a.code...), "dhis2|"+a.element), edit)
	if stage == referralStage {
		o.Effective, o.Issued = "2025-10-16", "2025-10-16T09:30:00+00:00"
	}
	return o
}

// row makes the four variants of an element in a stage.
func (a answer) row(stage string) clinical {
	doc, id := inVisit(a.element), visitEvent
	switch stage {
	case registrationStage:
		doc, id = inRegistration(a.element), registrationEvent
	case referralStage:
		id = referralEvent
		doc = func(answer string) *dhis2.TrackedEntity {
			return mother(referral(value("B6mWJ74OY4e", "rest"), value(a.element, answer)))
		}
	}
	first, second := case1{a.first.value, a.want(a.first, stage)}, case1{a.second.value, a.want(a.second, stage)}
	return clinical{
		doc: doc, typ: "Observation", key: ofElement(id, a.element), says: readObservation,
		positive: first, negative: second, corrected: [2]case1{first, second},
	}
}

func text(s string) func(*observation) { return func(o *observation) { o.Text = s } }
func date(s string) func(*observation) { return func(o *observation) { o.Date = s } }
func count(n int) func(*observation)   { return func(o *observation) { o.Integer = &n } }

// The management plan is an ordinary one: it says nothing of resuscitation.
func TestD009_PlanOfCareIsNoEmergencyPlan(t *testing.T) {
	a := answer{"B6mWJ74OY4e", "exam", []string{"loinc|18776-5"},
		case2{"rest and iron", text("rest and iron")}, case2{"admit", text("admit")}}
	row := a.row(referralStage)
	row.doc = func(answer string) *dhis2.TrackedEntity {
		return mother(referral(value("ARt4vJRNFmX", "tired"), value(a.element, answer)))
	}
	row.run(t)
}

func TestD007_TotalHaemoglobin(t *testing.T) {
	answer{"cw35l7X4hnV", "laboratory", []string{"loinc|718-7"},
		case2{"10.50", measured("10.50", "g/dL", "g/dL")}, case2{"7", measured("7", "g/dL", "g/dL")}}.row(visitStage).run(t)
}

func TestD008_UrineSugarIsATest(t *testing.T) {
	answer{"yQk0w6KiXHJ", "laboratory", []string{"loinc|25428-4"},
		case2{"true", positiveNegative[0]}, case2{"false", positiveNegative[1]}}.row(visitStage).run(t)
}

// mg/dL and mmol/L differ by 18, so that no number goes without its unit.
func TestD013_UnitsOfMeasurement(t *testing.T) {
	for _, a := range []answer{
		{"aDaoKP0DB1c", "exam", []string{"loinc|11881-0"}, case2{"24", measured("24", "cm", "cm")}, case2{"25", measured("25", "cm", "cm")}},
		{"CbZCIisQAzv", "laboratory", []string{"loinc|2339-0"}, case2{"96", measured("96", "mg/dL", "mg/dL")}, case2{"140", measured("140", "mg/dL", "mg/dL")}},
	} {
		t.Run(a.element, a.row(visitStage).run)
	}
	t.Run("no unit, no number", func(t *testing.T) {
		lk := lkMap(t)
		element(t, lk, visitStage, "CbZCIisQAzv").Unit = ""
		r := mapped(t, inVisit("CbZCIisQAzv")("96"), func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} })
		if _, ok := at[*nehr.Observation](r, ofElement(visitEvent, "CbZCIisQAzv")); ok {
			t.Error("a number without unit was sent")
		}
		if len(r.issues(mapper.RuleNoUnit)) != 1 {
			t.Errorf("want one issue, got %v", r.result.Issues)
		}
	})
}

// The display and the code of a unit are one.
func TestD014_UnitTextIsCanonical(t *testing.T) {
	r := mapped(t, mother(visit(value("cw35l7X4hnV", "11.2"))))
	q := made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV").ValueQuantity
	same(t, "unit", []string{q.Unit, q.Code, q.System}, []string{"g/dL", "g/dL", nehr.SystemUCUM})
}

// One curve: the same code, type and unit at registration and at visits.
func TestD015_GestationalAge(t *testing.T) {
	for _, a := range []struct {
		element, stage string
	}{{"No3jJWIR7bn", registrationStage}, {"gu4sr8eOZcT", visitStage}} {
		t.Run(a.element, answer{a.element, "exam", []string{"loinc|11885-1"},
			case2{"18", measured("18", "weeks", "wk")}, case2{"19", measured("19", "weeks", "wk")}}.row(a.stage).run)
	}
}

func TestD016_ParityIsNotBirths(t *testing.T) {
	answer{"NPnDmeGBLsl", "survey", []string{"loinc|11977-6"}, case2{"2", count(2)}, case2{"0", count(0)}}.row(registrationStage).run(t)
}

// What no terminology asks has the UID of the element in its own system.
func TestD017_YoungestChildByUID(t *testing.T) {
	r := mapped(t, mother(registration(value("BqkEw3MQDNI", "4"))))
	o := made[*nehr.Observation](r, registrationEvent, "BqkEw3MQDNI")
	same(t, "code", coded(&o.Code), []string{"dhis2|BqkEw3MQDNI"})
	same(t, "value", []string{o.ValueQuantity.Value.String(), o.ValueQuantity.Code}, []string{"4", "a"})
}

// "Ankle oedema: no" is Absent, never a finding with the value false.
func TestD018_FindingsPresentOrAbsent(t *testing.T) {
	for _, f := range []struct{ element, category, code, stage string }{
		{"Sx8XEKmdhFf", "exam", "267029006", visitStage},
		{"k7K4aO0RXew", "exam", "26237000", visitStage},
		{"mLZ4hxy2pGQ", "exam", "445088006", visitStage},
		{"YuZEbIjLLKZ", "survey", "842009", registrationStage},
		{"n2rSTrjRQ8O", "survey", "17276009", registrationStage},
	} {
		t.Run(f.element, answer{f.element, f.category, []string{"sct|" + f.code},
			case2{"true", presentAbsent[0]}, case2{"false", presentAbsent[1]}}.row(f.stage).run)
	}
}

// Midwives look at conjunctiva and palms, not at the face.
func TestD019_PallorAnywhere(t *testing.T) {
	answer{"Sx8XEKmdhFf", "exam", []string{"sct|267029006"},
		case2{"true", presentAbsent[0]}, case2{"false", presentAbsent[1]}}.row(visitStage).run(t)
}

// Movements and heart sounds are what was answered. TRUE_ONLY has no false;
// where the form is changed to BOOLEAN, false is Absent.
func TestD020_FoetalSignsByValue(t *testing.T) {
	for _, f := range []struct{ element, code, stage string }{
		{"Ei55u2kvdzm", "268470003", visitStage}, {"xTsKEMPT2so", "249045009", visitStage}, {"xTsKEMPT2so", "249045009", referralStage},
	} {
		t.Run(f.element+" in "+f.stage, func(t *testing.T) {
			a := answer{f.element, "exam", []string{"sct|" + f.code}, case2{"true", presentAbsent[0]}, case2{"false", presentAbsent[1]}}
			row := a.row(f.stage)
			row.negative.want = nil
			row.corrected[1].want = nil
			row.run(t)
			t.Run("as BOOLEAN", func(t *testing.T) {
				lk := lkMap(t)
				element(t, lk, f.stage, f.element).Type = dhis2.Boolean
				row := a.row(f.stage)
				row.config = []func(*mapper.Config){func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} }}
				row.run(t)
			})
		})
	}
}

// The reason is read from the element that was asked for it.
func TestD005_ReferralReasonFromItsOwnElement(t *testing.T) {
	reason := answer{"kLAB3XIylS8", "exam", []string{"loinc|42349-1"},
		case2{"high blood pressure", text("high blood pressure")}, case2{"breech", text("breech")}}
	row := reason.row(referralStage)
	row.others = true // ServiceRequest.reasonCode says it too
	row.doc = func(answer string) *dhis2.TrackedEntity {
		return mother(registration(value("BqkEw3MQDNI", "4")), referral(value("B6mWJ74OY4e", "rest"), value("kLAB3XIylS8", answer)))
	}
	row.run(t)
	t.Run("and in the request", func(t *testing.T) {
		for _, answer := range []string{"high blood pressure", ""} {
			s := one[*nehr.ServiceRequest](mapped(t, row.doc(answer)))
			if got := len(s.ReasonCode); (got == 1) != (answer != "") {
				t.Fatalf("%d reasons of the answer %q", got, answer)
			}
			if answer != "" {
				same(t, "reason", s.ReasonCode[0].Text, answer)
			}
		}
	})
}

// What was not said is no result with an empty value.
func TestD006_NoObservationWithoutValue(t *testing.T) {
	for _, blank := range []string{"", "  ", "\t\n", "\x00"} {
		r := mapped(t, mother(referral(value("kLAB3XIylS8", blank))), func(c *mapper.Config) {})
		for _, o := range all[*nehr.Observation](r) {
			if !o.Code.Has(nehr.SystemLOINC, "82810-3") { // pregnancy status
				t.Errorf("an observation of a blank value: %v", coded(&o.Code))
			}
		}
		if strings.Contains(string(r.json), "null") && !strings.Contains(string(r.json), `"given":[null]`) {
			t.Error("null in the bundle")
		}
	}
}

// Codes of another nation's extension of SNOMED CT cannot be looked up here.
func TestD010_OnlyInternationalCodes(t *testing.T) {
	extension := func(code string) bool { // SCTIDs of an extension have a namespace: partition 10
		return len(code) > 10 && code[len(code)-3] == '1'
	}
	for _, m := range embeddedMaps {
		for _, s := range m.Stages {
			for _, e := range s.Elements {
				for _, c := range append([]mapper.Code{}, e.Also...) {
					if c.System == mapper.SNOMED && extension(c.Code) {
						t.Errorf("map %s, element %s: %s", m.Name, e.UID, c.Code)
					}
				}
				if e.Code != nil && e.Code.System == mapper.SNOMED && extension(e.Code.Code) {
					t.Errorf("map %s, element %s: %s", m.Name, e.UID, e.Code.Code)
				}
			}
		}
	}
	if !extension("716101000000104") || extension("445088006") {
		t.Error("the rule itself is wrong")
	}
	for name, a := range map[string]answer{
		"special findings":     {"XMMTan4EEsB", "exam", []string{"loinc|29545-1"}, case2{"scar", text("scar")}, case2{"none", text("none")}},
		"reason for referral":  {"kLAB3XIylS8", "exam", []string{"loinc|42349-1"}, case2{"bleeding", text("bleeding")}, case2{"pain", text("pain")}},
		"need referral":        {"la93qSXMNCI", "exam", []string{"sct|183924009"}, case2{"true", answered("sct|373066001")}, case2{"false", answered("sct|373067000")}},
		"urine albumin":        {"VlLlBQbxmE5", "laboratory", []string{"loinc|1753-3"}, case2{"true", positiveNegative[0]}, case2{"false", positiveNegative[1]}},
		"last period":          {"vuDExM32SZ6", "survey", []string{"loinc|8665-2"}, case2{"2025-07-02", date("2025-07-02")}, case2{"2025-07-09", date("2025-07-09")}},
		"gravida":              {"TRkCMVFhrmr", "survey", []string{"loinc|11996-6"}, case2{"3", count(3)}, case2{"4", count(4)}},
		"living children":      {"OMe6LMsusv4", "survey", []string{"loinc|11638-4"}, case2{"2", count(2)}, case2{"1", count(1)}},
		"complaints":           {"ARt4vJRNFmX", "exam", []string{"loinc|8661-1"}, case2{"headache", text("headache")}, case2{"none", text("none")}},
		"examination findings": {"aq7pHlVvpsO", "exam", []string{"loinc|29545-1"}, case2{"pale", text("pale")}, case2{"well", text("well")}},
		"investigations":       {"JU6L76XajgD", "exam", []string{"loinc|30954-2"}, case2{"Hb 9", text("Hb 9")}, case2{"Hb 10", text("Hb 10")}},
		"plan":                 {"XwlSz3I5QMA", "exam", []string{"loinc|51847-2"}, case2{"admit", text("admit")}, case2{"review", text("review")}},
	} {
		stage := map[string]string{"last period": registrationStage, "gravida": registrationStage, "living children": registrationStage,
			"complaints": referralStage, "examination findings": referralStage, "investigations": referralStage, "plan": referralStage}[name]
		if stage == "" {
			stage = visitStage
		}
		row := a.row(stage)
		if a.element == "XMMTan4EEsB" {
			row.doc = func(answer string) *dhis2.TrackedEntity { return mother(visit(value(a.element, answer))) }
		}
		if a.element == "TRkCMVFhrmr" {
			row.doc = func(answer string) *dhis2.TrackedEntity { return mother(registration(value(a.element, answer))) }
		}
		t.Run(name, row.run)
	}
}

// The identifier and the DHIS2 coding of a fact name the element that it was
// asked by.
func TestD011_IdentifierNamesTheSource(t *testing.T) {
	r := mapped(t, mother(referral(value("kLAB3XIylS8", "bleeding"))))
	o := made[*nehr.Observation](r, referralEvent, "kLAB3XIylS8")
	same(t, "code", coded(&o.Code), []string{"loinc|42349-1", "dhis2|kLAB3XIylS8"})
	same(t, "identifier", o.Identifier, []nehr.Identifier{{System: "urn:dhis2:dataelement:uid", Value: referralEvent + "-kLAB3XIylS8"}})
	if _, wrong := at[*nehr.Observation](r, ofElement(referralEvent, "BqkEw3MQDNI")); wrong {
		t.Error("the identifier of another element")
	}
}

type pressure struct {
	Profile, Category string
	Code              []string
	Components        [][]string
	Effective         string
}

func readPressure(_ *record, res nehr.Resource) any {
	o := res.(*nehr.Observation)
	out := pressure{Profile: o.Meta.Profile[0], Category: o.Category[0].Coding[0].Code, Code: coded(&o.Code), Effective: o.EffectiveDateTime}
	for _, c := range o.Component {
		q := c.ValueQuantity
		out.Components = append(out.Components, append(coded(&c.Code), q.Value.String(), q.Unit, q.System, q.Code))
	}
	return out
}

func pressures(systolic, diastolic string) pressure {
	p := pressure{Profile: nehr.ProfileLKBloodPressure, Category: "vital-signs", Code: []string{"loinc|85354-9"}, Effective: "2025-10-02"}
	if systolic != "" {
		p.Components = append(p.Components, []string{"loinc|8480-6", "dhis2|Y3xF4qecAVw", systolic, "mmHg", nehr.SystemUCUM, "mm[Hg]"})
	}
	if diastolic != "" {
		p.Components = append(p.Components, []string{"loinc|8462-4", "dhis2|QMCuOLLRHHD", diastolic, "mmHg", nehr.SystemUCUM, "mm[Hg]"})
	}
	return p
}

func pressureRow() clinical {
	doc := func(answer string) *dhis2.TrackedEntity {
		systolic, diastolic, _ := strings.Cut(answer, "/")
		return mother(visit(value("XMMTan4EEsB", "well"), value("QMCuOLLRHHD", diastolic), value("Y3xF4qecAVw", systolic)))
	}
	return clinical{
		doc: doc, typ: "Observation", key: bloodPressureOfVisit, says: readPressure,
		positive:  case1{"120/80", pressures("120", "80")},
		negative:  case1{"90/60", pressures("90", "60")},
		corrected: [2]case1{{"120/80", pressures("120", "80")}, {"130/80", pressures("130", "80")}},
	}
}

// One observation with two components, so that a reader can draw one line.
func TestD012_OneBloodPressure(t *testing.T) {
	pressureRow().run(t)
	t.Run("one of the two alone", func(t *testing.T) {
		row := pressureRow()
		row.positive = case1{"120/", pressures("120", "")}
		row.negative = case1{"/80", pressures("", "80")}
		row.corrected = [2]case1{{"120/80", pressures("120", "80")}, {"120/", pressures("120", "")}}
		row.run(t)
	})
	t.Run("in the referral stage", func(t *testing.T) {
		r := mapped(t, mother(referral(value("Y3xF4qecAVw", "150"), value("QMCuOLLRHHD", "95"))))
		o, ok := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:observation", Value: referralEvent + "-blood-pressure"})
		if !ok || len(o.Component) != 2 {
			t.Errorf("want one blood pressure of two components, got %+v", o)
		}
	})
}

func TestG5_BloodPressureExactly(t *testing.T) {
	r := mapped(t, mother(visit(value("Y3xF4qecAVw", "120"), value("QMCuOLLRHHD", "80"))))
	o, ok := at[*nehr.Observation](r, bloodPressureOfVisit)
	if !ok {
		t.Fatal("no blood pressure")
	}
	same(t, "blood pressure", readPressure(r, o), any(pressures("120", "80")))
	for _, r := range []string{r.resource(&o.Performer[0]).ResourceType(), r.resource(o.Encounter).ResourceType(), r.resource(o.Device).ResourceType()} {
		if r == "" {
			t.Error("performer, encounter and device are required")
		}
	}
}

// When something was found is when she was seen, not when it was typed in.
func TestD023_OccurredIsEffective(t *testing.T) {
	says := func(r *record, res nehr.Resource) any {
		o := res.(*nehr.Observation)
		return []string{o.EffectiveDateTime, o.Issued}
	}
	doc := func(occurred string) *dhis2.TrackedEntity {
		e := visit(value("cw35l7X4hnV", "11"))
		e.OccurredAt, e.CompletedAt = dhis2.Timestamp(occurred), "2025-12-24T10:00:00.000"
		return mother(e)
	}
	clinical{
		doc: doc, typ: "Observation", key: ofElement(visitEvent, "cw35l7X4hnV"), says: says, others: true,
		positive:  case1{"2025-10-02T00:00:00.000", []string{"2025-10-02", "2025-12-24T10:00:00+00:00"}},
		negative:  case1{"2025-10-02T08:15:00.000", []string{"2025-10-02T08:15:00+00:00", "2025-12-24T10:00:00+00:00"}},
		corrected: [2]case1{{"2025-10-02", []string{"2025-10-02", "2025-12-24T10:00:00+00:00"}}, {"2025-10-01", []string{"2025-10-01", "2025-12-24T10:00:00+00:00"}}},
	}.run(t)
}
