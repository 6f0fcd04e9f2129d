package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func Example() {
	ctx := context.Background()
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	nehr, err := client.New(client.Config{BaseURL: web.URL + "/fhir"})
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := database.Open(ctx, database.Config{URL: filepath.Join(dir, "nehrbridge.db"), Migrations: []database.Migrations{access.Migrations()}})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	if _, err := nehr.Update(ctx, "Patient", "p", []byte(`{"resourceType":"Patient","id":"p"}`), ""); err != nil {
		panic(err)
	}
	if _, err := nehr.Update(ctx, "Practitioner", "d", []byte(`{"resourceType":"Practitioner","id":"d"}`), ""); err != nil {
		panic(err)
	}
	gate, err := access.New(access.Config{DB: db, NEHR: nehr})
	if err != nil {
		panic(err)
	}

	her := access.Actor{Kind: access.KindPatient, Person: "Patient/p"}
	doctor := access.Actor{Kind: access.KindClinician, Person: "Practitioner/d"}
	_, err = gate.Open(ctx, doctor, "Patient/p", access.Treatment)
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		fmt.Println("before:", denied.Reason)
	}
	if _, err := gate.Standing(ctx, her, access.Party{Person: doctor.Person}, access.Scope{Until: time.Now().Add(time.Hour)}); err != nil {
		panic(err)
	}
	view, err := gate.Open(ctx, doctor, "Patient/p", access.Treatment)
	if err != nil {
		panic(err)
	}
	record, err := view.Record(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println("after:", record.Decision.Reason, len(record.Resources))
	entries, err := gate.Log(ctx, her, access.Filter{})
	fmt.Println("she sees:", len(entries), "accesses", err)
	// Output:
	// before: no-rule
	// after: consent 1
	// she sees: 3 accesses <nil>
}
