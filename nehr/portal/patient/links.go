package patient

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// Migrations are the tables of the patient portal: which record a person has claimed.
// The person stands there as a hash of issuer, relying party and subject.
var Migrations = database.Migrations{Owner: "nehr/portal/patient", Steps: []database.Step{{SQL: []string{
	`CREATE TABLE portal_link (
		subject BLOB NOT NULL,
		patient TEXT NOT NULL,
		linked BIGINT NOT NULL,
		disputed BIGINT NOT NULL,
		PRIMARY KEY (subject, patient)
	)`,
}}}}

func subjectHash(s *portal.Session) []byte {
	sum := sha256.Sum256([]byte(s.SubjectSystem() + "\x00" + s.Subject))
	return sum[:]
}

// links keeps them.
type links struct {
	db  *database.DB
	now func() time.Time
}

// add keeps a link that she has proved by the code of her card, also one that she once
// disputed.
func (l links) add(ctx context.Context, s *portal.Session, patient string) error {
	return l.set(ctx, s, patient, 0)
}

// dispute says that a record is not hers: it is not shown to her again, whatever
// identifier it bears.
func (l links) dispute(ctx context.Context, s *portal.Session, patient string) error {
	return l.set(ctx, s, patient, 1)
}

func (l links) set(ctx context.Context, s *portal.Session, patient string, disputed int64) error {
	err := l.db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO portal_link (subject, patient, linked, disputed) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (subject, patient) DO UPDATE SET linked = excluded.linked, disputed = excluded.disputed`,
			subjectHash(s), patient, l.now().Unix(), disputed)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a link: %w", err)
	}
	return nil
}

// of gives the records that she claimed, and those that she disputed.
func (l links) of(ctx context.Context, s *portal.Session) (claimed, disputed []string, err error) {
	err = l.db.Read(ctx, func(tx database.Tx) error {
		return tx.Each(`SELECT patient, disputed FROM portal_link WHERE subject = ?1 ORDER BY linked, patient`, []any{subjectHash(s)}, func(scan func(...any) error) error {
			var patient string
			var not int64
			if err := scan(&patient, &not); err != nil {
				return err
			}
			if not != 0 {
				disputed = append(disputed, patient)
			} else {
				claimed = append(claimed, patient)
			}
			return nil
		})
	})
	return claimed, disputed, err
}
