package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth is a client of an authorization server that gives tokens for its own
// credentials (RFC 6749 section 4.4, client credentials). It authenticates by a
// secret, or by a key as SMART Backend Services demands (private_key_jwt).
type OAuth struct {
	// TokenURL is the token endpoint.
	TokenURL string
	ClientID string
	// ClientSecret is sent by HTTP Basic, or in the form to servers that refuse
	// that; it or KeyFile must be given, not both.
	ClientSecret string
	// KeyFile holds a private key, PEM or JWK: RSA of at least 2048 bits signs by
	// RS384, P-384 by ES384.
	KeyFile string
	// KeyID is the kid that the server knows the key by. Defaults to that of the
	// JWK, else to the RFC 7638 thumbprint of the key.
	KeyID string
	// Scopes that are asked for; none when empty, and the server decides.
	Scopes []string
	// Rand makes the assertions' jti; crypto/rand when nil.
	Rand io.Reader
}

// TokenError says that the authorization server refused to give a token: no
// request was sent to the FHIR server.
type TokenError struct {
	Status int // HTTP status of the token endpoint
	// Code is the error of RFC 6749 section 5.2, such as invalid_client; empty when
	// the server gave none.
	Code string
	// RetryAfter is how long the server asks to wait, 0 when it does not say.
	RetryAfter time.Duration
}

// Error gives status and code.
func (e *TokenError) Error() string {
	text := fmt.Sprintf("token: the authorization server answered %d", e.Status)
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// Unauthorized tells that the credentials were refused.
func (e *TokenError) Unauthorized() bool {
	return e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// Wait is how long the authorization server asks to wait.
func (e *TokenError) Wait() time.Duration { return e.RetryAfter }

// Retryable is true: nothing is wrong with what was to be sent.
func (e *TokenError) Retryable() bool { return true }

// Permanent is false.
func (e *TokenError) Permanent() bool { return false }

// Conflict is false.
func (e *TokenError) Conflict() bool { return false }

// Unknown is false: the FHIR server was not asked.
func (e *TokenError) Unknown() bool { return false }

// tokens keeps one token until shortly before it expires.
type tokens struct {
	config clientcredentials.Config
	sign   *signer // nil: by secret
	http   *http.Client
	now    func() time.Time
	// retryAfter reads the header of a refusal.
	retryAfter func(http.Header) time.Duration

	turn  chan struct{} // held while the fields below are used or a token is fetched
	token string
	until time.Time // zero: until it is refused
}

func newTokens(o OAuth, c Config, retryAfter func(http.Header) time.Duration) (*tokens, error) {
	at, err := url.Parse(o.TokenURL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" || at.User != nil || at.Fragment != "" {
		return nil, errors.New("the OAuth token endpoint must be an absolute http or https URL without user and fragment")
	}
	if o.ClientID == "" || (o.ClientSecret == "") == (o.KeyFile == "") {
		return nil, errors.New("OAuth needs a client id, and either a secret or a key file")
	}
	if c.Token != "" {
		return nil, errors.New("both a token and OAuth are configured for the FHIR server: keep one")
	}
	t := &tokens{
		config: clientcredentials.Config{
			ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.TokenURL, Scopes: o.Scopes,
		},
		// A redirect would carry the credentials to whoever it names.
		http: &http.Client{Transport: c.Transport, Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		now: c.Now, retryAfter: retryAfter, turn: make(chan struct{}, 1),
	}
	if o.KeyFile != "" {
		if t.sign, err = newSigner(o); err != nil {
			return nil, err
		}
		t.config.AuthStyle = oauth2.AuthStyleInParams
	}
	return t, nil
}

// get gives the token that is kept, or a new one. refused is a token that the
// FHIR server does not take (any more).
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", &UnreachableError{Operation: "token", Reason: "cancelled", Err: ctx.Err()}
	}
	if t.token != "" && t.token != refused && (t.until.IsZero() || t.now().Before(t.until)) {
		return t.token, nil
	}
	t.token = ""
	config := t.config
	if t.sign != nil {
		assertion, err := t.sign.assertion(t.now())
		if err != nil {
			return "", err
		}
		config.EndpointParams = url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion},
		}
	}
	got, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return "", t.refusal(err)
	}
	if !strings.EqualFold(got.Type(), "Bearer") {
		return "", &UnreachableError{Operation: "token", Reason: "the authorization server gave no bearer token"}
	}
	t.token, t.until = got.AccessToken, time.Time{}
	if !got.Expiry.IsZero() {
		life := time.Until(got.Expiry)
		t.until = t.now().Add(life - min(30*time.Second, life/5))
	}
	return t.token, nil
}

var codeForm = regexp.MustCompile(`^[a-z_]{1,40}$`)

// refusal types what x/oauth2 gives, without the body that its text quotes.
func (t *tokens) refusal(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.Response != nil && e.Response.StatusCode >= 300 {
		refused := &TokenError{Status: e.Response.StatusCode, RetryAfter: t.retryAfter(e.Response.Header)}
		if codeForm.MatchString(e.ErrorCode) {
			refused.Code = e.ErrorCode
		}
		return refused
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		u := &UnreachableError{}
		errors.As(unreachable("token", e), &u)
		u.sent = false // to the FHIR server
		return u
	}
	return &UnreachableError{Operation: "token", Reason: "the answer of the token endpoint is no token"}
}
