package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// TestBehind: who is behind proxies is told by the address that the last proxy of
// ours did not have; what somebody else writes into the header changes nothing.
func TestBehind(t *testing.T) {
	source := portal.Behind([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")})
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "192.0.2.7:4711", nil, "192.0.2.7"},
		{"no proxy, with a header", "192.0.2.7:4711", []string{"198.51.100.1"}, "192.0.2.7"},
		{"one proxy", "10.0.0.1:4711", []string{"192.0.2.7"}, "192.0.2.7"},
		{"one proxy that says nothing", "10.0.0.1:4711", nil, "10.0.0.1"},
		{"forged before the proxy", "10.0.0.1:4711", []string{"198.51.100.1, 192.0.2.7"}, "192.0.2.7"},
		{"forged in a line of its own", "10.0.0.1:4711", []string{"198.51.100.1", "192.0.2.7"}, "192.0.2.7"},
		{"two proxies", "[::1]:4711", []string{"192.0.2.7, 10.9.9.9"}, "192.0.2.7"},
		{"nothing but proxies", "10.0.0.1:4711", []string{"10.0.0.2"}, "10.0.0.2"},
		{"no address", "10.0.0.1:4711", []string{"192.0.2.7, unknown"}, "10.0.0.1"},
		{"IPv6", "10.0.0.1:4711", []string{"2001:db8::7"}, "2001:db8::7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			if got := source(r); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
