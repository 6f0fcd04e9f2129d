package setup

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// Why something is left behind, in words for an administrator.
const (
	leftChanged = "was changed since it was made here, and stays: remove it by hand if nobody needs it"
	leftGone    = "was there before, and somebody has removed it since: it stays removed"
	leftSecret  = "is as before but for its secret, which cannot be read from DHIS2: set it by hand"
	leftApp     = "had another version before, whose zip is not kept: install that again by hand if it is wanted"
	leftUsed    = "is in use (people have values of it, or something refers to it) and stays: nothing that was entered is lost"
	leftNewer   = "has another version than was installed here, and stays"
)

// undo gives the step that takes an item back, nil where nothing is to be done, and
// what is to be said about it, "" where nothing is. Only what was added here is
// taken out of what somebody changed since. keep says that the item is left as it
// is, to be asked about again.
func (e *Entry) undo(found jsontext.Value) (st *Step, say string, keep bool) {
	switch e.Kind {
	case KindObject:
		return e.undoObject(found)
	case KindRow:
		switch {
		case absent(found):
			return nil, "", false
		case !e.ours(found):
			return nil, leftChanged, true
		}
		return patch(&e.Item, "remove", "programs", nil, operation{Op: "remove-by-id", Path: "/programTrackedEntityAttributes", ID: text(members(found)["id"])}), "", false
	case KindGrant:
		return e.undoGrant(found), "", false
	case KindApp:
		have := text(members(found)["version"])
		switch {
		case absent(found):
			return nil, "", false
		case have != e.Version:
			return nil, leftNewer, true
		case !absent(e.Before):
			return nil, leftApp, false
		}
		return &Step{Item: e.Title, Does: "remove", Method: http.MethodDelete, Path: "/api/apps/" + AppKey, rights: toManageApps}, "", false
	case KindForm:
		return e.undoForm(found), "", false
	}
	return nil, "", false // a token goes with its user
}

func (e *Entry) undoObject(found jsontext.Value) (*Step, string, bool) {
	path := "/api/" + e.Collection + "/" + e.ID.String()
	switch {
	case absent(found) && absent(e.Before):
		return nil, "", false
	case absent(found):
		return nil, leftGone, false
	case absent(e.Before) && !e.ours(found):
		return nil, leftChanged, true
	case absent(e.Before):
		return &Step{Item: e.Title, Does: "remove", Method: http.MethodDelete, Path: path, rights: [][]string{toDelete[e.Collection]}}, "", false
	case equal(found, e.Before):
		return nil, "", false
	case e.Collection == "userRoles":
		before, now := members(e.Before)["authorities"], members(found)["authorities"]
		authorities := minus(now, minus(members(e.After)["authorities"], before))
		if equal(authorities, now) {
			return nil, "", false
		}
		return patch(&e.Item, "restore", e.Collection, nil, operation{Op: "add", Path: "/authorities", Value: authorities}), "", false
	case !e.ours(found):
		return nil, leftChanged, true
	}
	return &Step{Item: e.Title, Does: "restore", Method: http.MethodPut, Path: path, Body: e.Before, rights: [][]string{toAdd[e.Collection]}}, leftSecret, false
}

// undoGrant takes back the rights that were added, and none that somebody else
// gave.
func (e *Entry) undoGrant(found jsontext.Value) *Step {
	access := less(text(found), less(text(e.After), text(e.Before)))
	switch {
	case absent(found) || access == text(found):
		return nil
	case absent(e.Before) && access == noAccess:
		return patch(&e.Item, "remove", e.Collection, nil, operation{Op: "remove", Path: "/sharing/users/" + e.Of.String()})
	}
	return patch(&e.Item, "restore", e.Collection, nil, e.granting(access))
}

// undoForm puts a layout back that nobody changed since, and takes our fields out
// of one that somebody did.
func (e *Entry) undoForm(found jsontext.Value) *Step {
	layout := layoutOf(found)
	if e.ours(found) {
		layout = layoutOf(e.Before)
	} else {
		layout, _ = without(layout)
	}
	if equal(layout, layoutOf(found)) {
		return nil
	}
	st := e.writeForm("restore", found, layout)
	if len(members(st.Body)) == 0 && string(members(e.Before)["key"]) == "false" {
		st.Method, st.Does, st.Body = http.MethodDelete, "remove", nil
	}
	return st
}

// rebase gives the state that a further write counts as the one before: what
// others did since the last write stays theirs.
func (e *Entry) rebase(found jsontext.Value) jsontext.Value {
	switch {
	case e.ours(found):
		return e.Before
	case e.Kind == KindForm:
		m := members(found)
		delete(m, "layout")
		if layout, _ := without(layoutOf(found)); !absent(layout) {
			m["layout"] = layout
		}
		if string(members(e.Before)["key"]) == "false" { // it is ours to remove when nothing is left
			m["key"] = jsontext.Value("false")
		}
		delete(m, "value")
		return encoded(m)
	case e.Kind == KindGrant:
		if access := less(text(found), less(text(e.After), text(e.Before))); access != noAccess {
			return encoded(access)
		}
		return nil
	case e.Collection == "userRoles" && !absent(e.Before) && !absent(found):
		authorities := minus(members(found)["authorities"], minus(members(e.After)["authorities"], members(e.Before)["authorities"]))
		return overlay(found, encoded(map[string]jsontext.Value{"authorities": authorities}))
	case absent(e.Before) || absent(found):
		return e.Before
	}
	return found
}
