package nehr

// The frame around the facts: who she is, who wrote, where, with what. Each
// constructor gives a resource that claims its profile and has what the
// profile fixes; what only the caller knows is for the caller to set.

// claim is a meta that claims one profile.
func claim(profile string) Meta { return Meta{Profile: []string{profile}} }

// NewPatientLK is a Patient of the national guide (ips-patient). It needs
// identifiers (PHNIdentifier, one more, and a passport or AbsentPassport),
// RegisteredBy, a name with family and given, gender and birthDate, each at
// least with the reason why it is absent.
func NewPatientLK() *Patient { return &Patient{Base: Base{Meta: claim(ProfileLKPatient)}} }

// NewPatientIPS is a Patient of IPS (Patient-uv-ips): it needs a name and a
// birthDate.
func NewPatientIPS() *Patient { return &Patient{Base: Base{Meta: claim(ProfileIPSPatient)}} }

// RegisteredBy adds the extension that leads to the Device which registered
// the patient; the national profile demands exactly one.
func (p *Patient) RegisteredBy(device *Reference) {
	p.Extension = append(p.Extension, Extension{Url: ExtensionRegistrationSystem, ValueReference: device})
}

// NewPractitionerLK is a Practitioner of the national guide: it needs a name
// with family and given, and a telecom.
func NewPractitionerLK() *Practitioner {
	return &Practitioner{Base: Base{Meta: claim(ProfileLKPractitioner)}}
}

// NewPractitionerIPS is a Practitioner of IPS: it needs a name.
func NewPractitionerIPS() *Practitioner {
	return &Practitioner{Base: Base{Meta: claim(ProfileIPSPractitioner)}}
}

// NewPractitionerRoleIPS is a PractitionerRole of IPS.
func NewPractitionerRoleIPS() *PractitionerRole {
	return &PractitionerRole{Base: Base{Meta: claim(ProfileIPSPractitionerRole)}}
}

// NewOrganizationLK is an Organization of the national guide: it needs the
// HINIdentifier, or AbsentHIN, and a name.
func NewOrganizationLK() *Organization {
	return &Organization{Base: Base{Meta: claim(ProfileLKOrganization)}}
}

// NewOrganizationIPS is an Organization of IPS: it needs a name.
func NewOrganizationIPS() *Organization {
	return &Organization{Base: Base{Meta: claim(ProfileIPSOrganization)}}
}

// NewLocationLK is an active Location of the national guide
// (providers-location): it needs a name and the managing organization.
func NewLocationLK() *Location {
	return &Location{Base: Base{Meta: claim(ProfileLKLocation)}, Status: LocationActive}
}

// NewLocation is an active Location of plain R4.
func NewLocation() *Location { return &Location{Status: LocationActive} }

// NewDeviceLK is an active Device of the national guide (device-information),
// an electronic medical record: it needs the SystemIDIdentifier, a version,
// owner and location.
func NewDeviceLK() *Device {
	d := NewDevice()
	d.Meta = claim(ProfileLKDevice)
	return d
}

// NewDevice is an active Device of plain R4, an electronic medical record.
func NewDevice() *Device {
	return &Device{
		Status: DeviceActive,
		Type:   &CodeableConcept{Coding: []Coding{{System: SystemSNOMED, Code: "129465004"}}},
	}
}

// NewEncounterLK is a finished ambulatory Encounter of the national guide
// (target-facility-encounter): it needs subject, period and a participant
// with individual, at least AbsentReference.
func NewEncounterLK() *Encounter {
	e := NewEncounter()
	e.Meta = claim(ProfileLKEncounter)
	return e
}

// NewEncounter is a finished ambulatory Encounter of plain R4.
func NewEncounter() *Encounter {
	return &Encounter{
		Status: EncounterFinished,
		Class:  &Coding{System: SystemActCode, Code: "AMB", Display: "ambulatory"},
	}
}
