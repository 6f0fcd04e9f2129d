package clinician

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

var (
	roleForm = regexp.MustCompile(`^PractitionerRole/[A-Za-z0-9\-.]{1,64}$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Link lets somebody act as a role until a time: whom the code of a request, or the hash
// of a sign-in, names. It acts on the next request; the request it answers is over.
// ErrRole, ErrUntil, ErrNoRequest, or the database's error.
func (r *Roles) Link(ctx context.Context, who, role string, until time.Time) error {
	now := r.now()
	if !roleForm.MatchString(role) {
		return ErrRole
	}
	if !until.After(now) || until.Sub(now) > longestLink {
		return ErrUntil
	}
	err := r.db.Write(ctx, func(tx database.Tx) error {
		subject := who
		if !hashForm.MatchString(who) {
			found, err := database.Row(tx, `SELECT subject FROM clinician_request WHERE code = ?1 AND asked >= ?2`,
				[]any{strings.ToUpper(strings.TrimSpace(who)), now.Add(-requestKept).Unix()}, &subject)
			if err != nil {
				return err
			}
			if !found {
				return ErrNoRequest
			}
		}
		if _, err := tx.Exec(`INSERT INTO clinician_link (subject, role, linked, until) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (subject, role) DO UPDATE SET linked = excluded.linked, until = excluded.until`,
			subject, role, now.Unix(), until.Unix()); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM clinician_request WHERE subject = ?1`, subject)
		return err
	})
	if errors.Is(err, ErrNoRequest) {
		return ErrNoRequest
	}
	if err != nil {
		return fmt.Errorf("keep a link: %w", err)
	}
	return nil
}

// Unlink ends a link: the next request of whom it was for is refused. ErrNoLink where
// there is none.
func (r *Roles) Unlink(ctx context.Context, subject, role string) error {
	var n int64
	err := r.db.Write(ctx, func(tx database.Tx) (err error) {
		n, err = tx.Exec(`DELETE FROM clinician_link WHERE subject = ?1 AND role = ?2`, subject, role)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a link: %w", err)
	}
	if n == 0 {
		return ErrNoLink
	}
	return nil
}

// Links are all, those too that are over, by person and role.
func (r *Roles) Links(ctx context.Context) ([]Link, error) {
	return r.links(ctx, `SELECT subject, role, linked, until FROM clinician_link ORDER BY subject, role`)
}

// of gives the roles that somebody may act as now.
func (r *Roles) of(ctx context.Context, s *portal.Session) (roles []string, err error) {
	list, err := r.links(ctx, `SELECT subject, role, linked, until FROM clinician_link WHERE subject = ?1 AND until > ?2 ORDER BY role`,
		subjectHash(s), r.now().Unix())
	for _, l := range list {
		roles = append(roles, l.Role)
	}
	return roles, err
}

func (r *Roles) links(ctx context.Context, query string, args ...any) (list []Link, err error) {
	err = r.db.Read(ctx, func(tx database.Tx) error {
		list = nil
		return tx.Each(query, args, func(scan func(...any) error) error {
			var l Link
			var linked, until int64
			if err := scan(&l.Subject, &l.Role, &linked, &until); err != nil {
				return err
			}
			l.Linked, l.Until = time.Unix(linked, 0).UTC(), time.Unix(until, 0).UTC()
			list = append(list, l)
			return nil
		})
	})
	return list, err
}
