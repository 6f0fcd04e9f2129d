package config

import (
	"errors"
	"strings"
	"testing"
)

// TestD088_KnownSecrets: nothing starts with a secret that everybody knows; for a
// server of this machine, a sandbox, it does.
func TestD088_KnownSecrets(t *testing.T) {
	const far, near = "https://example.org", "http://127.0.0.1:8080"
	for _, tt := range []struct {
		name    string
		environ []string
		key     string // "" is taken
	}{
		{name: "the sandbox's token", environ: []string{"DHIS2_URL=" + far, "DHIS2_TOKEN=d2p_sandboxOnlyNotASecret000000000000000000"}, key: "dhis2.token"},
		{name: "the sandbox's token at the sandbox", environ: []string{"DHIS2_URL=" + near, "DHIS2_TOKEN=d2p_sandboxOnlyNotASecret000000000000000000"}},
		{name: "any user's district", environ: []string{"DHIS2_URL=" + far, "DHIS2_USERNAME=sync", "DHIS2_PASSWORD=District"}, key: "dhis2.password"},
		{name: "the one it is installed with", environ: []string{"DHIS2_URL=" + far, "DHIS2_USERNAME=admin", "DHIS2_PASSWORD=district"}, key: "dhis2.password"},
		{name: "a password of one's own", environ: []string{"DHIS2_URL=" + far, "DHIS2_USERNAME=sync", "DHIS2_PASSWORD=correct horse"}},
		{name: "one sign over and over", environ: []string{"ESIGNET_ROUTE_SECRET=" + strings.Repeat("a", 40)}, key: "esignet.route.secret"},
		{name: "the second of two", environ: []string{"PHN_ROUTE_SECRET=q7hWb2kR9sLx0vNzT4mYp8cJd3fGa6eU " + strings.Repeat("ab", 20)}, key: "phn.route.secret"},
		{name: "a Route's secret near by", environ: []string{"DHIS2_URL=" + near, "ESIGNET_ROUTE_SECRET=changeme"}, key: "esignet.route.secret"},
		{name: "the Route of mapping", environ: []string{"MAPPING_ROUTE_SECRET=district"}, key: "mapping.route.secret"},
		{name: "two that are random", environ: []string{"ESIGNET_ROUTE_SECRET=q7hWb2kR9sLx0vNzT4mYp8cJd3fGa6eU 0c8f3b5a9d2e7146f0a1b2c3d4e5f607"}},
		{name: "the record's token", environ: []string{"NEHR_URL=" + far, "NEHR_TOKEN=mysecret"}, key: "nehr.token"},
		{name: "a client of a demo realm", environ: []string{"NEHR_URL=" + far, "NEHR_OAUTH_TOKEN_URL=" + far + "/token", "NEHR_OAUTH_CLIENT_ID=c", "NEHR_OAUTH_CLIENT_SECRET=changeme"}, key: "nehr.oauth.client_secret"},
		{name: "notifications", environ: []string{"DHIS2_EVENTS_URL=" + far, "DHIS2_EVENTS_SECRET=password"}, key: "dhis2.events.secret"},
		{name: "client management", environ: []string{"ESIGNET_LOGIN_MANAGEMENT_URL=" + far, "ESIGNET_LOGIN_MANAGEMENT_TOKEN=admin"}, key: "esignet.login.management_token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var environ []string
			for _, e := range tt.environ {
				environ = append(environ, "NEHRBRIDGE_"+e)
			}
			_, err := Load("", environ)
			e, refused := errors.AsType[*SettingsError](err)
			if refused != (tt.key != "") || err != nil && !refused {
				t.Fatalf("%v", err)
			}
			if !refused {
				return
			}
			if len(e.Problems) != 1 || e.Problems[0].Key != tt.key {
				t.Errorf("problems %v", e.Problems)
			}
			for _, set := range tt.environ {
				if name, value, _ := strings.Cut(set, "="); (strings.HasSuffix(name, "SECRET") || strings.HasSuffix(name, "TOKEN")) && strings.Contains(err.Error(), value) {
					t.Errorf("the error shows the secret")
				}
			}
		})
	}
}
