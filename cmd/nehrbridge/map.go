package main

import (
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

type mapFlags struct {
	context, issues string
	strict, explain bool
}

func (a *app) mapping() *cobra.Command {
	var f mapFlags
	cmd := &cobra.Command{
		Use:   "map [FILE|-]",
		Short: "One tracked entity document to a transaction bundle",
		Long: "Reads a tracked entity document (GET /api/tracker/trackedEntities/{uid}?fields=*), prints the FHIR " +
			"transaction on stdout and issues on stderr. Needs no server and no setting.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.mapDocument(args, f) },
	}
	cmd.Flags().StringVar(&f.context, "context", "", "JSON file with systemInfo, organisationUnits and users")
	cmd.Flags().StringVar(&f.issues, "issues", "", "write the issues to this file, as an OperationOutcome")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit code 1 where an issue is a warning or worse")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "print the origin of each element, one JSON line each, in place of the bundle")
	cmd.AddCommand(a.mapTest(), a.mapSheet())
	return cmd
}

func (a *app) mapDocument(args []string, f mapFlags) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	m, _, err := newMapper(s, f.explain)
	if err != nil {
		return usage(err)
	}
	te, surroundings, err := a.readDocument(args, f.context)
	if err != nil {
		return err
	}
	result, err := m.Map(te, surroundings)
	if result != nil {
		if err := a.report(result.Issues, f.issues); err != nil {
			return err
		}
	}
	if err != nil {
		return found(err)
	}
	bundle, err := result.Bundle.AppendJSON(nil)
	if err != nil {
		return found(err)
	}
	v, err := newValidator(s)
	if err != nil {
		return usage(err)
	}
	if err := judge(v, bundle); err != nil {
		return found(err)
	}
	if f.explain {
		err = a.printOrigins(result, bundle)
	} else {
		err = a.printIndented(bundle)
	}
	if err != nil {
		return err
	}
	if f.strict && worst(result.Issues) {
		return &exitError{code: exitFound}
	}
	return nil
}

// readDocument reads the tracked entity and, where one is named, its context.
func (a *app) readDocument(args []string, contextFile string) (*dhis2.TrackedEntity, *dhis2.Context, error) {
	data, err := a.readInput(args)
	if err != nil {
		return nil, nil, err
	}
	te, err := dhis2.DecodeTrackedEntity(data)
	if err != nil {
		return nil, nil, found(fmt.Errorf("read the tracked entity: %w", err))
	}
	if contextFile == "" {
		return te, nil, nil
	}
	if data, err = a.readInput([]string{contextFile}); err != nil {
		return nil, nil, err
	}
	surroundings, err := dhis2.DecodeContext(data)
	if err != nil {
		return nil, nil, usage(fmt.Errorf("read --context: %w", err))
	}
	return te, surroundings, nil
}

// report prints issues, one a line, and writes them as an OperationOutcome
// where a file is named.
func (a *app) report(issues []mapper.Issue, file string) error {
	for _, i := range issues {
		fmt.Fprintln(a.err, i)
	}
	if file == "" {
		return nil
	}
	doc, err := nehr.Encode(mapper.Outcome(issues))
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(doc, '\n'), 0o600); err != nil {
		return usage(fmt.Errorf("write --issues: %w", err))
	}
	return nil
}

func (a *app) printOrigins(result *mapper.Result, bundle []byte) error {
	origins, err := result.Explain(bundle)
	if err != nil {
		return err
	}
	for _, o := range origins {
		line, err := json.Marshal(o)
		if err != nil {
			return err
		}
		if _, err := a.out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// worst reports whether an issue is a warning or worse.
func worst(issues []mapper.Issue) bool {
	for _, i := range issues {
		if i.Severity != mapper.Information {
			return true
		}
	}
	return false
}
