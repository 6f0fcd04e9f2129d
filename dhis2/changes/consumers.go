package changes

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// consumerName is short, because it becomes part of the names of tables.
var consumerName = regexp.MustCompile(`^[a-z][a-z0-9]{0,19}$`)

// ConsumerMigrations are the tables of one more consumer, for
// database.Config, after Migrations. Config.Name says who it is: lower-case
// letters and digits, 20 at most; it panics on another.
func ConsumerMigrations(name string) database.Migrations {
	if !consumerName.MatchString(name) {
		panic("dhis2/changes: the name of a consumer: want up to 20 lower-case letters and digits")
	}
	m := database.Migrations{Owner: "dhis2/changes/" + name, Steps: []database.Step{{}}}
	for _, sql := range entityTables {
		m.Steps[0].SQL = append(m.Steps[0].SQL, ofConsumer(name, sql))
	}
	return m
}

// ofConsumer puts the tables of a consumer in the place of those of the first
// one in a statement. What capture knows (programs, marks, pins) is of all.
func ofConsumer(name, sql string) string {
	if name == "" {
		return sql
	}
	for _, table := range []string{"entity", "queue", "aside", "state", "failure"} {
		sql = strings.ReplaceAll(sql, "ledger_"+table, "ledger_"+name+"_"+table)
	}
	return sql
}

// consumerTx runs the statements of a ledger on the tables of its consumer.
type consumerTx struct {
	database.Tx
	name string
}

func (t consumerTx) Exec(query string, args ...any) (int64, error) {
	return t.Tx.Exec(ofConsumer(t.name, query), args...)
}

func (t consumerTx) ExecMany(query string, rows [][]any) ([]int64, error) {
	return t.Tx.ExecMany(ofConsumer(t.name, query), rows)
}

func (t consumerTx) Each(query string, args []any, row func(scan func(dest ...any) error) error) error {
	return t.Tx.Each(ofConsumer(t.name, query), args, row)
}

// tables gives the transaction that the ledger's statements run in.
func (l *Ledger) tables(tx database.Tx) database.Tx {
	if l.cfg.Name == "" {
		return tx
	}
	return consumerTx{tx, l.cfg.Name}
}

// subscribe has every change from now on marked for this consumer too, by
// whichever process sees it, until the end of time.
func (l *Ledger) subscribe(tx database.Tx) error {
	if l.cfg.Name == "" {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO ledger_consumer (name) VALUES (?1) ON CONFLICT DO NOTHING`, l.cfg.Name)
	return err
}

// spread marks rows of markRow for the consumers beside the first, in the
// transaction of the first: no crash falls in between.
func (l *Ledger) spread(tx database.Tx, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	others, err := l.others(tx)
	for _, c := range others {
		if err == nil {
			_, err = c.ExecMany(markRow, rows)
		}
	}
	return err
}

// others are the tables of the consumers beside the first, for the first.
func (l *Ledger) others(tx database.Tx) (all []consumerTx, err error) {
	if l.cfg.Name != "" {
		return nil, nil
	}
	err = tx.Each(`SELECT name FROM ledger_consumer ORDER BY name`, nil, func(scan func(...any) error) error {
		c := consumerTx{Tx: tx}
		err := scan(&c.name)
		all = append(all, c)
		return err
	})
	return all, err
}

// Programs are those that a tracked entity was seen in, in the order of their
// UIDs.
func (l *Ledger) Programs(ctx context.Context, uid dhis2.UID) ([]dhis2.UID, error) {
	var out []dhis2.UID
	err := l.read(ctx, func(tx database.Tx, _ int64) error {
		out = nil
		return tx.Each(`SELECT program FROM ledger_program WHERE uid = ?1 ORDER BY program`, []any{uid.String()},
			func(scan func(...any) error) error {
				program, err := scanUID(scan)
				out = append(out, program)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("tracked entity %s: read its programs: %w", uid, err)
	}
	return out, nil
}
