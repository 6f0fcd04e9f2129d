package registry

import (
	"cmp"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// ClaimCodes are the codes on the cards: who has a number and its code may claim the
// record of it, once. A number has one code, the latest.
type ClaimCodes struct{ config ClaimConfig }

// ClaimConfig says how codes are kept.
type ClaimConfig struct {
	// DB has the tables of Migrations. Required.
	DB *database.DB
	// For is how long a code is good. Defaults to 30 days of 24 h.
	For time.Duration
	// Now is the clock, time.Now when nil. Rand draws codes; crypto/rand when nil.
	Now  func() time.Time
	Rand io.Reader
}

// Answers to a code that does not open.
var (
	// ErrClaim: the number has no such code, or it is over, or was used. These are not
	// told apart.
	ErrClaim = errors.New("no such claim code")
	// ErrClaimTries: too many wrong codes for the number, or from the source, within an
	// hour.
	ErrClaimTries = errors.New("too many wrong claim codes")
)

// Bounds of guessing. There are 24⁸ codes: the 20 tries that each has in its life find
// one in 5,000 million.
const (
	claimTriesNumber = 5  // in an hour
	claimTriesSource = 20 // in an hour
	claimTriesCode   = 20 // in its life
	claimRounds      = 100_000
)

const (
	claimAlphabet = "2346789BCDFGHJKMPQRTVWXY" // no vowels, no look-alikes
	claimLength   = 8
)

// NewClaimCodes opens the codes in a database with Migrations.
func NewClaimCodes(c ClaimConfig) (*ClaimCodes, error) {
	if c.DB == nil {
		return nil, errors.New("claim codes need a database")
	}
	c.For = cmp.Or(c.For, 30*24*time.Hour)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &ClaimCodes{c}, nil
}

// Issue makes a code for a number, such as ABCD-EFGH; one that the number had before
// opens nothing any more. The database keeps a salted hash of it that is slow to
// make, so that a copy gives none away.
func (c *ClaimCodes) Issue(ctx context.Context, number string) (code string, expires time.Time, err error) {
	letters := make([]byte, 0, claimLength)
	for len(letters) < claimLength {
		var b [1]byte
		if _, err := io.ReadFull(c.config.Rand, b[:]); err != nil {
			return "", time.Time{}, fmt.Errorf("draw a claim code: %w", err)
		}
		if n := len(claimAlphabet); int(b[0]) < 256-256%n { // each as likely as the others
			letters = append(letters, claimAlphabet[int(b[0])%n])
		}
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(c.config.Rand, salt); err != nil {
		return "", time.Time{}, fmt.Errorf("draw a claim code: %w", err)
	}
	hash, err := claimHash(string(letters), salt)
	if err != nil {
		return "", time.Time{}, err
	}
	expires = c.config.Now().Add(c.config.For).Truncate(time.Second).UTC()
	err = c.config.DB.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO phn_claim (number, salt, hash, wrong, until) VALUES (?1, ?2, ?3, 0, ?4)
			ON CONFLICT (number) DO UPDATE SET salt = excluded.salt, hash = excluded.hash, wrong = 0, until = excluded.until`,
			number, salt, hash, expires.Unix())
		return err
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("keep a claim code: %w", err)
	}
	half := claimLength / 2
	return string(letters[:half]) + "-" + string(letters[half:]), expires, nil
}

// Redeem uses the code of a number up: nil once. source is where the try comes from,
// such as an address; it is counted by a hash. Errors are ErrClaim, ErrClaimTries, or
// those of the database. Codes may be typed in lower case and without the hyphen.
func (c *ClaimCodes) Redeem(ctx context.Context, number, code, source string) error {
	now := c.config.Now()
	allowed := false
	var salt, hash []byte
	err := c.config.DB.Write(ctx, func(tx database.Tx) error {
		bySource, err := charge(tx, "claim source", source, claimTriesSource, now)
		if err != nil {
			return err
		}
		byNumber := false
		if bySource { // who is locked out takes nobody's tries from her
			if byNumber, err = charge(tx, "claim number", number, claimTriesNumber, now); err != nil {
				return err
			}
		}
		allowed = bySource && byNumber
		_, err = database.Row(tx, `SELECT salt, hash FROM phn_claim WHERE number = ?1 AND until > ?2 AND wrong < ?3`,
			[]any{number, now.Unix(), int64(claimTriesCode)}, &salt, &hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("read a claim code: %w", err)
	}
	if !allowed {
		return ErrClaimTries
	}
	// A number without a code takes as long as one with another.
	given, err := claimHash(strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(code), "-", "")), salt)
	if err != nil {
		return err
	}
	right := len(hash) > 0 && subtle.ConstantTimeCompare(given, hash) == 1
	err = c.config.DB.Write(ctx, func(tx database.Tx) error {
		if !right {
			_, err := tx.Exec(`UPDATE phn_claim SET wrong = wrong + 1 WHERE number = ?1`, number)
			return err
		}
		deleted, err := tx.Exec(`DELETE FROM phn_claim WHERE number = ?1 AND hash = ?2`, number, hash)
		if err != nil {
			return err
		}
		if right = deleted == 1; !right {
			return nil // somebody else has used it meanwhile
		}
		return errors.Join(refund(tx, "claim source", source), refund(tx, "claim number", number))
	})
	if err != nil {
		return fmt.Errorf("use a claim code: %w", err)
	}
	if !right {
		return ErrClaim
	}
	return nil
}

// claimHash is PBKDF2-HMAC-SHA-256 (RFC 8018).
func claimHash(code string, salt []byte) ([]byte, error) {
	hash, err := pbkdf2.Key(sha256.New, code, salt, claimRounds, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("hash a claim code: %w", err)
	}
	return hash, nil
}
