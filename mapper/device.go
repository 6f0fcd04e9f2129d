package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// systemDHIS2SystemID is the system of a DHIS2 instance's id where no
// national guide names one.
const systemDHIS2SystemID = "urn:dhis2:systemId"

// addDevice makes the Device that stands for the DHIS2 instance. Its owner
// and place are the root of the organisation unit hierarchy, which is the
// same for every tracked entity: a Device that named each one's own clinic
// would change with every woman (D-039, D-102).
func (r *run) addDevice() {
	id := dhis2.Clean(r.ctx.SystemInfo.SystemID)
	if id == "" {
		return
	}
	key := nehr.Key{System: systemDHIS2SystemID, Value: id}
	d := nehr.NewDevice()
	if r.plan.guide() == GuideLK {
		key.System = nehr.SystemSystemID
		d = nehr.NewDeviceLK()
	}
	r.device = nehr.Ref(nehr.FullURL("Device", key), "")
	d.Identifier = append(d.Identifier, key.Identifier())
	if name := firstOf(r.ctx.SystemInfo.SystemName); name != "" {
		d.DeviceName = []nehr.DeviceName{{Name: name, Type: "user-friendly-name"}}
	}
	v := nehr.DeviceVersion{Type: &softwareVersion}
	v.Value, v.ValueExt = orAbsent(firstOf(r.ctx.SystemInfo.Version))
	d.Version = []nehr.DeviceVersion{v}
	if p := r.place(r.root(r.homeUnit())); p != nil {
		d.Owner, d.Location = p.organization, p.location
	} else {
		d.Owner, d.Location = absentRef, absentRef
	}
	r.frame = append(r.frame, nehr.Entry{FullURL: r.device.Reference, Resource: d, Key: key})
	r.trace.entry(r.device.Reference, source{system: true})
}

// deviceRef leads to the Device, or says that DHIS2 was not asked.
func (r *run) deviceRef() *nehr.Reference {
	if r.device == nil {
		return absentRef
	}
	return r.device
}

// homeUnit is the organisation unit of the last enrollment, else that of the
// tracked entity.
func (r *run) homeUnit() dhis2.UID {
	for i := len(r.enrollments) - 1; i >= 0; i-- {
		if u := r.enrollments[i].OrgUnit; !u.IsZero() {
			return u
		}
	}
	return r.te.OrgUnit
}

// Shared: nobody changes them after they were made.
var (
	absentRef       = nehr.AbsentReference(nehr.AbsentUnknown)
	softwareVersion = nehr.CodeableConcept{Text: "DHIS2 version"}
)
