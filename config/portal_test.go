package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestForPortals(t *testing.T) {
	keysOf := func(environ ...string) (names []string) {
		t.Helper()
		s, err := Load("", environ)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ForPortals(); err != nil {
			for _, p := range settingProblems(t, err) {
				names = append(names, p.Key)
			}
		}
		return names
	}
	for _, c := range []struct {
		name    string
		environ []string
		want    []string
	}{
		{"nothing", nil, []string{"nehr.url", "zone", "portal.patient.url"}},
		{"without clients", []string{"NEHRBRIDGE_NEHR_URL=https://example.org", "NEHRBRIDGE_ZONE=Asia/Colombo", "NEHRBRIDGE_PORTAL_PATIENT_URL=https://p.example.org", "NEHRBRIDGE_PORTAL_CLINICIAN_URL=https://c.example.org"},
			[]string{"portal.patient.client", "portal.clinician.client", "portal.drafts.key"}},
		{"a record that gives ids itself", []string{"NEHRBRIDGE_NEHR_URL=https://example.org", "NEHRBRIDGE_NEHR_WRITE=conditional", "NEHRBRIDGE_ZONE=Asia/Colombo", "NEHRBRIDGE_PORTAL_PATIENT_URL=https://p.example.org", "NEHRBRIDGE_PORTAL_PATIENT_CLIENT=p.yaml"},
			[]string{"nehr.write"}},
		{"clinicians alone, whom no mother could answer", []string{"NEHRBRIDGE_NEHR_URL=https://example.org", "NEHRBRIDGE_DHIS2_ZONE=Asia/Colombo", "NEHRBRIDGE_PORTAL_CLINICIAN_URL=https://c.example.org", "NEHRBRIDGE_PORTAL_CLINICIAN_CLIENT=c.yaml"}, []string{"portal.patient.url", "portal.drafts.key"}},
	} {
		if got := keysOf(c.environ...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestProxyNetworks(t *testing.T) {
	got, err := ProxyNetworks([]string{"10.0.0.0/8", " 192.0.2.7", "2001:db8::7"})
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::7/128")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
}

func TestPortalClient(t *testing.T) {
	const sound = "issuer: https://esignet.example.org\ngeneration: \"1.8\"\nclient_id: portal\nrelying_party: health\nkeys:\n  - file: portal.pem\n"
	c, err := PortalClient(write(t, "portal.yaml", sound+"acr: [mosip:idp:acr:generated-code]\n"))
	if err != nil || c.RelyingParty != "health" || len(c.ACR) != 1 {
		t.Errorf("%+v %v", c, err)
	}
	_, err = PortalClient(write(t, "portal.yaml", sound+"redirect_uri: https://example.org/callback\nclaims: [lk-anc]\n"))
	for _, want := range []string{"redirect_uri", "claims", "acr"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named: %v", want, err)
		}
	}
	if _, err := PortalClient("not there"); err == nil {
		t.Error("a file that is not there is read")
	}
}
