package mapper

import (
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// systemOrganisationUnitCode is the system of organisation unit codes where
// they are not the national HIN.
const systemOrganisationUnitCode = "urn:dhis2:organisationUnit:code"

// place is an organisation unit as Organization and Location.
type place struct {
	uid                              dhis2.UID
	organization, location           *nehr.Reference
	organizationEntry, locationEntry nehr.Entry
}

// place gives the Organization and Location of an organisation unit and makes
// them the first time; nil of the zero UID.
func (r *run) place(uid dhis2.UID) *place {
	if uid.IsZero() {
		return nil
	}
	for _, p := range r.places {
		if p.uid == uid {
			return p
		}
	}
	unit := r.unit(uid)
	own := nehr.Key{System: nehr.SystemDHIS2OrganisationUnit, Value: uid.String()}
	key := own
	code := dhis2.Clean(unit.Code)
	lk := r.plan.guide() == GuideLK
	if code != "" && lk {
		key = nehr.Key{System: nehr.SystemHIN, Value: code}
	}
	for _, p := range r.places {
		if p.organizationEntry.Key == key { // two units with one number are one facility
			return p
		}
	}
	p := &place{
		uid:          uid,
		organization: nehr.Ref(nehr.FullURL("Organization", key), ""),
		location:     nehr.Ref(nehr.FullURL("Location", key), ""),
	}
	name := firstOf(unit.Name, unit.DisplayName, unit.ShortName)

	org := nehr.NewOrganizationIPS()
	if lk {
		org = nehr.NewOrganizationLK()
	}
	loc := nehr.NewLocation()
	if lk {
		loc = nehr.NewLocationLK()
	}
	switch {
	case lk && code != "":
		org.Identifier = append(org.Identifier, nehr.HINIdentifier(code))
		loc.Identifier = append(loc.Identifier, key.Identifier())
	case lk:
		org.Identifier = append(org.Identifier, nehr.AbsentHIN(nehr.AbsentUnknown))
	case code != "":
		// Whose register the code is of, another country's DHIS2 does not say.
		byCode := nehr.Identifier{System: systemOrganisationUnitCode, Value: code}
		org.Identifier = append(org.Identifier, byCode)
		loc.Identifier = append(loc.Identifier, byCode)
	}
	org.Identifier = append(org.Identifier, own.Identifier())
	loc.Identifier = append(loc.Identifier, own.Identifier())
	org.Name, org.NameExt = orAbsent(name)
	loc.Name, loc.NameExt = orAbsent(name)
	loc.ManagingOrganization = p.organization
	p.organizationEntry = nehr.Entry{FullURL: p.organization.Reference, Resource: org, Key: key}
	p.locationEntry = nehr.Entry{FullURL: p.location.Reference, Resource: loc, Key: key}
	r.trace.entry(p.organization.Reference, source{organisationUnit: uid})
	r.trace.entry(p.location.Reference, source{organisationUnit: uid})
	r.places = append(r.places, p)
	return p
}

// unit finds what DHIS2 says about an organisation unit.
func (r *run) unit(uid dhis2.UID) dhis2.OrganisationUnit {
	for i := range r.ctx.OrganisationUnits {
		if r.ctx.OrganisationUnits[i].ID == uid {
			return r.ctx.OrganisationUnits[i]
		}
	}
	return dhis2.OrganisationUnit{ID: uid}
}

// root is the organisation unit at the top of the hierarchy that uid stands
// in, or uid itself where its path is not known.
func (r *run) root(uid dhis2.UID) dhis2.UID {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.unit(uid).Path, "/"), "/")
	if top, err := dhis2.ParseUID(first); err == nil {
		return top
	}
	return uid
}

// placeOf is where a visit took place, else where she is enrolled, else where
// the tracked entity is registered.
func (r *run) placeOf(units ...dhis2.UID) *place {
	for _, u := range units {
		if p := r.place(u); p != nil {
			return p
		}
	}
	return nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t = dhis2.Clean(t); t != "" {
			return t
		}
	}
	return ""
}
