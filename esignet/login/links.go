package login

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// State is what an administrator has decided about a link.
type State string

// The states of a link.
const (
	Requested State = "requested" // nobody has decided yet
	Approved  State = "approved"  // signs in as the user
	Revoked   State = "revoked"   // refused, or approved no more
)

// Link is a person of eSignet and the DHIS2 user whom an administrator takes that
// person for. It holds no name, number or address of the person.
type Link struct {
	// Code is what the person tells the administrator: XXXX-XXXX.
	Code string `json:"code"`
	// OpenID is the value for the field openId of the DHIS2 user.
	OpenID string `json:"openId"`
	// Issuer and RelyingParty are where the subject is from.
	Issuer       string `json:"issuer"`
	RelyingParty string `json:"relyingParty"`
	State        State  `json:"state"`
	// Username is the DHIS2 user; empty while it is only requested.
	Username    string    `json:"username,omitzero"`
	RequestedAt time.Time `json:"requestedAt"`
	DecidedAt   time.Time `json:"decidedAt,omitzero"`
	SeenAt      time.Time `json:"seenAt"` // last sign-in at eSignet
}

// Errors of links that a caller branches on.
var (
	ErrNoLink    = errors.New("esignet/login: no link has this code")
	ErrUserTaken = errors.New("esignet/login: another link is approved for this user: revoke it first")
	ErrFull      = errors.New("esignet/login: too many requests wait for an administrator")
)

// Bounds of requests that wait: beyond, new ones are refused, and old ones lapse.
const (
	maxRequests    = 10_000
	requestsLapse  = 30 * 24 * time.Hour
	maxUsernameLen = 255
)

// Links is the store of links. It is safe for concurrent use, also by several
// processes.
type Links struct {
	db   *database.DB
	now  func() time.Time
	rand io.Reader
}

// Migrations are the tables of the links, for database.Config. Times are
// milliseconds since 1970. A user has one approved link at most.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "esignet/login", Steps: []database.Step{{SQL: []string{
		`CREATE TABLE login_link (
			openid TEXT PRIMARY KEY,
			code TEXT NOT NULL UNIQUE,
			issuer TEXT NOT NULL,
			relying_party TEXT NOT NULL,
			state TEXT NOT NULL,
			username TEXT NOT NULL DEFAULT '',
			requested_at BIGINT NOT NULL,
			decided_at BIGINT NOT NULL DEFAULT 0,
			seen_at BIGINT NOT NULL)`,
		`CREATE INDEX login_link_state ON login_link (state, requested_at)`,
		`CREATE UNIQUE INDEX login_link_user ON login_link (username) WHERE state = 'approved'`,
	}}}}
}

// NewLinks gives the store in a database that was opened with [Migrations]. now
// is time.Now when nil.
func NewLinks(db *database.DB, now func() time.Time) *Links {
	if now == nil {
		now = time.Now
	}
	return &Links{db: db, now: now, rand: rand.Reader}
}

// Seen gives the link of a person who has just signed in at eSignet; it is
// requested if there was none.
func (l *Links) Seen(ctx context.Context, issuer, relyingParty, subject string) (link Link, err error) {
	id, now := OpenID(issuer, relyingParty, subject), l.now().UnixMilli()
	code, err := l.newCode()
	if err != nil {
		return Link{}, err
	}
	err = l.db.Write(ctx, func(tx database.Tx) error {
		if n, err := tx.Exec(`UPDATE login_link SET seen_at = ?1 WHERE openid = ?2`, now, id); err != nil || n == 1 {
			if err == nil {
				link, _, err = readLink(tx, `openid = ?1`, id)
			}
			return err
		}
		if _, err := tx.Exec(`DELETE FROM login_link WHERE state = 'requested' AND seen_at < ?1`, now-requestsLapse.Milliseconds()); err != nil {
			return err
		}
		var waiting int64
		if _, err := database.Row(tx, `SELECT count(*) FROM login_link WHERE state = 'requested'`, nil, &waiting); err != nil {
			return err
		}
		if waiting >= maxRequests {
			return ErrFull
		}
		if _, err := tx.Exec(`INSERT INTO login_link (openid, code, issuer, relying_party, state, requested_at, seen_at)
			VALUES (?1, ?2, ?3, ?4, 'requested', ?5, ?5) ON CONFLICT (openid) DO NOTHING`, id, code, issuer, relyingParty, now); err != nil {
			return err
		}
		link, _, err = readLink(tx, `openid = ?1`, id)
		return err
	})
	return link, err
}

// List gives the links of a state, or all, newest request first.
func (l *Links) List(ctx context.Context, state State) (links []Link, err error) {
	err = l.db.Read(ctx, func(tx database.Tx) error {
		links = nil
		return tx.Each(`SELECT `+linkColumns+` FROM login_link WHERE ?1 = '' OR state = ?1 ORDER BY requested_at DESC, code`, []any{string(state)},
			func(scan func(...any) error) error {
				link, err := scanLink(scan)
				links = append(links, link)
				return err
			})
	})
	return links, err
}

// Find gives the link with a code. [ErrNoLink] says that there is none.
func (l *Links) Find(ctx context.Context, code string) (link Link, err error) {
	err = l.db.Read(ctx, func(tx database.Tx) error {
		var there bool
		if link, there, err = readLink(tx, `code = ?1`, plainCode(code)); err == nil && !there {
			return ErrNoLink
		}
		return err
	})
	return link, err
}

// Approve lets the person with a code sign in as a DHIS2 user. The administrator
// knows by other means who the person is that told the code. [ErrNoLink],
// [ErrUserTaken].
func (l *Links) Approve(ctx context.Context, code, username string) (Link, error) {
	username = strings.TrimSpace(username)
	if username == "" || len(username) > maxUsernameLen {
		return Link{}, errors.New("esignet/login: want the user name of a DHIS2 user")
	}
	return l.decide(ctx, code, Approved, username)
}

// Revoke refuses a request, or takes an approval back: the person signs in no
// more. A session that DHIS2 has open goes on until it ends.
func (l *Links) Revoke(ctx context.Context, code string) (Link, error) {
	return l.decide(ctx, code, Revoked, "")
}

func (l *Links) decide(ctx context.Context, code string, state State, username string) (Link, error) {
	link, err := l.tryDecide(ctx, code, state, username)
	if kind, failed := database.KindOf(err); failed && kind == database.Failed {
		// In another process an administrator was faster, and the index of users
		// refuses this one: the second look sees why.
		return l.tryDecide(ctx, code, state, username)
	}
	return link, err
}

func (l *Links) tryDecide(ctx context.Context, code string, state State, username string) (link Link, err error) {
	err = l.db.Write(ctx, func(tx database.Tx) error {
		var there bool
		if link, there, err = readLink(tx, `code = ?1`, plainCode(code)); err != nil {
			return err
		}
		if !there {
			return ErrNoLink
		}
		if state == Approved {
			if other, taken, err := readLink(tx, `state = 'approved' AND username = ?1`, username); err != nil {
				return err
			} else if taken && other.OpenID != link.OpenID {
				return ErrUserTaken
			}
		} else {
			username = link.Username // so that it is seen whose it was
		}
		if link.State == state && link.Username == username {
			return nil
		}
		if _, err := tx.Exec(`UPDATE login_link SET state = ?1, username = ?2, decided_at = ?3 WHERE openid = ?4`, string(state), username, l.now().UnixMilli(), link.OpenID); err != nil {
			return err
		}
		link, _, err = readLink(tx, `openid = ?1`, link.OpenID)
		return err
	})
	return link, err
}

const linkColumns = `code, openid, issuer, relying_party, state, username, requested_at, decided_at, seen_at`

func readLink(tx database.Tx, where string, args ...any) (link Link, there bool, err error) {
	err = tx.Each(`SELECT `+linkColumns+` FROM login_link WHERE `+where, args, func(scan func(...any) error) error {
		there = true
		link, err = scanLink(scan)
		return err
	})
	return link, there, err
}

func scanLink(scan func(...any) error) (link Link, err error) {
	var state string
	var requested, decided, seen int64
	err = scan(&link.Code, &link.OpenID, &link.Issuer, &link.RelyingParty, &state, &link.Username, &requested, &decided, &seen)
	link.Code, link.State = link.Code[:min(4, len(link.Code))]+"-"+link.Code[min(4, len(link.Code)):], State(state)
	link.RequestedAt, link.SeenAt = time.UnixMilli(requested).UTC(), time.UnixMilli(seen).UTC()
	if decided != 0 {
		link.DecidedAt = time.UnixMilli(decided).UTC()
	}
	return link, err
}

// codeAlphabet has no letter that is taken for another when it is read out
// (Crockford's base 32).
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength gives 40 bits. A code is a name that is hard to hit by chance, no
// secret: it opens nothing by itself.
const codeLength = 8

func (l *Links) newCode() (string, error) {
	b := make([]byte, codeLength)
	if _, err := io.ReadFull(l.rand, b); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = codeAlphabet[b[i]&31]
	}
	return string(b), nil
}

// plainCode reads a code as people write it.
func plainCode(s string) string {
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
}
