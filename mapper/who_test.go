package mapper_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// mapping.md section 5: the WHO registry, by HL7's profiles.

// whoMother is a woman in the WHO registry.
func whoMother(events ...dhis2.Event) *dhis2.TrackedEntity {
	te := mother()
	te.TrackedEntityType = uid("MCPQUTHX1Ze")
	e := &te.Enrollments[0]
	e.Program = uid("WSGAb5XwJ3Y")
	e.Attributes = []dhis2.Attribute{
		attribute("PpEGiQurAll", "8879798"), attribute("sB1IHYu2xQT", "Amina Grace"), attribute("ENRjVGxVL6l", "Okello"),
		attribute("NI0QRzJvQ0k", "1990-04-05"), attribute("A6Hb0Kvg4vb", "Plot 7, Gulu"), attribute("qJdyXIggXXJ", "true"),
		attribute("Y2smKuoVgDU", "Grace Okello"), attribute("ALeyhBFw22F", "+256772123456"), attribute("NihUionWia1", "true"),
	}
	for i := range events {
		events[i].Program = e.Program
	}
	e.Events = events
	return te
}

// whoElement finds an element of the WHO map that the condition holds for.
func whoElement(t *testing.T, is func(*mapper.StageElement) bool) (stage, element string, el *mapper.StageElement) {
	t.Helper()
	for _, m := range embeddedMaps {
		if m.Name != "who-anc" {
			continue
		}
		for i := range m.Stages {
			for j := range m.Stages[i].Elements {
				if e := &m.Stages[i].Elements[j]; is(e) {
					return m.Stages[i].UID.String(), e.UID.String(), e
				}
			}
		}
	}
	t.Fatal("the WHO map has no such element")
	return "", "", nil
}

func TestWHOPatient(t *testing.T) {
	r := mapped(t, whoMother())
	p := one[*nehr.Patient](r)
	same(t, "profile", p.Meta.Profile, []string{nehr.ProfileIPSPatient})
	if _, ok := at[*nehr.Patient](r, nehr.Key{System: "urn:dhis2:trackedEntity", Value: motherUID}); !ok {
		t.Error("the key is the tracked entity: the number is not unique there")
	}
	same(t, "number", p.FindIdentifier("urn:dhis2:attribute:PpEGiQurAll").Value, "8879798")
	same(t, "name", append([]string{p.Name[0].Family, p.Name[0].Text}, p.Name[0].Given...), []string{"Okello", "Amina Grace Okello", "Amina", "Grace"})
	same(t, "address", readAddress(p.Address[0]), address{Text: "Plot 7, Gulu"})
	same(t, "contact", []string{p.Contact[0].Name.Text, p.Contact[0].Telecom[0].Value}, []string{"Grace Okello", "+256772123456"})
	same(t, "cohabitant", []string{p.Contact[1].Relationship[0].Text, absentReason(p.Contact[1].Name.Extension)}, []string{"Partner", "not-asked"})
	same(t, "bundle", []any{len(r.Bundle.Meta.Profile), r.Bundle.Identifier.System}, []any{0, "urn:dhis2:trackedEntity"})
	valid(t, r.json)

	p = one[*nehr.Patient](mapped(t, set(whoMother(), "ENRjVGxVL6l", "")))
	same(t, "given name alone is enough for IPS", []any{p.Name[0].Text, p.Name[0].FamilyExt == nil}, []any{"Amina Grace", true})
	who := copyOfMap(t, "who-anc")
	for i := range who.Attributes {
		if who.Attributes[i].Kind == mapper.AttrCohabitant {
			who.Attributes[i].Type = dhis2.Boolean
		}
	}
	p = one[*nehr.Patient](mapped(t, set(whoMother(), "NihUionWia1", "false"), func(c *mapper.Config) { c.Maps = []*mapper.Map{who} }))
	same(t, "whom she does not live with is no contact", len(p.Contact), 1)
}

func TestWHOConsentToReminders(t *testing.T) {
	key := nehr.Key{System: "urn:dhis2:attribute", Value: enrollmentUID + "-qJdyXIggXXJ"}
	for answer, want := range map[string][]string{"true": {"active", "OPTIN", "permit", "2025-09-03"}, "false": {"active", "OPTOUT", "deny", "2025-09-03"}} {
		r := mapped(t, set(whoMother(), "qJdyXIggXXJ", answer))
		c, ok := at[*nehr.Consent](r, key)
		if !ok {
			t.Fatal("no consent")
		}
		same(t, answer, []string{string(c.Status), c.PolicyRule.Coding[0].Code, c.Provision.Type, c.DateTime}, want)
		valid(t, r.json)
	}
	same(t, "not asked", len(all[*nehr.Consent](mapped(t, set(whoMother(), "qJdyXIggXXJ", "")))), 0)
}

func TestWHOElements(t *testing.T) {
	become := func(t *testing.T, is func(*mapper.StageElement) bool, answer string) (*nehr.Observation, *mapper.StageElement) {
		t.Helper()
		stage, element, el := whoElement(t, is)
		r := mapped(t, whoMother(event(visitEvent, stage, "2025-10-02", value(element, answer))))
		valid(t, r.json)
		return made[*nehr.Observation](r, visitEvent, element), el
	}
	of := func(uid string) func(*mapper.StageElement) bool {
		return func(e *mapper.StageElement) bool { return e.UID.String() == uid && e.Kind != mapper.KindNone }
	}
	t.Run("finding", func(t *testing.T) {
		o, _ := become(t, of("EvrlmPEFILy"), "true")
		same(t, "dizziness", [][]string{coded(&o.Code), coded(o.ValueCodeableConcept)}, [][]string{{"loinc|45699-6", "dhis2|EvrlmPEFILy"}, {"sct|52101004"}})
		same(t, "no profile fits", len(o.Meta.Profile), 0)
	})
	t.Run("laboratory", func(t *testing.T) {
		o, _ := become(t, of("yeZTdZuEZT6"), "10.50")
		same(t, "haemoglobin", []string{o.Meta.Profile[0], o.ValueQuantity.Value.String(), o.ValueQuantity.Code}, []string{nehr.ProfileIPSLaboratory, "10.50", "g/dL"})
	})
	t.Run("due date", func(t *testing.T) {
		o, _ := become(t, of("Ru01omP2WCQ"), "2026-04-08")
		same(t, "due date", []any{o.Meta.Profile[0], coded(&o.Code), o.ValueDateTime, o.Device == nil}, []any{nehr.ProfileIPSPregnancyEDD, []string{"loinc|11778-8"}, "2026-04-08", true})
	})
	t.Run("two codes that mean the question", func(t *testing.T) {
		o, _ := become(t, of("w4ky6EkVahL"), "2025-07-02")
		same(t, "last period", coded(&o.Code), []string{"loinc|8665-2", "sct|21840007", "dhis2|w4ky6EkVahL"})
	})
	t.Run("count", func(t *testing.T) {
		o, _ := become(t, func(e *mapper.StageElement) bool { return e.Kind == mapper.KindCount }, "2")
		if o.ValueInteger == nil || *o.ValueInteger != 2 {
			t.Errorf("want valueInteger 2, got %+v", o)
		}
	})
	t.Run("option", func(t *testing.T) {
		_, _, el := whoElement(t, func(e *mapper.StageElement) bool { return e.Kind == mapper.KindCoded })
		o, _ := become(t, of(el.UID.String()), el.Options[0].Code)
		c := o.ValueCodeableConcept
		same(t, "option", []string{c.Coding[0].System, c.Coding[0].Code, c.Coding[0].Display, c.Text},
			[]string{"urn:dhis2:optionSet:" + el.OptionSet.String(), el.Options[0].Code, el.Options[0].Text, el.Options[0].Text})
		o, _ = become(t, of(el.UID.String()), "an answer of last year")
		same(t, "an option that the map lacks", []any{len(o.ValueCodeableConcept.Coding), o.ValueCodeableConcept.Text}, []any{0, "an answer of last year"})
	})
	t.Run("pulse rate is overridden", func(t *testing.T) {
		_, _, el := whoElement(t, func(e *mapper.StageElement) bool { return e.Code != nil && e.Code.Code == "8867-4" })
		if el.Unit != "/min" {
			t.Errorf("unit %q", el.Unit)
		}
		for _, m := range embeddedMaps {
			for _, s := range m.Stages {
				for _, e := range s.Elements {
					if e.Code != nil && e.Code.Code == "8884-9" {
						t.Errorf("%s has the code that the metadata has wrong", e.UID)
					}
				}
			}
		}
	})
	t.Run("one LOINC on several booleans tells nothing apart", func(t *testing.T) {
		for _, m := range embeddedMaps {
			for _, s := range m.Stages {
				seen := map[string]string{}
				for _, e := range s.Elements {
					if e.Kind != mapper.KindFinding || e.Code == nil {
						continue
					}
					if first := seen[e.Code.Code]; first != "" && e.Code.System == mapper.LOINC {
						t.Errorf("%s and %s have the code %s", first, e.UID, e.Code.Code)
					}
					seen[e.Code.Code] = e.UID.String()
				}
			}
		}
	})
	t.Run("a number without unit", func(t *testing.T) {
		who := copyOfMap(t, "who-anc")
		stage, el, _ := whoElement(t, of("yeZTdZuEZT6"))
		element(t, who, stage, el).Unit = ""
		r := mapped(t, whoMother(event(visitEvent, stage, "2025-10-02", value(el, "11"))), func(c *mapper.Config) { c.Maps = []*mapper.Map{who} })
		_, sent := at[*nehr.Observation](r, ofElement(visitEvent, el))
		same(t, "sent", []any{sent, len(r.issues(mapper.RuleNoUnit))}, []any{false, 1})
	})
	t.Run("no code, no guess", func(t *testing.T) {
		stage, el, _ := whoElement(t, func(e *mapper.StageElement) bool { return e.Kind == mapper.KindNone && e.Type == dhis2.TrueOnly })
		r := mapped(t, whoMother(event(visitEvent, stage, "2025-10-02", value(el, "true"))))
		_, sent := at[*nehr.Observation](r, ofElement(visitEvent, el))
		same(t, "sent", sent, false)
	})
}

// A map with a code that fails its check digit is refused (Verhoeff, Luhn).
func TestWHOCheckDigits(t *testing.T) {
	for _, bad := range []mapper.Code{
		{System: mapper.LOINC, Code: "718-8", Display: "x"}, {System: mapper.SNOMED, Code: "38341004", Display: "x"},
		{System: mapper.LOINC, Code: "718-7, 30313-1", Display: "x"}, {System: mapper.SNOMED, Code: "716101000000104", Display: "x"},
	} {
		lk := lkMap(t)
		element(t, lk, visitStage, "cw35l7X4hnV").Code = &bad
		if _, err := mapper.New(mapper.Config{Maps: []*mapper.Map{lk}}); err == nil {
			t.Errorf("a map with the code %s is taken", bad.Code)
		}
	}
}

// The document of a running WHO registry: appointments and a patient.
func TestWHODocument(t *testing.T) {
	r := mappedIn(t, document(t, "tracked-entity-who-anc.json"), systemInfo(t))
	p := one[*nehr.Patient](r)
	same(t, "patient", []string{p.Name[0].Given[0], p.Name[0].Family, p.BirthDate}, []string{"John", "Doe", "1990-04-05"})
	for _, a := range all[*nehr.Appointment](r) {
		same(t, "appointment", []string{string(a.Status), a.RequestedPeriod[0].Start}, []string{"proposed", "2025-08-30"})
	}
	same(t, "appointments", len(all[*nehr.Appointment](r)) > 0, true)
	valid(t, r.json)
}
