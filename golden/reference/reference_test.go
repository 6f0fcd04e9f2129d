package reference_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nehrbridge/nehrbridge/golden/reference"
)

func Example() {
	TestOfAPackage := func(t *testing.T) {
		document := reference.Read(t, "data/dhis2/system-info.json")
		fmt.Println(len(document))
	}
	_ = TestOfAPackage
}

// told is a test that is told what it lacks.
type told struct {
	testing.TB
	skipped, failed bool
}

func (r *told) Helper()               {}
func (r *told) Skipf(string, ...any)  { r.skipped = true; panic(r) }
func (r *told) Fatalf(string, ...any) { r.failed = true; panic(r) }
func (r *told) Fatal(...any)          { r.failed = true; panic(r) }

func (r *told) path(name string) (path string) {
	defer func() { _ = recover() }()
	return reference.Path(r, name)
}

// TestPath finds what lies beside the repository from any folder of it, and says what
// is missing.
func TestPath(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "repository", "a", "b")
	for _, folder := range []string{deep, filepath.Join(top, "shared", "data")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(top, "repository", "go.mod"), []byte("module m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "shared", "data", "x.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	t.Setenv("REQUIRE_ALL", "")
	if got := string(reference.Read(t, "data/x.json")); got != "{}" {
		t.Errorf("read %q", got)
	}
	if r := (&told{TB: t}); r.path("data/y.json") != "" || !r.skipped {
		t.Error("what is missing does not skip the test")
	}
	t.Setenv("REQUIRE_ALL", "1")
	if r := (&told{TB: t}); r.path("data/y.json") != "" || !r.failed {
		t.Error("what is missing does not fail the test where all must be there")
	}
	t.Chdir(top)
	if r := (&told{TB: t}); r.path("data/x.json") != "" || !r.failed {
		t.Error("outside of a module nothing is found")
	}
}
