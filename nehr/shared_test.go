package nehr_test

import (
	"archive/tar"
	"compress/gzip"
	"github.com/nehrbridge/nehrbridge/golden/reference"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// shared opens a file of the folder beside the repository.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(reference.Path(t, name))
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
