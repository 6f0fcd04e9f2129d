package esignet

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Bounds of the answers that are read, in bytes after decompression. userinfo
// has its own, since a picture may be in it.
const (
	maxMetadata = 256 << 10
	maxKeySet   = 1 << 20
	maxToken    = 256 << 10
	maxUserInfo = 4 << 20
)

// answer is a whole HTTP answer, short enough to be kept.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// mediaType gives the Content-Type without parameters, in lower case.
func (a *answer) mediaType() string {
	t, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// caller makes requests with one time bound for the whole answer. It follows no
// redirect: that would carry an assertion, a code or a token to whoever is named.
type caller struct{ http *http.Client }

func newCaller(transport http.RoundTripper, timeout time.Duration) caller {
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		t.MaxResponseHeaderBytes = 64 << 10
		t.MaxIdleConnsPerHost = 8
		transport = t
	}
	return caller{http: &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// do sends a request and reads at most limit bytes of the answer.
func (c caller) do(stage Stage, r *http.Request, limit int64) (*answer, error) {
	got, err := c.http.Do(r)
	if err != nil {
		return nil, unreachable(stage, err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(io.LimitReader(got.Body, limit+1))
	if err != nil {
		return nil, unreachable(stage, err)
	}
	if int64(len(body)) > limit {
		return nil, &Error{Code: CodeTooLarge, Stage: stage, Status: got.StatusCode, Detail: "the answer is too long"}
	}
	return &answer{status: got.StatusCode, header: got.Header, body: body}, nil
}

func (c caller) get(ctx context.Context, stage Stage, address, accept string, limit int64) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fail(stage, CodeConfig, "the address is no URL")
	}
	r.Header.Set("Accept", accept)
	return c.do(stage, r, limit)
}

func (c caller) post(ctx context.Context, stage Stage, address string, form url.Values, proof string) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fail(stage, CodeConfig, "the address is no URL")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	return c.do(stage, r, maxToken)
}

// unreachable types what net/http gives, without its text, which quotes the URL.
func unreachable(stage Stage, err error) *Error {
	e := &Error{Code: CodeUnreachable, Stage: stage, Detail: "the connection failed"}
	var timeout net.Error
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		e.Detail, e.Err = "cancelled", context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Detail, e.Err = "no whole answer in time", context.DeadlineExceeded
	case errors.As(err, &unknown):
		e.Detail = "the server's certificate is not trusted"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Detail = "the answer was cut"
	}
	return e
}

// unexpected is the error for a status that an endpoint has no words for.
func (a *answer) unexpected(stage Stage) *Error {
	e := &Error{Stage: stage, Status: a.status, Code: CodeMalformed, Detail: "an answer that the protocol does not know"}
	switch {
	case a.status == http.StatusTooManyRequests:
		e.Code, e.Detail = CodeBusy, "too many requests"
	case a.status >= 500:
		e.Code, e.Detail = CodeServer, "the server failed"
	case a.status >= 300 && a.status < 400:
		e.Detail = "a redirect, which is not followed"
	case a.status >= 400:
		e.Code, e.Detail = CodeRequest, "the server refuses the request"
	}
	return e
}

// object reads a JSON object and nothing else: null would leave everything empty
// without an error.
func object(body []byte, into any) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && body[0] == '{' && json.Unmarshal(body, into) == nil
}
