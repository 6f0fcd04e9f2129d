// Command webbuild makes the bundle of a folder with TypeScript, in the same
// bytes each time:
//
//	//go:generate go run ../internal/webbuild -licences built/LICENCES.txt capture src/main.tsx --bundle --outfile=built/capture.js
//
// It installs the packages of the folder's package-lock.json where they are
// missing (npm ci), checks the types (tsc --noEmit), and hands what stands
// after the folder to esbuild, which is a tool of .ci/tools.mod and runs in
// the folder. With -licences it writes the licences of the packages that came
// into the bundle, as they demand. With -compress it replaces a file by itself in
// gzip: a third of the room in the binary. It needs Node and npm, which build and
// tests of the program do not.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	licences := flag.String("licences", "", "file for the licences of what is bundled, seen from the folder")
	compress := flag.String("compress", "", "file to be kept in gzip with .gz behind its name, seen from the folder")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "webbuild: want FOLDER ARGUMENTS-OF-ESBUILD…")
		os.Exit(2)
	}
	err := run(flag.Arg(0), *licences, flag.Args()[1:])
	if err == nil && *compress != "" {
		err = compressed(filepath.Join(flag.Arg(0), *compress))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

func run(folder, licences string, arguments []string) error {
	if err := install(folder); err != nil {
		return err
	}
	if err := command(folder, "node", "node_modules/typescript/bin/tsc", "--noEmit"); err != nil {
		return fmt.Errorf("check the types: %w", err)
	}
	tools, err := toolsFile(folder)
	if err != nil {
		return err
	}
	meta, err := os.CreateTemp("", "webbuild-*.json")
	if err != nil {
		return err
	}
	meta.Close()
	defer os.Remove(meta.Name())
	arguments = append([]string{"tool", "-modfile=" + tools, "esbuild", "--metafile=" + meta.Name(), "--log-level=warning"}, arguments...)
	if err := command(folder, "go", arguments...); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if licences == "" {
		return nil
	}
	text, err := os.ReadFile(meta.Name())
	if err != nil {
		return err
	}
	out, err := licencesOf(folder, text)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, licences), out, 0o644)
}

// compressed puts a file in gzip in its place.
func compressed(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(file+".gz", out.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Remove(file)
}

// install runs npm ci where node_modules are not those of the lock file. The
// folder becomes a Go module of its own, so that go leaves it alone.
func install(folder string) error {
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(lock)
	module := []byte("// Installed from package-lock.json " + hex.EncodeToString(sum[:]) + ".\nmodule node_modules\n")
	mark := filepath.Join(folder, "node_modules", "go.mod")
	if have, err := os.ReadFile(mark); err == nil && string(have) == string(module) {
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("npm is missing: apt-get install npm")
	}
	if err := command(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return fmt.Errorf("install the packages: %w", err)
	}
	return os.WriteFile(mark, module, 0o644)
}

// toolsFile finds .ci/tools.mod beside the project's go.mod.
func toolsFile(folder string) (string, error) {
	at, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for ; ; at = filepath.Dir(at) {
		file := filepath.Join(at, ".ci", "tools.mod")
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
		if at == filepath.Dir(at) {
			return "", errors.New("no .ci/tools.mod above the folder")
		}
	}
}

func command(folder, name string, arguments ...string) error {
	cmd := exec.Command(name, arguments...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, os.Stderr, os.Stderr
	return cmd.Run()
}
