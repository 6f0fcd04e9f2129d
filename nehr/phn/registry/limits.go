package registry

import (
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// window is what limits count in.
const window = time.Hour

// The kinds of what is counted.
const (
	trySearch  = "search"
	tryMiss    = "miss"
	tryUnknown = "unknown"
)

// charge counts one try of somebody and reports whether it is within the limit.
// Names are kept as hashes: of a number, or of where somebody comes from, nothing
// shall be read in the database.
func charge(tx database.Tx, kind, name string, limit int, now time.Time) (allowed bool, err error) {
	count := int64(0)
	_, err = database.Row(tx, `INSERT INTO phn_tries (name, count, until) VALUES (?1, 1, ?2)
		ON CONFLICT (name) DO UPDATE SET
			count = CASE WHEN phn_tries.until <= ?3 THEN 1 ELSE phn_tries.count + 1 END,
			until = CASE WHEN phn_tries.until <= ?3 THEN excluded.until ELSE phn_tries.until END
		RETURNING count`, []any{tryName(kind, name), now.Add(window).Unix(), now.Unix()}, &count)
	return count <= int64(limit), err
}

// refund takes a try back that was none.
func refund(tx database.Tx, kind, name string) error {
	_, err := tx.Exec(`UPDATE phn_tries SET count = count - 1 WHERE name = ?1 AND count > 0`, tryName(kind, name))
	return err
}

func tryName(kind, name string) string { return idOf(kind + "\x00" + name) }

// locked refuses a user whose limit is reached.
func (s *Service) locked(tx database.Tx, kind string, who Caller, limit int) error {
	allowed, err := charge(tx, kind, who.User, limit, s.config.Now())
	if err == nil && !allowed {
		return refuse(CodeLocked, "too many in an hour: "+kind)
	}
	return err
}
