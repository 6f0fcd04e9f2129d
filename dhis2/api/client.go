package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/go-resty/resty/v2"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Client asks one DHIS2 server. It is safe for use by many goroutines.
type Client struct {
	cfg  Config
	http *resty.Client
	auth string

	mu      sync.Mutex
	version Version // zero until known
}

// New checks the configuration and returns a client. It sends nothing.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Wrap != nil {
		cfg.Transport = cfg.Wrap(cfg.Transport)
	}
	hc := &http.Client{
		Transport: cfg.Transport,
		Timeout:   cfg.Timeout,
		// A redirect is an answer here: it leads to a login page, and a token
		// must not travel to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &Client{cfg: cfg, auth: "ApiToken " + cfg.Token}
	if cfg.Token == "" {
		// The session saves DHIS2 from checking the hash on every request. The
		// credentials go along, so that a session that ends costs nothing.
		hc.Jar, _ = cookiejar.New(nil) // cannot fail without options
		c.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(cfg.Username+":"+cfg.Password))
	}
	c.http = resty.NewWithClient(hc).
		SetBaseURL(cfg.BaseURL).
		SetLogger(silent{}).
		SetDoNotParseResponse(true).
		SetHeader("Accept", "application/json").
		SetHeader("User-Agent", cfg.UserAgent).
		// Tells Spring Security to answer 401 instead of a login page.
		SetHeader("X-Requested-With", "XMLHttpRequest")
	return c, nil
}

// BaseURL is the address of the server, without a slash at its end.
func (c *Client) BaseURL() string { return c.cfg.BaseURL }

// Authorization is the header that the client signs in with, for what else is
// asked of the same server, such as a Route.
func (c *Client) Authorization() string { return c.auth }

// get asks for path (from /api on) and returns the body of a 200 that is
// JSON. Every other outcome is an *Error or an *UnreachableError; a cancelled
// context is its own error.
func (c *Client) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	return c.send(ctx, http.MethodGet, path, query, nil)
}

// send is get with any method and a JSON body. Beside 200 it passes the
// statuses that the caller accepts.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, document []byte, accepted ...int) ([]byte, error) {
	kind := "application/json"
	if method == http.MethodPatch { // DHIS2 takes a JSON Patch alone (RFC 6902)
		kind = "application/json-patch+json"
	}
	return c.sendAs(ctx, method, path, query, kind, document, accepted...)
}

// sendAs is send with a body of any kind.
func (c *Client) sendAs(ctx context.Context, method, path string, query url.Values, contentType string, body []byte, accepted ...int) ([]byte, error) {
	request := c.http.R().SetContext(ctx).SetHeader("Authorization", c.auth).SetQueryParamsFromValues(query)
	if body != nil {
		request.SetHeader("Content-Type", contentType).SetBody(body)
	}
	resp, err := request.Execute(method, path)
	if err != nil {
		return nil, c.unreachable(ctx, method, path, err)
	}
	defer resp.RawBody().Close()
	body, err = readAll(resp.RawResponse, c.cfg.MaxResponse+1)
	if err != nil {
		return nil, c.unreachable(ctx, method, path, err)
	}
	status, header := resp.StatusCode(), resp.Header()
	fail := func(k kind, message string) error {
		return &Error{Status: status, Method: method, Path: path, Message: message, kind: k,
			RetryAfter: RetryAfter(header, c.cfg.Now())}
	}
	switch {
	case int64(len(body)) > c.cfg.MaxResponse:
		return nil, fail(kindTooLarge, fmt.Sprintf("the answer has more than %d bytes: ask for smaller pages", c.cfg.MaxResponse))
	case status >= 300 && status < 400:
		return nil, fail(kindLogin, redirected(header.Get("Location")))
	case status != http.StatusOK && !slices.Contains(accepted, status):
		return nil, statusError(method, path, status, header, body, c.cfg.Now())
	case len(body) > dhis2.MaxDocument:
		return nil, fail(kindTooLarge, fmt.Sprintf("the answer has more than the %d bytes of a document: ask for smaller pages", dhis2.MaxDocument))
	case !looksLikeJSON(header.Get("Content-Type"), body):
		return nil, fail(kindLogin, "not JSON but a page: the session or token is not accepted, or a proxy answers instead of DHIS2")
	}
	return body, nil
}

// readAll reads a body up to a limit, into one buffer where its length is told.
func readAll(resp *http.Response, limit int64) ([]byte, error) {
	// More room than what is told, so that its end is seen without growing.
	room := min(max(resp.ContentLength, 0), 1<<20, limit) + bytes.MinRead
	buf := bytes.NewBuffer(make([]byte, 0, room))
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, limit))
	return buf.Bytes(), err
}

func redirected(location string) string {
	if strings.Contains(strings.ToLower(location), "login") {
		return "redirected to a login page: the session or token is not accepted"
	}
	return "redirected to another address: check the base URL (https, host, context path)"
}

// looksLikeJSON tells a page from a document. The content type alone is not
// asked: proxies drop it.
func looksLikeJSON(contentType string, body []byte) bool {
	if strings.Contains(strings.ToLower(contentType), "html") {
		return false
	}
	for _, b := range body {
		switch b {
		case ' ', '\t', '\r', '\n':
		case '<':
			return false
		default:
			return true
		}
	}
	return true
}

func (c *Client) unreachable(ctx context.Context, method, path string, err error) error {
	// A *url.Error quotes the whole URL with its query.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%s %s: %w", method, path, context.Canceled)
	}
	return &UnreachableError{Method: method, Path: path, Err: err}
}

// document asks for path and decodes the answer.
func document[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	body, err := c.get(ctx, path, query)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := dhis2.Decode(body, v); err != nil {
		return nil, malformed(path, err)
	}
	return v, nil
}

func malformed(path string, err error) error { return malformedAnswer(http.MethodGet, path, err) }

func malformedAnswer(method, path string, err error) error {
	return &Error{Status: http.StatusOK, Method: method, Path: path, kind: kindMalformed,
		Message: "the answer is not the document that was asked for", Err: err}
}

// silent drops what resty would print: it logs URLs.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
