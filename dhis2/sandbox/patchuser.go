package sandbox

import (
	"net/http"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// patchUser is PATCH /api/users/{uid} with a JSON Patch (RFC 6902), as far as it
// links a user, lets him in or keeps him out: /openId, /externalAuth, /disabled and
// /password, by add, replace and remove.
func (s *Server) patchUser(u *User, r *http.Request) (any, *problem) {
	if !u.has("F_USER_ADD") {
		return nil, forbidden("You don't have the proper permissions to update this user.")
	}
	patch, problem := readPatch(r)
	if problem != nil {
		return nil, problem
	}
	id, err := dhis2.ParseUID(r.PathValue("uid"))
	i := slices.IndexFunc(s.users, func(o User) bool { return err == nil && o.Identity() == id })
	if i < 0 {
		return nil, notFound("User with id could not be found.")
	}
	changed := s.users[i]
	for _, p := range patch {
		if p.Op == "remove" {
			p.Value = nil
		} else if p.Op != "add" && p.Op != "replace" {
			return nil, bad("op: the sandbox knows add, replace and remove")
		}
		text, _ := p.Value.(string)
		yes, _ := p.Value.(bool)
		switch p.Path {
		case "/openId":
			changed.OpenID = text
		case "/externalAuth":
			changed.ExternalAuth = yes
		case "/disabled":
			changed.Disabled = yes
		case "/password":
			if !strongPassword(text) {
				return nil, conflict("E4005", "Property `password` is not valid.")
			}
			changed.Password = text
		default:
			return nil, bad("path: the sandbox knows /openId, /externalAuth, /disabled and /password")
		}
	}
	s.setUser(changed)
	return map[string]any{"httpStatus": "OK", "httpStatusCode": http.StatusOK, "status": "OK"}, nil
}
