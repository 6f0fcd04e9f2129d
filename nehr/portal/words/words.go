package words

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// Word is what a code means in plain words.
type Word struct{ en, si, ta string }

// In gives the word in a language: en, si, ta, and English for others.
func (w Word) In(lang string) string {
	switch lang {
	case "si":
		return w.si
	case "ta":
		return w.ta
	}
	return w.en
}

// words.tsv has a line for each code: system, code, English, Sinhala, Tamil.
//
//go:embed words.tsv
var table string

type key struct{ system, code string }

// systems are the short names that the table calls code systems by.
var systems = map[string]string{
	"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "atc": "http://www.whocc.no/atc",
	"dataElement": "urn:dhis2:dataElement", "stage": "urn:dhis2:programStage",
}

var all = sync.OnceValue(func() map[key]Word {
	read, err := parse(table)
	if err != nil {
		panic("nehr/portal/words: " + err.Error()) // the table is part of the program
	}
	return read
})

func parse(table string) (map[key]Word, error) {
	read := map[key]Word{}
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 5 {
			return nil, fmt.Errorf("line %d: %d cells, want 5", i+1, len(cells))
		}
		system, known := systems[cells[0]]
		if !known {
			return nil, fmt.Errorf("line %d: unknown system %s", i+1, cells[0])
		}
		k := key{system, cells[1]}
		if _, twice := read[k]; twice {
			return nil, fmt.Errorf("line %d: %s stands twice", i+1, cells[1])
		}
		read[k] = Word{cells[2], cells[3], cells[4]}
	}
	return read, nil
}

// For gives the word for a code of a system (its URL), or false.
func For(system, code string) (Word, bool) {
	w, known := all()[key{system, code}]
	return w, known
}
