package sandbox

import (
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// patchUser is PATCH /api/users/{uid} with a JSON Patch (RFC 6902), as far as it
// links a user: /openId, /externalAuth and /disabled, by add, replace and remove.
func (s *Server) patchUser(u *User, r *http.Request) (any, *problem) {
	if !u.has("F_USER_ADD") {
		return nil, forbidden("You don't have the proper permissions to update this user.")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json-patch+json" {
		return nil, &problem{status: http.StatusUnsupportedMediaType, message: "want application/json-patch+json"}
	}
	id, err := dhis2.ParseUID(r.PathValue("uid"))
	i := slices.IndexFunc(s.users, func(o User) bool { return err == nil && o.Identity() == id })
	if i < 0 {
		return nil, notFound("User with id could not be found.")
	}
	var patch []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &patch) != nil {
		return nil, bad("the body is no JSON Patch")
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
		default:
			return nil, bad("path: the sandbox knows /openId, /externalAuth and /disabled")
		}
	}
	s.setUser(changed)
	return map[string]any{"httpStatus": "OK", "httpStatusCode": http.StatusOK, "status": "OK"}, nil
}
