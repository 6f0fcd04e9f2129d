package phn_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/phn"
)

// What DHIS2 holds is taken by the wide rule; whether it has the national form
// is a question of its own.
func Example() {
	p, err := phn.ParseAny("12345678")
	fmt.Println(p, err)
	fmt.Println(phn.Check(phn.NDHGS2, p))

	p, err = phn.NDHGS2.Parse("1234bbbbbb3")
	fmt.Println(p, err)
	// Output:
	// 12345678 <nil>
	// PHN (ndhgs2): wrong length
	// 1234BBBBBB3 <nil>
}
