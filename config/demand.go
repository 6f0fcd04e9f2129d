package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// forms checks each value by itself.
func (l *loader) forms() {
	for _, k := range keys {
		v, given := l.values[k.name]
		if !given {
			continue
		}
		if want := k.wrong(v.text); want != "" {
			l.problem(k.name, v.place, "want "+want)
		}
	}
}

// off is the value of a key that turns its part off.
const off = "off"

var region = regexp.MustCompile(`^[A-Z]{2}$`)

// wrong says what the value of a key must look like, or "" if it does.
func (k key) wrong(text string) string {
	if k.off && (text == "" || text == off) {
		return ""
	}
	switch k.form {
	case urlForm:
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return "a URL such as https://example.org/path, without query and fragment"
		}
		if u.User != nil {
			return "a URL without user and password: they have keys of their own"
		}
	case durationForm:
		if d, err := time.ParseDuration(text); err != nil || d < time.Second || d > 30*24*time.Hour {
			return "a duration from 1s to 720h, such as 10s or 15m"
		}
	case minutesForm:
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > 24*60 {
			return "a whole number of minutes from 1 to 1440"
		}
	case daysForm:
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > 100*365 {
			return "a whole number of days from 1 to 36500"
		}
	case regionForm:
		if !region.MatchString(text) {
			return "a country of ISO 3166 in two capitals, such as LK"
		}
	case zoneForm:
		if _, err := time.LoadLocation(text); err != nil || text == "" || text == "Local" {
			return "an IANA time zone such as Asia/Colombo"
		}
	case addressForm:
		if _, port, err := net.SplitHostPort(text); err != nil || !isPort(port) {
			return "an address such as 127.0.0.1:8080 or :8080"
		}
	case choiceForm:
		if !slices.Contains(k.choices, text) {
			return "one of " + strings.Join(k.choices, ", ")
		}
	}
	return ""
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= 65535
}

// contradictions are mistakes between settings, whichever command runs.
func (s *Settings) contradictions() []SettingProblem {
	var c demands
	c.need(!strings.HasSuffix(s.DHIS2.URL, "/api"), "dhis2.url", "leave /api away")
	c.need(s.DHIS2.Token == "" || s.DHIS2.Username == "" && s.DHIS2.Password == "", "dhis2.token", "both a token and a user name with password: keep one")
	c.need((s.DHIS2.Username == "") == (s.DHIS2.Password == ""), "dhis2.username", "user name and password go together")
	s.guessable(&c)
	c.need(s.DHIS2.Overlap >= s.DHIS2.Poll, "dhis2.overlap", "must not be shorter than dhis2.poll, or changes are missed")
	c.need((s.DHIS2.Events.URL == "") == (s.DHIS2.Events.Secret == ""), "dhis2.events.secret", "dhis2.events.url and dhis2.events.secret go together: notifications are signed")
	c.need(s.DHIS2.Replication.URL == "" || isPostgres(s.DHIS2.Replication.URL), "dhis2.replication.url", "want postgres://…")
	o := s.NEHR.OAuth
	anyOAuth := o != OAuth{}
	c.need(!anyOAuth || o.TokenURL != "" && o.ClientID != "" && (o.ClientSecret != "") != (o.KeyFile != ""),
		"nehr.oauth.token_url", "OAuth needs token_url, client_id, and either client_secret or key_file")
	c.need(!anyOAuth || s.NEHR.Token == "", "nehr.token", "both a token and OAuth: keep one")
	c.need((s.NEHR.CertFile == "") == (s.NEHR.KeyFile == ""), "nehr.cert_file", "nehr.cert_file and nehr.key_file go together")
	c.need((s.ESignet.Issuer == "") == (s.ESignet.RelyingParty == ""), "esignet.issuer", "esignet.issuer and esignet.relying_party go together: a subject is unique only within both")
	c.need(!strings.Contains(s.Ledger.URL.Reveal(), "://") || isPostgres(s.Ledger.URL), "ledger.url", "want a file path or postgres://…")
	c.need(s.DataDir != "", "data_dir", "want a folder")
	s.portals(&c)
	return c.problems
}

// ForMap demands nothing: mapping a document needs no server.
func (s *Settings) ForMap() error { return nil }

// ForDHIS2 demands what reading from DHIS2 needs.
func (s *Settings) ForDHIS2() error {
	var c demands
	c.dhis2(s)
	return c.err()
}

// ForSync demands what `sync` needs: DHIS2, the national record, a ledger,
// which has a default.
func (s *Settings) ForSync() error {
	var c demands
	c.dhis2(s)
	c.nehr(s)
	return c.err()
}

// ForRP demands what the relying party needs: DHIS2, which is asked who may register
// people, a client, and keys. The database has a default.
func (s *Settings) ForRP() error {
	var c demands
	c.dhis2(s)
	e := s.ESignet
	c.missing(len(e.Clients) == 0, "esignet.clients")
	c.missing(e.Route.Secret == "", "esignet.route.secret")
	c.missing(len(e.Evidence.Keys) == 0, "esignet.evidence.keys")
	c.missing(len(e.Evidence.SigningKeys) == 0, "esignet.evidence.signing_keys")
	return c.err()
}

// ForPHN demands what searching for personal health numbers and issuing them needs:
// DHIS2, which is asked who may register people, and the national record. The
// database has a default.
func (s *Settings) ForPHN() error {
	var c demands
	c.dhis2(s)
	c.nehr(s)
	c.missing(s.PHN.Route.Secret == "", "phn.route.secret")
	return c.err()
}

// ForNEHR demands what reading and writing the national record needs.
func (s *Settings) ForNEHR() error {
	var c demands
	c.nehr(s)
	return c.err()
}

// ForLogin demands what signing users of DHIS2 in with eSignet needs.
func (s *Settings) ForLogin() error {
	var c demands
	l := s.ESignet.Login
	c.missing(l.URL == "", "esignet.login.url")
	c.missing(l.Client == "" && s.ESignet.Issuer == "", "esignet.issuer")
	c.missing(l.Client == "" && l.KeyFile == "", "esignet.login.key_file")
	c.need(l.Client == "" || l.KeyFile == "", "esignet.login.client", "the file names its keys: leave esignet.login.key_file away")
	c.missing(l.Way == "facade" && len(l.SigningKeys) == 0, "esignet.login.signing_keys")
	c.missing(l.DHIS2URL == "" && s.DHIS2.URL == "", "esignet.login.dhis2_url")
	return c.err()
}

// demands collects what is missing.
type demands struct{ problems []SettingProblem }

func (c *demands) need(ok bool, name, reason string) {
	if !ok {
		c.problems = append(c.problems, SettingProblem{Key: name, Reason: reason})
	}
}

func (c *demands) missing(empty bool, name string) {
	c.need(!empty, name, fmt.Sprintf("is not set: write it in the file or set %s", environment(name)))
}

func (c *demands) dhis2(s *Settings) {
	c.missing(s.DHIS2.URL == "", "dhis2.url")
	c.missing(s.DHIS2.Token == "" && s.DHIS2.Username == "", "dhis2.token")
}

func (c *demands) nehr(s *Settings) { c.missing(s.NEHR.URL == "", "nehr.url") }

func (c *demands) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &SettingsError{c.problems}
}

func isPostgres(s Secret) bool {
	return strings.HasPrefix(s.Reveal(), "postgres://") || strings.HasPrefix(s.Reveal(), "postgresql://")
}

func isLoopback(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}
