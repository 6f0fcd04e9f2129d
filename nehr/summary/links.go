package summary

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// LinksConfig says where links lead and how long what is left of them is kept.
type LinksConfig struct {
	// DB holds the tables of Migrations. Required.
	DB *database.DB
	// URL is where Handler is reached from outside, https (http on a loopback host), without query and fragment,
	// such as https://record.example.lk/shl: at most 84 bytes, for the specification
	// bounds what follows from it to 128. Required.
	URL string
	// Viewer is a page that opens links, which is put before them; without it a link
	// begins with "shlink:/". Optional.
	Viewer string
	// Longest bounds how long a link may live. Defaults to 365 days.
	Longest time.Duration
	// Keep is how long the owner still sees a link that is over, and who opened it.
	// Defaults to 90 days.
	Keep time.Duration
	// Tries is how many wrong passcodes a link bears in its whole life. Defaults to 10.
	Tries int
	// Report is told of failures of the database, once each. Optional.
	Report func(error)

	Now  func() time.Time // defaults to time.Now
	Rand io.Reader        // defaults to crypto/rand
}

// Links makes, keeps, serves and ends links. Safe for use by many goroutines and,
// on PostgreSQL, by many processes.
type Links struct {
	config  LinksConfig
	hashing chan struct{} // bounds how many passcodes are hashed at once
}

// passcodeRounds is what OWASP advises for PBKDF2-HMAC-SHA-256 (2023).
const passcodeRounds = 600_000

// maxFile bounds a payload, in bytes; a record of 1,000 resources has about 2 MB.
const maxFile = 8 << 20

// NewLinks makes Links. The error names every wrong field.
func NewLinks(cfg LinksConfig) (*Links, error) {
	if cfg.Longest == 0 {
		cfg.Longest = 365 * 24 * time.Hour
	}
	if cfg.Keep == 0 {
		cfg.Keep = 90 * 24 * time.Hour
	}
	if cfg.Tries == 0 {
		cfg.Tries = 10
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Report == nil {
		cfg.Report = func(error) {}
	}
	var wrong []string
	if cfg.DB == nil {
		wrong = append(wrong, "DB: required")
	}
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || len(cfg.URL) > 128-44 ||
		u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1") {
		wrong = append(wrong, "URL: an https address of at most 84 bytes, without query and fragment")
	}
	if u, err := url.Parse(cfg.Viewer); err != nil || cfg.Viewer != "" && (u.Host == "" || strings.Contains(cfg.Viewer, "#")) {
		wrong = append(wrong, "Viewer: an address without a fragment")
	}
	if cfg.Longest < 0 || cfg.Keep < 0 || cfg.Tries < 0 {
		wrong = append(wrong, "Longest, Keep, Tries: not negative")
	}
	if wrong != nil {
		return nil, errors.New("links: " + strings.Join(wrong, "; "))
	}
	return &Links{config: cfg, hashing: make(chan struct{}, 2)}, nil
}

// NewLink says what is shared.
type NewLink struct {
	Content  []byte    // FHIR JSON: Summary.Bundle.Encode()
	Until    time.Time // when it ends. Required
	Label    string    // what the recipient reads; at most 80 characters
	Passcode string    // 6 to 64 characters; "" for none (flag P)
	LongTerm bool      // the recipient may come back for what Refresh has put in (flag L)
	Direct   bool      // one file by GET, without a manifest (flag U); not with Passcode
}

// Why a link is refused.
var (
	ErrContent  = fmt.Errorf("a link needs content of at most %d bytes", maxFile)
	ErrUntil    = errors.New("a link ends in the future, and not too far in it")
	ErrLabel    = errors.New("a label has at most 80 characters, without control characters and marks that turn the direction of text")
	ErrPasscode = errors.New("a passcode has 6 to 64 characters")
	ErrFlags    = errors.New("a direct file has no passcode")
	ErrGone     = errors.New("no such link, or it is over")
)

// Made is a link that was just made.
type Made struct {
	ID   string // for Revoke and Refresh; opens nothing
	Link string // with the key: shown to the owner now, and never again
}

// Create seals content and makes the link to it. owner is whose it is, "Patient/…".
// The key is in the answer alone. Errors are those above, or the database's.
func (l *Links) Create(ctx context.Context, owner string, n NewLink) (*Made, error) {
	now := l.config.Now()
	switch {
	case len(n.Content) == 0 || len(n.Content) > maxFile:
		return nil, ErrContent
	case !n.Until.After(now) || n.Until.After(now.Add(l.config.Longest)):
		return nil, ErrUntil
	case utf8.RuneCountInString(n.Label) > 80 || clean(n.Label) != n.Label || !utf8.ValidString(n.Label):
		return nil, ErrLabel
	case n.Passcode != "" && (utf8.RuneCountInString(n.Passcode) < 6 || utf8.RuneCountInString(n.Passcode) > 64):
		return nil, ErrPasscode
	case n.Direct && n.Passcode != "":
		return nil, ErrFlags
	}
	flags := ""
	for _, f := range []struct {
		set  bool
		flag string
	}{{n.LongTerm, "L"}, {n.Passcode != "", "P"}, {n.Direct, "U"}} {
		if f.set {
			flags += f.flag
		}
	}
	secrets := make([]byte, 32+32+16)
	if _, err := io.ReadFull(l.config.Rand, secrets); err != nil {
		return nil, fmt.Errorf("make a link: %w", err)
	}
	name, key, salt := base64.RawURLEncoding.EncodeToString(secrets[:32]), secrets[32:64], secrets[64:]
	sealed, err := seal(l.config.Rand, key, n.Content)
	if err != nil {
		return nil, err
	}
	var hash []byte
	if n.Passcode != "" {
		if hash, err = l.hash(ctx, n.Passcode, salt); err != nil {
			return nil, err
		}
	}
	id := idOf(name)
	err = l.config.DB.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO shl_link (id, owner, label, flags, made, until, refreshed, tries, salt, passcode, payload)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9, ?10)`,
			id, owner, n.Label, flags, now.Unix(), n.Until.Unix(), int64(l.config.Tries), salt, hash, sealed)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep a link: %w", err)
	}
	link, err := payload{URL: l.config.URL + "/" + name, Flag: flags, Key: base64.RawURLEncoding.EncodeToString(key), Exp: n.Until.Unix(), Label: n.Label, V: 1}.link(l.config.Viewer)
	if err != nil {
		return nil, err
	}
	return &Made{ID: id, Link: link}, nil
}

// Shared is a link as its owner sees it.
type Shared struct {
	ID, Label string
	LongTerm  bool
	Passcode  bool
	Direct    bool
	Made      time.Time
	Until     time.Time
	Refreshed time.Time // when its content was sealed
	Revoked   time.Time // zero: it was not
	TriesLeft int       // of wrong passcodes; 0 ends the link
	Opened    int       // how often
	Openings  []Opening // the last 100, latest first
}

// Opening is one time that somebody was given the content.
type Opening struct {
	At        time.Time
	Recipient string // as they called themselves
}

// openings is how many the owner is shown, and how many are kept of a link.
const openings = 100

// List gives the links of an owner, latest first.
func (l *Links) List(ctx context.Context, owner string) (list []Shared, err error) {
	err = l.config.DB.Read(ctx, func(tx database.Tx) error {
		list = nil
		err := tx.Each(`SELECT id, label, flags, made, until, refreshed, revoked, tries, opened FROM shl_link WHERE owner = ?1 ORDER BY made DESC, id`, []any{owner}, func(scan func(...any) error) error {
			var s Shared
			var flags string
			var made, until, refreshed, revoked, tries, opened int64
			if err := scan(&s.ID, &s.Label, &flags, &made, &until, &refreshed, &revoked, &tries, &opened); err != nil {
				return err
			}
			s.LongTerm, s.Passcode, s.Direct = strings.Contains(flags, "L"), strings.Contains(flags, "P"), strings.Contains(flags, "U")
			s.Made, s.Until, s.Refreshed, s.TriesLeft, s.Opened = time.Unix(made, 0), time.Unix(until, 0), time.Unix(refreshed, 0), int(tries), int(opened)
			if revoked != 0 {
				s.Revoked = time.Unix(revoked, 0)
			}
			list = append(list, s)
			return nil
		})
		for i := range list {
			if err != nil {
				break
			}
			err = tx.Each(`SELECT at, recipient FROM shl_opening WHERE link = ?1 ORDER BY nth DESC LIMIT 100`, []any{list[i].ID}, func(scan func(...any) error) error {
				var o Opening
				var at int64
				if err := scan(&at, &o.Recipient); err != nil {
					return err
				}
				o.At = time.Unix(at, 0)
				list[i].Openings = append(list[i].Openings, o)
				return nil
			})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return list, nil
}

// Revoke ends a link of an owner: the next request for it is 404, its content is
// gone. ErrGone for one that is not hers, or over.
func (l *Links) Revoke(ctx context.Context, owner, id string) error {
	err := l.config.DB.Write(ctx, func(tx database.Tx) error {
		n, err := tx.Exec(`UPDATE shl_link SET revoked = ?3, payload = NULL, passcode = NULL, salt = NULL WHERE id = ?1 AND owner = ?2 AND revoked = 0`, id, owner, l.config.Now().Unix())
		if err == nil && n == 0 {
			return ErrGone
		}
		if err == nil {
			_, err = tx.Exec(`DELETE FROM shl_ticket WHERE link = ?1`, id)
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("revoke a link: %w", err)
	}
	return err
}

// Refresh puts newer content behind a long-term link. Only its owner can have it done,
// by showing the link again: what it takes to seal the content is in the link, and the
// link is with her. The key is used and forgotten. ErrLink for a text that is no link
// or has another key, ErrGone for one that is not hers, not long-term, or over.
func (l *Links) Refresh(ctx context.Context, owner, link string, content []byte) error {
	if len(content) == 0 || len(content) > maxFile {
		return ErrContent
	}
	p, err := parseLink(link)
	if err != nil {
		return err
	}
	name, found := strings.CutPrefix(p.URL, l.config.URL+"/")
	if !found {
		return ErrLink
	}
	key, err := base64.RawURLEncoding.DecodeString(p.Key)
	if err != nil {
		return ErrLink
	}
	sealed, err := seal(l.config.Rand, key, content)
	if err != nil {
		return err
	}
	err = l.config.DB.Write(ctx, func(tx database.Tx) error {
		var old []byte
		now := l.config.Now().Unix()
		there, err := database.Row(tx, `SELECT payload FROM shl_link WHERE id = ?1 AND owner = ?2 AND revoked = 0 AND until > ?3 AND tries > 0 AND flags LIKE 'L%'`, []any{idOf(name), owner, now}, &old)
		if err != nil {
			return err
		}
		if !there {
			return ErrGone
		}
		if !fits(key, old) {
			return ErrLink
		}
		n, err := tx.Exec(`UPDATE shl_link SET payload = ?2, refreshed = ?3 WHERE id = ?1 AND revoked = 0`, idOf(name), sealed, now)
		if err == nil && n == 0 {
			return ErrGone
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, ErrLink) {
		return fmt.Errorf("refresh a link: %w", err)
	}
	return err
}

// Clean takes away what is over: the content of links that ended, tickets, and after
// Keep everything of them. It is for a timer; what is over is refused without it.
func (l *Links) Clean(ctx context.Context) error {
	now, old := l.config.Now().Unix(), l.config.Now().Add(-l.config.Keep).Unix()
	err := l.config.DB.Write(ctx, func(tx database.Tx) error {
		for _, step := range []struct {
			query string
			at    int64
		}{
			{`DELETE FROM shl_ticket WHERE until <= ?1`, now},
			{`UPDATE shl_link SET payload = NULL, passcode = NULL, salt = NULL WHERE payload IS NOT NULL AND until <= ?1`, now},
			{`DELETE FROM shl_opening WHERE link IN (SELECT id FROM shl_link WHERE until <= ?1 OR revoked <> 0 AND revoked <= ?1)`, old},
			{`DELETE FROM shl_link WHERE until <= ?1 OR revoked <> 0 AND revoked <= ?1`, old},
		} {
			if _, err := tx.Exec(step.query, step.at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clean links: %w", err)
	}
	return nil
}

// Run cleans at once and every hour until ctx ends. What fails is told to Report, and
// tried again.
func (l *Links) Run(ctx context.Context) error {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		if err := l.Clean(ctx); err != nil && ctx.Err() == nil {
			l.config.Report(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-hour.C:
		}
	}
}

// idOf is how a name in a URL is kept.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// hash is slow by intent, so few run at once: whoever asks for many waits, and the
// rest of the program does not.
func (l *Links) hash(ctx context.Context, passcode string, salt []byte) ([]byte, error) {
	select {
	case l.hashing <- struct{}{}:
		defer func() { <-l.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	hash, err := pbkdf2.Key(sha256.New, passcode, salt, passcodeRounds, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("hash a passcode: %w", err)
	}
	return hash, nil
}
