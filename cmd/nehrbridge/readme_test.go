package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/config"
)

// TestReadmeSettings and TestReadmeMetrics hold the README's tables to the
// settings and the metrics that exist. UPDATE_README=1 writes them.
func TestReadmeSettings(t *testing.T) {
	readmeTable(t, "<!-- settings: made by config.Table, held by a test -->\n", config.Table(), "<!-- end of settings -->")
}

func TestReadmeMetrics(t *testing.T) {
	readmeTable(t, "<!-- metrics: made by metricTable, held by a test -->\n", metricTable(), "<!-- end of metrics -->")
}

func readmeTable(t *testing.T, from, want, to string) {
	t.Helper()
	const file = "../../README.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), from)
	table, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("the README has no marks %s around a table", from)
	}
	if table == want {
		return
	}
	if os.Getenv("UPDATE_README") == "1" {
		if err := os.WriteFile(file, []byte(before+from+want+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the README's table is not what the program has: UPDATE_README=1 go test -run TestReadme ./cmd/nehrbridge")
}

// TestReadmeCommands holds the README to commands and targets that exist.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)(?:^\\$ |`)make ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
			t.Errorf("the README says make %s, and the Makefile has no such target", m[1])
		}
	}
	root := (&app{}).root()
	for _, m := range regexp.MustCompile(`(?m)^\$ bin/nehrbridge (?:--config \S+ )?([a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
		cmd, _, err := root.Find(m[1:2])
		if err != nil || cmd == root {
			t.Errorf("the README says nehrbridge %s, and there is no such command", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([a-z0-9/._-]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat("../../" + m[1]); err != nil {
			t.Errorf("the README leads to %s, which is not there", m[1])
		}
	}
}
