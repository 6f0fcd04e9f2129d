package validate

import (
	"strings"
	"testing"
)

// change is an edit and the rules that it has to break.
type change struct {
	name, path, value string
	want              []string
}

// try judges a resource of testdata/mother.json, alone, as it is and changed.
func try(t *testing.T, v *Validator, doc *tree, changes []change) {
	t.Helper()
	wantRule(t, v.Validate(doc.text()))
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			wantRule(t, v.Validate(edit(t, doc, c.path, c.value).text()), c.want...)
		})
	}
}

func TestG1_PassportIsDemandedUnlessTheOverlayFreesIt(t *testing.T) {
	const passport = "identifier.1"
	free, err := New(Config{Overlays: []string{OverlayPassportOptional}})
	if err != nil {
		t.Fatal(err)
	}
	patient := resourceOf(t, "Patient", "")
	without := edit(t, patient, passport, "")
	wantRule(t, plainValidator(t).Validate(without.text()), "slice Patient.identifier")
	wantRule(t, free.Validate(without.text()))
	// Nothing else is freed.
	try(t, free, patient, []change{
		{"no PHN", "identifier.0", "", []string{"slice"}},
		{"no identifiers", "identifier", "", []string{"cardinality", "slice"}},
		{"one identifier", "identifier", string((&tree{kind: '[', members: patient.get("identifier").members[:1]}).text()), []string{"cardinality"}},
		{"no registration system", "extension", "", []string{"cardinality", "slice"}},
		{"no family name", "name.0._family", "", []string{"cardinality"}},
		{"no gender", "gender", "", []string{"cardinality"}},
		{"no birth date", "birthDate", "", []string{"cardinality"}},
		{"address without city", "address.0.city", "", []string{"cardinality"}},
	})
	// Bundles, where others refer to her.
	bundle := sample(t, "mother")
	bundle = edit(t, bundle, "entry.0.resource", string(without.text()))
	if plainValidator(t).Validate(bundle.text()).OK() {
		t.Error("a bundle without passport passed without the overlay")
	}
	wantRule(t, free.Validate(bundle.text()))
}

func TestG2_RetractedConditionCannotKeepTheProfile(t *testing.T) {
	v := plainValidator(t)
	condition := resourceOf(t, "Condition", "")
	retracted := edit(t, condition, "verificationStatus.coding.0.code", `"entered-in-error"`)
	wantRule(t, v.Validate(retracted.text()), "con-5 Condition")
	without := edit(t, retracted, "clinicalStatus", "")
	wantRule(t, v.Validate(without.text()), "cardinality Condition")
	wantRule(t, v.Validate(edit(t, without, "meta", "").text()))
}

func TestG3_NoMedicalHistoryHasOneCode(t *testing.T) {
	text, ok := guideExamples(t)["Condition-NoMedicalHistoryExample.json"]
	if !ok {
		t.Fatal("the guide's example is missing")
	}
	doc, err := parseTree(text)
	if err != nil {
		t.Fatal(err)
	}
	try(t, plainValidator(t), doc, []change{
		{"no known problems", "code.coding.0.code", `"no-known-problems"`, []string{"pattern"}},
	})
}

func TestG4_BloodSugarProfilesFixCodeAndUnit(t *testing.T) {
	examples := guideExamples(t)
	for _, name := range []string{"Fasting", "Random"} {
		doc, err := parseTree(examples["Observation-"+name+"BloodSugarExample.json"])
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			try(t, plainValidator(t), doc, []change{
				{"unit", "valueQuantity.code", `"mg/dL"`, []string{"pattern"}},
				{"code", "code.coding.0.code", `"2339-0"`, []string{"pattern"}},
			})
		})
	}
}

func TestG5_BloodPressure(t *testing.T) {
	try(t, plainValidator(t), resourceOf(t, "Observation", "85354-9"), []change{
		{"another panel", "code.coding.0.code", `"55284-4"`, []string{"pattern Observation.code"}},
		{"unit text", "component.0.valueQuantity.unit", `"mm Hg"`, []string{"pattern"}},
		{"unit code", "component.0.valueQuantity.code", `"mm"`, []string{"pattern"}},
		{"no component", "component", "", []string{"cardinality"}},
		{"another category", "category.0.coding.0.code", `"exam"`, []string{"pattern"}},
		{"quantity without a number", "component.0.valueQuantity.value", "", []string{"cardinality"}},
		{"two systolic values", "component.1.code.coding.0.code", `"8480-6"`, []string{"slice"}},
	})
	// One of the two alone is still sent (mapping.md, ANC visit).
	one := edit(t, resourceOf(t, "Observation", "85354-9"), "component.1", "")
	wantRule(t, plainValidator(t).Validate(one.text()))
}

func TestG6_ReferralRequestAndTask(t *testing.T) {
	v := plainValidator(t)
	try(t, v, resourceOf(t, "ServiceRequest", "3457005"), []change{
		{"another code", "code.coding.0.code", `"183924009"`, []string{"pattern"}},
		{"another text", "code.text", `"Referral"`, []string{"pattern"}},
		{"no occurrence", "occurrenceDateTime", "", []string{"cardinality", "slice"}},
		{"no encounter", "encounter", "", []string{"cardinality"}},
		{"no requester", "requester", "", []string{"cardinality"}},
	})
	try(t, v, resourceOf(t, "Task", ""), []change{
		{"no focus", "focus", "", []string{"cardinality"}},
		{"no patient", "for", "", []string{"cardinality"}},
		{"no encounter", "encounter", "", []string{"cardinality"}},
		{"no authoredOn", "authoredOn", "", []string{"cardinality"}},
		{"no requester", "requester", "", []string{"cardinality"}},
		{"no location", "location", "", []string{"cardinality"}},
		{"modified before it was written", "lastModified", `"2025-06-01"`, []string{"inv-1@Task Task"}},
		{"an Organization asks", "requester.reference", `"Organization/1"`, []string{"reference-type"}},
	})
}

func TestG7_PractitionerOrganizationLocation(t *testing.T) {
	v := plainValidator(t)
	try(t, v, resourceOf(t, "Practitioner", ""), []change{
		{"no given name", "name.0.given", "", []string{"cardinality"}},
		{"no family name", "name.0.family", "", []string{"cardinality"}},
		{"no telecom", "telecom", "", []string{"cardinality"}},
	})
	try(t, v, resourceOf(t, "Organization", "HIN-0042"), []change{
		{"no HIN", "identifier.0", "", []string{"slice"}},
		{"no identifier", "identifier", "", []string{"cardinality", "slice"}},
	})
	try(t, v, resourceOf(t, "Location", "HIN-0042"), []change{
		{"no organization", "managingOrganization", "", []string{"cardinality"}},
		{"no status", "status", "", []string{"cardinality"}},
	})
}

func TestG8_LaboratoryResultNeedsAValue(t *testing.T) {
	try(t, plainValidator(t), sample(t, "labresult"), []change{
		{"no value", "valueQuantity", "", []string{"ips-2 Observation"}},
	})
	grouped := edit(t, sample(t, "labresult"), "valueQuantity", "")
	grouped = edit(t, grouped, "hasMember", `[{"reference":"Observation/1"}]`)
	wantRule(t, plainValidator(t).Validate(grouped.text()))
}

func TestD006_NullIsNoValue(t *testing.T) {
	const text = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":null}`
	wantRule(t, plainValidator(t).Validate([]byte(text)), "null Observation.value.ofType(string)")
}

func TestD025_TimeNeedsAZone(t *testing.T) {
	try(t, plainValidator(t), resourceOf(t, "Observation", "718-7"), []change{
		{"no zone", "effectiveDateTime", `"2025-03-03T09:30:00"`, []string{"format-dateTime Observation.effective.ofType(dateTime)"}},
		{"a day", "effectiveDateTime", `"2025-03-03"`, nil},
		{"a zone", "effectiveDateTime", `"2025-03-03T09:30:00.000+05:30"`, nil},
	})
}

func TestD031_MetaIsAnObjectAndProfileAnArray(t *testing.T) {
	const patient = "http://fhir.health.gov.lk/ips/StructureDefinition/ips-patient"
	try(t, plainValidator(t), sample(t, "consent"), []change{
		{"meta as array", "meta", `[{"profile":["` + patient + `"]}]`, []string{"json-type Consent.meta"}},
		{"profile as text", "meta", `{"profile":"` + patient + `"}`, []string{"json-type Consent.meta.profile"}},
	})
}

func TestD033_NamesAreNotEmptyArrays(t *testing.T) {
	v := plainValidator(t)
	const text = `{"resourceType":"Patient","name":[{"family":"x","given":[]}]}`
	wantRule(t, v.Validate([]byte(text)), "empty-list Patient.name[0].given")
}

func TestD042_FullURLsAreUUIDs(t *testing.T) {
	v := plainValidator(t)
	bundle := sample(t, "small")
	for _, url := range []string{"urn:uuid:dW9xYzK8aTe", "urn:uuid:dW9xYzK8aTe-vuDExM32SZ6"} {
		got := v.Validate(edit(t, bundle, "entry.8.fullUrl", `"`+url+`"`).text())
		wantRule(t, got, "format-urn Bundle.entry[8].fullUrl")
	}
}

func TestD046_GenderIsACode(t *testing.T) {
	for _, gender := range []string{"Female", "F", "ගැහැණු"} {
		text := `{"resourceType":"Patient","gender":"` + gender + `"}`
		wantRule(t, plainValidator(t).Validate([]byte(text)), "binding Patient.gender")
	}
}

func TestD041_EmptyEntryIsRefused(t *testing.T) {
	bundle := edit(t, sample(t, "small"), "entry.8", `{}`)
	wantRule(t, plainValidator(t).Validate(bundle.text()), "empty Bundle.entry[8]", "bdl-3")
}

func TestD106_WhatEveryGenericObservationNeeds(t *testing.T) {
	v := plainValidator(t)
	try(t, v, resourceOf(t, "Observation", "718-7"), []change{
		{"no encounter", "encounter", "", []string{"cardinality Observation"}},
		{"no performer", "performer", "", []string{"cardinality"}},
		{"no device", "device", "", []string{"cardinality"}},
		{"no time", "effectiveDateTime", "", []string{"cardinality", "slice"}},
		{"performer by the Organization", "performer", `[{"reference":"Organization/1"}]`, nil},
	})
	absent := `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	try(t, v, resourceOf(t, "Encounter", ""), []change{
		{"nobody took part", "participant", "", []string{"cardinality"}},
		{"nobody is named", "participant", `[{"type":[{"text":"midwife"}]}]`, []string{"cardinality"}},
		{"who is not known", "participant.0.individual", absent, nil},
	})
}

// No value of the resource may come out in an issue.
func TestIssuesHoldNoValues(t *testing.T) {
	v := plainValidator(t)
	const secret = "SECRETVALUE"
	docs := []*tree{sample(t, "mother"), sample(t, "document"), sample(t, "ipspatient"), sample(t, "contained")}
	m := newMutator(11, docs)
	found := 0
	for range 400 {
		doc := pick(m, docs).clone()
		all := places(doc, "", 0, nil)
		for range 3 {
			if p := pick(m, all); p.value().kind == '"' && p.name != "resourceType" {
				p.set(quote(secret))
			} else if p.parent.kind == '{' && p.name != "resourceType" && m.random.IntN(9) == 0 {
				p.parent.names[p.index] = secret
			}
		}
		got := v.Validate(doc.text())
		found += len(got.Issues)
		text, err := got.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) {
			t.Fatalf("an issue holds a value: %s", text)
		}
	}
	if found == 0 {
		t.Error("no issues at all")
	}
}

func TestG9_ProfilesOfIPSWhereTheGuideHasNone(t *testing.T) {
	v := plainValidator(t)
	try(t, v, resourceOf(t, "MedicationStatement", ""), []change{
		{"no time", "effectivePeriod", "", []string{"cardinality"}},
		{"no medicine", "medicationCodeableConcept", "", []string{"cardinality"}},
	})
	try(t, v, resourceOf(t, "Immunization", ""), []change{
		{"no vaccine", "vaccineCode", "", []string{"cardinality"}},
		{"no occurrence", "occurrenceString", "", []string{"cardinality"}},
		{"another status", "status", `"not-given"`, []string{"binding"}},
	})
	// The device and a second coding are what pregnancy-status forbids.
	try(t, v, resourceOf(t, "Observation", "82810-3"), []change{
		{"a device", "device", `{"reference":"Device/1"}`, []string{"cardinality Observation.device"}},
		{"another code", "code.coding.0.code", `"82811-3"`, []string{"pattern"}},
		{"no status", "valueCodeableConcept.coding.0.code", `"LA99999-9"`, []string{"binding"}},
	})
	try(t, v, resourceOf(t, "Observation", "11779-6"), []change{
		{"a device", "device", `{"reference":"Device/1"}`, []string{"cardinality Observation.device"}},
	})
}

func TestG11_CrossReferencePatientHasNoIdentity(t *testing.T) {
	text, ok := guideExamples(t)["Patient-RestrictedPatientExample.json"]
	if !ok {
		t.Fatal("the guide's example is missing")
	}
	doc, err := parseTree(text)
	if err != nil {
		t.Fatal(err)
	}
	try(t, plainValidator(t), doc, []change{
		{"identifier", "identifier", `[{"system":"urn:a:b","value":"x"}]`, []string{"cardinality"}},
		{"name", "name", `[{"text":"x"}]`, []string{"cardinality"}},
		{"birth date", "birthDate", `"2000"`, []string{"cardinality"}},
	})
}
