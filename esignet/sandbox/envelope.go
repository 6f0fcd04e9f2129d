package sandbox

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// fault is an error of the management and authorization calls: a code, and
// the field of the request that bean validation found wrong, if it was that.
type fault struct {
	code    string
	field   string
	message string // in the place of the code
}

func refuse(code string) *fault            { return &fault{code: code} }
func wrongField(field, code string) *fault { return &fault{code: code, field: field} }

// filtered is a refusal by the filter before the controller: the same
// envelope, but without a Content-Type.
type filtered struct{ code string }

// requestLeeway is how far requestTime may be from the server's clock
// (mosip.esignet.reqtime.leeway-minutes).
const requestLeeway = 2 * time.Minute

// openEnvelope reads {"requestTime","request"} into into. It gives the request
// as it was written, too.
func (s *Server) openEnvelope(r *request, into any) (jsontext.Value, *fault) {
	var e struct {
		RequestTime string         `json:"requestTime"`
		Request     jsontext.Value `json:"request"`
	}
	if err := json.Unmarshal(r.body, &e); err != nil {
		return nil, refuse("invalid_input")
	}
	if s.v >= V20 {
		if e.RequestTime == "" {
			return nil, &fault{code: "invalid_input", message: "requestTime is required"}
		}
	} else if at, err := time.Parse(stampFormat, e.RequestTime); err != nil ||
		at.Before(r.now.Add(-requestLeeway)) || at.After(r.now.Add(requestLeeway)) {
		return nil, wrongField("requestTime", "invalid_request")
	}
	if e.Request.Kind() != '{' || json.Unmarshal(e.Request, into) != nil {
		return nil, wrongField("request", "invalid_input")
	}
	return e.Request, nil
}

// envelope wraps a response as all management and authorization calls do. The
// status is 200 even for errors.
func (s *Server) envelope(r *request, response []byte, f *fault) answer {
	a := answer{status: http.StatusOK, kind: "application/json", header: map[string]string{"Cache-Control": neverCache}}
	stamp := r.now.UTC().Format(stampFormat)
	if f == nil {
		if s.v >= V20 {
			a.body = object("response", jsontext.Value(response), "responseTime", stamp)
		} else {
			a.body = object("responseTime", stamp, "response", jsontext.Value(response), "errors", []string{})
		}
		return a
	}
	a.code = f.code
	message := f.code
	if f.message != "" {
		message = f.message
	}
	if f.field != "" {
		message = f.field + ": " + message
	}
	errors := []any{jsontext.Value(object("errorCode", f.code, "errorMessage", message))}
	if s.v >= V20 {
		a.body = object("response", nil, "responseTime", stamp, "errors", errors)
	} else {
		a.body = object("responseTime", stamp, "response", nil, "errors", errors)
	}
	return a
}

// filterError is the envelope as the header filter writes it.
func (s *Server) filterError(r *request, f *filtered) answer {
	a := s.envelope(r, nil, refuse(f.code))
	a.kind = ""
	return a
}
