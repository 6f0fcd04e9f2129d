package portal

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Behind tells where a request comes from where proxies stand before a portal: the
// last address of X-Forwarded-For that none of them has. The header of somebody who
// is no proxy says nothing. It is for Config.Source.
func Behind(proxies []netip.Prefix) func(*http.Request) string {
	proxy := func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err == nil && slices.ContainsFunc(proxies, func(n netip.Prefix) bool { return n.Contains(address.Unmap()) })
	}
	return func(r *http.Request) string {
		from := connection(r)
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && proxy(from); i-- {
			hop := strings.TrimSpace(hops[i])
			if _, err := netip.ParseAddr(hop); err != nil {
				break // whatever stands before was not written by a proxy of ours
			}
			from = hop
		}
		return from
	}
}

// connection is the address that a request came from.
func connection(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
