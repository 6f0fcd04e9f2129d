package telephone

import (
	"math/bits"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./generate

// region is what a numbering plan says of numbers in general. Patterns are
// regular expressions over ASCII digits.
type region struct {
	id            string  // ISO 3166, or noRegion
	code          string  // country calling code
	main          bool    // speaks for its calling code, which several may share
	international string  // what is dialled before a calling code
	prefix        string  // what is dialled before a national number; "" for nothing
	transform     string  // what a prefix becomes whose last group took part; "" where it goes
	national      string  // whole national significant numbers
	lengths       lengths // of national significant numbers
	local         lengths // of what can be dialled within an area only
}

// noRegion is the id of calling codes that belong to no region, such as +800.
const noRegion = "001"

// lengths is a set of lengths in digits: bit n stands for n.
type lengths uint32

func (l lengths) has(n int) bool { return n < 32 && l>>n&1 == 1 }

func (l lengths) longest() int { return bits.Len32(uint32(l)) - 1 }

// possible tells whether a number of n digits is a whole national one.
func (r *region) possible(n int) bool { return r.lengths.has(n) && !r.local.has(n) }

// exceeds tells whether n digits are more than any number of the region has.
func (r *region) exceeds(n int) bool { return n > r.lengths.longest() && !r.local.has(n) }

// Known tells whether id names a region with a numbering plan: an ISO 3166
// country or territory, in capitals.
func Known(id string) bool { return lookUp(id) != nil }

func lookUp(id string) *region {
	i, found := slices.BinarySearchFunc(regions, id, func(r region, id string) int { return strings.Compare(r.id, id) })
	if !found || id == noRegion {
		return nil
	}
	return &regions[i]
}

// calling finds the region that speaks for the calling code at the start of a
// number, or nil. No calling code begins with another.
func calling(number string) *region {
	for i := range regions {
		if regions[i].main && strings.HasPrefix(number, regions[i].code) {
			return &regions[i]
		}
	}
	return nil
}

// valid tells whether a number follows the national pattern.
func (r *region) valid(number string) bool { return compiled(r.national).MatchString(number) }

// strip takes the national prefix off a number, or transforms it, unless that
// would make an invalid number of a valid one.
func (r *region) strip(number string) string {
	if r.prefix == "" {
		return number
	}
	prefix := compiled(r.prefix)
	at := prefix.FindStringSubmatchIndex(number)
	if at == nil {
		return number
	}
	rest := number[at[1]:]
	if r.transform != "" && at[len(at)-2] >= 0 {
		rest = string(prefix.ExpandString(nil, r.transform, number, at)) + rest
	}
	if r.valid(number) && !r.valid(rest) {
		return number
	}
	return rest
}

// patterns are the compiled ones: a program meets those of a few regions.
var patterns sync.Map // pattern → *regexp.Regexp

func compiled(pattern string) *regexp.Regexp {
	re, ok := patterns.Load(pattern)
	if !ok {
		re, _ = patterns.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return re.(*regexp.Regexp)
}

// CallingCode is what stands before the national numbers of a region, such as +94; ""
// for a region that is not known.
func CallingCode(id string) string {
	if r := lookUp(id); r != nil {
		return "+" + r.code
	}
	return ""
}
