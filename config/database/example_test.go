package database_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/config/database"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{
		URL: filepath.Join(dir, "nehrbridge.db"),
		Migrations: []database.Migrations{{Owner: "visits", Steps: []database.Step{
			{SQL: []string{`CREATE TABLE visit (id TEXT PRIMARY KEY, n BIGINT NOT NULL)`}},
		}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	err = db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO visit (id, n) VALUES (?1, ?2)`, "a", int64(3))
		return err
	})
	var n int64
	if err == nil {
		err = db.Read(ctx, func(tx database.Tx) error {
			_, err := database.Row(tx, `SELECT n FROM visit WHERE id = ?1`, []any{"a"}, &n)
			return err
		})
	}
	fmt.Println(db.Dialect(), n, err)
	// Output: SQLite 3 <nil>
}
