package setup

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Entry is what a record keeps of an item that was written.
type Entry struct {
	Item
	Before jsontext.Value `json:"before"` // the state before the first write, null where it was not there
	After  jsontext.Value `json:"after"`  // the state after the last one

	// Confirmed says that After was read back; before that it is what was sent.
	Confirmed bool `json:"confirmed"`
}

// ours reports whether what was found is what was written, with nothing that
// somebody changed since.
func (e *Entry) ours(found jsontext.Value) bool {
	if e.Kind == KindForm {
		return equal(layoutOf(found), layoutOf(e.After))
	}
	if e.Confirmed {
		return equal(found, e.After)
	}
	return within(e.After, found)
}

func layoutOf(state jsontext.Value) jsontext.Value { return members(state)["layout"] }

// plan gives the step that brings an item from what was found to what is wanted,
// nil where it is so already. rec is what was recorded of it, nil where nothing
// was. An error says what has to be done by hand.
func (it *Item) plan(found jsontext.Value, rec *Entry) (*Step, error) {
	switch it.Kind {
	case KindObject:
		return it.planObject(found, rec)
	case KindRow:
		if !absent(found) {
			return nil, nil
		}
		return patch(it, "create", "programs", it.want, operation{Op: "add", Path: "/programTrackedEntityAttributes/-", Value: it.want}), nil
	case KindGrant:
		access := union(text(found), text(it.want))
		if access == text(found) {
			return nil, nil
		}
		does := "change"
		if absent(found) {
			does = "create"
		}
		return patch(it, does, it.Collection, encoded(access), it.granting(access)), nil
	case KindApp:
		return it.planApp(found)
	case KindForm:
		layout, err := merged(layoutOf(found), it.layout)
		if err != nil || equal(layout, layoutOf(found)) {
			return nil, err
		}
		return it.writeForm("change", found, layout), nil
	}
	return nil, nil
}

func (it *Item) granting(access string) operation {
	return operation{Op: "add", Path: "/sharing/users/" + it.Of.String(), Value: encoded(map[string]string{"id": it.Of.String(), "access": access})}
}

// writeForm writes the whole value of the data store with another layout of the
// program. Where there was none it is created, which fails if somebody was faster.
func (it *Item) writeForm(does string, found, layout jsontext.Value) *Step {
	value := members(found)["value"]
	st := &Step{Item: it.Title, Does: does, Method: http.MethodPut, Path: formsPath, Body: withLayout(value, it.ID, layout), rights: toWriteForms}
	if absent(value) {
		st.Method, st.Does = http.MethodPost, "create"
	}
	st.after, _ = formState(st.Body, it.ID) // an object
	return st
}

func (it *Item) planApp(found jsontext.Value) (*Step, error) {
	have := text(members(found)["version"])
	switch {
	case have == it.Version:
		return nil, nil
	case newer(have, it.Version):
		return nil, fmt.Errorf("the app has version %s, newer than %s, and stays", printable(have), it.Version)
	}
	return &Step{Item: it.Title, Does: "install", Method: http.MethodPost, Path: "/api/apps", app: it.app,
		after: encoded(map[string]string{"version": it.Version}), rights: toManageApps}, nil
}

// planObject creates what is not there. What is there is changed where that takes
// nothing from anybody: a Route of our code is ours, a role gains authorities.
func (it *Item) planObject(found jsontext.Value, rec *Entry) (*Step, error) {
	path := "/api/" + it.Collection
	hidden := rec != nil && rec.Secret == it.Secret // what cannot be read is as it was written
	rights := [][]string{toAdd[it.Collection]}
	switch {
	case absent(found):
		return it.sending("create", http.MethodPost, path, it.want, rights), nil
	case it.wanted(found) && (hidden || it.secret.name == "" || it.Collection != "routes"):
		return nil, nil
	case it.Collection == "routes":
		return it.sending("change", http.MethodPut, path+"/"+it.ID.String(), overlay(found, it.want), rights), nil
	case it.Collection == "userRoles":
		authorities := joined(members(found)["authorities"], members(it.want)["authorities"])
		return patch(it, "change", it.Collection, overlay(found, encoded(map[string]jsontext.Value{"authorities": authorities})),
			operation{Op: "add", Path: "/authorities", Value: authorities}), nil
	case it.Collection == "users":
		return nil, errors.New("a user of that name is there that setup did not make, or that was changed: give it the role " + RoleCode +
			" and the root organisation units for data capture, or choose another name")
	}
	return nil, errors.New("it is there and is not what is needed")
}

// wanted reports whether an object is as it should be. Older releases do not know
// the time-out of a Route: they wait for as long as they do.
func (it *Item) wanted(found jsontext.Value) bool {
	want := members(it.want)
	has := members(found)
	switch {
	case it.Collection == "routes" && absent(has["responseTimeoutSeconds"]):
		delete(want, "responseTimeoutSeconds")
	case it.Collection == "users": // may be called otherwise
		delete(want, "firstName")
		delete(want, "surname")
	}
	return within(encoded(want), found)
}

// sending is a step whose body holds the item's secret, where it has one.
func (it *Item) sending(does, method, path string, doc jsontext.Value, rights [][]string) *Step {
	st := &Step{Item: it.Title, Does: does, Method: method, Path: path, Body: doc, after: it.want, rights: rights}
	if it.secret.name != "" {
		st.sent = overlay(doc, encoded(map[string]jsontext.Value{it.secret.name: it.secret.value}))
		st.Body = overlay(doc, encoded(map[string]jsontext.Value{it.secret.name: it.secret.shown}))
	}
	return st
}

// overlay puts the members of one object over those of another, and what is an
// object in both it lays over as well.
func overlay(under, over jsontext.Value) jsontext.Value {
	m := members(under)
	if m == nil {
		return over
	}
	for name, v := range members(over) {
		if v.Kind() == '{' && m[name].Kind() == '{' {
			v = overlay(m[name], v)
		}
		m[name] = v
	}
	return encoded(m)
}

// joined is the union of two arrays of strings, in order; minus takes the elements
// of another array out.
func joined(a, b jsontext.Value) jsontext.Value {
	list, _ := elements(a)
	more, _ := elements(b)
	for _, v := range more {
		if !slices.ContainsFunc(list, func(o jsontext.Value) bool { return equal(o, v) }) {
			list = append(list, v)
		}
	}
	return sets(encoded(list))
}

func minus(a, b jsontext.Value) jsontext.Value {
	list, _ := elements(a)
	less, _ := elements(b)
	return encoded(slices.DeleteFunc(list, func(v jsontext.Value) bool {
		return slices.ContainsFunc(less, func(o jsontext.Value) bool { return equal(o, v) })
	}))
}

// An access string has eight places, r or w or -; see the sharing of DHIS2.
const noAccess = "--------"

// union allows what either of two access strings does.
func union(a, b string) string {
	return placed(a, b, func(x, y byte) byte {
		if x == '-' {
			return y
		}
		return x
	})
}

// less takes out of an access string what another one allows.
func less(a, b string) string {
	return placed(a, b, func(x, y byte) byte {
		if x == y {
			return '-'
		}
		return x
	})
}

func placed(a, b string, choose func(x, y byte) byte) string {
	out := []byte(noAccess)
	at := func(s string, i int) byte {
		if i < len(s) {
			return s[i]
		}
		return '-'
	}
	for i := range out {
		out[i] = choose(at(a, i), at(b, i))
	}
	return string(out)
}
