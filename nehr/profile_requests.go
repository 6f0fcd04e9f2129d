package nehr

// What is asked for, planned and permitted.

// NewReferralRequest is an active order of the national guide
// (general-referral-request), SNOMED CT 3457005 with the text that the
// profile fixes (G6): it needs subject, encounter, occurrenceDateTime and
// requester.
func NewReferralRequest() *ServiceRequest {
	return &ServiceRequest{
		Base:   Base{Meta: claim(ProfileLKReferralRequest)},
		Status: RequestActive,
		Intent: IntentOrder,
		Code:   &CodeableConcept{Coding: []Coding{{System: SystemSNOMED, Code: "3457005"}}, Text: "Patient referral"},
	}
}

// NewReferralTask is a requested order of the national guide (referral-task):
// it needs focus, for, encounter, authoredOn, requester and location, which
// is AbsentReference where the map names no target (G6).
func NewReferralTask() *Task {
	return &Task{
		Base:   Base{Meta: claim(ProfileLKReferralTask)},
		Status: TaskRequested,
		Intent: IntentOrder,
	}
}

// NewAppointment is an Appointment of plain R4 in the given status: it needs
// a participant, and start and end unless it is proposed or cancelled.
func NewAppointment(status AppointmentStatus) *Appointment { return &Appointment{Status: status} }

// NewConsent is an active Consent of plain R4: it needs scope, category,
// patient, and a policy or policyRule.
func NewConsent() *Consent { return &Consent{Status: ConsentActive} }

// NewDetectedIssue is a final DetectedIssue of plain R4 that names the facts
// in Implicated.
func NewDetectedIssue() *DetectedIssue { return &DetectedIssue{Status: ObservationFinal} }
