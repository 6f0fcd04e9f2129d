// Command generate writes the numbering plans that the library
// nyaruka/phonenumbers carries as a Go table:
//
//	go generate ./mapper/internal/telephone
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/format"
	"os"
	"slices"
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

func main() {
	text, err := table()
	if err == nil {
		err = os.WriteFile("regions.go", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func table() ([]byte, error) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, err
	}
	plans := slices.Clone(all.GetMetadata())
	slices.SortFunc(plans, func(a, b *phonenumbers.PhoneMetadata) int {
		return cmp.Or(cmp.Compare(a.GetId(), b.GetId()), cmp.Compare(a.GetCountryCode(), b.GetCountryCode()))
	})
	var b bytes.Buffer
	b.WriteString("// Code generated from nyaruka/phonenumbers by go generate; DO NOT EDIT.\n\npackage telephone\n\n")
	b.WriteString("// regions are in the order of their ids.\nvar regions = []region{\n")
	for _, p := range plans {
		if err := write(&b, p); err != nil {
			return nil, fmt.Errorf("plan of %s, +%d: %w", p.GetId(), p.GetCountryCode(), err)
		}
	}
	b.WriteString("}\n")
	return format.Source(b.Bytes())
}

// write adds the line of one plan. What the package does not reckon with is an
// error.
func write(b *bytes.Buffer, p *phonenumbers.PhoneMetadata) error {
	general := p.GetGeneralDesc()
	if general.GetNationalNumberPattern() == "" {
		return errors.New("no pattern of national numbers")
	}
	lengths, err := set(general.GetPossibleLength())
	if err != nil {
		return err
	}
	local, err := set(general.GetPossibleLengthLocalOnly())
	if err != nil {
		return err
	}
	if lengths == 0 {
		return errors.New("no lengths")
	}
	code := int(p.GetCountryCode())
	fmt.Fprintf(b, "{id: %q, code: %q", p.GetId(), strconv.Itoa(code))
	if phonenumbers.GetRegionCodeForCountryCode(code) == p.GetId() {
		b.WriteString(", main: true")
	}
	if v := p.GetInternationalPrefix(); v != "" {
		fmt.Fprintf(b, ", international: %#q", "^(?:"+v+")")
	}
	if v := p.GetNationalPrefixForParsing(); v != "" {
		fmt.Fprintf(b, ", prefix: %#q", "^(?:"+v+")")
	}
	if v := p.GetNationalPrefixTransformRule(); v != "" {
		fmt.Fprintf(b, ", transform: %q", v)
	}
	fmt.Fprintf(b, ", national: %#q, lengths: %#x", "^(?:"+general.GetNationalNumberPattern()+")$", lengths)
	if local != 0 {
		fmt.Fprintf(b, ", local: %#x", local)
	}
	b.WriteString("},\n")
	return nil
}

// set is a set of lengths, bit n for n.
func set(of []int32) (bits uint32, err error) {
	for _, n := range of {
		if n < 1 || n > 31 {
			return 0, fmt.Errorf("a length of %d", n)
		}
		bits |= 1 << n
	}
	return bits, nil
}
