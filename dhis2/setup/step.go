package setup

import (
	"context"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Step is one request that changes the server.
type Step struct {
	Item   string         `json:"item"`
	Does   string         `json:"does"` // create, change, install, remove, restore
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Body   jsontext.Value `json:"body,omitzero"` // without secrets
	Done   bool           `json:"done"`

	sent   jsontext.Value // with secrets
	app    []byte         // instead of a body
	after  jsontext.Value // the state that it leads to, as far as it is known
	rights [][]string     // authorities of which, in each row, one is needed
}

// do sends the request.
func (st *Step) do(ctx context.Context, s Server) error {
	if st.app != nil {
		return s.InstallApp(ctx, st.app)
	}
	body := st.sent
	if body == nil {
		body = st.Body
	}
	_, err := s.Change(ctx, st.Method, st.Path, nil, body)
	return err
}

// needs names the rights that an administrator with these authorities lacks.
func (st *Step) needs(authorities []string) (missing []string) {
	if slices.Contains(authorities, "ALL") {
		return nil
	}
	for _, any := range st.rights {
		if !slices.ContainsFunc(any, func(a string) bool { return slices.Contains(authorities, a) }) {
			missing = append(missing, any[0])
		}
	}
	return missing
}

// Authorities that DHIS2 asks for, by collection: to add or change, and to delete.
// Of a row any one will do.
var (
	toAdd = map[string][]string{
		"trackedEntityAttributes": {"F_TRACKED_ENTITY_ATTRIBUTE_PUBLIC_ADD"},
		"routes":                  {"F_ROUTE_PRIVATE_ADD", "F_ROUTE_PUBLIC_ADD"},
		"userRoles":               {"F_USERROLE_PUBLIC_ADD", "F_USERROLE_PRIVATE_ADD"},
		"users":                   {"F_USER_ADD"},
		"programs":                {"F_PROGRAM_PUBLIC_ADD", "F_PROGRAM_PRIVATE_ADD"},
		"programStages":           {"F_PROGRAM_PUBLIC_ADD", "F_PROGRAM_PRIVATE_ADD"},
		"trackedEntityTypes":      {"F_TRACKED_ENTITY_ADD", "F_PROGRAM_PUBLIC_ADD", "F_PROGRAM_PRIVATE_ADD"},
	}
	toDelete = map[string][]string{
		"trackedEntityAttributes": {"F_TRACKED_ENTITY_ATTRIBUTE_DELETE"},
		"routes":                  {"F_ROUTE_DELETE"},
		"userRoles":               {"F_USERROLE_DELETE"},
		"users":                   {"F_USER_DELETE"},
	}
	toManageApps = [][]string{{"M_dhis-web-app-management"}}
	toWriteForms = [][]string{{"F_CAPTURE_DATASTORE_UPDATE"}}
)

// operation is one of a JSON Patch, with remove-by-id, which DHIS2 adds to it.
type operation struct {
	Op    string         `json:"op"`
	Path  string         `json:"path"`
	ID    string         `json:"id,omitzero"`
	Value jsontext.Value `json:"value,omitzero"`
}

func patch(it *Item, does, collection string, after jsontext.Value, ops ...operation) *Step {
	return &Step{Item: it.Title, Does: does, Method: http.MethodPatch, Path: "/api/" + collection + "/" + it.ID.String(),
		Body: encoded(ops), after: after, rights: [][]string{toAdd[collection]}}
}
