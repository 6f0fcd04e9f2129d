package setup

import (
	"context"
	"errors"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Kind is what an item is about.
type Kind string

// The kinds.
const (
	KindObject Kind = "object" // a metadata object: attribute, role, user, Route
	KindRow    Kind = "row"    // an attribute's row in a program
	KindGrant  Kind = "grant"  // what a user may do with an object
	KindApp    Kind = "app"
	KindForm   Kind = "form" // the layout of a program's form
	KindToken  Kind = "token"
)

// Item is one thing on the server that setup looks after. Its exported members are
// what a record keeps: enough to undo it.
type Item struct {
	Kind       Kind      `json:"kind"`
	Title      string    `json:"title"`                // for people; no name of the server's
	Collection string    `json:"collection,omitzero"`  // of object and grant, such as routes
	ID         dhis2.UID `json:"id,omitzero"`          // of the object; of the program for row and form
	Of         dhis2.UID `json:"of,omitzero"`          // row: the attribute; grant: the user
	Version    string    `json:"version,omitzero"`     // app
	Secret     string    `json:"secret_hash,omitzero"` // of the secret that was written, for what cannot be read back

	want   jsontext.Value // object: its members; grant: the access; row: the row
	secret secret
	layout *layoutWant
	app    []byte
}

// key names an item in the record.
func (it *Item) key() string {
	return string(it.Kind) + " " + it.Collection + " " + it.ID.String() + " " + it.Of.String()
}

// secret is a member that goes out and never comes back.
type secret struct {
	name  string         // of the member
	value jsontext.Value // with the secret in it
	shown jsontext.Value // what a plan shows of it
}

// Server is a DHIS2 server, asked as an administrator; *api.Client is one.
type Server interface {
	Read(ctx context.Context, path string, query url.Values) (jsontext.Value, error)
	Change(ctx context.Context, method, path string, query url.Values, body jsontext.Value) (jsontext.Value, error)
	InstallApp(ctx context.Context, zip []byte) error
}

// fields are the members of an object that are looked at, by its collection.
var fields = map[string]string{
	"trackedEntityAttributes": "id,code,name,shortName,valueType,aggregationType,unique,sharing[public]",
	"routes":                  "id,code,name,url,disabled,auth[type],authorities,responseTimeoutSeconds,sharing[public,users,userGroups]",
	"userRoles":               "id,code,name,authorities",
	"users":                   "id,username,firstName,surname,disabled,userRoles[id],organisationUnits[id]",
}

const (
	formsPath = "/api/dataStore/capture/dataEntryForms"
	rowFields = "programTrackedEntityAttributes[id,mandatory,searchable,displayInList,trackedEntityAttribute[id]]"
)

// read gives the state of an item, absent where it is not there.
func (it *Item) read(ctx context.Context, s Server) (jsontext.Value, error) {
	switch it.Kind {
	case KindObject:
		v, err := readOr404(ctx, s, "/api/"+it.Collection+"/"+it.ID.String(), fields[it.Collection])
		if absent(v) {
			return nil, err
		}
		return sets(v), err
	case KindRow:
		v, err := s.Read(ctx, "/api/programs/"+it.ID.String(), fieldsQuery(rowFields))
		if err != nil {
			return nil, err
		}
		return rowOf(v, it.Of), nil
	case KindGrant:
		v, err := s.Read(ctx, "/api/"+it.Collection+"/"+it.ID.String(), fieldsQuery("id,sharing"))
		if err != nil {
			return nil, err
		}
		return members(members(members(members(v)["sharing"])["users"])[it.Of.String()])["access"], nil
	case KindApp:
		v, err := s.Read(ctx, "/api/apps", nil)
		if err != nil {
			return nil, err
		}
		return appOf(v), nil
	case KindForm:
		v, err := readOr404(ctx, s, formsPath, "")
		if err != nil {
			return nil, err
		}
		return formState(v, it.ID)
	}
	return nil, nil // a token cannot be read
}

// rowOf finds an attribute's row in a program's document.
func rowOf(program jsontext.Value, attribute dhis2.UID) jsontext.Value {
	rows, _ := elements(members(program)["programTrackedEntityAttributes"])
	for _, row := range rows {
		if text(members(members(row)["trackedEntityAttribute"])["id"]) == attribute.String() {
			return row
		}
	}
	return nil
}

// appOf finds the app in the list of apps: its version.
func appOf(list jsontext.Value) jsontext.Value {
	apps, _ := elements(list)
	for _, a := range apps {
		if m := members(a); text(m["key"]) == AppKey {
			return encoded(map[string]string{"version": text(m["version"])})
		}
	}
	return nil
}

func fieldsQuery(fields string) url.Values {
	if fields == "" {
		return nil
	}
	return url.Values{"fields": {fields}}
}

func readOr404(ctx context.Context, s Server, path, fields string) (jsontext.Value, error) {
	v, err := s.Read(ctx, path, fieldsQuery(fields))
	var missing interface{ NotFound() bool }
	if errors.As(err, &missing) && missing.NotFound() {
		return nil, nil
	}
	return v, err
}
