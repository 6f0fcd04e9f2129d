// The Sri Lankan mapping once more, in Jsonnet, as a peer to measure speed
// against: the same resources of the same document (a test compares them),
// without issues, plausibility and validation.
//
// Inputs: ext vars document and context (JSON texts); map.json, the stages of
// the UID map. The ids are SHA-1 as ours are, of other bytes: Jsonnet strings
// cannot hold the binary namespace of a UUIDv5.
local map = import 'map.json';
local te = std.parseJson(std.extVar('document'));
local ctx = std.parseJson(std.extVar('context'));

local lk = 'http://fhir.health.gov.lk/ips/';
local ips = 'http://hl7.org/fhir/uv/ips/StructureDefinition/';
local terminology = 'http://terminology.hl7.org/CodeSystem/';

local uuid(type, key) =
  local h = std.sha1(type + '\n' + key.system + '\n' + key.value);
  std.substr(h, 0, 8) + '-' + std.substr(h, 8, 4) + '-5' + std.substr(h, 13, 3) + '-8' + std.substr(h, 17, 3) + '-' + std.substr(h, 20, 12);
local url(type, key) = 'urn:uuid:' + uuid(type, key);
local ref(type, key) = { reference: url(type, key) };
local encode(s) = std.strReplace(std.strReplace(s, ':', '%3A'), '/', '%2F');

local owned(type, key, body) = local id = uuid(type, key); {
  fullUrl: 'urn:uuid:' + id,
  resource: { resourceType: type, id: id, identifier: [key] } + body,
  request: { method: 'PUT', url: type + '/' + id },
};
local common(type, key, body) = {
  fullUrl: url(type, key),
  resource: { resourceType: type } + body,
  request: { method: 'PUT', url: type + '?identifier=' + encode(key.system) + '%7C' + encode(key.value) },
};
local absent = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }] };
local profile(p) = { meta: { profile: [p] } };
local sct(code, display) = { coding: [{ system: 'http://snomed.info/sct', code: code, display: display }] };
local national(type, code, text, system, value) = {
  type: { coding: [{ system: type, code: code }], text: text },
  system: lk + 'identifier/' + system,
  value: value,
};

// A midnight is a day; a time has the offset of the server, here UTC.
local day(t) = std.substr(t, 0, 10);
local instant(t) = std.substr(t, 0, 19) + '+00:00';
local fact(t) = if std.length(t) == 10 || std.substr(t, 10, 9) == 'T00:00:00' then day(t) else instant(t);

local enrollment = te.enrollments[0];
local attributes = { [a.attribute]: a.value for a in enrollment.attributes };
local phn = { system: lk + 'identifier/phn', value: attributes.IrUmPkFMDU5 };
local subject = ref('Patient', phn);
local deviceKey = { system: lk + 'identifier/system-id', value: ctx.systemInfo.systemId };
local device = ref('Device', deviceKey);

local units = { [u.id]: u for u in ctx.organisationUnits };
local placeKey(unit) = if std.objectHas(units[unit], 'code') then { system: lk + 'identifier/hin', value: units[unit].code }
else { system: 'urn:dhis2:organisationUnit:uid', value: unit };
local root = std.split(units[enrollment.orgUnit].path, '/')[1];
local place(unit) =
  local key = placeKey(unit);
  local own = { system: 'urn:dhis2:organisationUnit:uid', value: unit };
  [
    common('Organization', key, profile(lk + 'StructureDefinition/organization') + {
      identifier: [national(terminology + 'v2-0203', 'XX', 'Organization identifier', 'hin', units[unit].code), own],
      name: units[unit].name,
    }),
    common('Location', key, profile(lk + 'StructureDefinition/providers-location') + {
      identifier: [key, own],
      status: 'active',
      name: units[unit].name,
      managingOrganization: ref('Organization', key),
    }),
  ];

local provinces = ['central', 'eastern', 'north central', 'northern', 'north western', 'sabaragamuwa', 'southern', 'uva', 'western'];
local districts = ['ampara', 'anuradhapura', 'badulla', 'batticaloa', 'colombo', 'galle', 'gampaha', 'hambantota', 'jaffna', 'kalutara', 'kandy', 'kegalle', 'kilinochchi', 'kurunegala', 'mannar', 'matale', 'matara', 'monaragala', 'mullaitivu', 'nuwara eliya', 'polonnaruwa', 'puttalam', 'ratnapura', 'trincomalee', 'vavuniya'];
local address(text) =
  local parts = [std.stripChars(p, ' ') for p in std.split(std.strReplace(text, '\n', ','), ',')];
  local is = {
    country(p): std.member(['sri lanka', 'lk'], std.asciiLower(p)),
    state(p): std.member(provinces, std.strReplace(std.asciiLower(p), ' province', '')),
    district(p): std.member(districts, std.strReplace(std.asciiLower(p), ' district', '')),
  };
  local rest = [p for p in parts if !is.country(p) && !is.state(p) && !is.district(p)];
  {
    use: 'home',
    text: text,
    line: rest[0:std.length(rest) - 1],
    city: rest[std.length(rest) - 1],
    district: [p for p in parts if is.district(p)][0],
    state: [p for p in parts if is.state(p)][0],
    country: [p for p in parts if is.country(p)][0],
  };

local patient = common('Patient', phn, profile(lk + 'StructureDefinition/ips-patient') + {
  extension: [{ url: lk + 'StructureDefinition/patient-registration-system', valueReference: device }],
  identifier: [
    { use: 'official' } + national(lk + 'CodeSystem/cs-identifier-types', 'PHN', 'Personal Health Number', 'phn', attributes.IrUmPkFMDU5),
    national(lk + 'CodeSystem/cs-identifier-types', 'NIC', 'National identity number', 'nic', attributes.M6NNPC3hNrb),
    { type: { coding: [{ system: terminology + 'v2-0203', code: 'PPN' }], text: 'Passport number' }, system: lk + 'identifier/passport', _value: absent },
    { system: 'urn:dhis2:trackedEntity', value: te.trackedEntity },
  ],
  name: [{ use: 'official', text: attributes.VQl0wK3eqiw, _family: absent, given: [null], _given: [absent] }],
  telecom: [{ system: 'phone', value: attributes.gGAQeOr1Pgu }],
  gender: std.asciiLower(attributes.p7zizFkC6Lv),
  birthDate: day(attributes.Yie7mOY913J),
  address: [address(attributes.EOMGwaUTMrU)],
});

local theDevice = common('Device', deviceKey, profile(lk + 'StructureDefinition/device-information') + {
  identifier: [deviceKey],
  status: 'active',
  deviceName: [{ name: ctx.systemInfo.systemName, type: 'user-friendly-name' }],
  type: { coding: [{ system: 'http://snomed.info/sct', code: '129465004' }] },
  version: [{ type: { text: 'DHIS2 version' }, value: ctx.systemInfo.version }],
  owner: ref('Organization', placeKey(root)),
  location: ref('Location', placeKey(root)),
});

local userKey(u) = { system: 'urn:dhis2:user:uid', value: u.uid };
local practitioner(u) = common('Practitioner', userKey(u), profile(lk + 'StructureDefinition/practitioner') + {
  identifier: [userKey(u)],
  name: [{ text: u.firstName + ' ' + u.surname, family: u.surname, given: [u.firstName] }],
  telecom: [{ system: 'phone', _value: absent }],
});

local pregnancy = owned('Observation', { system: 'urn:dhis2:observation', value: enrollment.enrollment + '-pregnancy-status' },
                        profile(ips + 'Observation-pregnancy-status-uv-ips') + {
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '82810-3', display: 'Pregnancy status' }] },
  subject: subject,
  effectiveDateTime: fact(enrollment.enrolledAt),
  performer: [ref('Organization', placeKey(enrollment.orgUnit))],
  valueCodeableConcept: { coding: [{ system: 'http://loinc.org', code: 'LA15173-0', display: 'Pregnant' }] },
});

local stages = { [s.uid]: s { element: { [e.uid]: e for e in s.elements } } for s in map.stages };
local systems = { loinc: 'http://loinc.org', snomed: 'http://snomed.info/sct', atc: 'http://www.whocc.no/atc' };
local standard(e) = if std.objectHas(e, 'code') then [{ system: systems[e.code.system], code: e.code.code, display: e.code.display }] else [];
local dhis2(e) = { system: 'urn:dhis2:dataElement', code: e.uid, display: e.name };
local concept(e) = { coding: standard(e) + [dhis2(e)], text: e.name };
local isTrue(v) = std.asciiLower(v) == 'true';

local visit(event) = {
  event:: event,
  stage:: stages[event.programStage],
  at:: fact(event.occurredAt),
  encounterKey:: { system: 'urn:dhis2:eventId', value: event.event },
  encounter:: ref('Encounter', self.encounterKey),
  who:: ref('Practitioner', userKey(event.updatedBy)),
  organization:: ref('Organization', placeKey(event.orgUnit)),
  values:: { [v.dataElement]: v.value for v in event.dataValues },
};

local observed(v) = {
  status: 'final',
  subject: subject,
  encounter: v.encounter,
  effectiveDateTime: v.at,
  issued: instant(v.event.completedAt),
  performer: [v.who, v.organization],
};
local category(code) = { category: [{ coding: [{ system: terminology + 'observation-category', code: code }] }] };
local quantity(number, unit, ucum) = { value: std.parseJson(number), unit: unit, system: 'http://unitsofmeasure.org', code: ucum };
local answers = {
  finding: [sct('52101004', 'Present'), sct('2667000', 'Absent')],
  test: [sct('10828004', 'Positive'), sct('260385009', 'Negative')],
  question: [sct('373066001', 'Yes'), sct('373067000', 'No')],
};
local answer(kind, value) = { valueCodeableConcept: answers[kind][if isTrue(value) then 0 else 1] };
local generic(v, e) = profile(lk + 'StructureDefinition/generic-observation') + observed(v) + category(e.category) + { code: concept(e), device: device };

local key(v, e) = { system: 'urn:dhis2:dataelement:uid', value: v.event.event + '-' + e.uid };
local medication(v, e) = profile(ips + 'MedicationStatement-uv-ips') + {
  medicationCodeableConcept: concept(e),
  subject: subject,
  context: v.encounter,
  dateAsserted: v.at,
  informationSource: subject,
};
local kinds = {
  quantity(v, e, value): [owned('Observation', key(v, e), generic(v, e) + { valueQuantity: quantity(value, e.unitText, e.unit) })],
  count(v, e, value): [owned('Observation', key(v, e), generic(v, e) + { valueInteger: std.parseInt(value) })],
  date(v, e, value): [owned('Observation', key(v, e), generic(v, e) + { valueDateTime: value })],
  text(v, e, value): [owned('Observation', key(v, e), generic(v, e) + { valueString: value })],
  finding(v, e, value): [owned('Observation', key(v, e), generic(v, e) + answer('finding', value))],
  test(v, e, value): [owned('Observation', key(v, e), generic(v, e) + answer('test', value))],
  question(v, e, value): [owned('Observation', key(v, e), generic(v, e) + answer('question', value))],
  'due-date'(v, e, value): [owned('Observation', key(v, e), profile(ips + 'Observation-pregnancy-edd-uv-ips') + observed(v) + category(e.category) + {
    code: { coding: standard(e), text: e.name },
    valueDateTime: value,
  })],
  condition(v, e, value): if !isTrue(value) then [] else [owned('Condition', key(v, e), profile(lk + 'StructureDefinition/medical-history') + {
    clinicalStatus: { coding: [{ system: terminology + 'condition-clinical', code: 'active' }] },
    verificationStatus: { coding: [{ system: terminology + 'condition-ver-status', code: 'confirmed' }] },
    category: [{ coding: [{ system: terminology + 'condition-category', code: 'problem-list-item' }] }],
    code: concept(e),
    subject: subject,
    encounter: v.encounter,
    recordedDate: v.at,
    recorder: v.who,
  })],
  medication(v, e, value): [owned('MedicationStatement', key(v, e), medication(v, e) + {
    status: if isTrue(value) then 'active' else 'not-taken',
    effectivePeriod: { start: v.at },
  })],
  immunization(v, e, value): [owned('Immunization', key(v, e), profile(ips + 'Immunization-uv-ips') + {
    status: if isTrue(value) then 'completed' else 'not-done',
    vaccineCode: concept(e),
    patient: subject,
    encounter: v.encounter,
    occurrenceString: 'unknown',
    recorded: v.at,
    primarySource: false,
    performer: [{ actor: v.organization }],
  })],
};

local pressures = [['systolic', '8480-6', 'Systolic blood pressure'], ['diastolic', '8462-4', 'Diastolic blood pressure']];
local bloodPressure(v) =
  local components = [
    {
      code: { coding: [{ system: 'http://loinc.org', code: p[1] }, dhis2(e)], text: p[2] },
      valueQuantity: quantity(v.values[e.uid], 'mmHg', 'mm[Hg]'),
    }
    for p in pressures
    for e in v.stage.elements
    if e.kind == p[0] && std.objectHas(v.values, e.uid)
  ];
  if components == [] then [] else [owned('Observation', { system: 'urn:dhis2:observation', value: v.event.event + '-blood-pressure' },
                                          profile(lk + 'StructureDefinition/blood-pressure') + observed(v) + category('vital-signs') + {
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood Pressure' },
    device: device,
    component: components,
  })];

local ofVisit(v) =
  [owned('Encounter', v.encounterKey, profile(lk + 'StructureDefinition/target-facility-encounter') + {
    status: 'finished',
    class: { system: terminology + 'v3-ActCode', code: 'AMB', display: 'ambulatory' },
    type: [{ coding: [{ system: 'urn:dhis2:programStage', code: v.stage.uid, display: v.stage.name }], text: v.stage.name }],
    subject: subject,
    participant: [{ individual: v.who }],
    period: { start: v.at, end: v.at },
    reasonCode: [sct('77386006', 'Pregnant')],
    location: [{ location: ref('Location', placeKey(v.event.orgUnit)) }],
    serviceProvider: v.organization,
  })]
  + bloodPressure(v)
  + std.flattenArrays([
    kinds[e.kind](v, e, v.values[e.uid])
    for e in v.stage.elements
    if std.objectHas(v.values, e.uid) && std.objectHasAll(kinds, e.kind)
  ]);

local completed = [e for e in std.sort(enrollment.events, function(e) e.occurredAt) if e.status == 'COMPLETED' && std.objectHas(stages, e.programStage)];
local visits = [visit(e) for e in completed];

local course(s, e) =
  local asked = [v for v in visits if v.stage.uid == s.uid];
  local had = [v for v in asked if std.objectHas(v.values, e.uid) && isTrue(v.values[e.uid])];
  if had == [] then [] else
    local last = had[std.length(had) - 1];
    local goesOn = enrollment.status == 'ACTIVE' && asked[std.length(asked) - 1].event.event == last.event.event;
    [owned('MedicationStatement', { system: 'urn:dhis2:course', value: enrollment.enrollment + '-' + e.uid }, medication(last, e) + {
      status: if goesOn then 'active' else 'completed',
      effectivePeriod: { start: had[0].at } + (if goesOn then {} else { end: last.at }),
    })];

local userUIDs = std.foldl(function(seen, v) if std.member(seen, v.event.updatedBy.uid) then seen else seen + [v.event.updatedBy.uid], visits, []);
local users = { [v.event.updatedBy.uid]: v.event.updatedBy for v in std.reverse(visits[0:1]) };
local places = std.foldl(function(seen, unit) if std.member(seen, unit) then seen else seen + [unit], [root, enrollment.orgUnit] + [v.event.orgUnit for v in visits], []);

{
  resourceType: 'Bundle',
  meta: { profile: [lk + 'StructureDefinition/hims-transactional-bundle'] },
  identifier: { system: lk + 'identifier/hims-transactional', value: te.trackedEntity },
  type: 'transaction',
  timestamp: instant(te.updatedAt),
  entry: [patient, theDevice]
         + std.flattenArrays([place(unit) for unit in places])
         + [practitioner(users[u]) for u in userUIDs]
         + [pregnancy]
         + std.flattenArrays([ofVisit(v) for v in visits])
         + std.flattenArrays([course(s, e) for s in map.stages for e in s.elements if e.kind == 'course']),
}
