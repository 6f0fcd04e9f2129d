package database

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresDB is a pool of connections to PostgreSQL.
type postgresDB struct {
	pool     *pgxpool.Pool
	readOnly bool
}

func openPostgres(ctx context.Context, cfg Config) (driver, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// The parser's error quotes the address.
		return nil, &Error{Op: "read the address of the database", Kind: Unreachable}
	}
	pc.MaxConns = int32(cfg.Connections)
	pc.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		registerTypes(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, &Error{Op: "open the database", Kind: Unreachable, Err: err}
	}
	return &postgresDB{pool: pool, readOnly: cfg.ReadOnly}, nil
}

// registerTypes says what the types of our arguments are called. The driver asks the
// server otherwise, but not behind a pool of connections that keeps no prepared
// statements (default_query_exec_mode in the address is exec or simple_protocol); its
// own list of every type that there is costs 1.4 MB of the binary, which is built
// without it (nopgxregisterdefaulttypes).
func registerTypes(m *pgtype.Map) {
	m.RegisterDefaultPgType("", "text")
	m.RegisterDefaultPgType([]string(nil), "_text")
	m.RegisterDefaultPgType(false, "bool")
	m.RegisterDefaultPgType(0, "int8")
	m.RegisterDefaultPgType(int64(0), "int8")
	m.RegisterDefaultPgType([]int64(nil), "_int8")
	m.RegisterDefaultPgType(0.0, "float8")
	m.RegisterDefaultPgType([]byte(nil), "bytea")
}

func (d *postgresDB) dialect() Dialect { return PostgreSQL }

func (d *postgresDB) close() error {
	d.pool.Close()
	return nil
}

// attempts bounds how often a transaction runs that PostgreSQL has chosen as
// the victim of a deadlock.
const attempts = 5

func (d *postgresDB) write(ctx context.Context, f func(Tx) error) error {
	if d.readOnly {
		return &Error{Op: "write to the database", Kind: ReadOnly, Err: errReadOnly}
	}
	for i := 1; ; i++ {
		err := d.once(ctx, pgx.TxOptions{}, f)
		if kind, ok := KindOf(wrap("write", err)); !ok || kind != Busy || i == attempts {
			return err
		}
	}
}

func (d *postgresDB) read(ctx context.Context, f func(Tx) error) error {
	return d.once(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}

func (d *postgresDB) once(ctx context.Context, options pgx.TxOptions, f func(Tx) error) error {
	return pgx.BeginTxFunc(ctx, d.pool, options, func(tx pgx.Tx) error {
		return f(&postgresTx{ctx: ctx, tx: tx})
	})
}

func (d *postgresDB) backup(context.Context, string) error { return ErrUsePgDump }

// postgresTx is a transaction of pgx.
type postgresTx struct {
	ctx context.Context
	tx  pgx.Tx
}

// numbered turns ?1 into $1, once per statement.
var numbered sync.Map

func dollars(query string) string {
	if v, ok := numbered.Load(query); ok {
		return v.(string)
	}
	q := strings.ReplaceAll(query, "?", "$")
	numbered.Store(query, q)
	return q
}

// typed gives the statement of a migration the types of a database.
func typed(sql string, dialect Dialect) string {
	if dialect == PostgreSQL {
		return strings.ReplaceAll(sql, "BLOB", "BYTEA")
	}
	return sql
}

func (t *postgresTx) Exec(query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(t.ctx, dollars(query), args...)
	return tag.RowsAffected(), err
}

func (t *postgresTx) ExecMany(query string, rows [][]any) (changed []int64, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	batch := &pgx.Batch{}
	for _, args := range rows {
		batch.Queue(dollars(query), args...)
	}
	results := t.tx.SendBatch(t.ctx, batch)
	defer func() { err = errors.Join(err, results.Close()) }()
	changed = make([]int64, len(rows))
	for i := range rows {
		tag, err := results.Exec()
		if err != nil {
			return nil, err
		}
		changed[i] = tag.RowsAffected()
	}
	return changed, nil
}

func (t *postgresTx) Each(query string, args []any, row func(func(...any) error) error) error {
	rows, err := t.tx.Query(t.ctx, dollars(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
