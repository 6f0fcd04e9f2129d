package outbox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
)

// A number that was issued is put, and the order waits for a run to bring it.
func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "outbox")
	defer os.RemoveAll(dir)
	db, err := database.Open(ctx, database.Config{URL: filepath.Join(dir, "nehrbridge.db"), Migrations: []database.Migrations{outbox.Migrations()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	o, err := outbox.New(ctx, outbox.Config{DB: db}) // with a Server, Run brings what is put
	if err != nil {
		fmt.Println(err)
		return
	}
	uid, err := o.Put(ctx, outbox.Order{Key: "phn/SbxMother01", Source: "phn", Item: &outbox.Attribute{
		TrackedEntity: dhis2.MustUID("SbxMother01"), Program: dhis2.MustUID("eozjj9UivfS"),
		Attribute: dhis2.MustUID("IrUmPkFMDU5"), Value: "45A1DRK7HX4"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	order, _, _ := o.Get(ctx, "phn/SbxMother01")
	fmt.Println(order.Kind, order.Subject, order.State, outbox.Marked(uid))
	// Output: attribute SbxMother01 waiting true
}
