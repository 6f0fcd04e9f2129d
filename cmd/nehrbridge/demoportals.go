package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
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
const demoPortalClient = "portal"

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
