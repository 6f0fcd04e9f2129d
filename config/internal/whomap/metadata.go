package whomap

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// element is a row of who-anc-data-elements.tsv: a data element in a stage.
type element struct {
	stage, stageName, uid, code, name, valueType, optionSet, loinc, snomed string
}

// option is a row of who-anc-option-sets.tsv.
type option struct{ set, code, name string }

func readElements(r io.Reader) ([]element, error) {
	rows, err := readTable(r, "stageUid", "stageName", "deUid", "deCode", "deName", "valueType", "optionSetUid", "LOINC", "SNOMED")
	if err != nil {
		return nil, fmt.Errorf("data elements: %w", err)
	}
	elements := make([]element, 0, len(rows))
	for _, v := range rows {
		elements = append(elements, element{v[0], v[1], v[2], v[3], words(v[4]), v[5], v[6], strings.TrimSpace(v[7]), strings.TrimSpace(v[8])})
	}
	return elements, nil
}

// readOptions gives the options of each set in their order, without those
// whose code already stood there: DHIS2 stores the code, so the second can
// never be told from the first.
func readOptions(r io.Reader) (sets map[string][]option, dropped []option, err error) {
	rows, err := readTable(r, "optionSetUid", "optionCode", "optionName")
	if err != nil {
		return nil, nil, fmt.Errorf("option sets: %w", err)
	}
	sets = map[string][]option{}
	seen := map[[2]string]bool{}
	for _, v := range rows {
		o := option{v[0], v[1], words(v[2])}
		if key := [2]string{o.set, o.code}; seen[key] {
			dropped = append(dropped, o)
			continue
		} else {
			seen[key] = true
		}
		sets[o.set] = append(sets[o.set], o)
	}
	return sets, dropped, nil
}

// readTable picks the named columns of a tab-separated table.
func readTable(r io.Reader, columns ...string) ([][]string, error) {
	c := csv.NewReader(r)
	c.Comma, c.LazyQuotes, c.FieldsPerRecord = '\t', true, -1
	all, err := c.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the table is empty")
	}
	place := map[string]int{}
	for i, name := range all[0] {
		place[name] = i
	}
	rows := make([][]string, 0, len(all)-1)
	for _, record := range all[1:] {
		row := make([]string, len(columns))
		for i, name := range columns {
			at, ok := place[name]
			if !ok {
				return nil, fmt.Errorf("no column %s", name)
			}
			if at < len(record) {
				row[i] = record[at]
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// words joins the words of a name with single blanks. A character that the
// export lost (U+FFFD) was a dash.
func words(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar {
			return '-'
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
