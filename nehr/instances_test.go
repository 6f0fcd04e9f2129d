package nehr_test

import "github.com/nehrbridge/nehrbridge/nehr"

// instance is the least that a constructor's resource needs beside what the
// constructor gives, with invented people.
type instance struct {
	name     string
	resource nehr.Resource
}

// decimal is for literals of tests only.
func decimal(s string) nehr.Decimal {
	d, err := nehr.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

func pressure(s string) *nehr.Decimal { return new(decimal(s)) }

// frame holds what the facts refer to.
type frame struct{ patient, visit, nurse, clinic, place, device, request *nehr.Reference }

func absolute() frame {
	return frame{
		patient: nehr.Ref("Patient/1", ""), visit: nehr.Ref("Encounter/1", ""), nurse: nehr.Ref("Practitioner/1", ""),
		clinic: nehr.Ref("Organization/1", ""), place: nehr.Ref("Location/1", ""), device: nehr.Ref("Device/1", ""),
		request: nehr.Ref("ServiceRequest/1", ""),
	}
}

const (
	day     = "2026-02-03"
	instant = "2026-02-03T09:10:11+05:30"
)

// instances gives every constructor's least valid resource.
func instances(f frame) []instance {
	var all []instance
	add := func(name string, r nehr.Resource) { all = append(all, instance{name, r}) }

	patient := nehr.NewPatientLK()
	patient.Identifier = []nehr.Identifier{nehr.PHNIdentifier("405423CDFG7"), nehr.AbsentPassport(nehr.AbsentUnknown)}
	patient.RegisteredBy(f.device)
	name := nehr.HumanName{Text: "කුමාරි", FamilyExt: nehr.Absent(nehr.AbsentUnknown)}
	name.Given, name.GivenExt = nehr.AbsentStrings(nehr.AbsentUnknown)
	patient.Name = []nehr.HumanName{name}
	patient.Gender = nehr.GenderFemale
	patient.BirthDateExt = nehr.Absent(nehr.AbsentUnknown)
	home := nehr.Address{Text: "by the tank", Country: "LK", CityExt: nehr.Absent(nehr.AbsentUnknown),
		DistrictExt: nehr.Absent(nehr.AbsentUnknown), StateExt: nehr.Absent(nehr.AbsentUnknown)}
	home.Line, home.LineExt = nehr.AbsentStrings(nehr.AbsentUnknown)
	patient.Address = []nehr.Address{home}
	add("NewPatientLK", patient)

	ips := nehr.NewPatientIPS()
	ips.Name = []nehr.HumanName{{Text: "Nila"}}
	ips.BirthDate = "2001-05-06"
	ips.Contact = []nehr.PatientContact{{Name: &nehr.HumanName{Text: "Ravi"}}}
	add("NewPatientIPS", ips)

	nurse := nehr.NewPractitionerLK()
	nurse.Name = []nehr.HumanName{{Family: "Perera", Given: nehr.Strings{"A", "B"}}}
	nurse.Telecom = []nehr.ContactPoint{{System: nehr.ContactPhone, ValueExt: nehr.Absent(nehr.AbsentUnknown)}}
	add("NewPractitionerLK", nurse)
	who := nehr.NewPractitionerIPS()
	who.Name = []nehr.HumanName{{Text: "A. Perera"}}
	add("NewPractitionerIPS", who)
	role := nehr.NewPractitionerRoleIPS()
	role.Practitioner, role.Organization = f.nurse, f.clinic
	role.Code = []nehr.CodeableConcept{{Text: "Midwife"}}
	add("NewPractitionerRoleIPS", role)

	clinic := nehr.NewOrganizationLK()
	clinic.Identifier = []nehr.Identifier{nehr.AbsentHIN(nehr.AbsentUnknown), nehr.Key{System: nehr.SystemDHIS2OrganisationUnit, Value: "O6uvpzGd5pu"}.Identifier()}
	clinic.Name = "Clinic"
	add("NewOrganizationLK", clinic)
	any := nehr.NewOrganizationIPS()
	any.Name = "Clinic"
	add("NewOrganizationIPS", any)

	place := nehr.NewLocationLK()
	place.Identifier = []nehr.Identifier{nehr.LocationIdentifier("L1")}
	place.Name = "Clinic"
	place.ManagingOrganization = f.clinic
	add("NewLocationLK", place)
	plain := nehr.NewLocation()
	plain.Name = "Clinic"
	plain.Position = &nehr.Position{Longitude: decimal("79.8612"), Latitude: decimal("6.9271")}
	add("NewLocation", plain)

	device := nehr.NewDeviceLK()
	device.Identifier = []nehr.Identifier{nehr.SystemIDIdentifier("3f1c")}
	device.Version = []nehr.DeviceVersion{{Type: &nehr.CodeableConcept{Text: "DHIS2"}, Value: "2.42.0"}}
	device.Owner, device.Location = f.clinic, f.place
	add("NewDeviceLK", device)
	add("NewDevice", nehr.NewDevice())

	visit := nehr.NewEncounterLK()
	visit.Subject, visit.Period = f.patient, &nehr.Period{Start: day, End: day}
	visit.Participant = []nehr.EncounterParticipant{{Individual: nehr.AbsentReference(nehr.AbsentUnknown)}}
	visit.Location = []nehr.EncounterLocation{{Location: f.place}}
	visit.ServiceProvider = f.clinic
	add("NewEncounterLK", visit)
	add("NewEncounter", nehr.NewEncounter())

	fact := func(o *nehr.Observation) *nehr.Observation {
		o.Subject, o.Encounter, o.Device = f.patient, f.visit, f.device
		o.EffectiveDateTime, o.Issued = instant, instant
		o.Performer = []nehr.Reference{*f.nurse, *f.clinic}
		return o
	}
	generic := fact(nehr.NewGenericObservation())
	generic.Category = nehr.CategoryExam.Concepts()
	generic.Code = nehr.Concept("Fundal height", nehr.Coding{System: nehr.SystemLOINC, Code: "11881-0"})
	generic.ValueQuantity = nehr.UCUMQuantity(decimal("24.0"), "cm", "cm")
	add("NewGenericObservation", generic)
	base := nehr.NewObservation()
	base.Code = nehr.Concept("Question")
	base.ValueInteger = new(0)
	add("NewObservation", base)
	dhis2 := []nehr.Coding{{System: nehr.SystemDHIS2DataElement, Code: "Y3xF4qecAVw"}, {System: nehr.SystemDHIS2DataElement, Code: "QMCuOLLRHHD"}}
	add("NewBloodPressure", fact(nehr.NewBloodPressure(pressure("118"), pressure("76"), dhis2...)))
	add("NewBloodPressure systolic", fact(nehr.NewBloodPressure(pressure("118"), nil, dhis2...)))
	add("NewBloodPressure diastolic", fact(nehr.NewBloodPressure(nil, pressure("76"), dhis2...)))
	lab := fact(nehr.NewLaboratoryResult())
	lab.Code = nehr.Concept("Haemoglobin", nehr.Coding{System: nehr.SystemLOINC, Code: "718-7"})
	lab.ValueQuantity = nehr.UCUMQuantity(decimal("10.50"), "g/dL", "g/dL")
	add("NewLaboratoryResult", lab)
	status := nehr.NewPregnancyStatus()
	status.Subject, status.EffectiveDateTime, status.Performer = f.patient, day, []nehr.Reference{*f.clinic}
	add("NewPregnancyStatus", status)
	edd := nehr.NewPregnancyEDD("2026-08-09")
	edd.Subject, edd.EffectiveDateTime = f.patient, instant
	add("NewPregnancyEDD", edd)

	sick := nehr.NewMedicalHistory()
	sick.Code = new(nehr.Concept("Diabetes mellitus", nehr.Coding{System: nehr.SystemSNOMED, Code: "73211009"}))
	sick.Subject, sick.Encounter, sick.RecordedDate, sick.Recorder = f.patient, f.visit, instant, f.nurse
	add("NewMedicalHistory", sick)
	problem := nehr.NewConditionIPS()
	problem.Code, problem.Subject = sick.Code, f.patient
	add("NewConditionIPS", problem)

	medicine := nehr.NewMedicationStatementIPS()
	medicine.MedicationCodeableConcept = new(nehr.Concept("Folic acid", nehr.Coding{System: nehr.SystemATC, Code: "B03BB01"}))
	medicine.Subject, medicine.InformationSource, medicine.Context = f.patient, f.patient, f.visit
	medicine.EffectivePeriod = &nehr.Period{Start: day}
	medicine.DateAsserted = instant
	add("NewMedicationStatementIPS", medicine)
	vaccine := nehr.NewImmunizationIPS()
	vaccine.VaccineCode = nehr.Concept("Rubella", nehr.Coding{System: nehr.SystemSNOMED, Code: "871732000"})
	vaccine.Patient, vaccine.Encounter = f.patient, f.visit
	vaccine.OccurrenceString, vaccine.PrimarySource, vaccine.Recorded = "unknown", new(false), instant
	vaccine.Performer = []nehr.ImmunizationPerformer{{Actor: f.clinic}}
	add("NewImmunizationIPS", vaccine)

	request := nehr.NewReferralRequest()
	request.Subject, request.Encounter, request.Requester = f.patient, f.visit, f.nurse
	request.OccurrenceDateTime, request.AuthoredOn = instant, instant
	request.ReasonCode = []nehr.CodeableConcept{{Text: "swollen feet"}}
	add("NewReferralRequest", request)
	task := nehr.NewReferralTask()
	task.Focus, task.For, task.Encounter, task.Requester = f.request, f.patient, f.visit, f.nurse
	task.AuthoredOn = instant
	task.Location = nehr.AbsentReference(nehr.AbsentUnknown)
	add("NewReferralTask", task)

	proposed := nehr.NewAppointment(nehr.AppointmentProposed)
	proposed.RequestedPeriod = []nehr.Period{{Start: day, End: day}}
	proposed.Participant = []nehr.AppointmentParticipant{{Actor: f.patient, Status: nehr.ParticipationAccepted}}
	add("NewAppointment proposed", proposed)
	booked := nehr.NewAppointment(nehr.AppointmentBooked)
	booked.Start, booked.End = instant, "2026-02-03T09:40:11+05:30"
	booked.Participant = proposed.Participant
	add("NewAppointment booked", booked)

	consent := nehr.NewConsent()
	consent.Scope = new(nehr.Concept("", nehr.Coding{System: nehr.SystemConsentScope, Code: "patient-privacy"}))
	consent.Category = []nehr.CodeableConcept{nehr.Concept("", nehr.Coding{System: nehr.SystemLOINC, Code: "59284-0"})}
	consent.Patient, consent.DateTime = f.patient, instant
	consent.PolicyRule = new(nehr.Concept("", nehr.Coding{System: nehr.SystemActCode, Code: "OPTIN"}))
	consent.Provision = &nehr.Provision{Type: "permit"}
	add("NewConsent", consent)
	issue := nehr.NewDetectedIssue()
	issue.Patient, issue.IdentifiedDateTime = f.patient, instant
	issue.Implicated = []nehr.Reference{*f.visit}
	issue.Detail = "systolic not above diastolic"
	add("NewDetectedIssue", issue)

	origin := &nehr.Provenance{Recorded: instant, Target: []nehr.Reference{*f.patient}}
	origin.Agent = []nehr.ProvenanceAgent{{Who: f.device}}
	add("Provenance", origin)
	add("OperationOutcome", &nehr.OperationOutcome{Issue: []nehr.OutcomeIssue{
		{Severity: nehr.SeverityError, Code: "required", Expression: []string{"Patient.name"}, Diagnostics: "is required"},
	}})
	return all
}
