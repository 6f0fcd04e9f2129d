package main

import (
	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

func (a *app) validate() *cobra.Command {
	var profiles, overlays []string
	cmd := &cobra.Command{
		Use:   "validate [FILE|-]",
		Short: "A resource or bundle against its profiles",
		Long: "Validates a FHIR R4 resource or bundle in JSON against the base definitions and every profile that it " +
			"claims, and prints an OperationOutcome. Exit code 1 where there is an error.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			v, err := validate.New(validate.Config{Overlays: overlays})
			if err != nil {
				return usage(err)
			}
			data, err := a.readInput(args)
			if err != nil {
				return err
			}
			outcome := v.Validate(data, profiles...)
			doc, err := json.Marshal(outcome)
			if err != nil {
				return err
			}
			if err := a.printIndented(doc); err != nil {
				return err
			}
			if !outcome.OK() {
				return &exitError{code: exitFound}
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&profiles, "profile", nil, "canonical URL of a profile to validate against as well (repeatable)")
	cmd.Flags().StringSliceVar(&overlays, "overlay", nil, "named change of the national guide: "+validate.OverlayPassportOptional+" (repeatable)")
	return cmd
}
