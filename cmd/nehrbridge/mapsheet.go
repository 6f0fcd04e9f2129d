package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/sheet"
)

func (a *app) mapSheet() *cobra.Command {
	return &cobra.Command{
		Use:   "sheet [MAP]",
		Short: "A UID map as a page that a clinician can read and sign",
		Long:  "Prints the map of this name (default: the first) as an HTML page: each DHIS2 element, its FHIR form, code, display and unit.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			maps, err := config.Maps(s.Maps)
			if err != nil {
				return usage(err)
			}
			m, err := chooseMap(maps, args)
			if err != nil {
				return usage(err)
			}
			return sheet.Write(a.out, m)
		},
	}
}

// chooseMap finds a map by its name or its program's UID.
func chooseMap(maps []*mapper.Map, args []string) (*mapper.Map, error) {
	if len(args) == 0 {
		return maps[0], nil
	}
	var names []string
	for _, m := range maps {
		if m.Name == args[0] || m.Program.String() == args[0] {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return nil, fmt.Errorf("no map has the name or program %q: want one of %s", args[0], strings.Join(names, ", "))
}
