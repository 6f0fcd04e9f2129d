package sandbox_test

import (
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestManyAtOnce: sign-ins of several people at the same time do not mix.
func TestManyAtOnce(t *testing.T) {
	p := start(t, sandbox.V18, nil)
	people := sandbox.People()
	var wait sync.WaitGroup
	for i := range 14 {
		person := people[i%len(people)]
		wait.Go(func() {
			mine := *p // with a state, a nonce and a verifier of its own
			back, err := sandbox.Person{ID: person.ID}.SignIn(t.Context(), mine.authorizeURL())
			if err != nil {
				t.Error(err)
				return
			}
			if back.Query().Get("state") != mine.state {
				t.Errorf("state %q", back.Query().Get("state"))
			}
			token, err := mine.exchange(back.Query().Get("code"))
			if err != nil {
				t.Error(err)
				return
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := mine.verifyIDToken(t.Context(), raw)
			if err != nil || id.Subject != sandbox.Subject(person.ID, "test-health") || id.Nonce != mine.nonce {
				t.Errorf("%s: %v %+v", person.ID, err, id)
			}
		})
	}
	wait.Wait()
}
