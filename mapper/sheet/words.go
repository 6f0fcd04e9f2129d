package sheet

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// becomes says in plain words what a data element of a kind turns into.
func becomes(k mapper.Kind, e *mapper.Element) string {
	ticked := e.Type == dhis2.TrueOnly
	switch k {
	case mapper.KindQuantity:
		unit, _ := mapper.UnitText(e.Unit)
		if unit == "" {
			return "Observation: a number"
		}
		return "Observation: a number in " + unit
	case mapper.KindCount:
		return "Observation: a whole number"
	case mapper.KindDate:
		return "Observation: a date"
	case mapper.KindText:
		return "Observation: the text as written"
	case mapper.KindFinding:
		return either(ticked, "Present", "Absent")
	case mapper.KindTest:
		return either(ticked, "Positive", "Negative")
	case mapper.KindQuestion:
		return either(ticked, "Yes", "No")
	case mapper.KindCoded:
		return "Observation: the chosen option"
	case mapper.KindDueDate:
		return "Observation: the expected date of delivery"
	case mapper.KindSystolic:
		return "Observation: the systolic part of one blood pressure (LOINC 85354-9)"
	case mapper.KindDiastolic:
		return "Observation: the diastolic part of one blood pressure (LOINC 85354-9)"
	case mapper.KindCondition:
		return "Condition, active and confirmed, when yes; nothing when no"
	case mapper.KindMedication:
		if ticked {
			return "Medication statement: active when ticked; nothing otherwise"
		}
		return "Medication statement: active when yes, not taken when no"
	case mapper.KindCourse:
		return "Medication statement: one course for each enrollment, from the first to the last visit that has it"
	case mapper.KindImmunization:
		return "Immunization: completed when yes, not done when no; the day is unknown"
	case mapper.KindReferralReason:
		return "Reason of the referral request, and Observation: the text as written"
	case mapper.KindReferralTarget:
		return "Facility that receives the referral"
	case mapper.KindNone:
		return "Not sent: " + e.Why
	}
	return "Unknown kind " + string(k)
}

func either(ticked bool, yes, no string) string {
	if ticked {
		return "Observation: " + yes + " when ticked; nothing otherwise"
	}
	return "Observation: " + yes + " or " + no
}

// becomesOfPatient says what an attribute turns into.
func becomesOfPatient(a *mapper.Attribute) string {
	switch a.Kind {
	case mapper.AttrPHN:
		return "Patient: personal health number; without it nothing is sent"
	case mapper.AttrESignetSubject:
		return "Patient: identifier of the eSignet account"
	case mapper.AttrNIC:
		return "Patient: national identity card number"
	case mapper.AttrPassport:
		return "Patient: passport number"
	case mapper.AttrIdentifier:
		return "Patient: identifier in the system " + a.System
	case mapper.AttrFullName:
		return "Patient: name as written"
	case mapper.AttrGivenName:
		return "Patient: given name"
	case mapper.AttrFamilyName:
		return "Patient: family name"
	case mapper.AttrBirthDate:
		return "Patient: date of birth"
	case mapper.AttrGender:
		return "Patient: gender, as follows"
	case mapper.AttrPhone:
		return "Patient: telephone number"
	case mapper.AttrAddress:
		return "Patient: address"
	case mapper.AttrContactName:
		return "Patient: name of a contact person"
	case mapper.AttrContactPhone:
		return "Patient: telephone number of a contact person"
	case mapper.AttrCohabitant:
		return "Patient: contact, relationship: " + a.Relationship
	case mapper.AttrReminders:
		return "Consent: reminders permitted or refused"
	case mapper.AttrObservation:
		return becomes(a.As, &a.Element) + ", dated by the enrollment"
	case mapper.AttrNone:
		return "Not sent: " + a.Why
	}
	return "Unknown kind " + string(a.Kind)
}

// fixedCodes are those of kinds whose code is no choice of the map.
var fixedCodes = map[mapper.Kind]mapper.Code{
	mapper.KindSystolic:  {System: mapper.LOINC, Code: "8480-6", Display: "Systolic blood pressure"},
	mapper.KindDiastolic: {System: mapper.LOINC, Code: "8462-4", Display: "Diastolic blood pressure"},
}

// systems are the names that people know the terminologies by.
var systems = map[mapper.CodeSystem]string{mapper.LOINC: "LOINC", mapper.SNOMED: "SNOMED CT", mapper.ATC: "ATC"}

func codeText(c mapper.Code) string {
	name, known := systems[c.System]
	if !known {
		name = string(c.System)
	}
	return fmt.Sprintf("%s %s", name, c.Code)
}
