package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits that hold where Config names none.
const (
	DefaultTimeout     = 30 * time.Second
	DefaultMaxResponse = 64 << 20
	DefaultPageSize    = 100
	defaultBatch       = 50
)

// Config says which server to ask, and as whom.
type Config struct {
	// BaseURL is the address of the server with its context path and without
	// /api, such as https://dhis2.example.org/anc. Required.
	BaseURL string

	// Token is a personal access token ("d2pat_…" or "d2p_…"); it is sent as
	// "Authorization: ApiToken …". Required unless Username is given; never
	// both.
	Token string

	// Username and Password are for basic authentication. DHIS2 checks a
	// bcrypt hash on every such request: a token is cheaper.
	Username string
	Password string

	// Timeout bounds one request, from the dial to the last byte of the
	// answer. Defaults to 30 s.
	Timeout time.Duration

	// MaxResponse bounds an answer in bytes, unpacked. Defaults to 64 MiB.
	MaxResponse int64

	// PageSize is the number of elements of a page where a Query names none.
	// Defaults to 100; DHIS2 refuses more than 50,000.
	PageSize int

	// Batch is the largest number of identifiers in one metadata request. Long
	// ones make it less: URLs stay under the 8 kB of common servers. Defaults
	// to 50.
	Batch int

	// UserAgent names the program in the server's log. Defaults to
	// "nehrbridge".
	UserAgent string

	// Transport carries the requests. Defaults to a clone of
	// http.DefaultTransport that keeps more connections open.
	Transport http.RoundTripper

	// Wrap sees every request on its way, to count them; nil for nobody.
	Wrap func(http.RoundTripper) http.RoundTripper

	// Now is the clock that a date in Retry-After is compared with. Defaults
	// to time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	c.BaseURL = strings.TrimRight(strings.TrimSpace(c.BaseURL), "/")
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxResponse == 0 {
		c.MaxResponse = DefaultMaxResponse
	}
	if c.PageSize == 0 {
		c.PageSize = DefaultPageSize
	}
	if c.Batch == 0 {
		c.Batch = defaultBatch
	}
	if c.UserAgent == "" {
		c.UserAgent = "nehrbridge"
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ReadBufferSize = 32 << 10 // a document in one or two reads of the system
		t.MaxIdleConnsPerHost = 16  // two would have most workers connect for each request
		c.Transport = t
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// validate names every wrong field at once.
func (c Config) validate() error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	switch u, err := url.Parse(c.BaseURL); {
	case c.BaseURL == "":
		say("BaseURL is empty: give the address of the DHIS2 server")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		say("BaseURL is not an http or https address")
	case u.User != nil:
		say("BaseURL holds credentials: give them as Token, or Username and Password")
	case u.RawQuery != "" || u.Fragment != "":
		say("BaseURL has a query or a fragment: leave it out")
	case strings.HasSuffix(u.Path, "/api"):
		say("BaseURL ends in /api: leave that out")
	}
	switch {
	case c.Token == "" && c.Username == "":
		say("no credentials: give Token, or Username and Password")
	case c.Token != "" && (c.Username != "" || c.Password != ""):
		say("Token and Username/Password are both given: keep one")
	case c.Token == "" && c.Password == "":
		say("Password is empty")
	case strings.ContainsAny(c.Token, " \t\r\n"):
		say("Token holds a blank or a line break")
	}
	if c.Timeout < 0 {
		say("Timeout is negative")
	}
	if c.MaxResponse < 0 {
		say("MaxResponse is negative")
	}
	if c.PageSize < 1 || c.PageSize > 50_000 {
		say("PageSize is not within 1 to 50000")
	}
	if c.Batch < 1 || c.Batch > 500 {
		say("Batch is not within 1 to 500")
	}
	if strings.ContainsAny(c.UserAgent, "\r\n") {
		say("UserAgent holds a line break")
	}
	if len(wrong) > 0 {
		return fmt.Errorf("dhis2/api: configuration: %w", errors.Join(wrong...))
	}
	return nil
}
