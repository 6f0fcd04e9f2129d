package authored

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Migrations are the tables of the package: an entry with its author and its patient as
// keyed hashes, and everything else of it sealed; a file lies by itself, so that a list
// does not read it. Times are seconds since 1970; due is
// when an entry that is signing is tried next, until when it is kept.
var Migrations = database.Migrations{Owner: "nehr/portal/authored", Steps: []database.Step{{SQL: []string{
	`CREATE TABLE portal_entry (
		id TEXT PRIMARY KEY,
		author BLOB NOT NULL,
		patient BLOB NOT NULL,
		state TEXT NOT NULL,
		version BIGINT NOT NULL,
		changed BIGINT NOT NULL,
		until BIGINT NOT NULL,
		due BIGINT NOT NULL,
		tries BIGINT NOT NULL,
		lease TEXT NOT NULL,
		body BLOB NOT NULL,
		file BLOB NOT NULL
	)`,
	`CREATE INDEX portal_entry_author ON portal_entry (author, patient)`,
	`CREATE INDEX portal_entry_due ON portal_entry (due) WHERE state = 'signing'`,
}}}}

// row is an entry as it is kept.
type row struct {
	id             string
	author         []byte
	patient        []byte
	state          State
	version        int64
	changed, until int64
	due, tries     int64
	lease          string
	body           body
}

const columns = `id, author, patient, state, version, changed, until, due, tries, lease, body`

// store keeps entries.
type store struct {
	db  *database.DB
	key []byte
}

// hash names somebody by a key that the database does not have.
func (s store) hash(kind, of string) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(kind + "\x00" + of))
	return m.Sum(nil)
}

func (s store) aead(id string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.key, nil, "entry "+id, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal gives the two parts of an entry as they are kept: what it says, and the bytes of
// the file of what is not signed yet; no bytes where there is none.
func (s store) seal(id string, b body) (sealed, file []byte, err error) {
	file = b.pending().File.Data
	if b.Content.File.Data = nil; b.Next != nil {
		next := *b.Next
		next.File.Data = nil
		b.Next = &next
	}
	plain, err := json.Marshal(b, json.Deterministic(true))
	if err != nil {
		return nil, nil, errors.New("authored: an entry cannot be written as JSON") // the cause may quote it
	}
	aead, err := s.aead(id)
	if err != nil {
		return nil, nil, err
	}
	if len(file) > 0 {
		file = aead.Seal(nil, nil, file, []byte("file "+id))
	}
	return aead.Seal(nil, nil, plain, []byte(id)), append([]byte{}, file...), nil
}

var errSeal = errors.New("authored: an entry is not sealed by the key of the settings")

func (s store) open(id string, sealed []byte) (b body, err error) {
	aead, err := s.aead(id)
	if err != nil {
		return b, err
	}
	plain, err := aead.Open(nil, nil, sealed, []byte(id))
	if err != nil || json.Unmarshal(plain, &b) != nil {
		return b, errSeal
	}
	return b, nil
}

// withFile reads the file of an entry.
func (s store) withFile(tx database.Tx, r *row) error {
	var sealed []byte
	if _, err := database.Row(tx, `SELECT file FROM portal_entry WHERE id = ?1`, []any{r.id}, &sealed); err != nil || len(sealed) == 0 {
		return err
	}
	aead, err := s.aead(r.id)
	if err != nil {
		return err
	}
	data, err := aead.Open(nil, nil, sealed, []byte("file "+r.id))
	if err != nil {
		return errSeal
	}
	if r.body.Next != nil {
		r.body.Next.File.Data = data
	} else {
		r.body.Content.File.Data = data
	}
	return nil
}

func (s store) scan(scan func(...any) error) (r row, err error) {
	var sealed []byte
	var state string
	if err := scan(&r.id, &r.author, &r.patient, &state, &r.version, &r.changed, &r.until, &r.due, &r.tries, &r.lease, &sealed); err != nil {
		return r, err
	}
	r.state = State(state)
	r.body, err = s.open(r.id, sealed)
	return r, err
}

// all gives the rows of a condition, without their files.
func (s store) all(tx database.Tx, condition string, args ...any) (rows []row, err error) {
	err = tx.Each(`SELECT `+columns+` FROM portal_entry WHERE `+condition, args, func(scan func(...any) error) error {
		r, err := s.scan(scan)
		rows = append(rows, r)
		return err
	})
	return rows, err
}

// one gives an entry of an author about a patient, which is not over.
func (s store) one(tx database.Tx, id string, author, patient []byte, now time.Time) (row, error) {
	rows, err := s.all(tx, `id = ?1 AND author = ?2 AND patient = ?3 AND until > ?4`, id, author, patient, now.Unix())
	if err != nil {
		return row{}, err
	}
	if len(rows) == 0 {
		return row{}, ErrNotFound
	}
	return rows[0], s.withFile(tx, &rows[0])
}

// drafts counts what an author has not signed.
func (s store) drafts(tx database.Tx, author []byte) (n int64, err error) {
	_, err = database.Row(tx, `SELECT count(*) FROM portal_entry WHERE author = ?1 AND version = 0 AND state <> 'signing'`, []any{author}, &n)
	return n, err
}

// insert adds an entry; false where its id is taken.
func (s store) insert(tx database.Tx, r row) (bool, error) {
	sealed, file, err := s.seal(r.id, r.body)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO portal_entry (`+columns+`, file) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING`,
		r.id, r.author, r.patient, string(r.state), r.version, r.changed, r.until, r.due, r.tries, r.lease, sealed, file)
	return n == 1, err
}

// update changes an entry that was read with its file, and that somebody else has not changed meanwhile: state, version
// and lease are as they were.
func (s store) update(tx database.Tx, before, r row) error {
	sealed, file, err := s.seal(r.id, r.body)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE portal_entry SET state = ?1, version = ?2, changed = ?3, until = ?4, due = ?5, tries = ?6, lease = ?7, body = ?8, file = ?9
		WHERE id = ?10 AND state = ?11 AND version = ?12 AND lease = ?13`,
		string(r.state), r.version, r.changed, r.until, r.due, r.tries, r.lease, sealed, file, r.id, string(before.state), before.version, before.lease)
	if err == nil && n == 0 {
		err = ErrState
	}
	return err
}

// clear forgets what is over.
func (s store) clear(ctx context.Context, now time.Time) error {
	return s.db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`DELETE FROM portal_entry WHERE until <= ?1 AND state <> 'signing'`, now.Unix())
		return err
	})
}
