package api_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// A sweep over a program: first who changed, then each document.
func Example() {
	s, _ := sandbox.New(sandbox.Config{})
	data, _ := sandbox.Demo(sandbox.DemoConfig{Now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)})
	if err := s.Load(data); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()

	client, err := api.New(api.Config{BaseURL: server.URL, Token: sandbox.DefaultToken})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	mothers, events := 0, 0
	for row, err := range client.AllTrackedEntities(ctx, api.Query{Program: sandbox.ANCProgram, Fields: "trackedEntity,updatedAt"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		te, err := client.TrackedEntity(ctx, row.TrackedEntity, sandbox.ANCProgram, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		mothers++
		for _, en := range te.Enrollments {
			events += len(en.Events)
		}
	}
	fmt.Printf("%d mothers, more than 100 events: %t\n", mothers, events > 100)
	// Output: 24 mothers, more than 100 events: true
}
