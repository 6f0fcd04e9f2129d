package clinician

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// Migrations are the tables of the clinician portal: who may act as what, and who asks
// to. A person stands there as a hash of issuer, relying party and subject (D-044).
// Times are seconds since 1970.
var Migrations = database.Migrations{Owner: "nehr/portal/clinician", Steps: []database.Step{{SQL: []string{
	`CREATE TABLE clinician_request (
		subject TEXT PRIMARY KEY,
		code TEXT NOT NULL UNIQUE,
		name TEXT NOT NULL,
		registration TEXT NOT NULL,
		asked BIGINT NOT NULL
	)`,
	`CREATE TABLE clinician_link (
		subject TEXT NOT NULL,
		role TEXT NOT NULL,
		linked BIGINT NOT NULL,
		until BIGINT NOT NULL,
		PRIMARY KEY (subject, role)
	)`,
}}}}

// Errors of Roles.
var (
	ErrNoRequest = errors.New("no request has this code, and it is no hash of a sign-in")
	ErrRole      = errors.New(`a role is "PractitionerRole/…"`)
	ErrUntil     = errors.New("a link ends in the future, within five years")
	ErrNoLink    = errors.New("there is no such link")
	ErrWords     = errors.New("a name has 2 to 100 characters and a registration number 2 to 40")
	ErrFull      = errors.New("there are too many requests")
)

// Bounds of what is kept.
const (
	longestLink  = 5 * 365 * 24 * time.Hour
	requestKept  = 30 * 24 * time.Hour
	mostRequests = 2000
)

// Request is somebody who signed in and asks to act as a clinician. What she says of
// herself nobody has checked.
type Request struct {
	Code         string // what she can tell the administrator
	Subject      string // hash of who she is, in hexadecimal
	Name         string
	Registration string
	At           time.Time
}

// Link lets one person act as one role.
type Link struct {
	Subject string // hash of who it is, in hexadecimal
	Role    string // PractitionerRole/…
	Linked  time.Time
	Until   time.Time
}

// Roles keeps who may act as what. It is safe for concurrent use.
type Roles struct {
	db   *database.DB
	now  func() time.Time
	rand io.Reader
}

// NewRoles makes Roles on a database with Migrations. now and random default to time.Now
// and crypto/rand.
func NewRoles(db *database.DB, now func() time.Time, random io.Reader) *Roles {
	if now == nil {
		now = time.Now
	}
	return &Roles{db: db, now: now, rand: cmp.Or[io.Reader](random, rand.Reader)}
}

// subjectHash names who signed in, and does not tell who it is.
func subjectHash(s *portal.Session) string {
	sum := sha256.Sum256([]byte(s.SubjectSystem() + "\x00" + s.Subject))
	return hex.EncodeToString(sum[:])
}

// Ask keeps the request of somebody who signed in, one of each person: asking again
// changes what it says and not its code. ErrWords, ErrFull, or the database's error.
func (r *Roles) Ask(ctx context.Context, s *portal.Session, name, registration string) (code string, err error) {
	name, registration = tidy(name), tidy(registration)
	if !between(name, 2, 100) || !between(registration, 2, 40) {
		return "", ErrWords
	}
	fresh, err := r.code()
	if err != nil {
		return "", err
	}
	now, subject := r.now(), subjectHash(s)
	err = r.db.Write(ctx, func(tx database.Tx) error {
		if _, err := tx.Exec(`DELETE FROM clinician_request WHERE asked < ?1`, now.Add(-requestKept).Unix()); err != nil {
			return err
		}
		found, err := database.Row(tx, `SELECT code FROM clinician_request WHERE subject = ?1`, []any{subject}, &code)
		if err != nil {
			return err
		}
		if !found {
			var n int64
			if _, err := database.Row(tx, `SELECT count(*) FROM clinician_request`, nil, &n); err != nil {
				return err
			}
			if n >= mostRequests {
				return ErrFull
			}
			code = fresh
		}
		_, err = tx.Exec(`INSERT INTO clinician_request (subject, code, name, registration, asked) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (subject) DO UPDATE SET name = excluded.name, registration = excluded.registration, asked = excluded.asked`,
			subject, code, name, registration, now.Unix())
		return err
	})
	if errors.Is(err, ErrFull) {
		return "", ErrFull
	}
	if err != nil {
		return "", fmt.Errorf("keep a request: %w", err)
	}
	return code, nil
}

// Asked gives the code of somebody's request, "" where there is none.
func (r *Roles) Asked(ctx context.Context, s *portal.Session) (code string, err error) {
	err = r.db.Read(ctx, func(tx database.Tx) error {
		_, err := database.Row(tx, `SELECT code FROM clinician_request WHERE subject = ?1 AND asked >= ?2`,
			[]any{subjectHash(s), r.now().Add(-requestKept).Unix()}, &code)
		return err
	})
	return code, err
}

// Requests are those of the last 30 days that nobody has answered, the newest first.
func (r *Roles) Requests(ctx context.Context) (list []Request, err error) {
	err = r.db.Read(ctx, func(tx database.Tx) error {
		list = nil
		return tx.Each(`SELECT code, subject, name, registration, asked FROM clinician_request WHERE asked >= ?1 ORDER BY asked DESC, code`,
			[]any{r.now().Add(-requestKept).Unix()}, func(scan func(...any) error) error {
				var one Request
				var at int64
				if err := scan(&one.Code, &one.Subject, &one.Name, &one.Registration, &at); err != nil {
					return err
				}
				one.At = time.Unix(at, 0).UTC()
				list = append(list, one)
				return nil
			})
	})
	return list, err
}

// codeLetters have none that is read as another.
const codeLetters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"

// code draws eight letters. One that is taken already is refused by the table, and the
// person asks again.
func (r *Roles) code() (string, error) {
	var b [8]byte
	for i := 0; i < len(b); {
		var one [1]byte
		if _, err := io.ReadFull(r.rand, one[:]); err != nil {
			return "", fmt.Errorf("draw a code: %w", err)
		}
		if int(one[0]) < 256/len(codeLetters)*len(codeLetters) {
			b[i] = codeLetters[int(one[0])%len(codeLetters)]
			i++
		}
	}
	return string(b[:]), nil
}

// tidy cuts space around words, and what turns or hides text.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func between(s string, low, high int) bool {
	n := utf8.RuneCountInString(s)
	return n >= low && n <= high && utf8.ValidString(s)
}
