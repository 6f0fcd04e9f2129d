package setup_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
)

// A Route is made at a server that has none, and taken back.
func Example() {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		panic(err)
	}
	group := dhis2.MustUID("SbxMidwives")
	if err := server.Load(sandbox.Dataset{UserGroups: []dhis2.Object{{ID: group, Name: "Midwives"}}}); err != nil {
		panic(err)
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	administrator, err := api.New(api.Config{BaseURL: web.URL, Token: sandbox.DefaultToken})
	if err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", "setup")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)

	s, err := setup.New(setup.Config{
		Server: administrator, URL: web.URL, Record: setup.File(filepath.Join(folder, "setup-dhis2.json")),
		Wanted: setup.Wanted{
			BridgeURL:   "https://bridge.example.org",
			Routes:      []setup.Route{{Code: "nehrbridge-verify", Name: "nehrbridge: verify", Path: "/rp", Secret: "32 random characters, or more, here"}},
			RouteGroups: []dhis2.UID{group},
		},
	})
	if err != nil {
		panic(err)
	}
	for _, do := range []func(context.Context) (*setup.Plan, error){s.Plan, s.Apply, s.Apply, s.Undo} {
		plan, err := do(context.Background())
		if err != nil {
			panic(err)
		}
		for _, st := range plan.Steps {
			fmt.Println(st.Does, st.Item, st.Done)
		}
		fmt.Println(len(plan.Steps), "steps")
	}
	// Output:
	// create Route nehrbridge-verify false
	// 1 steps
	// create Route nehrbridge-verify true
	// 1 steps
	// 0 steps
	// remove Route nehrbridge-verify true
	// 1 steps
}
