package main

import (
	"errors"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func (a *app) sync() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "sync --once",
		Short: "Carry what DHIS2 says to the national record",
		Long: "Reads every tracked entity of the mapped programs, maps and validates it, and writes what the national " +
			"record does not hold yet. Prints one JSON object with counts. Exit code 1 when something could not be " +
			"written or needs a person's decision, 3 when a server could not be reached.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !once {
				return usage(errors.New("sync: say --once; the agent that goes on watching DHIS2 is not part of this version"))
			}
			s, err := a.settings()
			if err != nil {
				return err
			}
			if err := s.ForSync(); err != nil {
				return usage(err)
			}
			g, err := newAgent(s, a.logger())
			if err != nil {
				return usage(err)
			}
			c, err := g.once(cmd.Context())
			if err != nil {
				return serverError(err)
			}
			if err := a.printJSON(c); err != nil {
				return err
			}
			if c.DeadLetters+c.Review > 0 {
				return &exitError{code: exitFound}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "look at every tracked entity once, then exit")
	return cmd
}

// serverError gives the exit code of an error that stopped the work: a server
// that refuses the credentials is a matter of configuration.
func serverError(err error) error {
	var refused interface{ Unauthorized() bool }
	if errors.Is(err, errNoProgram) || errors.As(err, &refused) && refused.Unauthorized() {
		return usage(err)
	}
	return unreachable(err)
}

// progressBar shows how far the work is, on a terminal only.
func (a *app) progressBar(total int) func(counts) {
	f, ok := a.err.(*os.File)
	if !ok || !isTerminal(f) {
		return nil
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(io.Writer(f)), progressbar.OptionShowCount(),
		progressbar.OptionSetDescription("mothers"), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	return func(c counts) { _ = bar.Set(min(c.Entities, total)) }
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
