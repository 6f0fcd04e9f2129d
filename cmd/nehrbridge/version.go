package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// version is set by the linker.
var version = "dev"

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Version, commit, Go and the pack of FHIR definitions",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit,omitempty"`
				Go      string `json:"go"`
				Pack    string `json:"pack"` // SHA-256 of the FHIR definitions that the rules were made from
			}{Version: version, Go: runtime.Version(), Pack: validate.Pack().SHA256}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Commit = s.Value
					}
				}
			}
			return a.printJSON(v)
		},
	}
}
