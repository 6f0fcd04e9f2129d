package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nehrbridge": main, "peers": runPeers})
}

// TestScript runs the command line as a person or a program would: documents
// in, JSON on stdout, words on stderr, exit codes.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("GOLDEN", filepath.Join(root, "golden"))
			env.Setenv("NEHRBRIDGE_DATA_DIR", filepath.Join(env.WorkDir, "data"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "bytes": bytesOf, "accesslog": accessLogOf, "nehr": nehrWithLog},
	})
}

// code runs nehrbridge and demands an exit code: code 2 map no-such-file.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N nehrbridge-arguments")
	}
	var out, errs strings.Builder
	for i, a := range args[1:] {
		if !strings.HasPrefix(a, "-") && strings.HasSuffix(a, ".json") {
			args[i+1] = ts.MkAbs(a)
		}
	}
	var environ []string
	for _, name := range []string{"DHIS2_URL", "DHIS2_TOKEN", "NEHR_URL", "DATA_DIR", "MAPPING_NAMES", "PORTAL_PATIENT_URL"} {
		if v := ts.Getenv("NEHRBRIDGE_" + name); v != "" {
			environ = append(environ, "NEHRBRIDGE_"+name+"="+v)
		}
	}
	got := run(context.Background(), args[1:], stdio{strings.NewReader(""), &out, &errs, environ})
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(errs.String()), 0o600))
	if want := args[0]; want != string(rune('0'+got)) {
		ts.Fatalf("exit code %d, want %s\nstderr: %s", got, want, errs.String())
	}
}

// bytesOf writes a file of repeated bytes: bytes FILE COUNT-IN-MEGABYTES.
func bytesOf(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: bytes FILE MEGABYTES")
	}
	n := 0
	for _, c := range args[1] {
		n = n*10 + int(c-'0')
	}
	doc := `{"trackedEntity":"SampleTEx01","attributes":[{"attribute":"SampleATx01","value":"` +
		strings.Repeat("x", n<<20) + `"}]}`
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(doc), 0o600))
}
