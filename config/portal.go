package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// Portals are the pages for mothers and for clinicians, and the gate to the record
// behind both.
type Portals struct {
	Patient   Portal    `mapstructure:"patient"`
	Clinician Portal    `mapstructure:"clinician"`
	HelpPhone string    `mapstructure:"help_phone"`
	ExitURL   string    `mapstructure:"exit_url"`
	Proxies   []string  `mapstructure:"proxies"` // addresses or networks, for ProxyNetworks
	Queues    []string  `mapstructure:"queues"`  // references of organisations that are no facility
	Emergency Emergency `mapstructure:"emergency"`
	Drafts    Drafts    `mapstructure:"drafts"`
}

// Portal is one of them.
type Portal struct {
	URL    string `mapstructure:"url"`    // as browsers reach it; "" is off
	Listen string `mapstructure:"listen"` // host:port
	Client string `mapstructure:"client"` // file, for PortalClient
}

// Emergency is what follows a break-glass.
type Emergency struct {
	URL       string `mapstructure:"url"` // "" tells nobody but her
	Secret    Secret `mapstructure:"secret"`
	Sensitive bool   `mapstructure:"sensitive"`
	Denied    bool   `mapstructure:"denied"`
}

// Drafts are what clinicians have written and not signed yet.
type Drafts struct {
	Key Secret `mapstructure:"key"`
}

// ForPortals demands what the portals of the settings need: at least one of them, the
// national record, the zone that people are shown times in, and for each portal its
// client at eSignet. The database has a default.
func (s *Settings) ForPortals() error {
	var c demands
	c.nehr(s)
	p := s.Portal
	c.missing(s.Zone == "" && s.DHIS2.Zone == "", "zone")
	c.need(s.NEHR.Write == WriteByID, "nehr.write", "the portals write by-id: a consent, what a clinician signs and an entry of the log are written once, whatever is lost on the way")
	c.missing(p.Patient.URL == "" && p.Clinician.URL == "", "portal.patient.url")
	c.missing(p.Patient.URL != "" && p.Patient.Client == "", "portal.patient.client")
	c.missing(p.Clinician.URL != "" && p.Clinician.Client == "", "portal.clinician.client")
	c.missing(p.Clinician.URL != "" && p.Patient.URL == "", "portal.patient.url") // where she answers
	c.missing(p.Clinician.URL != "" && p.Drafts.Key == "", "portal.drafts.key")
	return c.err()
}

// portals are mistakes between the settings of the portals.
func (s *Settings) portals(c *demands) {
	p := s.Portal
	c.need((p.Emergency.URL == "") == (p.Emergency.Secret == ""), "portal.emergency.secret",
		"portal.emergency.url and portal.emergency.secret go together: notices are signed")
	c.need(p.Patient.URL == "" || p.Patient.URL != p.Clinician.URL, "portal.clinician.url", "want another address than portal.patient.url")
	for _, one := range []struct{ name, url string }{{"portal.patient.url", p.Patient.URL}, {"portal.clinician.url", p.Clinician.URL}} {
		c.need(one.url == "" || isLoopback(one.url) || strings.HasPrefix(one.url, "https://"), one.name, "want https: what a page shows is a person's record")
	}
	c.need(p.Drafts.Key == "" || len(p.Drafts.Key) >= 32, "portal.drafts.key", "want 32 characters or more")
	exit, err := url.Parse(p.ExitURL)
	c.need(err == nil && (p.ExitURL == "" || exit.Scheme == "https"), "portal.exit_url", "want https")
	if _, err := ProxyNetworks(p.Proxies); err != nil {
		c.need(false, "portal.proxies", "want addresses or networks such as 10.0.0.0/8")
	}
}

// ProxyNetworks reads addresses and networks.
func ProxyNetworks(list []string) (networks []netip.Prefix, err error) {
	for _, text := range list {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return nil, err
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// PortalClient reads the file of a portal's client at eSignet. The error is a
// *MapError.
func PortalClient(file string) (*ESignetClient, error) {
	data, err := readMap(file)
	if err != nil {
		return nil, mapError(file, []MapProblem{{File: file, Reason: err.Error()}})
	}
	return loadESignetClient(file, data, (*ESignetClient).checkPortal)
}

// checkPortal names what a client of a portal does not have, and what it needs.
func (c *ESignetClient) checkPortal() (problems []pathProblem) {
	if c.RedirectURI != "" {
		problems = append(problems, pathProblem{"redirect_uri", "leave it away: it is made from the address of the portal"})
	}
	if len(c.Claims) > 0 {
		problems = append(problems, pathProblem{"claims", "leave them away: a portal asks for none"})
	}
	if len(c.ACR) == 0 {
		problems = append(problems, pathProblem{"acr", "want the ways to sign in that open a record, such as [mosip:idp:acr:generated-code]"})
	}
	return problems
}
