package changes_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
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

// A second consumer tells a receiver, which checks the signature. It has a
// list of its own: that the first one has not done its work is nothing to it.
func ExampleNotifier() {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		event, err := changes.Verifier{Secrets: []string{secret}}.Verify(r.Header, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Println(event.Type, event.Data.TrackedEntity, "in", event.Data.Programs, "of", event.Data.Source)
	}))
	defer receiver.Close()

	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{
		URL:        filepath.Join(dir, "ledger.db"),
		Migrations: []database.Migrations{changes.Migrations(), changes.ConsumerMigrations("events")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	first, _ := changes.New(ctx, changes.Config{DB: db})
	events, _ := changes.New(ctx, changes.Config{DB: db, Name: "events"})
	notifier, _ := changes.NewNotifier(changes.NotifyConfig{URL: receiver.URL, Secret: secret})
	runner, _ := changes.NewRunner(changes.RunConfig{Ledger: events, Consumer: notifier.Notify})

	// What a Poller does when it sees a change.
	_ = first.Pin(ctx, changes.PinSystem, "eed3d451-4ff5-4193-b951-ffcc68954299", false)
	_ = first.MarkDirty(ctx, changes.Change{TrackedEntity: dhis2.MustUID("SbxMother01"), Program: sandbox.ANCProgram})

	counts, err := runner.Once(ctx)
	fmt.Println("told:", counts.Done, err)
	// Output:
	// trackedEntity.changed SbxMother01 in [eozjj9UivfS] of eed3d451-4ff5-4193-b951-ffcc68954299
	// told: 1 <nil>
}
