package nehr

// Code systems.
const (
	SystemLOINC                   = "http://loinc.org"
	SystemSNOMED                  = "http://snomed.info/sct"
	SystemATC                     = "http://www.whocc.no/atc"
	SystemUCUM                    = "http://unitsofmeasure.org"
	SystemICD10                   = "http://hl7.org/fhir/sid/icd-10"
	SystemICD11                   = "http://id.who.int/icd/release/11/mms"
	SystemObservationCategory     = "http://terminology.hl7.org/CodeSystem/observation-category"
	SystemConditionClinical       = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	SystemConditionVerification   = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
	SystemConditionCategory       = "http://terminology.hl7.org/CodeSystem/condition-category"
	SystemDataAbsentReason        = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
	SystemActCode                 = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	SystemActReason               = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	SystemConfidentiality         = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	SystemParticipationType       = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	SystemIdentifierType          = "http://terminology.hl7.org/CodeSystem/v2-0203"
	SystemContactRole             = "http://terminology.hl7.org/CodeSystem/v2-0131"
	SystemConsentScope            = "http://terminology.hl7.org/CodeSystem/consentscope"
	SystemConsentCategory         = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
	SystemNationalIdentifierTypes = canonicalLK + "CodeSystem/cs-identifier-types"
	SystemNationalDeviceClass     = canonicalLK + "CodeSystem/cs-device-classification"
	SystemDHIS2DataElement        = "urn:dhis2:dataElement"
	SystemDHIS2Attribute          = "urn:dhis2:attribute"
	SystemDHIS2ProgramStage       = "urn:dhis2:programStage"
	SystemDHIS2Option             = "urn:dhis2:option"
)

// Identifier systems of DHIS2 documents. The first four groups are those of
// the reference implementation, so that portals which search by them go on
// working; urn:dhis2:observation, course and issue are this project's own.
const (
	SystemDHIS2Event            = "urn:dhis2:eventId"              // Encounter, Appointment, ServiceRequest, Task: <event>
	SystemDHIS2DataElementUID   = "urn:dhis2:dataelement:uid"      // <event>-<dataElement>
	SystemDHIS2User             = "urn:dhis2:user:uid"             // Practitioner: <user>
	SystemDHIS2TrackedEntity    = "urn:dhis2:trackedEntity"        // Patient: <trackedEntity>
	SystemDHIS2RegistrationNo   = "urn:dhis2:anc:regno"            // Patient: the clinic's registration number
	SystemDHIS2OrganisationUnit = "urn:dhis2:organisationUnit:uid" // Organization, Location: <organisation unit>
	SystemDHIS2Observation      = "urn:dhis2:observation"          // <event>-blood-pressure, <enrollment>-pregnancy-status
	SystemDHIS2Course           = "urn:dhis2:course"               // MedicationStatement: <enrollment>-<dataElement>
	SystemDHIS2Issue            = "urn:dhis2:issue"                // DetectedIssue: <event or enrollment>-<rule>
)

// canonicalLK is the canonical base of the national guide lk-nehr-fhir-ips.
const canonicalLK = "http://fhir.health.gov.lk/ips/"

// Identifier systems of the national guide.
const (
	SystemPHN              = canonicalLK + "identifier/phn"
	SystemNIC              = canonicalLK + "identifier/nic"
	SystemPassport         = canonicalLK + "identifier/passport"
	SystemDriversLicence   = canonicalLK + "identifier/drivers"
	SystemSeniorCitizen    = canonicalLK + "identifier/scn"
	SystemHIN              = canonicalLK + "identifier/hin"
	SystemProviderLocation = canonicalLK + "identifier/provider-location"
	SystemSystemID         = canonicalLK + "identifier/system-id"
	SystemHIMSTransaction  = canonicalLK + "identifier/hims-transactional"
)

// Profiles of the national guide.
const (
	ProfileLKPatient            = canonicalLK + "StructureDefinition/ips-patient"
	ProfileLKPractitioner       = canonicalLK + "StructureDefinition/practitioner"
	ProfileLKOrganization       = canonicalLK + "StructureDefinition/organization"
	ProfileLKLocation           = canonicalLK + "StructureDefinition/providers-location"
	ProfileLKDevice             = canonicalLK + "StructureDefinition/device-information"
	ProfileLKEncounter          = canonicalLK + "StructureDefinition/target-facility-encounter"
	ProfileLKGenericObservation = canonicalLK + "StructureDefinition/generic-observation"
	ProfileLKBloodPressure      = canonicalLK + "StructureDefinition/blood-pressure"
	ProfileLKMedicalHistory     = canonicalLK + "StructureDefinition/medical-history"
	ProfileLKReferralRequest    = canonicalLK + "StructureDefinition/general-referral-request"
	ProfileLKReferralTask       = canonicalLK + "StructureDefinition/referral-task"
	ProfileLKTransaction        = canonicalLK + "StructureDefinition/hims-transactional-bundle"

	// ExtensionRegistrationSystem on a Patient leads to the Device that
	// registered her.
	ExtensionRegistrationSystem = canonicalLK + "StructureDefinition/patient-registration-system"
)

const canonicalIPS = "http://hl7.org/fhir/uv/ips/StructureDefinition/"

// Profiles of HL7's International Patient Summary 1.1.0.
const (
	ProfileIPSPatient             = canonicalIPS + "Patient-uv-ips"
	ProfileIPSPractitioner        = canonicalIPS + "Practitioner-uv-ips"
	ProfileIPSPractitionerRole    = canonicalIPS + "PractitionerRole-uv-ips"
	ProfileIPSOrganization        = canonicalIPS + "Organization-uv-ips"
	ProfileIPSCondition           = canonicalIPS + "Condition-uv-ips"
	ProfileIPSLaboratory          = canonicalIPS + "Observation-results-laboratory-uv-ips"
	ProfileIPSPregnancyStatus     = canonicalIPS + "Observation-pregnancy-status-uv-ips"
	ProfileIPSPregnancyEDD        = canonicalIPS + "Observation-pregnancy-edd-uv-ips"
	ProfileIPSMedicationStatement = canonicalIPS + "MedicationStatement-uv-ips"
	ProfileIPSImmunization        = canonicalIPS + "Immunization-uv-ips"
)
