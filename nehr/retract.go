package nehr

// Retract makes a resource say that it was entered in error, so that readers
// no longer take its content for a fact. The claim to a profile that fixes
// another status is dropped (generic-observation and what derives from it,
// and the laboratory result of IPS, fix "final"), and so is a Condition's
// clinicalStatus and with it the profiles that demand it: R4's con-5 forbids
// it on an error (G2).
//
// It reports false for the types that have no such state or are shared with
// others (Patient, Practitioner, PractitionerRole, Organization, Location,
// Device, Provenance, OperationOutcome); they are left as they are.
func Retract(r Resource) bool {
	switch r := r.(type) {
	case *Appointment:
		retractAppointment(r)
	case *Encounter:
		r.Status = EncounterEnteredInError
	case *Observation:
		r.Status = ObservationEnteredInError
		r.Meta.unclaim(ProfileLKGenericObservation, ProfileLKBloodPressure, ProfileIPSLaboratory)
	case *Condition:
		retractCondition(r)
	case *MedicationStatement:
		r.Status = MedicationEnteredInError
	case *Immunization:
		r.Status = ImmunizationEnteredInError
	case *ServiceRequest:
		r.Status = RequestEnteredInError
	case *Task:
		r.Status = TaskEnteredInError
	case *Consent:
		r.Status = ConsentEnteredInError
	case *DetectedIssue:
		r.Status = ObservationEnteredInError
	default:
		return false
	}
	return true
}

// retractAppointment keeps R4's app-3, by which only what is proposed or
// cancelled may lack start and end, and app-4, by which only what is cancelled
// has a reason for it. When a proposed appointment would have been is not
// known, and that is what start and end then say.
func retractAppointment(a *Appointment) {
	a.Status = AppointmentEnteredInError
	a.CancelationReason = nil
	if a.Start == "" && a.StartExt == nil {
		a.StartExt = Absent(AbsentUnknown)
	}
	if a.End == "" && a.EndExt == nil {
		a.EndExt = Absent(AbsentUnknown)
	}
}

// retractCondition keeps R4's con-5, by which an error has no clinicalStatus,
// and con-4, by which what has no clinicalStatus has no abatement.
func retractCondition(c *Condition) {
	c.VerificationStatus = code1(SystemConditionVerification, VerificationEnteredInError)
	c.ClinicalStatus = nil
	c.AbatementDateTime, c.AbatementString = "", ""
	c.AbatementAge, c.AbatementPeriod, c.AbatementRange = nil, nil, nil
	c.Meta.unclaim(ProfileLKMedicalHistory, ProfileIPSCondition)
}

// unclaim drops profiles. It makes a new list: the old one may be shared.
func (m *Meta) unclaim(profiles ...string) {
	var keep []string
next:
	for _, p := range m.Profile {
		for _, drop := range profiles {
			if p == drop {
				continue next
			}
		}
		keep = append(keep, p)
	}
	m.Profile = keep
}
