package validate

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository's root: the folder with go.mod.
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
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// missing skips a test whose material is not there, or fails it where the
// environment demands everything.
func missing(t testing.TB, sentence string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

// shared reads a file of ../shared.
func shared(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "..", "shared", path))
	if err != nil {
		missing(t, "../shared/"+path+" is not there: put the shared folder beside the repository.")
	}
	return text
}

// guideExamples reads the examples of the national guide, by file name.
func guideExamples(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	zip, err := gzip.NewReader(bytes.NewReader(shared(t, "ig/lk-nehr-fhir-ips-0.1.0.tgz")))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(zip); ; {
		head, err := files.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(head.Name, "package/example/") || !strings.HasSuffix(head.Name, ".json") || strings.Contains(filepath.Base(head.Name), ".index") {
			continue
		}
		text, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(head.Name)] = text
	}
}

func TestGuideExamples(t *testing.T) {
	v, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	// Alone in a file, what the sections of a Composition refer to cannot be
	// resolved; HL7's validator finds these errors and no others.
	want := map[string]int{
		"Composition-HHIMSCompositionExampleWithMedicalHistory.json": 3,
		"Composition-HHIMSCompositionExampleNoMedicalHistory.json":   3,
		"Composition-HIMSCompositionExample.json":                    2,
	}
	examples := guideExamples(t)
	if len(examples) != 47 {
		t.Errorf("examples: got %d, want 47", len(examples))
	}
	for name, text := range examples {
		got := v.Validate(text)
		if got.Errors() != want[name] {
			t.Errorf("%s: got %d errors, want %d", name, got.Errors(), want[name])
			for _, i := range got.Issues {
				if i.Severity == Error || i.Severity == Fatal {
					t.Logf("  %s %s: %s (%s)", i.Rule, i.Location, i.Diagnostics, i.Profile)
				}
			}
		}
	}
}
