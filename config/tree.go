package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxMapSize bounds a map file, in bytes. The map of the largest known program
// has a tenth of it.
const maxMapSize = 4 << 20

// tree is a YAML document that remembers where each of its nodes was written,
// also after it was merged with another.
type tree struct {
	file     string
	root     *yaml.Node
	origin   map[*yaml.Node]string // file in which a node stands
	spoiled  map[*yaml.Node]bool   // nodes that already have a problem, replaced by an empty value
	problems []MapProblem
}

var unknownAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// parseTree reads one YAML document. The tree has a root, or a problem.
func parseTree(file string, data []byte) *tree {
	t := &tree{file: file, origin: map[*yaml.Node]string{}, spoiled: map[*yaml.Node]bool{}}
	if len(data) > maxMapSize {
		return t.refuse(0, 0, fmt.Sprintf("the file is larger than %d MiB", maxMapSize>>20))
	}
	if line, column, ok := firstInvalid(data); !ok {
		return t.refuse(line, column, "the text is not UTF-8")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return t.refuse(1, 1, "the file is empty")
	} else if err != nil {
		return t.syntax(err, data)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return t.refuse(second.Line, second.Column, "a second document: one file holds one map")
	case !errors.Is(err, io.EOF):
		return t.syntax(err, data)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return t.refuse(root.Line, root.Column, "want a mapping with the keys of a map, such as name and stages")
	}
	t.root = root
	t.mark(root)
	return t
}

func (t *tree) mark(n *yaml.Node) {
	t.origin[n] = t.file
	for _, child := range n.Content {
		t.mark(child)
	}
}

func (t *tree) refuse(line, column int, reason string) *tree {
	t.problems = append(t.problems, MapProblem{File: t.file, Line: line, Column: column, Reason: reason})
	return t
}

// syntax reports what the parser refused. It tells a line or nothing, and of
// an alias without an anchor only the name, by which the place is found.
func (t *tree) syntax(err error, data []byte) *tree {
	parts := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	line, _ := strconv.Atoi(parts[1])
	column := 1
	if anchor := unknownAnchor.FindStringSubmatch(parts[2]); anchor != nil {
		if before, _, found := bytes.Cut(data, []byte("*"+anchor[1])); found {
			line = 1 + bytes.Count(before, []byte("\n"))
			column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
		}
	}
	return t.refuse(max(line, 1), column, "not YAML: "+parts[2])
}

// problem reports a mistake at a node.
func (t *tree) problem(n *yaml.Node, path, reason string) {
	t.problems = append(t.problems, MapProblem{File: t.origin[n], Line: n.Line, Column: n.Column, Path: path, Reason: reason})
}

// find walks a path of mapper.Problem as far as it exists. What is missing is
// reported at the mapping in which it is missing.
func (t *tree) find(path string) *yaml.Node {
	n := t.root
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		var next *yaml.Node
		if n.Kind == yaml.SequenceNode {
			if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
				next = n.Content[i]
			}
		} else {
			_, next = lookup(n, step)
		}
		if next == nil {
			return n
		}
		if n = next; t.spoiled[n] {
			return n
		}
	}
	return n
}

// lookup finds key and value of a mapping.
func lookup(n *yaml.Node, key string) (k, v *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// scalar is the text of a key of a mapping, or "".
func scalar(n *yaml.Node, key string) string {
	if _, v := lookup(n, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

func firstInvalid(data []byte) (line, column int, ok bool) {
	line, column = 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return line, column, false
		case r == '\n':
			line, column = line+1, 1
		default:
			column++
		}
		data = data[size:]
	}
	return 0, 0, true
}
