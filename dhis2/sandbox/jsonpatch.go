package sandbox

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// patchOperation is one of a JSON Patch (RFC 6902), with the operation that DHIS2
// adds to it: remove-by-id takes the object with an id out of an array.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	ID    string `json:"id"`
	Value any    `json:"value"`
}

func readPatch(r *http.Request) ([]patchOperation, *problem) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json-patch+json" {
		return nil, &problem{status: http.StatusUnsupportedMediaType, message: "want application/json-patch+json"}
	}
	var patch []patchOperation
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &patch) != nil {
		return nil, bad("the body is no JSON Patch")
	}
	return patch, nil
}

// patched applies operations to a document, which it changes.
func patched(doc map[string]any, patch []patchOperation) *problem {
	for _, op := range patch {
		path := strings.Split(op.Path, "/")
		if len(path) < 2 || path[0] != "" {
			return bad("Invalid path " + op.Path)
		}
		for i, name := range path {
			path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		}
		if _, ok := patchIn(doc, path[1:], op); !ok {
			return bad("Invalid path " + op.Path)
		}
	}
	return nil
}

// patchIn returns what takes the place of v.
func patchIn(v any, path []string, op patchOperation) (any, bool) {
	if len(path) == 0 {
		list, ok := v.([]any)
		if op.Op != "remove-by-id" || !ok {
			return nil, false
		}
		return slices.DeleteFunc(slices.Clone(list), func(e any) bool {
			m, ok := e.(map[string]any)
			return ok && m["id"] == op.ID
		}), true
	}
	name, last := path[0], len(path) == 1 && op.Op != "remove-by-id"
	switch v := v.(type) {
	case map[string]any:
		old, there := v[name]
		if last {
			switch op.Op {
			case "add":
				v[name] = op.Value
			case "replace":
				v[name] = op.Value
			case "remove":
				delete(v, name)
			default:
				return nil, false
			}
			return v, there || op.Op == "add"
		}
		new, ok := patchIn(old, path[1:], op)
		if ok {
			v[name] = new
		}
		return v, ok
	case []any:
		if last && op.Op == "add" && name == "-" {
			return append(slices.Clone(v), op.Value), true
		}
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		v = slices.Clone(v)
		switch {
		case !last:
			new, ok := patchIn(v[i], path[1:], op)
			v[i] = new
			return v, ok
		case op.Op == "add":
			return slices.Insert(v, i, op.Value), true
		case op.Op == "replace":
			v[i] = op.Value
			return v, true
		case op.Op == "remove":
			return slices.Delete(v, i, i+1), true
		}
	}
	return nil, false
}
