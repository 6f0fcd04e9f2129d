package sandbox

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// problem is an answer that is not a success, in the shape of DHIS2's
// WebMessage.
type problem struct {
	status   int
	code     string // DHIS2 error code
	message  string
	location string // of a redirect
	body     any    // instead of the WebMessage, such as an import report
	quiet    bool   // a 401 for a script: without the header that lets browsers ask for a password
}

// reply is a success that is not a plain 200.
type reply struct {
	status   int
	location string
	body     any // nil sends none
}

func bad(message string) *problem { return &problem{status: http.StatusBadRequest, message: message} }
func notFound(message string) *problem {
	return &problem{status: http.StatusNotFound, code: "E1005", message: message}
}
func forbidden(message string) *problem {
	return &problem{status: http.StatusForbidden, message: message}
}
func conflict(code, message string) *problem {
	return &problem{status: http.StatusConflict, code: code, message: message}
}

// unauthorized is 401 for programs and scripts (which say X-Requested-With),
// and a redirect to the login page for browsers.
func unauthorized(r *http.Request) *problem {
	if r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		return &problem{status: http.StatusFound, location: "/dhis-web-login/"}
	}
	return &problem{status: http.StatusUnauthorized, message: "Unauthorized", quiet: r.Header.Get("X-Requested-With") != ""}
}

func writeProblem(w http.ResponseWriter, p *problem) {
	if p.location != "" {
		w.Header().Set("Location", p.location)
		w.WriteHeader(p.status)
		return
	}
	if p.status == http.StatusUnauthorized && !p.quiet {
		w.Header().Set("WWW-Authenticate", `Basic realm="DHIS2 sandbox"`)
	}
	if p.body != nil {
		writeJSON(w, p.status, p.body)
		return
	}
	message := map[string]any{
		"httpStatus":     http.StatusText(p.status),
		"httpStatusCode": p.status,
		"status":         "ERROR",
		"message":        p.message,
	}
	if p.code != "" {
		message["errorCode"] = p.code
	}
	writeJSON(w, p.status, message)
}

func writeReply(w http.ResponseWriter, r reply) {
	if r.location != "" {
		w.Header().Set("Location", r.location)
	}
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	writeJSON(w, r.status, r.body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		// Only types of this package get here, and each of them encodes.
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}
