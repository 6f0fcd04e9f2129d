package config

import (
	"slices"
	"strings"
)

// known are secrets that products are installed with and that guides and
// demonstrations print, in small letters.
var known = []string{
	"admin", "admin123", "administrator", "root", "system", "district", "dhis", "dhis2", "hapi", "keycloak", "mosip", "mosip123", "postgres",
	"password", "password1", "passw0rd", "pass", "mypass", "changeme", "change-me", "change_me", "changeit", "change_it", "secret", "mysecret",
	"test", "test123", "testing", "demo", "example", "dummy", "default", "letmein", "qwerty", "123456", "12345678", "123456789", "1234567890",
}

// sandboxToken begins the token of this project's own DHIS2 sandbox.
const sandboxToken = "d2p_sandboxonlynotasecret"

// varied is how many different characters a secret has at least.
const varied = 5

// KnownSecret tells whether everybody can guess a secret: products are installed
// with it, guides print it, or it is a few characters over and over. An empty text
// is none.
func KnownSecret(text string) bool {
	if text == "" {
		return false
	}
	small := strings.ToLower(strings.TrimSpace(text))
	different := map[rune]bool{}
	for _, c := range small {
		different[c] = true
	}
	return len(different) < varied || slices.Contains(known, small) || strings.HasPrefix(small, sandboxToken)
}

// guessable refuses secrets that everybody knows, but for servers on this machine.
func (s *Settings) guessable(c *demands) {
	const reason = "everybody knows this secret: make one that is random"
	for _, one := range []struct {
		name   string
		secret Secret
		server string
	}{
		{"dhis2.token", s.DHIS2.Token, s.DHIS2.URL}, {"dhis2.password", s.DHIS2.Password, s.DHIS2.URL}, {"dhis2.events.secret", s.DHIS2.Events.Secret, s.DHIS2.Events.URL},
		{"nehr.token", s.NEHR.Token, s.NEHR.URL}, {"nehr.oauth.client_secret", s.NEHR.OAuth.ClientSecret, s.NEHR.OAuth.TokenURL},
		{"portal.emergency.secret", s.Portal.Emergency.Secret, s.Portal.Emergency.URL},
		{"esignet.login.management_token", s.ESignet.Login.ManagementToken, s.ESignet.Login.ManagementURL},
	} {
		c.need(one.server == "" || isLoopback(one.server) || !KnownSecret(one.secret.Reveal()), one.name, reason)
	}
	for _, one := range []struct {
		name    string
		secrets Secret
	}{{"esignet.route.secret", s.ESignet.Route.Secret}, {"phn.route.secret", s.PHN.Route.Secret}, {"mapping.route.secret", s.Mapping.Route.Secret}, {"portal.drafts.key", s.Portal.Drafts.Key}} {
		c.need(!slices.ContainsFunc(strings.Fields(one.secrets.Reveal()), KnownSecret), one.name, reason)
	}
}
