package esignet

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// checkAddress refuses what is no absolute https URL; http passes on loopback
// addresses, or anywhere when insecure.
func checkAddress(address string, insecure bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(address, "#"):
		return errors.New("must be an absolute URL without user and fragment")
	case u.Scheme == "https" || u.Scheme == "http" && (insecure || loopback(u.Hostname())):
		return nil
	}
	return errors.New("must be https")
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// CheckRedirectURI refuses a redirect URI that is not exact (RFC 9700 section
// 2.1, RFC 6749 section 3.1.2). eSignet puts its answer behind the first thing it
// finds: a query breaks, a fragment swallows the code; and it would take ** for
// any path.
func CheckRedirectURI(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil:
		return errors.New("the redirect URI must be an absolute URL without user")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return errors.New("the redirect URI must have no query and no fragment")
	case strings.ContainsAny(s, "*{}\\ \t\r\n"):
		return errors.New("the redirect URI must be exact: no wildcard")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return errors.New("the redirect URI must be https, or http on a loopback address")
	}
	if port := u.Port(); port != "" {
		if _, err := net.LookupPort("tcp", port); err != nil {
			return errors.New("the redirect URI's port is none")
		}
	}
	return nil
}
