package esignet_test

import (
	"os"
	"testing"
)

// needs skips a test that lacks a part of the surroundings, or fails it where
// everything must be there.
func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("this test needs %s (REQUIRE_ALL=1)", what)
	}
	t.Skipf("this test needs %s", what)
}
