package nehr_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

func encode(t *testing.T, r nehr.Resource) string {
	t.Helper()
	doc, err := nehr.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// holds says which of the wanted pieces of JSON a resource lacks.
func holds(t *testing.T, doc string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(doc, w) {
			t.Errorf("no %s\nin %s", w, doc)
		}
	}
}

// TestG5BloodPressure and, as D-012 asks, one panel in place of two numbers
// without a unit.
func TestG5D012BloodPressure(t *testing.T) {
	const (
		systolic  = `{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"},{"system":"urn:dhis2:dataElement","code":"Y3xF4qecAVw"}],"text":"Systolic blood pressure"},"valueQuantity":{"value":118,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`
		diastolic = `{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"},{"system":"urn:dhis2:dataElement","code":"QMCuOLLRHHD"}],"text":"Diastolic blood pressure"},"valueQuantity":{"value":76,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`
	)
	dhis2 := []nehr.Coding{{System: nehr.SystemDHIS2DataElement, Code: "Y3xF4qecAVw"}, {System: nehr.SystemDHIS2DataElement, Code: "QMCuOLLRHHD"}}
	for _, c := range []struct {
		name                string
		systolic, diastolic *nehr.Decimal
		want                string
	}{
		{"both", pressure("118"), pressure("76"), `,"component":[` + systolic + `,` + diastolic + `]`},
		{"systolic alone", pressure("118"), nil, `,"component":[` + systolic + `]`},
		{"diastolic alone", nil, pressure("76"), `,"component":[` + diastolic + `]`},
		{"an unset number is none", new(nehr.Decimal), pressure("76"), `,"component":[` + diastolic + `]`},
		{"neither", nil, nil, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := encode(t, nehr.NewBloodPressure(c.systolic, c.diastolic, dhis2...))
			want := `{"resourceType":"Observation","meta":{"profile":["http://fhir.health.gov.lk/ips/StructureDefinition/blood-pressure"]},"status":"final",` +
				`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],` +
				`"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}],"text":"Blood Pressure"}` + c.want + `}`
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestG1Patient(t *testing.T) {
	p := nehr.NewPatientLK()
	p.Identifier = []nehr.Identifier{nehr.PHNIdentifier("405423CDFG7"), nehr.AbsentPassport(nehr.AbsentUnknown), nehr.NICIdentifier("911042754V")}
	p.RegisteredBy(nehr.Ref("Device/1", ""))
	p.BirthDateExt = nehr.Absent(nehr.AbsentError)
	const absent = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	holds(t, encode(t, p),
		`{"use":"official","type":{"coding":[{"system":"http://fhir.health.gov.lk/ips/CodeSystem/cs-identifier-types","code":"PHN"}],"text":"Personal Health Number"},"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"405423CDFG7"}`,
		`{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PPN"}],"text":"Passport number"},"system":"http://fhir.health.gov.lk/ips/identifier/passport","_value":`+absent+`}`,
		`"code":"NIC"}],"text":"National identity number"},"system":"http://fhir.health.gov.lk/ips/identifier/nic","value":"911042754V"}`,
		`"extension":[{"url":"http://fhir.health.gov.lk/ips/StructureDefinition/patient-registration-system","valueReference":{"reference":"Device/1"}}]`,
		`"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"error"}]}`,
	)
}

// TestD033AbsentNameParts: a name of which the parts are not known keeps its
// text, and says of each part that it is not known; HAPI keeps the element of
// a repeated primitive only beside its array of nulls.
func TestD033AbsentNameParts(t *testing.T) {
	p := nehr.NewPatientLK()
	name := nehr.HumanName{Text: "සුනිමල්", FamilyExt: nehr.Absent(nehr.AbsentUnknown)}
	name.Given, name.GivenExt = nehr.AbsentStrings(nehr.AbsentUnknown)
	p.Name = []nehr.HumanName{name}
	const absent = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	holds(t, encode(t, p), `"name":[{"text":"සුනිමල්","_family":`+absent+`,"given":[null],"_given":[`+absent+`]}]`)
}

// TestD031Meta: meta is an object and profile a list.
func TestD031Meta(t *testing.T) {
	n := 0
	for _, i := range instances(absolute()) {
		claimed := i.resource.Common().Meta.Profile
		if len(claimed) == 0 {
			continue
		}
		n++
		holds(t, encode(t, i.resource), `"meta":{"profile":["`+claimed[0]+`"]}`)
	}
	if n < 15 {
		t.Errorf("only %d constructors claim a profile", n)
	}
}

func TestG6Referral(t *testing.T) {
	holds(t, encode(t, nehr.NewReferralRequest()),
		`"status":"active","intent":"order","code":{"coding":[{"system":"http://snomed.info/sct","code":"3457005"}],"text":"Patient referral"}`,
		`/StructureDefinition/general-referral-request"`)
	task := nehr.NewReferralTask()
	task.Location = nehr.AbsentReference(nehr.AbsentUnknown)
	holds(t, encode(t, task), `"status":"requested","intent":"order"`, `/StructureDefinition/referral-task"`,
		`"location":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`)
}

func TestG7Frame(t *testing.T) {
	clinic := nehr.NewOrganizationLK()
	clinic.Identifier = []nehr.Identifier{nehr.HINIdentifier("H001")}
	holds(t, encode(t, clinic),
		`{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"XX"}],"text":"Organization identifier"},"system":"http://fhir.health.gov.lk/ips/identifier/hin","value":"H001"}`)
	holds(t, encode(t, nehr.NewLocationLK()), `"status":"active"`)
	nurse := nehr.NewPractitionerLK()
	nurse.Telecom = []nehr.ContactPoint{{System: nehr.ContactPhone, ValueExt: nehr.Absent(nehr.AbsentUnknown)}}
	holds(t, encode(t, nurse), `"telecom":[{"system":"phone","_value":{"extension"`)
}

// TestD106NobodyIsInvented: a required individual that is not known is absent
// with a reason.
func TestD106NobodyIsInvented(t *testing.T) {
	e := nehr.NewEncounterLK()
	e.Participant = []nehr.EncounterParticipant{{Individual: nehr.AbsentReference(nehr.AbsentUnknown)}}
	holds(t, encode(t, e), `"participant":[{"individual":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}]`)
}

// TestPregnancyHasNoDevice: the profiles of IPS forbid it, and their required
// bindings leave no place for a second code.
func TestPregnancyHasNoDevice(t *testing.T) {
	for _, o := range []*nehr.Observation{nehr.NewPregnancyStatus(), nehr.NewPregnancyEDD("2026-08-09")} {
		if o.Device != nil || len(o.Code.Coding) != 1 {
			t.Errorf("%s", encode(t, o))
		}
	}
	holds(t, encode(t, nehr.NewPregnancyEDD("2026-08-09")), `"code":"11779-6"`, `"valueDateTime":"2026-08-09"`)
	holds(t, encode(t, nehr.NewPregnancyStatus()), `"code":"82810-3"`, `"code":"LA15173-0"`)
}

func TestLabel(t *testing.T) {
	o := nehr.NewObservation()
	private := nehr.Coding{System: nehr.SystemConfidentiality, Code: "R"}
	o.Label(private, nehr.Coding{System: nehr.SystemActCode, Code: "HIV"}, private)
	o.Label(private)
	holds(t, encode(t, o), `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`)
}

// TestG2Retract: what is withdrawn says so, claims no profile that fixes
// another status, and keeps its identity and its other claims.
func TestG2Retract(t *testing.T) {
	keep := map[string]bool{ // whose profile allows the status
		"NewEncounterLK": true, "NewMedicationStatementIPS": true, "NewImmunizationIPS": true, "NewReferralRequest": true,
		"NewReferralTask": true, "NewPregnancyStatus": true, "NewPregnancyEDD": true,
	}
	retracted := 0
	for _, i := range instances(absolute()) {
		t.Run(i.name, func(t *testing.T) {
			before, claimed := encode(t, i.resource), i.resource.Common().Meta.Profile
			if !nehr.Retract(i.resource) {
				if after := encode(t, i.resource); after != before {
					t.Errorf("changed all the same: %s", after)
				}
				switch i.resource.ResourceType() {
				case "Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Device", "Provenance", "OperationOutcome":
				default:
					t.Error("cannot be withdrawn")
				}
				return
			}
			retracted++
			after := encode(t, i.resource)
			holds(t, after, `"entered-in-error"`)
			if strings.Contains(after, `"final"`) || strings.Contains(after, `"clinicalStatus"`) {
				t.Errorf("says two things at once: %s", after)
			}
			now := i.resource.Common().Meta.Profile
			if keep[i.name] != (len(claimed) > 0 && slices.Equal(now, claimed)) || !keep[i.name] && len(now) > 0 {
				t.Errorf("claims %v, before %v", now, claimed)
			}
			if nehr.Retract(i.resource); encode(t, i.resource) != after {
				t.Error("twice is not the same as once")
			}
		})
	}
	if retracted < 18 {
		t.Errorf("only %d resources were withdrawn", retracted)
	}
}

func TestG2RetractKeepsOtherClaims(t *testing.T) {
	o := nehr.NewGenericObservation()
	o.Meta.Profile = append(o.Meta.Profile, "http://example.org/other")
	shared := o.Meta.Profile
	nehr.Retract(o)
	if !slices.Equal(o.Meta.Profile, []string{"http://example.org/other"}) || shared[0] != nehr.ProfileLKGenericObservation {
		t.Errorf("claims %v, the old list is %v", o.Meta.Profile, shared)
	}
	if o.HasProfile(nehr.ProfileLKGenericObservation) || !o.HasProfile("http://example.org/other") {
		t.Error("HasProfile says otherwise")
	}
}

// TestG2RetractInvariants: con-4 and con-5 of a Condition, app-3 and app-4 of
// an Appointment.
func TestG2RetractInvariants(t *testing.T) {
	c := nehr.NewMedicalHistory()
	c.AbatementDateTime, c.AbatementPeriod = day, &nehr.Period{Start: day}
	nehr.Retract(c)
	if doc := encode(t, c); strings.Contains(doc, "abatement") || strings.Contains(doc, "clinicalStatus") {
		t.Errorf("con-4, con-5: %s", doc)
	}
	a := nehr.NewAppointment(nehr.AppointmentCancelled)
	a.CancelationReason = new(nehr.Concept("moved"))
	nehr.Retract(a)
	doc := encode(t, a)
	holds(t, doc, `"_start":{"extension"`, `"_end":{"extension"`)
	if strings.Contains(doc, "cancelationReason") {
		t.Errorf("app-4: %s", doc)
	}
	booked := nehr.NewAppointment(nehr.AppointmentBooked)
	booked.Start, booked.End = instant, instant
	nehr.Retract(booked)
	if strings.Contains(encode(t, booked), "_start") {
		t.Error("a start that is known is said to be unknown")
	}
}
