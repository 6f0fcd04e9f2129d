package reference

import (
	"os"
	"path/filepath"
	"testing"
)

// Path gives a file or folder below shared, such as data/esignet. Without it the test
// is skipped, or fails where REQUIRE_ALL is 1.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(root(t), "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		const cure = "is not there: put the folder shared beside the repository"
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatalf("../shared/%s %s (REQUIRE_ALL=1)", name, cure)
		}
		t.Skipf("../shared/%s %s", name, cure)
	}
	return path
}

// Read gives what a file holds.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// root is the folder of go.mod, wherever below it the test runs.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = above
	}
}
