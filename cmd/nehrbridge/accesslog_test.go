package main

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// gateOf is a gate on the database of a script, as the portals at portal.example
// open it.
func gateOf(ts *testscript.TestScript, nehr string, do func(context.Context, *access.Gate, *database.DB) error) {
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{URL: filepath.Join(ts.Getenv("NEHRBRIDGE_DATA_DIR"), "nehrbridge.db"), Migrations: portalTables()})
	ts.Check(err)
	defer db.Close()
	record, err := client.New(client.Config{BaseURL: nehr})
	ts.Check(err)
	gate, err := access.New(access.Config{DB: db, NEHR: record, Address: "portal.example"})
	ts.Check(err)
	ts.Check(do(ctx, gate, db))
}

// accessLogOf writes entries into the log, or spoils it: accesslog N, accesslog
// forwarded, accesslog cut, accesslog changed.
func accessLogOf(ts *testscript.TestScript, _ bool, args []string) {
	spoil := map[string][]string{
		"forwarded": {"UPDATE access_forward SET seq = 3"},
		"cut":       {"DELETE FROM access_log WHERE seq > 2", "UPDATE access_head SET seq = 2, hash = (SELECT hash FROM access_log WHERE seq = 2)"},
		"changed":   {"UPDATE access_log SET entry = replace(entry, 'open', 'read') WHERE seq = 2"},
	}[args[0]]
	gateOf(ts, ts.Getenv("NEHRBRIDGE_NEHR_URL"), func(ctx context.Context, gate *access.Gate, db *database.DB) error {
		if n, err := strconv.Atoi(args[0]); err == nil {
			for range n {
				if _, err := gate.Open(ctx, access.Actor{Kind: access.KindPatient, Person: "Patient/invented"}, "Patient/invented", access.PatientRequest); err != nil {
					return err
				}
			}
			return nil
		}
		return db.Write(ctx, func(tx database.Tx) error {
			for _, statement := range spoil {
				if _, err := tx.Exec(statement); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// nehrWithLog starts a record that the log of the script is sent to.
func nehrWithLog(ts *testscript.TestScript, _ bool, _ []string) {
	record, err := sandbox.New(sandbox.Config{})
	ts.Check(err)
	web := httptest.NewServer(record.Handler())
	ts.Defer(func() { web.Close(); _ = record.Close() })
	ts.Setenv("NEHRBRIDGE_NEHR_URL", web.URL+"/fhir")
	gateOf(ts, web.URL+"/fhir", func(ctx context.Context, gate *access.Gate, db *database.DB) error {
		if err := db.Write(ctx, func(tx database.Tx) error {
			_, err := tx.Exec("UPDATE access_forward SET seq = 0")
			return err
		}); err != nil {
			return err
		}
		_, err := gate.Forward(ctx)
		return err
	})
}
