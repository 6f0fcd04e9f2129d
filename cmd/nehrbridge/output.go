package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxInput bounds what is read from a file or stdin.
const maxInput = 64 << 20

// printJSON writes one line of JSON to stdout.
func (a *app) printJSON(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(line, '\n'))
	return err
}

// printIndented writes a JSON document to stdout for people to read.
func (a *app) printIndented(doc []byte) error {
	v := jsontext.Value(doc)
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := a.out.Write(append(v, '\n'))
	return err
}

// readInput reads a file, or stdin where the name is "-" or absent.
func (a *app) readInput(args []string) ([]byte, error) {
	in := a.in
	if len(args) > 0 && args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return nil, usage(err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, usage(fmt.Errorf("read input: %w", err))
	}
	if len(data) > maxInput {
		return nil, usage(errors.New("the input is larger than 64 MiB: export fewer at once"))
	}
	return data, nil
}
