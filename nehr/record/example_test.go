package record_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func Example() {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir"})
	if err != nil {
		panic(err)
	}
	writer, err := record.New(record.Config{Server: c, Validate: func([]byte) error { return nil }})
	if err != nil {
		panic(err)
	}
	desired := record.Desired{Entries: []record.Entry{{
		FullURL:    "urn:uuid:6f1c1b1e-0000-5000-8000-000000000001",
		Type:       "Patient",
		Resource:   []byte(`{"resourceType":"Patient","identifier":[{"system":"urn:phn","value":"1"}],"gender":"female"}`),
		Identifier: record.Identifier{System: "urn:phn", Value: "1"},
	}}}
	for range 2 {
		r, err := writer.Write(context.Background(), desired)
		fmt.Println(r.Created, r.Updated, r.Unchanged, err)
	}
	// Output:
	// 1 0 0 <nil>
	// 0 0 1 <nil>
}

func ExampleWriter_Replace() {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir"})
	if err != nil {
		panic(err)
	}
	writer, err := record.New(record.Config{Server: c, Validate: func([]byte) error { return nil }})
	if err != nil {
		panic(err)
	}
	var ledger []byte // what is stored for this entity
	keep := func(s record.State) (err error) {
		ledger, err = record.EncodeState(s)
		return err
	}
	write := func(d record.Desired) {
		before, err := record.DecodeState(ledger)
		if err != nil {
			panic(err)
		}
		// Before anything is sent, what may be written is stored.
		r, after, err := writer.Replace(context.Background(), d, before, func(_ context.Context, s record.State) error { return keep(s) })
		if err != nil {
			panic(err) // the ledger holds what may stand, and the entity is tried again
		}
		if err := keep(after); err != nil {
			panic(err)
		}
		fmt.Println(r.Created, "created,", r.Retracted, "retracted,", len(after.Resources), "known")
	}
	write(record.Desired{Entries: []record.Entry{{
		FullURL:    "urn:uuid:6f1c1b1e-0000-5000-8000-000000000002",
		Type:       "Observation",
		Resource:   []byte(`{"resourceType":"Observation","identifier":[{"system":"urn:e","value":"1"}],"status":"final","code":{"text":"Haemoglobin"}}`),
		Owned:      true,
		Identifier: record.Identifier{System: "urn:e", Value: "1"},
	}}})
	write(record.Desired{Deleted: true})
	// Output:
	// 1 created, 0 retracted, 1 known
	// 0 created, 1 retracted, 0 known
}
