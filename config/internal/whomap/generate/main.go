// Command generate writes maps/who-anc.yaml from the metadata in
// ../shared/data/dhis2, run in the folder config by go generate.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/config/internal/whomap"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "whomap:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := whomap.FromFolder(filepath.Join("..", "..", "shared", "data", "dhis2"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("maps", "who-anc.yaml"), text, 0o644)
}
