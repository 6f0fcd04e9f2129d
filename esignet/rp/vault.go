package rp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// Migrations are the tables of the evidence, for database.Config. A row holds an
// encrypted JWS; at and until are seconds since 1970.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "esignet/rp", Steps: []database.Step{{SQL: []string{
		`CREATE TABLE rp_evidence (
			id TEXT PRIMARY KEY,
			at BIGINT NOT NULL,
			until BIGINT NOT NULL,
			key TEXT NOT NULL,
			sealed BLOB NOT NULL)`,
		`CREATE INDEX rp_evidence_until ON rp_evidence (until)`,
	}}}}
}

// VaultConfig says how evidence is kept.
type VaultConfig struct {
	DB *database.DB
	// SealKeys encrypt and open: the first encrypts, all open. Required.
	SealKeys []*SealKey
	// Signing are the keys that sign evidence. One that is taken out of the ring, or
	// has ended, verifies nothing any more: keep the old ones. Required.
	Signing *esignet.KeyRing
	// KeepFor is how long evidence is kept. Defaults to 10 years of 365 days.
	KeepFor time.Duration
	Rand    io.Reader        // of ids; crypto/rand when nil
	Now     func() time.Time // time.Now when nil
}

// Vault keeps evidence: signed, so that it can be shown to others, and encrypted,
// so that a copy of the database tells nothing.
type Vault struct {
	config VaultConfig
	keys   map[string]*SealKey
}

// evidenceType is the typ of the JWS (RFC 7515 section 4.1.9): it can be mistaken
// for no other token.
const evidenceType = "nehrbridge-evidence+jwt"

// NewVault opens the vault in a database with Migrations.
func NewVault(c VaultConfig) (*Vault, error) {
	if c.DB == nil || len(c.SealKeys) == 0 || c.Signing == nil {
		return nil, errors.New("the vault needs a database, a key that encrypts and one that signs")
	}
	def(&c.KeepFor, 10*365*24*time.Hour)
	d := Config{Now: c.Now, Rand: c.Rand}.withDefaults()
	c.Now, c.Rand = d.Now, d.Rand
	if _, err := c.Signing.Active(c.Now()); err != nil {
		return nil, fmt.Errorf("keys that sign evidence: %w", err)
	}
	v := &Vault{config: c, keys: map[string]*SealKey{}}
	for _, k := range c.SealKeys {
		v.keys[k.id] = k
	}
	return v, nil
}

// Put signs, encrypts and keeps evidence under a new id, which it writes into e.
func (v *Vault) Put(ctx context.Context, e *Evidence) error {
	id := make([]byte, 16)
	if _, err := io.ReadFull(v.config.Rand, id); err != nil {
		return refuse(route.CodeInternal, "no randomness")
	}
	e.ID = base64.RawURLEncoding.EncodeToString(id)
	payload, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return refuse(route.CodeInternal, "the evidence cannot be written")
	}
	key, err := v.config.Signing.Active(v.config.Now())
	if err != nil {
		return failed(route.CodeInternal, "no key signs evidence", err)
	}
	token, err := key.Sign(evidenceType, payload)
	if err != nil {
		return failed(route.CodeInternal, "the evidence cannot be signed", err)
	}
	at := e.At.Unix()
	until := e.At.Add(v.config.KeepFor).Unix()
	seal := v.config.SealKeys[0]
	sealed := seal.seal([]byte(token), rowContext(e.ID, at, until))
	err = v.config.DB.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO rp_evidence (id, at, until, key, sealed) VALUES (?1, ?2, ?3, ?4, ?5)`, e.ID, at, until, seal.id, sealed)
		return err
	})
	if err != nil {
		return failed(route.CodeUnavailable, "the evidence cannot be kept", err)
	}
	return nil
}

// rowContext binds what is encrypted to its row.
func rowContext(id string, at, until int64) string {
	return "evidence " + id + " " + strconv.FormatInt(at, 10) + " " + strconv.FormatInt(until, 10)
}

// Get reads evidence: a *route.Refusal of CodeEvidence where there is none, of
// CodeTampered where it was altered, moved, or signed by none of the keys.
func (v *Vault) Get(ctx context.Context, id string) (*Evidence, error) {
	var at, until int64
	var keyID string
	var sealed []byte
	found := false
	err := v.config.DB.Read(ctx, func(tx database.Tx) (err error) {
		found, err = database.Row(tx, `SELECT at, until, key, sealed FROM rp_evidence WHERE id = ?1 AND until > ?2`,
			[]any{id, v.config.Now().Unix()}, &at, &until, &keyID, &sealed)
		return err
	})
	switch {
	case err != nil:
		return nil, failed(route.CodeUnavailable, "the evidence cannot be read", err)
	case !found:
		return nil, refuse(CodeEvidence, "none of this id")
	}
	key, known := v.keys[keyID]
	if !known {
		return nil, refuse(CodeTampered, "encrypted with a key that is not configured: an old one must stay in the list")
	}
	token, err := key.open(sealed, rowContext(id, at, until))
	if err != nil {
		return nil, refuse(CodeTampered, "the evidence was altered or moved")
	}
	payload, err := v.verify(string(token))
	if err != nil {
		return nil, err
	}
	e := &Evidence{}
	if err := json.Unmarshal(payload, e); err != nil || e.ID != id || e.At.Unix() != at {
		return nil, refuse(CodeTampered, "the evidence is another's")
	}
	return e, nil
}

func (v *Vault) verify(token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256})
	if err != nil || jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType] != evidenceType {
		return nil, refuse(CodeTampered, "the evidence is not signed")
	}
	for _, k := range v.config.Signing.Published(v.config.Now()) {
		if h := jws.Signatures[0].Protected; k.ID() == h.KeyID && k.Algorithm() == h.Algorithm {
			if payload, err := jws.Verify(k.Public()); err == nil {
				return payload, nil
			}
		}
	}
	return nil, refuse(CodeTampered, "no configured key signed the evidence")
}

// Sweep deletes what was kept long enough and tells how much that was.
func (v *Vault) Sweep(ctx context.Context) (deleted int64, err error) {
	err = v.config.DB.Write(ctx, func(tx database.Tx) (err error) {
		deleted, err = tx.Exec(`DELETE FROM rp_evidence WHERE until <= ?1`, v.config.Now().Unix())
		return err
	})
	return deleted, err
}
