package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
)

// stdio is where a command reads and writes, and its environment, so that
// tests can run one.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	environ  []string // as os.Environ
}

// app is what the subcommands share.
type app struct {
	stdio
	configFile string
	ofEvents   bool // dead-letters speaks of notifications
}

// Exit codes of the program.
const (
	exitDone        = 0
	exitFound       = 1 // the work found errors
	exitUsage       = 2 // usage or configuration
	exitUnreachable = 3 // a server could not be reached
)

// exitError carries an exit code through cobra.
type exitError struct {
	code int
	err  error // nil where everything was said already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error       { return &exitError{exitUsage, err} }
func found(err error) error       { return &exitError{exitFound, err} }
func unreachable(err error) error { return &exitError{exitUnreachable, err} }

// run is the program: it gives the exit code.
func run(ctx context.Context, args []string, std stdio) int {
	a := &app{stdio: std}
	cmd := a.root()
	cmd.SetArgs(args)
	cmd.SetIn(std.in)
	cmd.SetOut(std.out)
	cmd.SetErr(std.err)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	exit, ok := errors.AsType[*exitError](err)
	if !ok { // cobra's own: an unknown command or flag
		exit = &exitError{exitUsage, err}
	}
	if exit.err != nil {
		fmt.Fprintln(std.err, "nehrbridge:", exit.err)
	}
	return exit.code
}

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "nehrbridge",
		Short:         "Join DHIS2, eSignet and a national electronic health record",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say what to do"))
		},
	}
	cmd.PersistentFlags().StringVar(&a.configFile, "config", "", "settings file (YAML)")
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(a.demo(), a.serve(), a.sync(), a.mapping(), a.validate(), a.lint(), a.deadLetters(), a.outbox(), a.accessLog(), a.numbers(), a.replication(), a.backfill(), a.backup(), a.restore(), a.rp(), a.portal(), a.clinicians(), a.corrections(), a.keys(), a.setup(), a.version())
	return cmd
}

// settings reads the settings file, if one is named, and the environment.
func (a *app) settings() (*config.Settings, error) {
	s, err := config.Load(a.configFile, a.environ)
	if err != nil {
		return nil, usage(err)
	}
	return s, nil
}

// logger writes one JSON line per event to stderr, one after the other however
// many goroutines log. It never gets a person's
// value: identifiers of documents only.
func (a *app) logger() zerolog.Logger {
	return zerolog.New(zerolog.SyncWriter(a.err)).With().Timestamp().Logger()
}
