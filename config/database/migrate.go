package database

import (
	"context"
	"fmt"
	"time"
)

// Migrations are the versions of one package's tables. Version n of the
// tables is what steps 1 to n have made; a step that was released is never
// changed.
type Migrations struct {
	Owner string // the folder of the package, such as dhis2/changes
	Steps []Step
}

// Step brings the tables from one version to the next.
type Step struct {
	// SQL holds statements for both databases. In it the word BLOB stands for
	// the type of bytes, which PostgreSQL calls BYTEA.
	SQL []string
}

const versionTable = `CREATE TABLE IF NOT EXISTS schema_version (
	owner TEXT PRIMARY KEY, version BIGINT NOT NULL, migrated_at BIGINT NOT NULL)`

// migrate brings the tables of every owner up to date, all or none.
func (db *DB) migrate(ctx context.Context, all []Migrations) error {
	return db.Write(ctx, func(tx Tx) error {
		if db.Dialect() == PostgreSQL {
			// Replicas that start together must not migrate together.
			if _, err := tx.Exec(`SELECT pg_advisory_xact_lock(7236837642)`); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(versionTable); err != nil {
			return err
		}
		for _, m := range all {
			if err := m.apply(tx, db.Dialect()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m Migrations) apply(tx Tx, dialect Dialect) error {
	var have int64
	if _, err := Row(tx, `SELECT version FROM schema_version WHERE owner = ?1`, []any{m.Owner}, &have); err != nil {
		return err
	}
	if int(have) > len(m.Steps) {
		return &NewerError{Owner: m.Owner, Have: int(have), Known: len(m.Steps)}
	}
	if int(have) == len(m.Steps) {
		return nil
	}
	for i, step := range m.Steps[have:] {
		for _, sql := range step.SQL {
			if _, err := tx.Exec(typed(sql, dialect)); err != nil {
				return fmt.Errorf("migrate the tables of %s to version %d: %w", m.Owner, int(have)+i+1, err)
			}
		}
	}
	_, err := tx.Exec(`INSERT INTO schema_version (owner, version, migrated_at) VALUES (?1, ?2, ?3)
		ON CONFLICT (owner) DO UPDATE SET version = excluded.version, migrated_at = excluded.migrated_at`,
		m.Owner, int64(len(m.Steps)), time.Now().UnixMilli())
	return err
}

// Versions tells which version the tables of each owner have.
func (db *DB) Versions(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := db.Read(ctx, func(tx Tx) error {
		return tx.Each(`SELECT owner, version FROM schema_version`, nil, func(scan func(...any) error) error {
			var owner string
			var version int64
			if err := scan(&owner, &version); err != nil {
				return err
			}
			out[owner] = int(version)
			return nil
		})
	})
	return out, err
}

// compare demands that the tables of every owner are of the version that is
// known, without changing anything.
func (db *DB) compare(ctx context.Context, all []Migrations) error {
	return db.Read(ctx, func(tx Tx) error {
		catalogue := `SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'`
		if db.Dialect() == PostgreSQL {
			catalogue = `SELECT COUNT(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('schema_version')`
		}
		var tables int64
		if _, err := Row(tx, catalogue, nil, &tables); err != nil {
			return err
		}
		for _, m := range all {
			var have int64
			if tables > 0 {
				if _, err := Row(tx, `SELECT version FROM schema_version WHERE owner = ?1`, []any{m.Owner}, &have); err != nil {
					return err
				}
			}
			switch known := len(m.Steps); {
			case int(have) > known:
				return &NewerError{Owner: m.Owner, Have: int(have), Known: known}
			case int(have) < known:
				return &OlderError{Owner: m.Owner, Have: int(have), Known: known}
			}
		}
		return nil
	})
}
