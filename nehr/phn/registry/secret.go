package registry

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// secret makes a text that nobody guesses, with the id under which the database
// knows it: a copy of the database gives none away.
func (s *Service) secret() (text, id string, err error) {
	var b [24]byte
	if _, err := io.ReadFull(s.config.Rand, b[:]); err != nil {
		return "", "", refuse(CodeInternal, "no randomness")
	}
	text = base64.RawURLEncoding.EncodeToString(b[:])
	return text, idOf(text), nil
}

func idOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// receipt writes a receipt for a number.
func (s *Service) receipt(tx database.Tx, who Caller, at Place, id, number string) error {
	_, err := tx.Exec(`INSERT INTO phn_receipt (id, number, actor, route, program, org_unit, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
		id, number, who.User, who.Route, at.Program, at.OrgUnit, s.config.Now().Add(s.config.ReceiptFor).Unix())
	return err
}

// audit writes who did what. number is "" where no person is meant.
func (s *Service) audit(tx database.Tx, who Caller, at Place, did, number, detail string) error {
	_, err := tx.Exec(`INSERT INTO phn_audit (at, actor, route, program, org_unit, did, number, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
		s.config.Now().Unix(), who.User, who.Route, at.Program, at.OrgUnit, did, number, detail)
	return err
}
