package client_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"

	"github.com/nehrbridge/nehrbridge/nehr/client"
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
	ctx := context.Background()
	found, err := c.Search(ctx, "Patient", url.Values{"identifier": {client.Token("urn:example", "1")}})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(found.Resources))
	_, err = c.Read(ctx, "Patient", "nobody")
	fmt.Println(err)
	// Output:
	// 0
	// read Patient: the FHIR server answered 404 Not Found (not-found)
}
