package sandbox

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// apiToken is a personal access token that was made over the API. Those of
// User.Tokens have no limits.
type apiToken struct {
	id      string
	user    dhis2.UID
	key     string
	expires time.Time
	methods []string // empty: all
}

var (
	usernameForm = regexp.MustCompile(`^[-_.@a-zA-Z0-9]{4,255}$`)
	hasUpper     = regexp.MustCompile(`[A-Z]`)
	hasDigit     = regexp.MustCompile(`[0-9]`)
	hasSpecial   = regexp.MustCompile(`[^A-Za-z0-9]`)
)

// strongPassword is DHIS2's rule for new passwords.
func strongPassword(p string) bool {
	return len(p) >= 8 && len(p) <= 72 && hasUpper.MatchString(p) && hasDigit.MatchString(p) && hasSpecial.MatchString(p)
}

// createUser is POST /api/users, as far as it concerns signing in, roles and
// places. Whoever is made sees the programs that are everybody's.
func (s *Server) createUser(u *User, r *http.Request) (any, *problem) {
	if !u.has("F_USER_ADD") {
		return nil, forbidden("You don't have the proper permissions to create this object.")
	}
	var doc struct {
		ID        dhis2.UID      `json:"id"`
		Username  string         `json:"username"`
		Password  string         `json:"password"`
		FirstName string         `json:"firstName"`
		Surname   string         `json:"surname"`
		Roles     []dhis2.Object `json:"userRoles"`
		Groups    []dhis2.Object `json:"userGroups"`
		Units     []dhis2.Object `json:"organisationUnits"`
		Search    []dhis2.Object `json:"teiSearchOrganisationUnits"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &doc) != nil {
		return nil, bad("the body is no user")
	}
	switch {
	case doc.FirstName == "" || doc.Surname == "" || doc.Username == "":
		return nil, conflict("E4000", "Missing required property.")
	case !usernameForm.MatchString(doc.Username):
		return nil, conflict("E4049", "Property `username` is not valid.")
	case !strongPassword(doc.Password):
		return nil, conflict("E4005", "Property `password` is not valid.")
	case len(doc.Roles) == 0:
		return nil, conflict("E4055", "A user must have a role.")
	case slices.ContainsFunc(s.users, func(o User) bool { return strings.EqualFold(o.Username, doc.Username) }):
		return nil, conflict("E4054", "Property `username` already exists.")
	}
	made := User{User: dhis2.User{ID: doc.ID, Username: doc.Username, FirstName: doc.FirstName, Surname: doc.Surname},
		Password: doc.Password, Capture: units(doc.Units), Search: units(doc.Search), Groups: units(doc.Groups)}
	if made.ID.IsZero() {
		made.ID = s.newUID()
	}
	for _, role := range doc.Roles {
		if s.objects["userRoles"][role.ID.String()] == nil {
			return nil, conflict("E5002", "Invalid reference on object for association `userRoles`.")
		}
		made.Roles = append(made.Roles, role.ID.String())
	}
	for _, p := range s.meta.programs {
		if s.programSharing(p.ID).Public[0] == 'r' {
			made.Programs = append(made.Programs, p.ID)
		}
	}
	if len(made.Programs) == len(s.meta.programs) {
		made.Programs = nil // what comes later is everybody's too
	} else if made.Programs == nil {
		made.Programs = []dhis2.UID{}
	}
	s.setUser(made)
	s.grantRoles()
	return reply{http.StatusCreated, contextPath(r) + "/api/users/" + made.ID.String(),
		written(http.StatusCreated, "org.hisp.dhis.user.User", made.ID)}, nil
}

func units(list []dhis2.Object) []dhis2.UID {
	out := []dhis2.UID{}
	for _, o := range list {
		out = append(out, o.ID)
	}
	return out
}

// grantRoles gives users with roles the authorities of these.
func (s *Server) grantRoles() {
	s.users = slices.Clone(s.users) // who is being answered keeps what he had
	for i := range s.users {
		u := &s.users[i]
		if len(u.Roles) == 0 {
			continue
		}
		u.Authorities = nil
		for _, role := range u.Roles {
			u.Authorities = append(u.Authorities, texts(s.objects["userRoles"][role]["authorities"])...)
		}
	}
}

func (s *Server) findUser(r *http.Request) int {
	return slices.IndexFunc(s.users, func(o User) bool { return o.Identity().String() == r.PathValue("uid") })
}

func (s *Server) userByID(u *User, r *http.Request) (any, *problem) {
	if !u.has("F_USER_VIEW") {
		return nil, forbidden("You don't have the proper permissions to read objects of this type.")
	}
	i := s.findUser(r)
	if i < 0 {
		return nil, notFound("User with id could not be found.")
	}
	return filtered(s.userDoc(&s.users[i]), r.URL.Query().Get("fields"))
}

func (s *Server) deleteUser(u *User, r *http.Request) (any, *problem) {
	i := s.findUser(r)
	switch {
	case !u.has("F_USER_DELETE"):
		return nil, forbidden("You don't have the proper permissions to delete this object.")
	case i < 0:
		return nil, notFound("User with id could not be found.")
	case s.users[i].Identity() == u.Identity():
		return nil, conflict("E4030", "Nobody deletes himself.")
	}
	id := s.users[i].Identity()
	s.users = slices.Delete(slices.Clone(s.users), i, i+1)
	for key, t := range s.tokens {
		if t.user == id {
			delete(s.tokens, key)
		}
	}
	for object, grants := range s.meta.grants {
		if _, ok := grants[id.String()]; ok {
			delete(s.meta.grants[object], id.String())
		}
	}
	return written(http.StatusOK, "org.hisp.dhis.user.User", id), nil
}

// createToken is POST /api/apiToken, for whoever asks. The key is shown here and
// never again.
func (s *Server) createToken(u *User, r *http.Request) (any, *problem) {
	var doc struct {
		Type       string `json:"type"`
		Expire     int64  `json:"expire"` // milliseconds since 1970
		Attributes []struct {
			Type    string   `json:"type"`
			Methods []string `json:"allowedMethods"`
		} `json:"attributes"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || json.Unmarshal(body, &doc) != nil {
		return nil, bad("the body is no token")
	}
	t := apiToken{id: s.newUID().String(), user: u.Identity(), key: "d2p_" + randomText(), expires: s.now().Add(30 * 24 * time.Hour)}
	if s.minor <= 40 {
		t.key = "d2pat_" + randomText()
	}
	if doc.Expire > 0 {
		t.expires = time.UnixMilli(doc.Expire)
	}
	for _, a := range doc.Attributes {
		if a.Type == "MethodAllowedList" {
			t.methods = append(t.methods, a.Methods...)
		}
	}
	s.tokens[t.key] = t
	return reply{status: http.StatusCreated, body: map[string]any{"httpStatus": "Created", "httpStatusCode": 201, "status": "OK",
		"response": map[string]any{"responseType": "ApiTokenCreationResponse", "key": t.key, "uid": t.id}}}, nil
}

// deleteToken is DELETE /api/apiToken/{uid}, for its owner and superusers.
func (s *Server) deleteToken(u *User, r *http.Request) (any, *problem) {
	for key, t := range s.tokens {
		if t.id == r.PathValue("uid") && (t.user == u.Identity() || slices.Contains(u.Authorities, "ALL")) {
			delete(s.tokens, key)
			return stored(http.StatusOK, "token deleted"), nil
		}
	}
	return nil, notFound("ApiToken with id could not be found.")
}

// tokenUser is the user of a token that was made over the API, if it is good for
// the request.
func (s *Server) tokenUser(key, method string) *User {
	t, ok := s.tokens[key]
	if !ok || !s.now().Before(t.expires) || (len(t.methods) > 0 && !slices.Contains(t.methods, method)) {
		return nil
	}
	i := slices.IndexFunc(s.users, func(u User) bool { return u.Identity() == t.user && !u.Disabled })
	if i < 0 {
		return nil
	}
	return &s.users[i]
}

// corsWhitelist is GET /api/configuration/corsWhitelist.
func (s *Server) corsWhitelist(*User, *http.Request) (any, *problem) {
	return append([]string{}, s.cfg.CORSWhitelist...), nil
}
