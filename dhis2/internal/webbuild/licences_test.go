package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPackageFolder(t *testing.T) {
	tests := []struct{ input, want string }{
		{"node_modules/react/index.js", "node_modules/react"},
		{"node_modules/@dhis2/app-runtime/build/es/index.js", "node_modules/@dhis2/app-runtime"},
		{"node_modules/a/node_modules/@b/c/d.js", "node_modules/a/node_modules/@b/c"},
		{"src/main.tsx", ""},
		{"my_node_modules/a/b.js", ""},
		{"node_modules/@dhis2/file.js", ""},
	}
	for _, tt := range tests {
		if got, ok := packageFolder(tt.input); got != tt.want || ok != (tt.want != "") {
			t.Errorf("packageFolder(%q) = %q, %v; want %q", tt.input, got, ok, tt.want)
		}
	}
}

func TestLicences(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(folder, "node_modules", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b/package.json", `{"name":"b","version":"2.0.0","license":"MIT"}`)
	write("b/LICENSE.txt", "Terms of b \r\nin two lines\r\n\r\n")
	write("@a/a/package.json", `{"name":"@a/a","version":"1.0.0","license":"BSD-3-Clause","author":"A. Author <a@example.org>"}`)
	write("unused/package.json", `{"name":"unused","version":"1.0.0"}`)
	write("c/package.json", `{"name":"c","version":"1.0.0","license":"MIT"}`)
	meta := `{"outputs":{"x.js":{"inputs":{
		"src/main.ts":{"bytesInOutput":9},"node_modules/b/i.js":{"bytesInOutput":1},"node_modules/b/j.js":{"bytesInOutput":1},
		"node_modules/@a/a/i.js":{"bytesInOutput":1},"node_modules/unused/i.js":{"bytesInOutput":0}}}}}`
	got, err := licencesOf(folder, []byte(meta))
	if err != nil {
		t.Fatal(err)
	}
	rule := strings.Repeat("=", 72)
	want := "Parts of other projects in this folder's bundle, under their own licences.\n" +
		"\n" + rule + "\n@a/a 1.0.0\n\nCopyright A. Author and contributors\n\n" + bsd3 +
		"\n" + rule + "\nb 2.0.0\n\nTerms of b\nin two lines\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("licences (-want +got):\n%s", diff)
	}
	// A package may not slip in without its terms.
	if _, err := licencesOf(folder, []byte(`{"outputs":{"x.js":{"inputs":{"node_modules/c/i.js":{"bytesInOutput":1}}}}}`)); err == nil {
		t.Error("a package without the text of its licence was accepted")
	}
}
