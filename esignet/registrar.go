package esignet

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// RegistrarConfig is access to eSignet's client-management API.
type RegistrarConfig struct {
	// BaseURL is that of the service, such as https://esignet.example.org/v1/esignet.
	BaseURL string
	// Generation decides paths and bodies. Defaults to 1.8.
	Generation Generation
	// Token is the bearer token of the country's authorization server, with the
	// scopes add_oidc_client and update_oidc_client; empty where the API is open.
	Token string
	// Timeout bounds each call. Defaults to 10 s.
	Timeout      time.Duration
	InsecureHTTP bool
	Transport    http.RoundTripper
	Now          func() time.Time
}

// Registrar registers clients at one eSignet. Where the MOSIP partner management
// owns the clients, its portal takes the place of this API.
type Registrar struct {
	config RegistrarConfig
	calls  caller
}

// NewRegistrar makes a registrar. It talks to nobody yet.
func NewRegistrar(config RegistrarConfig) (*Registrar, error) {
	if config.Generation == "" {
		config.Generation = V1_8
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.BaseURL = strings.TrimSuffix(config.BaseURL, "/")
	if err := checkAddress(config.BaseURL, config.InsecureHTTP); err != nil {
		return nil, fail(StageRegistration, CodeConfig, "the base URL %v", err)
	}
	if !config.Generation.known() {
		return nil, fail(StageRegistration, CodeConfig, "the generation is not known")
	}
	return &Registrar{config: config, calls: newCaller(config.Transport, config.Timeout)}, nil
}

// RegisteredClient is what eSignet says of a client; it never says more.
type RegisteredClient struct {
	ClientID string `json:"clientId"`
	Status   string `json:"status"` // ACTIVE, INACTIVE
}

// Create registers a client. [CodeExists] says that id or key is taken.
func (r *Registrar) Create(ctx context.Context, client Registration) (RegisteredClient, error) {
	calls, err := client.CreateCalls(r.config.Generation)
	return r.all(ctx, client.ClientID, calls, err)
}

// Update brings a registered client to a state. [CodeClient] says that there is none.
func (r *Registrar) Update(ctx context.Context, client Registration) (RegisteredClient, error) {
	calls, err := client.UpdateCalls(r.config.Generation)
	return r.all(ctx, client.ClientID, calls, err)
}

// Read asks for a client's status. [CodeUnsupported] before 2.0.
func (r *Registrar) Read(ctx context.Context, clientID string) (RegisteredClient, error) {
	calls, err := Registration{ClientID: clientID}.ReadCalls(r.config.Generation)
	return r.all(ctx, clientID, calls, err)
}

func (r *Registrar) all(ctx context.Context, id string, calls []ClientCall, err error) (c RegisteredClient, _ error) {
	if err != nil {
		return c, err
	}
	for _, call := range calls {
		if c, err = r.do(ctx, call); err != nil {
			return c, err
		}
	}
	if c.ClientID != id {
		return RegisteredClient{}, fail(StageRegistration, CodeMalformed, "the answer is about another client")
	}
	return c, nil
}

// Body gives the whole body of a call: the request in the envelope of MOSIP's
// APIs. The time must be the server's to within 2 minutes.
func (c ClientCall) Body(now time.Time) ([]byte, error) {
	if c.Request == nil {
		return nil, nil
	}
	return json.Marshal(struct {
		Time    string         `json:"requestTime"`
		Request jsontext.Value `json:"request"`
	}{now.UTC().Format("2006-01-02T15:04:05.000Z"), c.Request})
}

func (r *Registrar) do(ctx context.Context, call ClientCall) (c RegisteredClient, err error) {
	body, err := call.Body(r.config.Now())
	if err != nil {
		return c, fail(StageRegistration, CodeConfig, "the request cannot be encoded")
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, r.config.BaseURL+call.Path, bytes.NewReader(body))
	if err != nil {
		return c, fail(StageRegistration, CodeConfig, "the address is no URL")
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.config.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.config.Token)
	}
	a, err := r.calls.do(StageRegistration, request, maxToken)
	if err != nil {
		return c, err
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		return c, &Error{Code: CodeToken, Stage: StageRegistration, Status: a.status, Detail: "the bearer token is refused"}
	}
	var envelope struct {
		Response *RegisteredClient `json:"response"`
		Errors   []struct {
			Code    string `json:"errorCode"`
			Message string `json:"errorMessage"`
		} `json:"errors"`
	}
	if !object(a.body, &envelope) {
		if a.status == http.StatusOK {
			return c, &Error{Code: CodeMalformed, Stage: StageRegistration, Status: a.status, Detail: "the answer is not in the envelope of this API"}
		}
		return c, a.unexpected(StageRegistration)
	}
	switch {
	case len(envelope.Errors) > 0:
		return c, refusedClient(envelope.Errors[0].Code, envelope.Errors[0].Message, a.status)
	case a.status != http.StatusOK:
		return c, a.unexpected(StageRegistration)
	case envelope.Response == nil || envelope.Response.ClientID == "":
		return c, &Error{Code: CodeMalformed, Stage: StageRegistration, Status: a.status, Detail: "the answer names no client"}
	}
	return *envelope.Response, nil
}

// namedField is the form of messages that name a field: "<field>: <code>".
var namedField = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_.\[\]]{0,63}): [a-z_]+$`)

// refusedClient types an error of the API, which comes with status 200.
func refusedClient(code, message string, status int) *Error {
	e := &Error{Code: CodeRequest, Stage: StageRegistration, Server: namedCode(code), Detail: "refused"}
	if m := namedField.FindStringSubmatch(message); m != nil {
		e.Detail += " because of " + strings.TrimPrefix(m[1], "request.")
	}
	switch code {
	case "duplicate_client_id", "duplicate_public_key":
		e.Code = CodeExists
	case "invalid_client_id":
		e.Code = CodeClient
	case "unknown_error", "server_error", "":
		// 1.6 answers so, with SQL in the message, to a key that is taken.
		e.Code = CodeServer
	}
	if status != http.StatusOK {
		e.Status = status
	}
	return e
}
