package portal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Migrations are the tables of the portals: what is sealed for a browser, by the hash
// of the secret that the browser holds. Times are seconds since 1970.
var Migrations = database.Migrations{Owner: "nehr/portal", Steps: []database.Step{{SQL: []string{
	`CREATE TABLE portal_sealed (
		id BLOB PRIMARY KEY,
		kind TEXT NOT NULL,
		data BLOB NOT NULL,
		seen BIGINT NOT NULL,
		until BIGINT NOT NULL
	)`,
	`CREATE INDEX portal_sealed_until ON portal_sealed (until)`,
}}}}

// secret is what a browser holds: 256 bits.
type secret [32]byte

func newSecret(random io.Reader) (s secret, err error) {
	if _, err = io.ReadFull(random, s[:]); err != nil {
		return s, fmt.Errorf("draw a secret: %w", err)
	}
	return s, nil
}

func (s secret) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

func parseSecret(text string) (s secret, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(s) {
		return s, false
	}
	return secret(b), true
}

// id names what is sealed by the secret, and gives nothing of the secret away.
func (s secret) id() []byte {
	sum := sha256.Sum256(append([]byte("id "), s[:]...))
	return sum[:]
}

// token is that of a form: who knows it has seen the form in this session.
func (s secret) token(path string) string {
	m := hmac.New(sha256.New, s[:])
	m.Write([]byte("form " + path))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (s secret) aead(kind string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s[:], nil, "seal "+kind, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s secret) seal(kind string, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", kind, err)
	}
	aead, err := s.aead(kind)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", kind, err)
	}
	return aead.Seal(nil, nil, plain, s.id()), nil
}

func (s secret) open(kind string, data []byte, value any) error {
	aead, err := s.aead(kind)
	if err != nil {
		return fmt.Errorf("open %s: %w", kind, err)
	}
	plain, err := aead.Open(nil, nil, data, s.id())
	if err != nil {
		return errors.New("open " + kind + ": not sealed by this secret")
	}
	return json.Unmarshal(plain, value)
}

// store keeps what is sealed.
type store struct {
	db  *database.DB
	now func() time.Time
}

// put keeps a value of a new secret until a time. What is over goes at the same time, so
// that nothing lies longer than it is good.
func (st store) put(ctx context.Context, s secret, kind string, value any, until time.Time) error {
	data, err := s.seal(kind, value)
	if err != nil {
		return err
	}
	now := st.now().Unix()
	return st.db.Write(ctx, func(tx database.Tx) error {
		if _, err := tx.Exec(`DELETE FROM portal_sealed WHERE until <= ?1`, now); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO portal_sealed (id, kind, data, seen, until) VALUES (?1, ?2, ?3, ?4, ?5)`,
			s.id(), kind, data, now, until.Unix())
		return err
	})
}

// change puts another value in the place of the one that the secret has. One that is
// gone stays gone: a request under way brings no session back that was ended meanwhile.
func (st store) change(ctx context.Context, s secret, kind string, value any) error {
	data, err := s.seal(kind, value)
	if err != nil {
		return err
	}
	return st.db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE portal_sealed SET data = ?1 WHERE id = ?2 AND kind = ?3`, data, s.id(), kind)
		return err
	})
}

// get gives a value that is not over and was seen within idle; false where there is
// none.
func (st store) get(ctx context.Context, s secret, kind string, idle time.Duration, value any) (seen time.Time, found bool, err error) {
	var data []byte
	var at int64
	now := st.now()
	err = st.db.Read(ctx, func(tx database.Tx) (err error) {
		found, err = database.Row(tx, `SELECT data, seen FROM portal_sealed WHERE id = ?1 AND kind = ?2 AND until > ?3 AND seen > ?4`,
			[]any{s.id(), kind, now.Unix(), now.Add(-idle).Unix()}, &data, &at)
		return err
	})
	if err != nil || !found {
		return time.Time{}, false, err
	}
	if err := s.open(kind, data, value); err != nil {
		return time.Time{}, false, err
	}
	return time.Unix(at, 0), true, nil
}

// touch says that what the secret has was used now.
func (st store) touch(ctx context.Context, s secret) error {
	return st.db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE portal_sealed SET seen = ?1 WHERE id = ?2`, st.now().Unix(), s.id())
		return err
	})
}

// take gives a value once.
func (st store) take(ctx context.Context, s secret, kind string, value any) (found bool, err error) {
	var data []byte
	err = st.db.Write(ctx, func(tx database.Tx) (err error) {
		found, err = database.Row(tx, `DELETE FROM portal_sealed WHERE id = ?1 AND kind = ?2 AND until > ?3 RETURNING data`,
			[]any{s.id(), kind, st.now().Unix()}, &data)
		return err
	})
	if err != nil || !found {
		return false, err
	}
	return true, s.open(kind, data, value)
}

func (st store) drop(ctx context.Context, s secret) error {
	return st.db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`DELETE FROM portal_sealed WHERE id = ?1`, s.id())
		return err
	})
}
