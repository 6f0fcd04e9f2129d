package telephone

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func TestE164(t *testing.T) {
	for _, test := range []struct {
		name, text, region, want string // want "": refused
	}{
		{"national", "0771234567", "LK", "+94771234567"},
		{"without its zero", "771234567", "LK", "+94771234567"},
		{"with its calling code", "94771234567", "LK", "+94771234567"},
		{"with a plus", "+94 77 123 4567", "LK", "+94771234567"},
		{"with a plus and the zero", "+94 (0)77-123.4567", "LK", "+94771234567"},
		{"with an international prefix", "0094771234567", "LK", "+94771234567"},
		{"with both", "+0094771234567", "LK", "+94771234567"},
		{"of another country", "+44 20 7946 0958", "LK", "+442079460958"},
		{"a plus too much", "+0771234567", "LK", ""},
		{"extension", "011 234 5678 ext. 12", "LK", "+94112345678"},
		{"a word before it", "Tel: 077 1234567", "LK", "+94771234567"},
		{"Arabic-Indic digits", "٠٧٧١٢٣٤٥٦٧", "LK", "+94771234567"},
		{"full-width", "＋９４７７１２３４５６７", "LK", "+94771234567"},
		{"Tamil digits", "௦௭௭௧௨௩௪௫௬௭", "LK", ""},
		{"a leading zero that belongs to it", "06 1234 5678", "IT", "+390612345678"},
		{"an area code that is put before it", "2345678", "BB", "+12462345678"},
		{"no region", "0771234567", "", ""},
		{"no region, with a plus", "+94771234567", "", "+94771234567"},
		{"without its area code", "2345678", "LK", ""},
		{"letters for digits", "077 CALLNOW", "LK", ""},
		{"two numbers", "0771234567 / 0712345678", "LK", ""},
		{"two numbers with a comma", "0771234567,712345678", "LK", ""},
		{"a word behind it", "0771234567 amma", "LK", ""},
		{"a date", "2024-01-15", "LK", ""},
		{"too short", "12", "LK", ""},
		{"too long", strings.Repeat(" ", longestText) + "0771234567", "LK", ""},
		{"nothing", "", "LK", ""},
		{"no digit", "none", "LK", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := E164(test.text, test.region)
			if want := test.want; ok != (want != "") || ok && got != want {
				t.Errorf("got %q, %t, want %q", got, ok, want)
			}
			if !ok && got != test.text {
				t.Errorf("got %q for what is refused, want it as written", got)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		if !Known(region) {
			t.Errorf("%s is not known", region)
		}
	}
	for _, region := range []string{"", "lk", "ZZ", "001", "LKA"} {
		if Known(region) {
			t.Errorf("%s is known", region)
		}
	}
	if got, want := len(regions), len(phonenumbers.GetSupportedRegions())+9; got != want {
		t.Errorf("got %d plans, want %d", got, want)
	}
}

// judge is the verdict of the library.
func judge(text, region string) (number string, ok, local bool) {
	n, err := phonenumbers.Parse(text, region)
	if err != nil {
		return text, false, false
	}
	reason := phonenumbers.IsPossibleNumberWithReason(n)
	local = reason == phonenumbers.IS_POSSIBLE_LOCAL_ONLY
	if !local && reason != phonenumbers.IS_POSSIBLE {
		return text, false, false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true, local
}

// refusedMore finds, behind the first digit or plus, what only the library
// reads; doc.go names it.
var refusedMore = regexp.MustCompile(`[+＋\p{Nd}].*[\pL*~∼⁓～#,;\\]|phone-context|` + otherDigits)

// otherDigits are those of scripts that the library takes for zeros.
const otherDigits = `[^\P{Nd}0-9٠-٩۰-۹０-９]`

// compare fails where this package and the library differ in a way that doc.go
// does not name.
func compare(t interface{ Errorf(string, ...any) }, text, region string) {
	got, ok := E164(text, region)
	want, possible, local := judge(text, region)
	switch {
	case ok && !possible:
		t.Errorf("%q in %s: got %s, the library refuses it", text, region, got)
	case ok && got != want:
		t.Errorf("%q in %s: got %s, want %s", text, region, got, want)
	case !ok && possible && !local && !refusedMore.MatchString(text):
		t.Errorf("%q in %s: refused, want %s", text, region, want)
	}
}

var allRegions = func() []string {
	var out []string
	for r := range phonenumbers.GetSupportedRegions() {
		out = append(out, r)
	}
	slices.Sort(out)
	return out
}()

// examples are numbers of every region and kind that the library has, as
// dialled within the region and with the calling code.
func examples(yield func(region, national, code string)) {
	for _, region := range allRegions {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				yield(region, phonenumbers.Format(n, phonenumbers.NATIONAL), strconv.Itoa(int(n.GetCountryCode())))
				yield(region, phonenumbers.GetNationalSignificantNumber(n), strconv.Itoa(int(n.GetCountryCode())))
			}
		}
	}
}

func TestEveryRegionLikeTheLibrary(t *testing.T) {
	n := 0
	examples(func(region, national, code string) {
		digits := phonenumbers.NormalizeDigitsOnly(national)
		for _, text := range []string{
			national, digits, "0" + digits, "00" + digits, "1" + digits,
			"+" + code + digits, "+" + code + " " + national, code + digits, "00" + code + digits,
			"011" + code + digits, "+00" + code + digits, "+" + digits,
			digits + " ext 12", digits + "x12", digits + " #123", digits + ";ext=5", "tel:+" + code + digits,
			digits[1:], digits + "0", digits[:len(digits)-2], digits + digits,
		} {
			for _, from := range []string{region, "LK"} {
				compare(t, text, from)
				n++
			}
		}
	})
	if n < 30_000 {
		t.Errorf("%d comparisons: too few to say anything", n)
	}
}

// drawText makes what people write, and what they do not.
func drawText(t *rapid.T) string {
	pieces := rapid.SampledFrom([]string{
		"0", "00", "+", "94", "1", "39", "7", "077", "011", "1234567", "55", "٧", "۷", "７", "෧", "௧",
		" ", "-", "–", ".", "/", "(0)", "(", ")", "[", "]", "\u00a0", "\u200b", "\t", "x", "X", "*", "#", "~", ",", ";",
		" ext. 12", ";ext=3", " x 4", "#5", "int 6", "доб 7", "tel:", ";phone-context=", ";isub=1", "a", "ABC", "é", "\xff", "/x",
	})
	if rapid.Bool().Draw(t, "digits") {
		pieces = rapid.SampledFrom([]string{"0", "00", "1", "2", "7", "9", "94", "44", "39", "54", "55", "+", " ", "-"})
	}
	return strings.Join(rapid.SliceOfN(pieces, 1, 14).Draw(t, "pieces"), "")
}

func TestAnyTextLikeTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			compare(t, drawText(t), rapid.SampledFrom(allRegions).Draw(t, "region"))
		}
	})
}

func FuzzE164(f *testing.F) {
	for _, region := range []string{"LK", "US", "IT", "AR", "BB", "JP"} {
		for _, text := range []string{"0771234567", "+94 77 123-4567", "0094771234567", "2345678", "011 5 ext 7"} {
			f.Add(text, region)
		}
	}
	f.Fuzz(func(t *testing.T, text, region string) { compare(t, text, region) })
}

func TestCallingCode(t *testing.T) {
	for id, want := range map[string]string{"LK": "+94", "US": "+1", "CA": "+1", "NO": "+47", "XX": "", "001": ""} {
		if got := CallingCode(id); got != want {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
	}
}
