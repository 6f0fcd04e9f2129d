package sandbox

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Route is one of /api/routes: an address behind DHIS2 that users reach
// through it, at /api/routes/{uid or code}/run. A URL that ends in "/**" takes
// sub-paths; "{name}" in it is filled from the parameter "_name" since 2.43.
type Route struct {
	ID          dhis2.UID         `json:"id"`
	Code        string            `json:"code,omitzero"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitzero"`
	Disabled    bool              `json:"disabled"`
	URL         string            `json:"url"`
	Headers     map[string]string `json:"headers"` // sent along, readable by whoever reads the route
	Auth        *RouteAuth        `json:"auth,omitzero"`
	Authorities []string          `json:"authorities"` // any one of them may run it, whatever its sharing

	// ResponseTimeoutSeconds is 1 to 60; 0 stands for DHIS2's default of 5.
	ResponseTimeoutSeconds int `json:"responseTimeoutSeconds"`

	Sharing Sharing `json:"sharing"`
}

// RouteAuth is how DHIS2 signs in at the other side. Its secrets go in and
// never come out again.
type RouteAuth struct {
	Type string `json:"type"` // AuthBasic, …

	Username     string            `json:"username,omitzero"`
	Password     string            `json:"password,omitzero"`
	Token        string            `json:"token,omitzero"`
	Headers      map[string]string `json:"headers,omitzero"`
	QueryParams  map[string]string `json:"queryParams,omitzero"`
	ClientID     string            `json:"clientId,omitzero"`
	ClientSecret string            `json:"clientSecret,omitzero"`
	TokenURI     string            `json:"tokenUri,omitzero"`
	Scopes       string            `json:"scopes,omitzero"` // separated by blanks
}

// The types of RouteAuth. AuthOAuth2 is known since 2.42.
const (
	AuthBasic   = "http-basic"
	AuthToken   = "api-token"
	AuthHeaders = "api-headers"
	AuthQuery   = "api-query-params"
	AuthOAuth2  = "oauth2-client-credentials"
)

// Sharing says who may read ("r") and write ("w") a metadata object. An access
// string has eight places, of which the first two speak of metadata.
type Sharing struct {
	Owner      dhis2.UID        `json:"owner,omitzero"`
	External   bool             `json:"external"`
	Public     string           `json:"public"`
	Users      map[string]Grant `json:"users"`
	UserGroups map[string]Grant `json:"userGroups"`
}

// Grant is what one user or group may do.
type Grant struct {
	ID     dhis2.UID `json:"id"`
	Access string    `json:"access"` // such as "r-------"
}

// private is the sharing of a route that says nothing of it: only its owner
// and superusers see it.
const private = "--------"

// allows reports whether a user has a right ('r' or 'w') by sharing.
func (sh *Sharing) allows(u *User, right byte) bool {
	at := strings.IndexByte("rw", right)
	grants := func(access string) bool { return len(access) > at && access[at] == right }
	if slices.Contains(u.Authorities, "ALL") || (sh.Owner == u.Identity() && !sh.Owner.IsZero()) || grants(sh.Public) || grants(sh.Users[u.Identity().String()].Access) {
		return true
	}
	return slices.ContainsFunc(u.Groups, func(g dhis2.UID) bool { return grants(sh.UserGroups[g.String()].Access) })
}

// withDefaults fills what DHIS2 fills.
func (rt Route) withDefaults(owner dhis2.UID) Route {
	if rt.ResponseTimeoutSeconds == 0 {
		rt.ResponseTimeoutSeconds = 5
	}
	if rt.Headers == nil {
		rt.Headers = map[string]string{}
	}
	if rt.Authorities == nil {
		rt.Authorities = []string{}
	}
	if rt.Sharing.Owner.IsZero() {
		rt.Sharing.Owner = owner
	}
	if rt.Sharing.Public == "" {
		rt.Sharing.Public = private
	}
	if rt.Sharing.Users == nil {
		rt.Sharing.Users = map[string]Grant{}
	}
	if rt.Sharing.UserGroups == nil {
		rt.Sharing.UserGroups = map[string]Grant{}
	}
	return rt
}

// checkRoute is what DHIS2 asks of a route that is written: 409 for all of it.
func (s *Server) checkRoute(rt *Route) *problem {
	switch {
	case rt.Name == "":
		return conflict("E4000", "Missing required property `name`.")
	case rt.URL == "":
		return conflict("E4000", "Missing required property `url`.")
	}
	for _, other := range s.routes {
		if other.ID != rt.ID && other.Code == rt.Code && rt.Code != "" {
			return conflict("E5003", "Property `code` is not unique: "+other.ID.String())
		}
	}
	target, err := url.Parse(rt.URL)
	if err != nil || target.Host == "" {
		return conflict("", "Malformed route URL")
	}
	if target.Scheme != "http" && target.Scheme != "https" {
		return conflict("", "Route URL scheme must be either http or https")
	}
	if !s.routeAllowed(rt.URL) {
		return conflict("", "Route URL is not permitted")
	}
	if rt.ResponseTimeoutSeconds < 1 || rt.ResponseTimeoutSeconds > 60 {
		return conflict("", "Route response timeout must be greater than 0 seconds and less than or equal to 60 seconds")
	}
	if rt.Auth != nil && !slices.Contains(s.authTypes(), rt.Auth.Type) {
		return bad("auth.type is unknown")
	}
	return nil
}

func (s *Server) authTypes() []string {
	types := []string{AuthBasic, AuthToken, AuthHeaders, AuthQuery}
	if s.minor >= 42 {
		types = append(types, AuthOAuth2)
	}
	return types
}

// routeAllowed holds a URL against route.remote_servers_allowed, which 2.42
// brought: scheme, host and port against globs without a path.
func (s *Server) routeAllowed(address string) bool {
	if s.minor < 42 {
		return true
	}
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return slices.ContainsFunc(s.cfg.RemoteServersAllowed, func(glob string) bool {
		ok, err := path.Match(glob, scheme+"://"+host)
		return ok && err == nil
	})
}

// SetRemoteServersAllowed changes Config.RemoteServersAllowed, as an edit of
// dhis.conf and a restart do. Routes that were made before stay.
func (s *Server) SetRemoteServersAllowed(globs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.RemoteServersAllowed = globs
}

// findRoute finds a route by UID or code.
func (s *Server) findRoute(id string) *Route {
	i := slices.IndexFunc(s.routes, func(rt *Route) bool { return rt.ID.String() == id })
	if i < 0 {
		i = slices.IndexFunc(s.routes, func(rt *Route) bool { return rt.Code == id && id != "" })
	}
	if i < 0 {
		return nil
	}
	return s.routes[i]
}

// setRoute adds a route of a dataset, or replaces the one of the same UID.
func (s *Server) setRoute(rt Route) error {
	rt = rt.withDefaults(s.actor().Identity())
	if rt.ID.IsZero() {
		rt.ID = s.newUID()
	}
	if p := s.checkRoute(&rt); p != nil {
		return fmt.Errorf("dhis2/sandbox: route %s: %s", rt.ID, p.message)
	}
	if old := s.findRoute(rt.ID.String()); old != nil {
		*old = rt
	} else {
		s.routes = append(s.routes, &rt)
	}
	return nil
}
