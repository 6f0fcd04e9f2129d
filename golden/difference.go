package golden

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Difference is the first place where a case is not as wanted.
type Difference struct {
	File string `json:"file"`          // of the case
	Path string `json:"path,omitzero"` // FHIRPath in a JSON file, the line in a text; "" is the file as a whole
	Want string `json:"want"`          // JSON, or a line; "" is nothing
	Got  string `json:"got"`
}

// String is one line for people.
func (d *Difference) String() string {
	place := d.File
	if d.Path != "" {
		place += ": " + d.Path
	}
	return fmt.Sprintf("%s: want %s, got %s", place, shown(d.Want), shown(d.Got))
}

func shown(s string) string {
	const most = 200
	if s == "" {
		return "nothing"
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// compare gives the first difference between the files that a case wants and
// those that were produced, or nil.
func compare(want, got map[string][]byte) *Difference {
	for _, file := range []string{fileRefusal, fileBundle, fileChange, fileIssues} {
		w, g := want[file], got[file]
		if bytes.Equal(w, g) {
			continue
		}
		d := lines(w, g)
		if file == fileBundle && w != nil && g != nil {
			d = jsonDifference(w, g)
		}
		d.File = file
		return d
	}
	return nil
}

// lines compares texts.
func lines(want, got []byte) *Difference {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return &Difference{Path: "line " + strconv.Itoa(i+1), Want: a, Got: b}
		}
	}
	return &Difference{Want: "an empty file", Got: "none"}
}

// jsonDifference compares documents; where they hold the same values, the
// difference is one of form, such as the order of members.
func jsonDifference(want, got []byte) *Difference {
	w, err := parse(want)
	if err != nil {
		return &Difference{Want: "a JSON document", Got: err.Error()}
	}
	g, err := parse(got)
	if err != nil {
		return &Difference{Want: "a JSON document", Got: err.Error()}
	}
	path := w.member("resourceType").text()
	if d := w.difference(g, path); d != nil {
		return d
	}
	return lines(want, got)
}

// difference gives the first one in document order.
func (w *node) difference(g *node, path string) *Difference {
	if w.kind != g.kind {
		return &Difference{Path: path, Want: string(w.raw), Got: string(g.raw)}
	}
	switch w.kind {
	case '{':
		for _, m := range w.members {
			if d := m.value.difference(g.member(m.name), join(path, m.name)); d != nil {
				return d
			}
		}
		for _, m := range g.members {
			if w.member(m.name) == nothing {
				return &Difference{Path: join(path, m.name), Got: string(m.value.raw)}
			}
		}
	case '[':
		if path == "Bundle.entry" {
			if d := otherEntries(w, g); d != nil {
				return d
			}
		}
		for i := range max(len(w.items), len(g.items)) {
			at := path + "[" + strconv.Itoa(i) + "]"
			switch {
			case i >= len(w.items):
				return &Difference{Path: at, Got: string(g.items[i].raw)}
			case i >= len(g.items):
				return &Difference{Path: at, Want: string(w.items[i].raw)}
			}
			if d := w.items[i].difference(g.items[i], at); d != nil {
				return d
			}
		}
	default:
		if !bytes.Equal(w.raw, g.raw) {
			return &Difference{Path: path, Want: string(w.raw), Got: string(g.raw)}
		}
	}
	return nil
}

// otherEntries names the first resource that one bundle lacks: after it all
// indexes differ, which tells nothing.
func otherEntries(want, got *node) *Difference {
	w, g := entriesOf(want), entriesOf(got)
	for i, e := range w {
		if indexOf(g, e.url) < 0 {
			return &Difference{Path: "Bundle.entry[" + strconv.Itoa(i) + "]", Want: e.title}
		}
	}
	for i, e := range g {
		if indexOf(w, e.url) < 0 {
			return &Difference{Path: "Bundle.entry[" + strconv.Itoa(i) + "]", Got: e.title}
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
