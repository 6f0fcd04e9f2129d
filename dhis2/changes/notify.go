package changes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// NotifyConfig says who is notified.
type NotifyConfig struct {
	// URL takes a POST for each event: a receiver, or a Route of DHIS2 with
	// its /run at the end. http or https. Required.
	URL string

	// Secret signs the events: "whsec_" and base64 as Standard Webhooks have
	// it, or any text; what has less than 24 bytes can be guessed. Required.
	Secret string

	// Route says that the URL is a Route of DHIS2. It drops the headers with
	// the signature, so the event is sealed in a body that holds them too.
	Route bool

	// Header is sent along, such as Authorization for a Route.
	Header http.Header

	// Timeout bounds one request. It has to end within a claim. Defaults to
	// 20 s.
	Timeout time.Duration

	// Transport carries the requests. Defaults to a clone of
	// http.DefaultTransport.
	Transport http.RoundTripper

	// Now is the clock of the signature. Defaults to time.Now.
	Now func() time.Time
}

// Notifier tells a receiver which tracked entities have changed, at least
// once for each change, those of one entity in their order. Changes that come
// while it waits are told together. Its method Notify is the Consumer of a
// ledger, which keeps what is not told yet.
type Notifier struct {
	cfg  NotifyConfig
	key  []byte
	http *http.Client
}

// NewNotifier checks the configuration. It sends nothing yet.
func NewNotifier(cfg NotifyConfig) (*Notifier, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var wrong []error
	if u, err := url.Parse(cfg.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		wrong = append(wrong, errors.New("URL: want http://… or https://…, without a password"))
	}
	key, err := signingKey(cfg.Secret)
	if err != nil {
		wrong = append(wrong, fmt.Errorf("Secret: %w", err))
	} else if len(key) == 0 {
		wrong = append(wrong, errors.New("Secret is needed"))
	}
	if cfg.Timeout < 0 {
		wrong = append(wrong, errors.New("Timeout is negative"))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("dhis2/changes: notify: %w", errors.Join(wrong...))
	}
	return &Notifier{cfg: cfg, key: key, http: &http.Client{
		Transport: cfg.Transport,
		Timeout:   cfg.Timeout,
		// What was signed for one server is not carried to another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Notify tells of one change. It is a Consumer, without state. Errors are
// those of the ledger and *DeliveryError.
func (n *Notifier) Notify(ctx context.Context, c Claim) ([]byte, error) {
	if c.ledger == nil {
		return nil, errNoClaim
	}
	programs, err := c.ledger.Programs(ctx, c.TrackedEntity)
	if err != nil {
		return nil, err
	}
	source, _, err := c.ledger.Pinned(ctx, PinSystem)
	if err != nil {
		return nil, err
	}
	req, err := n.request(ctx, newEvent(c, append([]dhis2.UID{}, programs...), source))
	if err != nil {
		return nil, err
	}
	return nil, n.send(req)
}

// request signs an event, in the headers or, for a Route, in the body.
func (n *Notifier) request(ctx context.Context, e Event) (*http.Request, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	now := n.cfg.Now().Unix()
	signature := sign(n.key, e.ID, now, body)
	if n.cfg.Route {
		if body, err = json.Marshal(sealed{ID: e.ID, Timestamp: now, Signature: signature, Payload: string(body)}); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range n.cfg.Header {
		req.Header[name] = slices.Clone(values)
	}
	req.Header.Set("Content-Type", "application/json")
	if !n.cfg.Route {
		req.Header.Set(headerID, e.ID)
		req.Header.Set(headerTimestamp, strconv.FormatInt(now, 10))
		req.Header.Set(headerSignature, signature)
	}
	return req, nil
}

// maxAnswer bounds what is kept of the answer to a notification, in bytes.
const maxAnswer = 4 << 10

func (n *Notifier) send(req *http.Request) error {
	resp, err := n.http.Do(req)
	if err != nil {
		// Its text holds the address; the cause does not.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return &DeliveryError{Err: err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return &DeliveryError{Status: resp.StatusCode, RetryAfter: api.RetryAfter(resp.Header, n.cfg.Now()), answer: answer}
	case err != nil:
		return &DeliveryError{Err: err}
	case n.cfg.Route && media == "text/html":
		return &DeliveryError{Status: resp.StatusCode, page: true}
	}
	return nil
}

// DeliveryError says that a notification was not taken, or that nobody knows.
type DeliveryError struct {
	Status     int           // of HTTP; 0 where no answer came
	RetryAfter time.Duration // that the receiver asked to wait; 0 for none
	Err        error         // why no answer came; nil where one did

	answer []byte
	page   bool // a page answered in the place of a Route
}

func (e *DeliveryError) Error() string {
	switch {
	case e.Err != nil:
		return "dhis2/changes: notify: no answer: " + e.Err.Error()
	case e.page:
		return "dhis2/changes: notify: a page answers in the place of the Route: the user or token is not accepted"
	case e.Unauthorized():
		return fmt.Sprintf("dhis2/changes: notify: status %d: the receiver does not accept our signature, or the Route our user", e.Status)
	case e.Status == http.StatusNotFound:
		return "dhis2/changes: notify: status 404: no receiver is there, or the Route is missing or disabled"
	}
	return fmt.Sprintf("dhis2/changes: notify: status %d", e.Status)
}

// Unwrap gives the reason why no answer came.
func (e *DeliveryError) Unwrap() error { return e.Err }

// Retryable is true for all that may be mended at the receiver without this
// event being another: nothing is lost while it is moved, closed or down.
func (e *DeliveryError) Retryable() bool { return !e.Permanent() }

// Permanent is true where the receiver refuses this very event.
func (e *DeliveryError) Permanent() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusConflict, http.StatusGone,
		http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 400 && e.Status < 500
}

// Unauthorized is true where every event is refused alike.
func (e *DeliveryError) Unauthorized() bool {
	return e.page || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// Wait is how long the receiver asked to wait.
func (e *DeliveryError) Wait() time.Duration { return e.RetryAfter }

// Cause is the status.
func (e *DeliveryError) Cause() string {
	if e.Status == 0 {
		return "unreachable"
	}
	return strconv.Itoa(e.Status)
}

// Detail is the beginning of the receiver's answer.
func (e *DeliveryError) Detail() []byte { return e.answer }
