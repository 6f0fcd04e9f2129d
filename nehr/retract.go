package nehr

// Retract makes a resource say that it was entered in error, so that readers
// no longer take its content for a fact, and gives it back. The claim to a
// profile that fixes another status is dropped (generic-observation and what
// derives from it fix "final"), and so is a Condition's clinicalStatus and
// with it the profiles that demand it: R4's con-5 forbids it on an error (G2).
//
// It reports false for the types that have no such state or are shared with
// others (Patient, Practitioner, PractitionerRole, Organization, Location,
// Device, Provenance, OperationOutcome); they are left as they are.
func Retract(r Resource) bool {
	switch r := r.(type) {
	case *Appointment:
		r.Status = AppointmentEnteredInError
	case *Encounter:
		r.Status = EncounterEnteredInError
	case *Observation:
		r.Status = ObservationEnteredInError
		r.Meta.unclaim(ProfileLKGenericObservation, ProfileLKBloodPressure, ProfileIPSLaboratory)
	case *Condition:
		r.VerificationStatus = code1(SystemConditionVerification, VerificationEnteredInError)
		r.ClinicalStatus = nil
		r.Meta.unclaim(ProfileLKMedicalHistory, ProfileIPSCondition)
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
