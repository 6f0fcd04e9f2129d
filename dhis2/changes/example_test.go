package changes_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// A consumer is told which tracked entities changed, here on a look-alike of
// DHIS2.
func Example() {
	server, _ := sandbox.New(sandbox.Config{})
	people, _ := sandbox.Demo(sandbox.DemoConfig{Mothers: 3})
	if err := server.Load(people); err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	client, _ := api.New(api.Config{BaseURL: web.URL, Token: sandbox.DefaultToken})

	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{
		URL:        filepath.Join(dir, "ledger.db"),
		Migrations: []database.Migrations{changes.Migrations()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	ledger, _ := changes.New(ctx, changes.Config{DB: db})

	poller, _ := changes.NewPoller(changes.PollConfig{Source: client, Ledger: ledger, Programs: []dhis2.UID{sandbox.ANCProgram}})
	runner, _ := changes.NewRunner(changes.RunConfig{
		Ledger:  ledger,
		Workers: 1,
		Consumer: func(ctx context.Context, c changes.Claim) ([]byte, error) {
			fmt.Printf("%s, seen before: %v\n", c.TrackedEntity, c.State != nil)
			return []byte("seen"), nil
		},
	})

	carryOn := func() {
		sweep, err := poller.Sweep(ctx, sandbox.ANCProgram)
		if err != nil {
			fmt.Println(err)
			return
		}
		counts, err := runner.Once(ctx)
		fmt.Println("first sweep:", sweep.From.IsZero(), "done:", counts.Done, err)
	}
	carryOn()
	server.Advance(time.Hour)
	if err := server.SetAttribute(dhis2.MustUID("SbxMother01"), dhis2.MustUID("EOMGwaUTMrU"), "another address"); err != nil {
		fmt.Println(err)
	}
	carryOn()
	// Output:
	// SbxMother00, seen before: false
	// SbxMother01, seen before: false
	// SbxMother02, seen before: false
	// first sweep: true done: 3 <nil>
	// SbxMother01, seen before: true
	// first sweep: false done: 1 <nil>
}
