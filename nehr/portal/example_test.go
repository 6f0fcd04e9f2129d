package portal_test

import (
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

func ExampleShowDate() {
	fmt.Println(portal.ShowDate("2026-01-06", "en", time.UTC))
	// Output: 6 Jan 2026
}
