package main

import (
	"context"
	"fmt"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// The mother of the demo who was verified before it began, and was referred: her
// record opens for her in the portal.
const (
	demoVerified, demoVerifiedID, demoVerifiedName = "SbxMother02", "9900000001", "Nilmini Udaharana"
	demoVerifiedBorn                               = "1994-05-17"
)

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

// verified gives one mother the identity of a person of the eSignet sandbox, as the
// plugin does when she verifies herself and keeps her national ID to herself.
func verified(mothers []dhis2.TrackedEntity) {
	with := map[dhis2.UID]string{
		dhis2.MustUID("VQl0wK3eqiw"): demoVerifiedName, dhis2.MustUID("Yie7mOY913J"): demoVerifiedBorn, dhis2.MustUID("M6NNPC3hNrb"): "",
		dhis2.MustUID("CJLJmmp8r9g"): esignetsandbox.Subject(demoVerifiedID, demoRelyingParty),
	}
	for i := range mothers {
		te := &mothers[i]
		if te.TrackedEntity.String() != demoVerified || te.Deleted {
			continue
		}
		at := te.CreatedAt
		var kept []dhis2.Attribute
		for _, a := range te.Attributes {
			if _, other := with[a.Attribute]; !other {
				kept = append(kept, a)
			}
		}
		for _, uid := range []string{"VQl0wK3eqiw", "Yie7mOY913J", "CJLJmmp8r9g"} {
			kept = append(kept, dhis2.Attribute{Attribute: dhis2.MustUID(uid), CreatedAt: at, UpdatedAt: at, Value: with[dhis2.MustUID(uid)]})
		}
		te.Attributes = kept
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
