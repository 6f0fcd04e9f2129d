package nehr_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// shared opens a file of the folder beside the repository that holds facts of
// others; without it the test is skipped, or fails where REQUIRE_ALL is 1.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	f, err := os.Open(filepath.Join(dir, "..", "shared", filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		const how = "no folder ../shared beside the repository: put the shared files there"
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// packed calls visit with each JSON file of a FHIR package below a folder.
func packed(t *testing.T, name, folder string, visit func(name string, doc []byte)) {
	t.Helper()
	zr, err := gzip.NewReader(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(h.Name) != folder || filepath.Ext(h.Name) != ".json" {
			continue
		}
		doc, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		visit(filepath.Base(h.Name), doc)
	}
}
