package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// Config says which server is spoken to, and how.
type Config struct {
	// BaseURL is the FHIR base, for example https://nehr.example/fhir.
	BaseURL string
	// Token is sent as a bearer token when set.
	Token string
	// OAuth fetches the bearer token from an authorization server, over the same
	// transport; nil when none is needed.
	OAuth *OAuth
	// Timeout bounds one request from connecting to the last byte; 30 s when 0.
	Timeout time.Duration
	// MaxResponse bounds an answer in bytes; 32 MiB when 0.
	MaxResponse int64
	// UserAgent is "nehrbridge" when empty.
	UserAgent string
	// CAFile holds the certificates (PEM) that the server's is checked against,
	// in place of the system's.
	CAFile string
	// CertFile and KeyFile hold this program's certificate and key (PEM) for
	// mutual TLS; both or none.
	CertFile, KeyFile string
	// Transport replaces the connection, in tests; the files above are then unused.
	Transport http.RoundTripper
	// Wrap sees every request on its way, to count them; nil for nobody.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Now is the clock that a Retry-After date is held against; time.Now when nil.
	Now func() time.Time
}

// Client speaks to one FHIR server. It is safe for use by many goroutines.
type Client struct {
	base   string
	now    func() time.Time
	http   *resty.Client
	tokens *tokens // nil: no OAuth
}

// errRedirect marks a redirect that leads elsewhere.
var errRedirect = errors.New("the server redirects to another host")

// New checks the settings and makes a client. It does not connect.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("the FHIR base must be an absolute http or https URL")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the FHIR base must have no user, query or fragment")
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.MaxResponse <= 0 {
		c.MaxResponse = 32 << 20
	}
	if c.UserAgent == "" {
		c.UserAgent = "nehrbridge"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transport == nil {
		if c.Transport, err = transport(c); err != nil {
			return nil, err
		}
	}
	if c.Wrap != nil {
		c.Transport = c.Wrap(c.Transport)
	}
	r := resty.New().
		SetTransport(c.Transport).
		SetTimeout(c.Timeout).
		SetResponseBodyLimit(int(c.MaxResponse)).
		SetLogger(silent{}).
		SetHeader("User-Agent", c.UserAgent).
		SetHeader("Accept", "application/fhir+json").
		SetRedirectPolicy(resty.RedirectPolicyFunc(stayHome))
	if c.Token != "" {
		r.SetHeader("Authorization", "Bearer "+c.Token)
	}
	client := &Client{base: strings.TrimRight(c.BaseURL, "/"), now: c.Now, http: r}
	if c.OAuth != nil {
		if client.tokens, err = newTokens(*c.OAuth, c, client.retryAfter); err != nil {
			return nil, err
		}
	}
	return client, nil
}

// Base is the FHIR base without a slash at its end.
func (c *Client) Base() string { return c.base }

// stayHome follows a redirect only to the same scheme and host: the credentials
// and the records of people go nowhere else.
func stayHome(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if next.URL.Scheme != first.Scheme || next.URL.Host != first.Host || len(via) >= 5 {
		return errRedirect
	}
	if via[0].Method != next.Method { // a POST that would become a GET loses its body
		return errRedirect
	}
	return nil
}

// transport makes a connection pool of its own, so that one server's settings
// never reach another's.
func transport(c Config) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	// A transaction, and an answer, in one or two calls of the system.
	t.ReadBufferSize, t.WriteBufferSize = 32<<10, 32<<10
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the CA file of the FHIR server: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("the CA file of the FHIR server holds no certificate in PEM form")
		}
		t.TLSClientConfig.RootCAs = pool
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("mutual TLS with the FHIR server needs both a certificate file and a key file")
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("load the client certificate for the FHIR server: %w", err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// silent drops what resty would write to stderr: requests may hold records.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// request is one request on its way.
type request struct {
	operation string // for errors
	method    string
	path      string // below the base, encoded
	header    map[string]string
	body      []byte
	bodyType  string
}

// do sends a request and gives the answer of a FHIR server, or an error that
// says what came instead.
//
// A token that is not taken may have been withdrawn before its time: once, a new
// one is fetched. The server has carried nothing out then.
func (c *Client) do(ctx context.Context, r request) (*Answer, error) {
	token := ""
	for attempt := 1; ; attempt++ {
		q := c.http.R().SetContext(ctx).SetHeaders(r.header)
		if c.tokens != nil {
			var err error
			if token, err = c.tokens.get(ctx, token); err != nil {
				return nil, fmt.Errorf("%s: %w", r.operation, err)
			}
			q.SetHeader("Authorization", "Bearer "+token)
		}
		if r.body != nil {
			q.SetHeader("Content-Type", r.bodyType).SetBody(r.body)
		}
		res, err := q.Execute(r.method, c.base+r.path)
		if err != nil {
			return nil, unreachable(r.operation, err)
		}
		if res.StatusCode() == http.StatusUnauthorized && c.tokens != nil && attempt == 1 {
			continue
		}
		return c.judge(r.operation, res)
	}
}
