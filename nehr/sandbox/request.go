package sandbox

import (
	"mime"
	"net/http"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// bodyID demands that a body which is put to an id names that id.
func bodyID(body *fhirjson.Value, id string) error {
	switch body.Get("id").Str() {
	case id:
		return nil
	case "":
		return badRequest("cannot update: the body has no id, the URL has one")
	}
	return badRequest("cannot update: the body's id is not that of the URL")
}

// parseBody decodes a request's resource, strictly.
func parseBody(r *http.Request, body []byte, typ string) (*fhirjson.Value, error) {
	switch media(r) {
	case "application/fhir+json", "application/json", "text/json":
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "not-supported", "the body must be application/fhir+json")
	}
	v, err := fhirjson.Parse(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "structure", "%v", err)
	}
	got := v.Get("resourceType").Str()
	if got == "" {
		return nil, refuse(http.StatusBadRequest, "structure", "the body has no resourceType")
	}
	if typ != "" && got != typ {
		return nil, refuse(http.StatusBadRequest, "structure", "the body is not a %s", typ)
	}
	return v, nil
}

func media(r *http.Request) string {
	m, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return m
}

// acceptsJSON tells whether the caller can read what the sandbox writes.
func acceptsJSON(r *http.Request) bool {
	if f := r.URL.Query().Get("_format"); f != "" {
		return strings.Contains(f, "json")
	}
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, "json") || strings.Contains(accept, "*/*") || strings.Contains(accept, "application/*")
}

func only(r *http.Request, method string) error {
	if r.Method != method {
		return unsupported(r)
	}
	return nil
}

func unsupported(r *http.Request) error {
	return refuse(http.StatusMethodNotAllowed, "not-supported", "%s is not supported here", r.Method)
}
