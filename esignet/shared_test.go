package esignet_test

import (
	"os"
	"path/filepath"
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

// shared gives the path of a folder beside the repository that holds facts of
// others.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	path := filepath.Join(dir, "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		needs(t, "the folder ../shared beside the repository: put the shared files there")
	}
	return path
}
