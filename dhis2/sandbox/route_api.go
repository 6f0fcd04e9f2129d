package sandbox

import (
	"io"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// written is the answer about a metadata object that was written.
func written(status int, kind string, id dhis2.UID) map[string]any {
	return map[string]any{
		"httpStatus": http.StatusText(status), "httpStatusCode": status, "status": "OK",
		"response": map[string]any{"responseType": "ObjectReport", "klass": kind, "uid": id.String(), "errorReports": []any{}},
	}
}

const routeClass = "org.hisp.dhis.route.Route"

func (s *Server) listRoutes(u *User, r *http.Request) (any, *problem) {
	docs := []any{}
	for _, rt := range s.routes {
		if rt.Sharing.allows(u, 'r') {
			docs = append(docs, routeDoc(rt, u))
		}
	}
	return s.listMetadata(r, "routes", docs)
}

func (s *Server) route(u *User, r *http.Request) (any, *problem) {
	rt := s.findRoute(r.PathValue("id"))
	switch {
	case rt == nil || rt.ID.String() != r.PathValue("id"): // codes are for run only
		return nil, notFound("Route with id " + r.PathValue("id") + " could not be found.")
	case !rt.Sharing.allows(u, 'r'):
		return nil, forbidden("You don't have the proper permissions to read objects of this type.")
	}
	return filtered(routeDoc(rt, u), r.URL.Query().Get("fields"))
}

// routeDoc prints a route without its secrets.
func routeDoc(rt *Route, u *User) map[string]any {
	shown := *rt
	if rt.Auth != nil {
		shown.Auth = &RouteAuth{Type: rt.Auth.Type, Username: rt.Auth.Username, ClientID: rt.Auth.ClientID,
			TokenURI: rt.Auth.TokenURI, Scopes: rt.Auth.Scopes}
	}
	doc := asMap(&shown)
	doc["displayName"] = rt.Name
	doc["href"] = "/api/routes/" + rt.ID.String()
	doc["access"] = map[string]any{"read": true, "write": rt.Sharing.allows(u, 'w'), "update": rt.Sharing.allows(u, 'w'),
		"delete": rt.Sharing.allows(u, 'w') && u.has("F_ROUTE_DELETE")}
	return doc
}

// readRoute reads the body of a request that writes a route.
func readRoute(r *http.Request) (rt Route, p *problem) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return rt, bad("the body could not be read")
	}
	if err := json.Unmarshal(body, &rt); err != nil {
		return rt, bad("the body is not a route")
	}
	return rt, nil
}

func (s *Server) createRoute(u *User, r *http.Request) (any, *problem) {
	if !u.has("F_ROUTE_PUBLIC_ADD") && !u.has("F_ROUTE_PRIVATE_ADD") {
		return nil, forbidden("You don't have the proper permissions to create this object.")
	}
	rt, p := readRoute(r)
	if p != nil {
		return nil, p
	}
	rt = rt.withDefaults(u.Identity())
	if rt.Sharing.Public != private && !u.has("F_ROUTE_PUBLIC_ADD") {
		return nil, conflict("E3001", "User is not allowed to create public objects.")
	}
	if rt.ID.IsZero() {
		rt.ID = s.newUID()
	} else if s.findRoute(rt.ID.String()) != nil {
		return nil, conflict("E5000", "Found matching object for reference, but import strategy is CREATE.")
	}
	if p := s.checkRoute(&rt); p != nil {
		return nil, p
	}
	s.routes = append(s.routes, &rt)
	return reply{http.StatusCreated, contextPath(r) + "/api/routes/" + rt.ID.String(), written(http.StatusCreated, routeClass, rt.ID)}, nil
}

// updateRoute replaces a route whole: secrets that are not sent again are
// gone. Sharing that is not sent stays.
func (s *Server) updateRoute(u *User, r *http.Request) (any, *problem) {
	old := s.findRoute(r.PathValue("id"))
	switch {
	case old == nil || old.ID.String() != r.PathValue("id"):
		return nil, notFound("Route with id " + r.PathValue("id") + " could not be found.")
	case !old.Sharing.allows(u, 'w'):
		return nil, forbidden("You don't have the proper permissions to update this object.")
	}
	rt, p := readRoute(r)
	if p != nil {
		return nil, p
	}
	if rt.Sharing.Public == "" && rt.Sharing.Users == nil && rt.Sharing.UserGroups == nil {
		rt.Sharing = old.Sharing
	}
	rt.ID = old.ID
	rt = rt.withDefaults(old.Sharing.Owner)
	if p := s.checkRoute(&rt); p != nil {
		return nil, p
	}
	*old = rt
	return written(http.StatusOK, routeClass, rt.ID), nil
}

func (s *Server) deleteRoute(u *User, r *http.Request) (any, *problem) {
	rt := s.findRoute(r.PathValue("id"))
	switch {
	case rt == nil || rt.ID.String() != r.PathValue("id"):
		return nil, notFound("Route with id " + r.PathValue("id") + " could not be found.")
	case !rt.Sharing.allows(u, 'w') || !u.has("F_ROUTE_DELETE"):
		return nil, forbidden("You don't have the proper permissions to delete this object.")
	}
	s.routes = slices.DeleteFunc(s.routes, func(o *Route) bool { return o == rt })
	return written(http.StatusOK, routeClass, rt.ID), nil
}
