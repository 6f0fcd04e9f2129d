package changes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// EventType is the type of every notification.
const EventType = "trackedEntity.changed"

// Event says that a tracked entity may have changed: look at it in DHIS2. It
// tells nothing about the person.
type Event struct {
	// ID is the same however often a notification is repeated, and never
	// that of another change.
	ID string `json:"id"`

	Type string    `json:"type"`      // EventType
	At   time.Time `json:"timestamp"` // when the change was seen; milliseconds, UTC
	Data EventData `json:"data"`
}

// EventData is what changed, and where.
type EventData struct {
	TrackedEntity dhis2.UID   `json:"trackedEntity"`
	Programs      []dhis2.UID `json:"programs"` // in which it was ever seen
	Sequence      int64       `json:"sequence"` // grows with each change of this entity, on one ledger
	Source        string      `json:"source"`   // systemId of the DHIS2 server
}

// newEvent describes a claim. The identifier follows from the change alone, so
// that each try of it has the same; the time keeps apart what a ledger that
// was restored or begun anew would number alike.
func newEvent(c Claim, programs []dhis2.UID, source string) Event {
	at := c.Since.UTC().Truncate(time.Millisecond)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", source, c.TrackedEntity, c.Sequence, at.UnixMilli()))
	return Event{
		ID: "evt_" + base64.RawURLEncoding.EncodeToString(sum[:18]), Type: EventType, At: at,
		Data: EventData{TrackedEntity: c.TrackedEntity, Programs: programs, Sequence: c.Sequence, Source: source},
	}
}

// The headers of a notification (Standard Webhooks 1.0).
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// sealed is a notification whose signature travels in the body, because a
// DHIS2 Route passes on no header of ours. What was signed is a text, which
// survives being read and written again on its way.
type sealed struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"` // of this try, seconds since 1970
	Signature string `json:"signature"`
	Payload   string `json:"payload"` // the Event
}

// signingKey is the key of a secret: with the prefix whsec_ it is in base64,
// without it the text itself.
func signingKey(secret string) ([]byte, error) {
	text, encoded := strings.CutPrefix(secret, "whsec_")
	if !encoded {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, errors.New("a secret that begins with whsec_ goes on in base64")
	}
	return key, nil
}

// sign gives "v1," and the HMAC-SHA256 of identifier, time and payload.
func sign(key []byte, id string, timestamp int64, payload []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, timestamp)
	mac.Write(payload)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Why a notification is not to be believed.
var (
	ErrSignature = errors.New("dhis2/changes: the notification is not signed with this secret")
	ErrTime      = errors.New("dhis2/changes: the notification was signed too long ago, or ahead of this clock")
	ErrEvent     = errors.New("dhis2/changes: the notification is signed, and no event that can be read")
)

// Verifier checks notifications for a receiver written in Go.
type Verifier struct {
	// Secrets are those that are accepted: two while one takes the place of
	// the other. Required.
	Secrets []string

	// Tolerance is how far the time of the signature may be from Now, in both
	// directions. Defaults to 5 min.
	Tolerance time.Duration

	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Verify takes the headers and the body of a request, directly from a Notifier
// or by way of a DHIS2 Route, and gives the event. Whoever replays a request
// within the tolerance repeats an event that was there: a receiver that
// remembers Event.ID once it has done its work does it once. Errors are
// ErrSignature, ErrTime, ErrEvent, and that of a secret that is none.
func (v Verifier) Verify(header http.Header, body []byte) (Event, error) {
	id, stamp, signatures := header.Get(headerID), header.Get(headerTimestamp), header.Get(headerSignature)
	if signatures == "" {
		var s sealed
		if json.Unmarshal(body, &s) != nil {
			return Event{}, ErrSignature
		}
		id, stamp, signatures, body = s.ID, strconv.FormatInt(s.Timestamp, 10), s.Signature, []byte(s.Payload)
	}
	timestamp, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" {
		return Event{}, ErrSignature
	}
	if ok, err := v.signed(id, timestamp, signatures, body); err != nil || !ok {
		return Event{}, errors.Join(err, ErrSignature)
	}
	if !v.fresh(time.Unix(timestamp, 0)) {
		return Event{}, ErrTime
	}
	var e Event
	if json.Unmarshal(body, &e) != nil || e.ID != id || e.Data.TrackedEntity.IsZero() {
		return Event{}, ErrEvent
	}
	return e, nil
}

func (v Verifier) signed(id string, timestamp int64, signatures string, body []byte) (ok bool, err error) {
	for _, secret := range v.Secrets {
		if secret == "" {
			continue // which anybody knows
		}
		key, err := signingKey(secret)
		if err != nil {
			return false, err
		}
		want := sign(key, id, timestamp, body)
		for _, s := range strings.Fields(signatures) {
			ok = hmac.Equal([]byte(s), []byte(want)) || ok
		}
	}
	return ok, nil
}

func (v Verifier) fresh(at time.Time) bool {
	tolerance, now := v.Tolerance, time.Now
	if tolerance == 0 {
		tolerance = 5 * time.Minute
	}
	if v.Now != nil {
		now = v.Now
	}
	return now().Sub(at).Abs() <= tolerance
}
