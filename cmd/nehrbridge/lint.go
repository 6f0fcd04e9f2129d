package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/lint"
)

func (a *app) lint() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "lint [MAP]",
		Short: "A UID map against a server's metadata",
		Long: "Compares a map (default: each whose program the server shows) with the program's metadata: unknown UIDs, changed " +
			"value types, options without a text, elements that the map does not name, coverage per stage. Prints one JSON " +
			"object for each map. Exit code 1 where there is an error.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runLint(cmd, args, file) },
	}
	cmd.Flags().StringVar(&file, "metadata", "", "read the program from this JSON file (GET /api/programs/{id}) in place of a server")
	return cmd
}

func (a *app) runLint(cmd *cobra.Command, args []string, file string) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	_, maps, err := newMapper(s, false)
	if err != nil {
		return usage(err)
	}
	if len(args) > 0 {
		one, err := chooseMap(maps, args)
		if err != nil {
			return usage(err)
		}
		maps = []*mapper.Map{one}
	}
	program := func(uid dhis2.UID) (*dhis2.Program, error) { return a.readProgram(file) }
	if file == "" {
		if err := s.ForDHIS2(); err != nil {
			return usage(err)
		}
		client, err := newDHIS2(s)
		if err != nil {
			return usage(err)
		}
		program = func(uid dhis2.UID) (*dhis2.Program, error) { return client.Program(cmd.Context(), uid) }
	}
	looked, wrong := 0, false
	for _, m := range maps {
		p, err := program(m.Program)
		if refused, ok := errors.AsType[*api.Error](err); ok && (refused.NotFound() || refused.Forbidden()) && len(args) == 0 {
			fmt.Fprintf(a.err, "map %s: the server does not show its program %s\n", m.Name, m.Program)
			continue
		}
		if err != nil {
			return serverError(err)
		}
		if p.ID != m.Program && len(args) == 0 {
			continue // the file holds the program of another map
		}
		looked++
		report := lint.Check(m, []dhis2.Program{*p})
		if err := a.printJSON(report); err != nil {
			return err
		}
		wrong = wrong || report.Count(lint.Error) > 0
	}
	if looked == 0 {
		return usage(errNoProgram)
	}
	if wrong {
		return &exitError{code: exitFound}
	}
	return nil
}

func (a *app) readProgram(file string) (*dhis2.Program, error) {
	data, err := a.readInput([]string{file})
	if err != nil {
		return nil, err
	}
	p := new(dhis2.Program)
	if err := dhis2.Decode(data, p); err != nil {
		return nil, usage(fmt.Errorf("read --metadata: %w", err))
	}
	return p, nil
}
