package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
)

// The mothers of the demo who were verified before it began, so that their records
// open for them in the portal. The second was referred to the specialist's hospital.
var demoVerified = []demoIdentity{
	{entity: "SbxMother00", ID: "9900000002", Name: "Tharangani Udaharana", born: "1998-11-02"},
	{entity: "SbxMother02", ID: "9900000001", Name: "Nilmini Udaharana", born: "1994-05-17"},
}

// demoIdentity is a tracked entity and who she is at eSignet.
type demoIdentity struct{ entity, ID, Name, born string }

// The clients of the portals at eSignet.
const demoPortalClient, demoClinicianClient = "portal", "clinician"

// demoMap sends the referrals of every clinic to the hospital of the sandbox.
const demoMap = `# Written by nehrbridge demo.
extends: lk-anc
referral:
  table:
    SbxClinic01: SbxHospit01
    SbxClinic02: SbxHospit01
    SbxClinic03: SbxHospit01
    SbxClinic04: SbxHospit01
`

// verified gives mothers the identities of people of the eSignet sandbox, as the
// plugin does when they verify themselves and keep their national IDs to themselves.
func verified(mothers []dhis2.TrackedEntity) {
	for i := range mothers {
		te := &mothers[i]
		at := slices.IndexFunc(demoVerified, func(one demoIdentity) bool { return one.entity == te.TrackedEntity.String() })
		if at < 0 || te.Deleted {
			continue
		}
		one := demoVerified[at]
		for _, a := range []struct{ uid, value string }{
			{"VQl0wK3eqiw", one.Name}, {"Yie7mOY913J", one.born}, {"CJLJmmp8r9g", esignetsandbox.Subject(one.ID, demoRelyingParty)}, {"M6NNPC3hNrb", ""},
		} {
			uid := dhis2.MustUID(a.uid)
			te.Attributes = slices.DeleteFunc(te.Attributes, func(old dhis2.Attribute) bool { return old.Attribute == uid })
			if a.value != "" {
				te.Attributes = append(te.Attributes, dhis2.Attribute{Attribute: uid, CreatedAt: te.CreatedAt, UpdatedAt: te.CreatedAt, Value: a.value})
			}
		}
	}
}

// portalFile is a portal's client at eSignet.
func (d *demo) portalFile(k *keptFiles, client string) string {
	return fmt.Sprintf(`issuer: %s
generation: %q
client_id: %s
relying_party: %s
acr: [mosip:idp:acr:generated-code]
keys:
  - file: %q
`, d.ESignet, d.esignet.Version(), client, demoRelyingParty, k.path(client+".pem"))
}

// registerPortals makes the clients of the portals known to eSignet: they ask for no
// claim, and a registration wants one.
func (d *demo) registerPortals(ctx context.Context, s *config.Settings) error {
	for _, one := range []struct{ url, file, name string }{{s.Portal.Patient.URL, s.Portal.Patient.Client, "My health record"}, {s.Portal.Clinician.URL, s.Portal.Clinician.Client, "Health record for clinicians"}} {
		if one.url == "" {
			continue
		}
		c, err := config.PortalClient(one.file)
		if err != nil {
			return err
		}
		c.RedirectURI = one.url + "/callback"
		r, err := clientRegistration(s, *c, one.name, []string{"name"})
		if err != nil {
			return err
		}
		if _, err := applyRegistration(ctx, s, c.Generation, r); err != nil {
			return fmt.Errorf("register the client %s: %w", c.ClientID, err)
		}
	}
	return nil
}

// demoHospital is the organisation unit whose Organization the specialist works for.
const demoHospital, demoHospitalCode, demoHospitalName = "SbxHospit01", "SBX-H-001", "Sample teaching hospital"

// specialist puts the doctor into the record, as a national registry of practitioners
// does, and links his identity at eSignet to his role there, as an administrator does.
func (d *demo) specialist(ctx context.Context, pages *portals) error {
	record, err := client.New(client.Config{BaseURL: d.NEHR})
	if err != nil {
		return err
	}
	unit := url.Values{"identifier": {nehr.SystemDHIS2OrganisationUnit + "|" + demoHospital}}
	found, err := record.Search(ctx, "Organization", unit)
	if err != nil {
		return err
	}
	hospital := ""
	if len(found.Resources) > 0 {
		hospital = found.Resources[0].Get("id").Str()
	} else { // no mother was referred there yet
		made, err := record.Create(ctx, "Organization", fmt.Appendf(nil, `{"resourceType":"Organization","identifier":[{"system":%q,"value":%q},{"system":%q,"value":%q}],"name":%q}`,
			nehr.SystemHIN, demoHospitalCode, nehr.SystemDHIS2OrganisationUnit, demoHospital, demoHospitalName), nil)
		if err != nil {
			return err
		}
		hospital = made.Resource.Get("id").Str()
	}
	const person, role = "sandbox-specialist", "sandbox-specialist-role"
	for _, r := range []struct{ typ, id, resource string }{
		{"Practitioner", person, fmt.Sprintf(`{"resourceType":"Practitioner","id":%q,"active":true,"name":[{"text":%q,"family":"Mathiri","given":["Arulan"]}]}`, person, demoDoctorName)},
		{"PractitionerRole", role, fmt.Sprintf(`{"resourceType":"PractitionerRole","id":%q,"active":true,"practitioner":{"reference":"Practitioner/%s"},"organization":{"reference":"Organization/%s"},`+
			`"code":[{"coding":[{"system":"http://snomed.info/sct","code":"11935004","display":"Obstetrician"}]}]}`, role, person, hospital)},
	} {
		if _, err := record.Update(ctx, r.typ, r.id, []byte(r.resource), ""); err != nil {
			return err
		}
	}
	roles := clinician.NewRoles(pages.db, nil, nil)
	code, err := roles.Ask(ctx, &portal.Session{Issuer: d.ESignet, RelyingParty: demoRelyingParty, Subject: esignetsandbox.Subject(demoDoctorID, demoRelyingParty)}, demoDoctorName, "SBX 0012")
	if err != nil {
		return err
	}
	return roles.Link(ctx, code, "PractitionerRole/"+role, time.Now().AddDate(1, 0, 0))
}
