package main

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// bsd3 are the terms of BSD-3-Clause, for packages that name the licence and
// do not carry its text.
//
//go:embed bsd3.txt
var bsd3 string

// licencesOf lists the npm packages of which something came into a bundle,
// each with its version and the text of its licence. metafile is esbuild's.
func licencesOf(folder string, metafile []byte) ([]byte, error) {
	packages, err := bundled(metafile)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	out.WriteString("Parts of other projects in this folder's bundle, under their own licences.\n")
	for _, path := range packages {
		text, err := licence(filepath.Join(folder, path))
		if err != nil {
			return nil, fmt.Errorf("licence of %s: %w", path, err)
		}
		out.WriteString("\n" + strings.Repeat("=", 72) + "\n" + text)
	}
	return []byte(out.String()), nil
}

// bundled gives the folders of the packages in esbuild's metafile, sorted.
func bundled(metafile []byte) ([]string, error) {
	var meta struct {
		Outputs map[string]struct {
			Inputs map[string]struct {
				Bytes int `json:"bytesInOutput"`
			} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal(metafile, &meta); err != nil {
		return nil, fmt.Errorf("read esbuild's metafile: %w", err)
	}
	found := map[string]bool{}
	for _, output := range meta.Outputs {
		for input, part := range output.Inputs {
			if path, ok := packageFolder(input); ok && part.Bytes > 0 {
				found[path] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// packageFolder gives "node_modules/@a/b" of "node_modules/@a/b/c/d.js"; of
// nested node_modules the innermost.
func packageFolder(input string) (string, bool) {
	const root = "node_modules/"
	at := strings.LastIndex(input, root)
	if at < 0 || (at > 0 && input[at-1] != '/') {
		return "", false
	}
	parts := strings.Split(input[at+len(root):], "/")
	n := 1
	if strings.HasPrefix(parts[0], "@") {
		n = 2
	}
	if len(parts) <= n {
		return "", false
	}
	return input[:at+len(root)] + strings.Join(parts[:n], "/"), true
}

// licence is the heading and the text of one package.
func licence(folder string) (string, error) {
	manifest, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return "", err
	}
	var p struct {
		Name    string         `json:"name"`
		Version string         `json:"version"`
		License string         `json:"license"`
		Author  jsontext.Value `json:"author"` // text, or an object with a name
	}
	if err := json.Unmarshal(manifest, &p); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	heading := p.Name + " " + p.Version + "\n\n"
	for _, e := range entries {
		switch strings.ToLower(e.Name()) {
		case "license", "license.txt", "license.md", "licence", "copying":
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			return heading + clean(string(text)), err
		}
	}
	if p.License != "BSD-3-Clause" {
		return "", fmt.Errorf("the package carries no text of its licence %q", p.License)
	}
	return heading + "Copyright " + author(p.Author) + "\n\n" + clean(bsd3), nil
}

// clean ends lines and text in one way, whatever machine a text was made on.
func clean(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

func author(v jsontext.Value) string {
	var name string
	var person struct {
		Name string `json:"name"`
	}
	switch {
	case json.Unmarshal(v, &name) == nil && name != "":
	case json.Unmarshal(v, &person) == nil && person.Name != "":
		name = person.Name
	default:
		return "its authors"
	}
	if at := strings.IndexAny(name, "<("); at > 0 {
		name = name[:at]
	}
	return strings.TrimSpace(name) + " and contributors"
}
