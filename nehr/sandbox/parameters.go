package sandbox

import "strings"

// kind is how a search parameter is indexed and compared (search.html#ptypes).
type kind int

const (
	token kind = iota
	text
	date
	reference
	uri
)

func (k kind) String() string {
	return [...]string{"token", "string", "date", "reference", "uri"}[k]
}

// parameter is one search parameter: where its values stand in a resource.
type parameter struct {
	kind   kind
	paths  []string // dotted, arrays are gone through
	system string   // of a ContactPoint: only entries of this system
	target string   // of a reference: only this type
}

// common holds for every type.
var common = map[string]parameter{
	"identifier": {kind: token, paths: []string{"identifier"}},
	"_profile":   {kind: uri, paths: []string{"meta.profile"}},
	"_tag":       {kind: token, paths: []string{"meta.tag"}},
	"_security":  {kind: token, paths: []string{"meta.security"}},
}

// parameters are the R4 search parameters by type that this project, its
// portals and its tests use, written as name:kind:path,path (or Type/path where
// the reference must be of one type).
var parameters = parseParameters(`
Patient name:s:name,name.text,name.family,name.given,name.prefix,name.suffix family:s:name.family given:s:name.given birthdate:d:birthDate gender:t:gender active:t:active phone:phone:telecom email:email:telecom telecom:t:telecom address:s:address.text,address.line,address.city,address.district,address.state,address.postalCode,address.country address-city:s:address.city organization:r:managingOrganization general-practitioner:r:generalPractitioner link:r:link.other death-date:d:deceasedDateTime deceased:t:deceasedBoolean
Practitioner name:s:name.text,name.family,name.given family:s:name.family given:s:name.given active:t:active phone:phone:telecom email:email:telecom telecom:t:telecom gender:t:gender
PractitionerRole practitioner:r:practitioner organization:r:organization location:r:location role:t:code specialty:t:specialty active:t:active date:d:period
RelatedPerson patient:r:patient name:s:name.text,name.family,name.given birthdate:d:birthDate phone:phone:telecom relationship:t:relationship active:t:active
Organization name:s:name,alias active:t:active type:t:type partof:r:partOf address:s:address.text,address.city
Location name:s:name,alias status:t:status type:t:type organization:r:managingOrganization partof:r:partOf address:s:address.text,address.city
Device status:t:status type:t:type patient:r:patient organization:r:owner location:r:location device-name:s:deviceName.name url:u:url
Encounter status:t:status class:t:class type:t:type subject:r:subject patient:r:Patient/subject date:d:period participant:r:participant.individual practitioner:r:Practitioner/participant.individual location:r:location.location service-provider:r:serviceProvider reason-code:t:reasonCode appointment:r:appointment based-on:r:basedOn part-of:r:partOf
Observation status:t:status code:t:code category:t:category subject:r:subject patient:r:Patient/subject encounter:r:encounter performer:r:performer date:d:effectiveDateTime,effectivePeriod,effectiveInstant device:r:device value-concept:t:valueCodeableConcept value-date:d:valueDateTime,valuePeriod value-string:s:valueString component-code:t:component.code based-on:r:basedOn derived-from:r:derivedFrom has-member:r:hasMember part-of:r:partOf focus:r:focus combo-code:t:code,component.code
Condition code:t:code category:t:category clinical-status:t:clinicalStatus verification-status:t:verificationStatus subject:r:subject patient:r:Patient/subject encounter:r:encounter asserter:r:asserter recorded-date:d:recordedDate onset-date:d:onsetDateTime,onsetPeriod
MedicationStatement status:t:status code:t:medicationCodeableConcept category:t:category subject:r:subject patient:r:Patient/subject context:r:context effective:d:effectiveDateTime,effectivePeriod source:r:informationSource medication:r:medicationReference part-of:r:partOf
MedicationRequest status:t:status intent:t:intent code:t:medicationCodeableConcept category:t:category subject:r:subject patient:r:Patient/subject encounter:r:encounter authoredon:d:authoredOn requester:r:requester medication:r:medicationReference
Immunization status:t:status vaccine-code:t:vaccineCode patient:r:Patient/patient date:d:occurrenceDateTime performer:r:performer.actor location:r:location
AllergyIntolerance clinical-status:t:clinicalStatus verification-status:t:verificationStatus code:t:code patient:r:Patient/patient date:d:recordedDate category:t:category
Procedure status:t:status code:t:code subject:r:subject patient:r:Patient/subject encounter:r:encounter date:d:performedDateTime,performedPeriod performer:r:performer.actor
ServiceRequest status:t:status intent:t:intent code:t:code category:t:category subject:r:subject patient:r:Patient/subject encounter:r:encounter authored:d:authoredOn requester:r:requester performer:r:performer based-on:r:basedOn occurrence:d:occurrenceDateTime,occurrencePeriod priority:t:priority
Task status:t:status intent:t:intent code:t:code subject:r:for patient:r:Patient/for encounter:r:encounter authored-on:d:authoredOn modified:d:lastModified requester:r:requester owner:r:owner focus:r:focus based-on:r:basedOn business-status:t:businessStatus part-of:r:partOf period:d:executionPeriod priority:t:priority
Appointment status:t:status date:d:start actor:r:participant.actor patient:r:Patient/participant.actor practitioner:r:Practitioner/participant.actor location:r:Location/participant.actor service-type:t:serviceType based-on:r:basedOn part-status:t:participant.status slot:r:slot
Consent status:t:status scope:t:scope category:t:category patient:r:Patient/patient date:d:dateTime actor:r:provision.actor.reference consentor:r:performer organization:r:organization period:d:provision.period data:r:provision.data.reference purpose:t:provision.purpose action:t:provision.action
AuditEvent type:t:type subtype:t:subtype action:t:action date:d:recorded outcome:t:outcome agent:r:agent.who entity:r:entity.what patient:r:Patient/agent.who,entity.what source:r:source.observer site:t:source.site
Provenance target:r:target patient:r:Patient/target agent:r:agent.who recorded:d:recorded entity:r:entity.what
Communication status:t:status category:t:category subject:r:subject patient:r:Patient/subject encounter:r:encounter sender:r:sender recipient:r:recipient sent:d:sent received:d:received based-on:r:basedOn
DetectedIssue status:t:status code:t:code patient:r:Patient/patient identified:d:identifiedDateTime,identifiedPeriod implicated:r:implicated author:r:author
DiagnosticReport status:t:status code:t:code category:t:category subject:r:subject patient:r:Patient/subject encounter:r:encounter date:d:effectiveDateTime,effectivePeriod issued:d:issued performer:r:performer result:r:result
Media status:t:status type:t:type modality:t:modality subject:r:subject patient:r:Patient/subject encounter:r:encounter created:d:createdDateTime,createdPeriod operator:r:operator based-on:r:basedOn
DocumentReference status:t:status type:t:type category:t:category subject:r:subject patient:r:Patient/subject date:d:date author:r:author encounter:r:context.encounter period:d:context.period related:r:context.related
Composition status:t:status type:t:type category:t:category subject:r:subject patient:r:Patient/subject date:d:date author:r:author encounter:r:encounter title:s:title
Bundle type:t:type timestamp:d:timestamp
EpisodeOfCare status:t:status type:t:type patient:r:Patient/patient date:d:period organization:r:managingOrganization
CareTeam status:t:status subject:r:subject patient:r:Patient/subject participant:r:participant.member date:d:period
Person name:s:name.text,name.family,name.given birthdate:d:birthDate phone:phone:telecom link:r:link.target patient:r:Patient/link.target
Slot schedule:r:schedule status:t:status start:d:start
Schedule actor:r:actor active:t:active date:d:planningHorizon
Questionnaire status:t:status url:u:url
QuestionnaireResponse status:t:status questionnaire:u:questionnaire subject:r:subject patient:r:Patient/subject encounter:r:encounter authored:d:authored
StructureDefinition url:u:url status:t:status name:s:name
ValueSet url:u:url status:t:status name:s:name
CodeSystem url:u:url status:t:status name:s:name
Endpoint status:t:status organization:r:managingOrganization name:s:name
Basic code:t:code subject:r:subject patient:r:Patient/subject created:d:created author:r:author
`)

func parseParameters(table string) map[string]map[string]parameter {
	all := map[string]map[string]parameter{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		fields := strings.Fields(line)
		byName := map[string]parameter{}
		for _, f := range fields[1:] {
			part := strings.SplitN(f, ":", 3)
			p := parameter{}
			switch part[1] {
			case "s":
				p.kind = text
			case "d":
				p.kind = date
			case "r":
				p.kind = reference
			case "u":
				p.kind = uri
			case "phone", "email":
				p.system = part[1]
			}
			path := part[2]
			if target, rest, ok := strings.Cut(path, "/"); ok {
				p.target, path = target, rest
			}
			p.paths = strings.Split(path, ",")
			byName[part[0]] = p
		}
		all[fields[0]] = byName
	}
	return all
}

// parameterOf finds a search parameter of a type.
func parameterOf(typ, name string) (parameter, bool) {
	if p, ok := common[name]; ok {
		return p, true
	}
	p, ok := parameters[typ][name]
	return p, ok
}
