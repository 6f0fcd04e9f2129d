package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nehrbridge/nehrbridge"

// arrows lists, for a folder and what lies below it unless a row of its own
// says otherwise, which folders of the project it must never reach, directly
// or through others. "io" stands for anything that talks to a network, a
// file system or a database.
var arrows = map[string][]string{
	"dhis2":           {"io", "nehr", "esignet", "mapper"},
	"dhis2/api":       {"nehr", "esignet", "mapper"},
	"dhis2/changes":   {"nehr", "mapper", "esignet"},
	"dhis2/outbox":    {"nehr", "mapper", "esignet"},
	"dhis2/plugin":    nil,
	"dhis2/route":     {"nehr", "esignet", "mapper"},
	"dhis2/setup":     {"nehr", "mapper"},
	"dhis2/sandbox":   {"mapper"},
	"esignet":         {"dhis2", "nehr", "mapper"},
	"esignet/rp":      {"nehr", "mapper"},
	"esignet/login":   {"nehr", "mapper"},
	"esignet/sandbox": {"dhis2", "nehr", "mapper"},
	"nehr":            {"io", "dhis2", "esignet", "mapper"},
	"nehr/phn":        {"dhis2", "esignet", "mapper"},
	"nehr/client":     {"dhis2", "esignet", "mapper"},
	"nehr/validate":   {"io", "dhis2", "esignet", "mapper"},
	"nehr/record":     {"dhis2", "esignet", "mapper"},
	"nehr/summary":    {"dhis2", "esignet", "mapper"},
	"nehr/access":     {"dhis2", "mapper"},
	"nehr/portal":     {"dhis2", "mapper"},
	"nehr/sandbox":    {"dhis2", "esignet", "mapper"},
	"mapper":          {"io", "esignet"},
	"mapper/claims":   {"io", "esignet", "nehr"},
	"config":          {},
	"golden":          {},
	"cmd/nehrbridge":  {},
	// Generators run by go generate read and write files; they are no part of
	// the program.
	"nehr/validate/internal/generate":    {"dhis2", "esignet", "mapper"},
	"mapper/internal/telephone/generate": {"dhis2", "nehr", "esignet"},
	"dhis2/internal/webbuild":            {"nehr", "esignet", "mapper"},
}

// ioPackages are imports that a pure package must not make.
var ioPackages = []string{
	"net", "net/http", "os", "os/exec", "os/signal", "database/sql", "io/ioutil", "syscall", "log", "path/filepath",
	"github.com/go-resty/resty/v2", "modernc.org/sqlite", "github.com/rs/zerolog", "github.com/spf13/viper", "github.com/spf13/cobra",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Doc        string
	GoFiles    []string
}

func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,Doc,GoFiles", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]goPackage{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
	return packages
}

// boundBy finds the row of the table that binds a folder.
func boundBy(folder string) (forbidden []string, bound bool) {
	for f := folder; f != "."; f = filepath.Dir(f) {
		if forbidden, bound = arrows[f]; bound {
			return forbidden, true
		}
	}
	return nil, false
}

func TestArchitecture(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 8 {
		t.Fatalf("go list gave %d packages: the test looks at nothing", len(packages))
	}
	for path, p := range packages {
		folder := strings.TrimPrefix(path, module+"/")
		forbidden, bound := boundBy(folder)
		if !bound {
			t.Errorf("%s: no row of the architecture binds the folder", folder)
		}
		if p.Doc == "" && !strings.Contains(folder, "/internal/") {
			t.Errorf("%s: no package documentation (doc.go)", folder)
		}
		if slices.Contains(forbidden, "io") {
			for _, dep := range append(p.Deps, path) {
				inner, own := packages[dep]
				if !own {
					continue
				}
				for _, imported := range inner.Imports {
					if slices.Contains(ioPackages, imported) {
						t.Errorf("%s must be pure, and reaches %s, which imports %s", folder, dep, imported)
					}
				}
			}
		}
		for _, dep := range p.Deps {
			target, own := strings.CutPrefix(dep, module+"/")
			if !own {
				continue
			}
			for _, top := range forbidden {
				// mapper/claims is the one part of mapper that the relying
				// party and claims-only packages may use.
				if (target == top || strings.HasPrefix(target, top+"/")) && target != "mapper/claims" {
					t.Errorf("%s must not import %s", folder, target)
				}
			}
		}
	}
}

// TestTopLevel holds the list of what may stand at the top of the repository.
func TestTopLevel(t *testing.T) {
	allowed := strings.Fields("cmd mapper dhis2 nehr esignet config golden Makefile go.mod go.sum README.md LICENSE")
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	if err != nil {
		t.Fatalf("list the repository's files (this test needs git and a clone): %v", err)
	}
	for _, file := range strings.Fields(string(out)) {
		top, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Errorf("%s: %s is not allowed at the top level", file, top)
		}
	}
	for _, name := range []string{"util", "common", "models", "helpers"} {
		if strings.Contains("\n"+string(out), "/"+name+"/") {
			t.Errorf("a folder is named %s: name it after what it owns", name)
		}
	}
}
