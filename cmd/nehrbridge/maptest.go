package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/golden"
	"github.com/nehrbridge/nehrbridge/mapper"
)

func (a *app) mapTest() *cobra.Command {
	var update bool
	cmd := &cobra.Command{
		Use:   "test DIR",
		Short: "A folder of golden cases of your own",
		Long: "Maps the in.json of every case below DIR and compares the result with its want.json, as the project does " +
			"with its own cases (golden/README.md describes the files). Prints one JSON object; differences go to stderr.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			maps, err := config.Maps(s.Maps)
			if err != nil {
				return usage(err)
			}
			report, err := golden.Run(args[0], golden.Options{Update: update, Maps: maps, Check: checkBundle})
			if err != nil {
				return usage(err)
			}
			fmt.Fprintln(a.err, report)
			counts := map[golden.Status]int{}
			for _, r := range report.Results {
				counts[r.Status]++
			}
			if err := a.printJSON(struct {
				Cases   int                   `json:"cases"`
				Results map[golden.Status]int `json:"results"`
			}{len(report.Results), counts}); err != nil {
				return err
			}
			if !report.OK() {
				return &exitError{code: exitFound}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, "write what the mapper gives; read the difference before you keep it")
	return cmd
}

// checkBundle validates what a case gives, by the rules of its own options.
func checkBundle(bundle []byte, cfg mapper.Config) error {
	v, err := newValidator(&config.Settings{Mapping: config.Mapping{Passport: cfg.Passport}})
	if err != nil {
		return err
	}
	return judge(v, bundle)
}
