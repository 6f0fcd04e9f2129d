package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// strike is a way in which an answer goes wrong.
type strike = func(w http.ResponseWriter, r *http.Request, next http.Handler)

// echoed stands in the body of every failed answer, as servers quote values of
// people in theirs. It may get into no log.
const echoed = "EchoedNameOfAPerson"

// body is what a server says with a refusal: DHIS2 a WebMessage, FHIR an
// OperationOutcome, OAuth an error (RFC 6749 section 5.2).
func body(r *http.Request, status int) (contentType, text string) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		return "application/json", fmt.Sprintf(`{"httpStatus":"%s","httpStatusCode":%d,"status":"ERROR","message":"%s"}`, http.StatusText(status), status, echoed)
	case strings.HasPrefix(r.URL.Path, "/fhir"):
		return "application/fhir+json", `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"` + echoed + `"}]}`
	}
	return "application/json", `{"error":"invalid_request","error_description":"` + echoed + `"}`
}

func refuse(status int, header ...string) strike {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		contentType, text := body(r, status)
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func say(status int, contentType, text string, header ...string) strike {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

const page = "<!DOCTYPE html><title>Log in</title><p>" + echoed + "</p>"

// cutConnection ends the connection without an answer; reset sends an RST.
func reset(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hang answers nothing until the client gives up. The request is not carried
// out.
func hang(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// cut carries the request out, and ends in the middle of the answer.
func cut(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r.WithContext(context.WithoutCancel(r.Context())))
	text := whole.Body.Bytes()
	w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(whole.Code)
	_, _ = w.Write(text[:len(text)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// retyped gives the true answer as text.
func retyped(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes())
}

// huge answers with more than a client takes; bomb packs it into little.
func huge(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	fill(w)
}

func bomb(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	fill(z)
	_ = z.Close()
}

func fill(w io.Writer) {
	_, _ = io.WriteString(w, `{"resourceType":"Bundle","access_token":"`)
	block := strings.Repeat("x", 1<<16)
	for range 6 << 4 { // 6 MiB
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"}`)
}

// transaction and lookUp tell what is asked of the record.
func transaction(r *http.Request, body []byte) bool { return nehrsandbox.Transactions(r, body) }
func lookUp(r *http.Request, body []byte) bool      { return !nehrsandbox.Transactions(r, body) }

func path(p string) func(*http.Request, []byte) bool {
	return func(r *http.Request, _ []byte) bool {
		return r.URL.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.URL.Path, p)
	}
}
