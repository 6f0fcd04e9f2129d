// Command generate turns the archive of structure definitions into the rule
// table of nehr/validate and the constants of its names:
//
//	go generate ./nehr/validate
//
// It reads ../shared/ig/definitions-with-snapshots.tgz, seen from the root of
// the repository, or the archive that -archive names, and writes rules.bin.gz and
// two packages of constants below the folder that -out names.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/compile"
)

func main() {
	archive := flag.String("archive", "../../../shared/ig/definitions-with-snapshots.tgz", "archive of definitions")
	out := flag.String("out", ".", "folder of nehr/validate")
	flag.Parse()
	if err := run(*archive, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(archive, out string) error {
	text, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	made, err := compile.Archive(text)
	if err != nil {
		return err
	}
	for name, text := range made.Files() {
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
