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
