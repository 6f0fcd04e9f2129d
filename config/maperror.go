package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MapError holds every mistake of one UID map. A map with a mistake is not
// used: what it would say of a patient cannot be trusted.
type MapError struct {
	File     string       // as the operator named it; the embedded maps are named by themselves
	Problems []MapProblem // in the order of their places, at least one
}

// MapProblem is one mistake, at the place where a person mends it.
type MapProblem struct {
	File   string // that of the error, or the map that it extends
	Line   int    // from 1; 0 when the mistake has no place, such as a file that cannot be read
	Column int    // from 1, in characters; 0 when unknown
	Path   string // such as stages[1].elements[3].code.code; "" for the whole file
	Reason string // what is wrong and what is wanted
}

// String is file:line:column: path: reason, with what is known.
func (p MapProblem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Reason)
	return b.String()
}

func (e *MapError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	plural := ""
	if len(e.Problems) != 1 {
		plural = "s"
	}
	lines = append(lines, fmt.Sprintf("UID map %s: %d mistake%s", e.File, len(e.Problems), plural))
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n\t")
}

// mapError sorts the problems by place; none is no error.
func mapError(file string, problems []MapProblem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b MapProblem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &MapError{File: file, Problems: problems}
}
