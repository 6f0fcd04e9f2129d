package access

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// Notice tells the privacy officer of a break-glass. It names logical ids only.
type Notice struct {
	ID       string        `json:"id"`
	At       time.Time     `json:"at"`
	Until    time.Time     `json:"until"`
	Patient  string        `json:"patient"`
	Person   string        `json:"practitioner"`
	Role     string        `json:"role,omitzero"`
	Facility string        `json:"facility,omitzero"`
	Code     EmergencyCode `json:"code"`
}

// Notifier is told of each break-glass, once or more: ID tells the same from
// another. An error is kept and tried again by Forward; it does not stop the
// clinician, for whom minutes count.
type Notifier interface {
	Notify(context.Context, Notice) error
}

// Webhook is a Notifier that posts the notice as JSON. It signs by the headers
// X-Nehrbridge-Timestamp (seconds since 1970) and X-Nehrbridge-Signature:
// "sha256=" and the HMAC-SHA256 of the timestamp, a full stop and the body, in
// hexadecimal.
type Webhook struct {
	// URL is where it is posted to: https, or http to this machine.
	URL string
	// Secret is at least 16 bytes that the receiver knows, too.
	Secret []byte
	// Client is http.DefaultClient when nil. Redirects are not followed.
	Client *http.Client
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Validate names what is wrong with the settings.
func (w Webhook) Validate() error {
	var wrong []error
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "":
		wrong = append(wrong, errors.New("webhook: the URL is none"))
	case u.Scheme == "https":
	case u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost"):
	default:
		wrong = append(wrong, errors.New("webhook: the URL must be https"))
	}
	if len(w.Secret) < 16 {
		wrong = append(wrong, errors.New("webhook: the secret needs at least 16 bytes"))
	}
	return errors.Join(wrong...)
}

// Notify posts a notice. Its errors name neither the URL nor the answer.
func (w Webhook) Notify(ctx context.Context, n Notice) error {
	if err := w.Validate(); err != nil {
		return err
	}
	body, err := json.Marshal(n)
	if err != nil {
		return errors.New("webhook: the notice cannot be written")
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	timestamp := strconv.FormatInt(now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("webhook: the URL is none")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Nehrbridge-Timestamp", timestamp)
	req.Header.Set("X-Nehrbridge-Signature", "sha256="+Signature(w.Secret, timestamp, body))
	client := http.Client{}
	if w.Client != nil {
		client = *w.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return errors.New("webhook: no answer")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection serves again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("webhook: status %d", res.StatusCode)
	}
	return nil
}

// Signature is the HMAC that a receiver compares with the header.
func Signature(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
