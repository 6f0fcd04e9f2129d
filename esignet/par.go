package esignet

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// push sends the request ahead (RFC 9126) and gives what is left for the browser:
// client_id and request_uri, and nothing beside, since 1.7 takes the address for
// an ordinary request otherwise. A request_uri lives 60 s and is spent by the
// first who opens it.
func (c *Client) push(ctx context.Context, m *Metadata, form url.Values) (url.Values, error) {
	if err := c.authenticate(StagePAR, m, form); err != nil {
		return nil, err
	}
	a, err := c.calls.post(ctx, StagePAR, m.PAR, form, "")
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		return nil, a.refusal(StagePAR)
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}
	if !object(a.body, &pushed) || !requestURI(pushed.RequestURI) || pushed.ExpiresIn <= 0 {
		return nil, &Error{Code: CodeMalformed, Stage: StagePAR, Status: a.status, Detail: "the answer holds no request_uri with a life"}
	}
	return url.Values{"client_id": {c.config.ClientID}, "request_uri": {pushed.RequestURI}}, nil
}

// requestURI tells whether a string is a reference that a server made for a
// pushed request. Another URI would send the browser's request object elsewhere.
func requestURI(s string) bool {
	reference, ok := strings.CutPrefix(s, "urn:ietf:params:oauth:request_uri:")
	return ok && reference != "" && len(reference) <= 256 &&
		strings.Trim(reference, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:") == ""
}
