package rp_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
)

// What is missing is named at once, before anything runs.
func ExampleNew() {
	_, err := rp.New(rp.Config{Routes: []route.Route{{Name: "anc", Secret: "too short"}}})
	fmt.Println(err)
	// Output:
	// relying party: no client: nobody can be verified
	// no Authority: nobody says who may register people where
	// no Vault: a verification that cannot be shown later is none
	// Route anc: its secret must have 32 characters or more
}
