package registry_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// What is missing, and what would let two issue the same number, is named at once.
func ExampleNew() {
	_, err := registry.New(registry.Config{Points: map[string]string{"SbxClinic01": "1234", "SbxClinic02": "1234"}})
	fmt.Println(err)
	// Output:
	// registry of personal health numbers: no database: a number that is not reserved may be given twice
	// no national record: a number may be known there
	// no Authority: nobody says who may register people where
	// no installation: two could issue at one point
	// point of issue 1234: it is that of SbxClinic01 and of SbxClinic02; each needs its own
}
