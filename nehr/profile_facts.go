package nehr

// What was found, taken and given.

// NewGenericObservation is a final Observation of the national guide
// (generic-observation): it needs code, subject, encounter,
// effectiveDateTime, performer and device.
func NewGenericObservation() *Observation {
	return &Observation{Base: Base{Meta: claim(ProfileLKGenericObservation)}, Status: ObservationFinal}
}

// NewObservation is a final Observation of plain R4: it needs a code.
func NewObservation() *Observation { return &Observation{Status: ObservationFinal} }

// NewBloodPressure is the blood pressure of the national guide, built exactly
// as it fixes it (G5): LOINC 85354-9 with the components 8480-6 and 8462-4 in
// mm[Hg]. Either pressure may be nil; it then has no component. The codings
// are added to the components' codes, systolic first: those of the DHIS2 data
// elements. It needs what NewGenericObservation needs.
func NewBloodPressure(systolic, diastolic *Decimal, dhis2 ...Coding) *Observation {
	o := &Observation{
		Base:     Base{Meta: claim(ProfileLKBloodPressure)},
		Status:   ObservationFinal,
		Category: CategoryVitalSigns.Concepts(),
		Code:     CodeableConcept{Coding: []Coding{{System: SystemLOINC, Code: "85354-9"}}, Text: "Blood Pressure"},
	}
	o.pressure(systolic, "8480-6", "Systolic blood pressure", dhis2, 0)
	o.pressure(diastolic, "8462-4", "Diastolic blood pressure", dhis2, 1)
	return o
}

func (o *Observation) pressure(value *Decimal, code, text string, dhis2 []Coding, i int) {
	if value == nil || *value == (Decimal{}) {
		return
	}
	c := Component{
		Code:          CodeableConcept{Coding: []Coding{{System: SystemLOINC, Code: code}}, Text: text},
		ValueQuantity: UCUMQuantity(*value, "mmHg", "mm[Hg]"),
	}
	if i < len(dhis2) && dhis2[i].Code != "" {
		c.Code.Coding = append(c.Code.Coding, dhis2[i])
	}
	o.Component = append(o.Component, c)
}

// NewLaboratoryResult is a final Observation of IPS
// (Observation-results-laboratory-uv-ips), category laboratory: it needs
// code, subject, effective, performer and a value.
func NewLaboratoryResult() *Observation {
	return &Observation{
		Base:     Base{Meta: claim(ProfileIPSLaboratory)},
		Status:   ObservationFinal,
		Category: CategoryLaboratory.Concepts(),
	}
}

// NewPregnancyStatus says that she is pregnant, as IPS has it (LOINC 82810-3
// = LA15173-0; the binding is required, so no second code stands beside): it
// needs subject and effectiveDateTime. It has no device: the profile forbids
// one.
func NewPregnancyStatus() *Observation {
	return &Observation{
		Base:   Base{Meta: claim(ProfileIPSPregnancyStatus)},
		Status: ObservationFinal,
		Code:   CodeableConcept{Coding: []Coding{{System: SystemLOINC, Code: "82810-3", Display: "Pregnancy status"}}},
		ValueCodeableConcept: &CodeableConcept{
			Coding: []Coding{{System: SystemLOINC, Code: "LA15173-0", Display: "Pregnant"}},
		},
	}
}

// NewPregnancyEDD is the expected date of delivery of IPS with the LOINC code
// 11779-6 (estimated from the last menstrual period): date is a FHIR date. It
// needs subject and effectiveDateTime, and has no device.
func NewPregnancyEDD(date string) *Observation {
	return &Observation{
		Base:          Base{Meta: claim(ProfileIPSPregnancyEDD)},
		Status:        ObservationFinal,
		Code:          CodeableConcept{Coding: []Coding{{System: SystemLOINC, Code: "11779-6", Display: "Delivery date Estimated from last menstrual period"}}},
		ValueDateTime: date,
	}
}

// NewMedicalHistory is an active and confirmed Condition of the national
// guide (medical-history), a problem-list item: it needs code, subject,
// encounter and recordedDate.
func NewMedicalHistory() *Condition { return newCondition(claim(ProfileLKMedicalHistory)) }

// NewConditionIPS is an active and confirmed Condition of IPS: it needs code
// and subject.
func NewConditionIPS() *Condition { return newCondition(claim(ProfileIPSCondition)) }

func newCondition(m Meta) *Condition {
	return &Condition{
		Base:               Base{Meta: m},
		ClinicalStatus:     code1(SystemConditionClinical, ClinicalActive),
		VerificationStatus: code1(SystemConditionVerification, VerificationConfirmed),
		Category:           []CodeableConcept{{Coding: []Coding{{System: SystemConditionCategory, Code: ConditionProblemListItem}}}},
	}
}

func code1(system, code string) *CodeableConcept {
	return &CodeableConcept{Coding: []Coding{{System: system, Code: code}}}
}

// NewMedicationStatementIPS is an active MedicationStatement of IPS: it needs
// a medication, subject and effective.
func NewMedicationStatementIPS() *MedicationStatement {
	return &MedicationStatement{Base: Base{Meta: claim(ProfileIPSMedicationStatement)}, Status: MedicationActive}
}

// NewImmunizationIPS is a completed Immunization of IPS: it needs
// vaccineCode, patient and occurrence.
func NewImmunizationIPS() *Immunization {
	return &Immunization{Base: Base{Meta: claim(ProfileIPSImmunization)}, Status: ImmunizationCompleted}
}
