// Command build makes the files of the plugin from its source: it checks the
// types, bundles, and writes the folder built, whose bytes depend on the source
// alone. It runs in the folder of package plugin, by go generate, and needs npm
// the first time.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	source  = "ui"
	target  = "built"
	modules = source + "/node_modules"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "build the plugin:", err)
		os.Exit(1)
	}
}

func build() error {
	if err := install(); err != nil {
		return err
	}
	if err := run(source, "node", "node_modules/typescript/bin/tsc", "--project", "."); err != nil {
		return fmt.Errorf("check the types: %w", err)
	}
	// Built beside and then moved: a build that fails leaves what there is.
	fresh, err := os.MkdirTemp(".", ".built-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	for _, entry := range []string{"plugin.ts", "callback.ts", "plugin.css"} {
		out := entry
		if filepath.Ext(entry) == ".ts" {
			out = entry[:len(entry)-len(".ts")] + ".js"
		}
		// Words stay UTF-8: the pages say that they are. Both scripts run before anything
		// else may, so they are no modules.
		err := run(".", "go", "tool", "-modfile=../../.ci/tools.mod", "esbuild", source+"/src/"+entry, "--bundle", "--minify",
			"--target=es2020,chrome100,firefox100,safari15", "--format=iife", "--charset=utf8", "--legal-comments=none", "--log-level=warning",
			"--outfile="+filepath.Join(fresh, out))
		if err != nil {
			return fmt.Errorf("bundle %s: %w", entry, err)
		}
	}
	if err := os.CopyFS(fresh, os.DirFS(source+"/static")); err != nil {
		return err
	}
	licence, err := os.ReadFile(modules + "/belter/LICENSE")
	if err != nil {
		return err
	}
	// The text of the licence that post-robot and its parts name, all of one holder.
	notice := append([]byte("plugin.js holds post-robot 10.0.46, Copyright (C) 2016 PayPal, under the licence that follows.\n\n"), licence...)
	if err := os.WriteFile(filepath.Join(fresh, "licences.txt"), notice, 0o644); err != nil {
		return err
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(fresh, target)
}

// install gets the modules that the lock file names, unless they are there.
func install() error {
	done, err := os.Stat(modules + "/.installed")
	lock, lockErr := os.Stat(source + "/package-lock.json")
	if lockErr != nil {
		return lockErr
	}
	if err == nil && !done.ModTime().Before(lock.ModTime()) {
		return nil
	}
	if err := run(source, "npm", "ci", "--ignore-scripts", "--loglevel=error"); err != nil {
		return fmt.Errorf("npm ci (Node 18 or later is needed): %w", err)
	}
	// A module of its own: whatever npm brings, go ./... does not walk into it.
	if err := os.WriteFile(modules+"/go.mod", []byte("module modules.invalid\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(modules+"/.installed", nil, 0o644)
}

func run(folder, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
