package phn_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"pgregory.net/rapid"
)

// TestParse holds numbers whose check characters were worked out by hand from
// the description of each scheme, the demo's by demoCheck.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, scheme, in, want string
		err                    error
	}{
		// 1 2 3 4 2 2 2 2 2 2: from the right 4+2+4+2+4+2+8+3+4+1 = 34 → 6.
		{"digits", "ndhgs2", "12342222226", "12342222226", nil},
		// 1 2 3 4 B B B B B B (B weighs 18, doubled 36-27 = 9): 9+18+9+18+9+18+8+3+4+1 = 97 → 3.
		{"letters", "ndhgs2", "1234BBBBBB3", "1234BBBBBB3", nil},
		{"lower case is typed", "ndhgs2", "1234bbbbbb3", "1234BBBBBB3", nil},
		{"wrong check", "ndhgs2", "1234BBBBBB4", "", phn.ErrCheck},
		{"vowel", "ndhgs2", "1234BBABBB3", "", phn.ErrCharacter},
		{"five is not in the alphabet", "ndhgs2", "12345222226", "", phn.ErrCharacter},
		{"hyphen in the point of issue", "ndhgs2", "12-42222226", "", phn.ErrPointOfIssue},
		{"short", "ndhgs2", "1234222222", "", phn.ErrLength},
		{"long", "ndhgs2", "123422222266", "", phn.ErrLength},
		{"empty", "ndhgs2", "", "", phn.ErrLength},
		{"capital made of two bytes", "ndhgs2", "1234BBBBBſ3", "", phn.ErrLength},
		{"demo", "demo", "4054222222" + string(demoCheck("4054222222")), "4054222222" + string(demoCheck("4054222222")), nil},
		{"demo elsewhere", "demo", "4055222222T", "", phn.ErrPointOfIssue},
		{"demo wrong check", "demo", "40542222222", "", phn.ErrCheck},
		// 1 2 3 4 0 0 0 0 0 7: 14-9 = 5, and 8+3+4+1 of the point of issue: 21 → 9.
		{"chims counted", "chims", "12340000079", "12340000079", nil},
		// 1 2 3 4 0 0 0 0 0 0 F: F is 15, doubled 30-9 = 21, and 4+6+2+2: 35 → 5.
		{"chims hexadecimal", "chims", "1234000000f5", "1234000000F5", nil},
		{"chims wrong check", "chims", "12340000070", "", phn.ErrCheck},
		{"chims other sign", "chims", "1234000-079", "", phn.ErrCharacter},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, ok := phn.Lookup(c.scheme)
			if !ok {
				t.Fatalf("no scheme %s", c.scheme)
			}
			got, err := s.Parse(c.in)
			if !errors.Is(err, c.err) || got.String() != c.want {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
			if err != nil && len(c.in) > 3 && strings.Contains(err.Error(), c.in) {
				t.Error("the error holds the number")
			}
		})
	}
}

// demoCheck is Luhn's check character written the other way round: the one
// that makes the whole sum divisible by 26.
func demoCheck(payload string) byte {
	const alphabet = "234567890BCDFGHJKMPQRTVWXY"
	for _, c := range []byte(alphabet) {
		sum, double := 0, false
		whole := payload + string(c)
		for i := len(whole) - 1; i >= 0; i-- {
			v := strings.IndexByte(alphabet, whole[i])
			if double {
				v = v*2/26 + v*2%26
			}
			sum, double = sum+v, !double
		}
		if sum%26 == 0 {
			return c
		}
	}
	return 0
}

func TestD036ParseAny(t *testing.T) {
	for _, c := range []struct {
		name, in string
		err      error
	}{
		{"digits", "12345678", nil},
		{"letters and hyphen", "ab-12", nil},
		{"shortest", "A1B2", nil},
		{"longest", strings.Repeat("9", 32), nil},
		{"too short", "123", phn.ErrLength},
		{"too long", strings.Repeat("9", 33), phn.ErrLength},
		{"empty", "", phn.ErrLength},
		{"blank inside", "1234 5678", phn.ErrCharacter},
		{"pipe", "1234|5678", phn.ErrCharacter},
		{"comma", "1234,5678", phn.ErrCharacter},
		{"Sinhala digits", "෧෨෩෪", phn.ErrCharacter},
		{"what a script writes for nothing", "null", phn.ErrPlaceholder},
		{"in any case", "Undefined", phn.ErrPlaceholder},
		{"a word for nothing", "UNKNOWN", phn.ErrPlaceholder},
		{"hyphens alone", "----", phn.ErrPlaceholder},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := phn.ParseAny(c.in)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && got.String() != c.in {
				t.Errorf("got %q, want it as written", got)
			}
			if err != nil && !got.IsZero() {
				t.Error("a number beside an error")
			}
		})
	}
}

func TestNewParses(t *testing.T) {
	for _, name := range phn.Names() {
		s, _ := phn.Lookup(name)
		if s.Name() != name {
			t.Errorf("%s calls itself %s", name, s.Name())
		}
		rapid.Check(t, func(t *rapid.T) {
			issue := "4054"
			if name != "demo" {
				issue = rapid.StringMatching(`[0-9A-Z]{4}`).Draw(t, "point of issue")
			}
			p, err := s.New(issue, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Parse(p.String())
			if err != nil || again != p {
				t.Fatalf("does not parse: %v", err)
			}
			if !strings.HasPrefix(p.String(), issue) || phn.Check(s, p) != nil {
				t.Fatal("not at its point of issue")
			}
			if _, err := phn.ParseAny(p.String()); err != nil {
				t.Fatalf("what is issued is not accepted: %v", err)
			}
		})
	}
}

// TestNewIsFair reads each byte once and counts: no character of the alphabet
// is more likely than another.
func TestNewIsFair(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	count := map[byte]int{}
	r := bytes.NewReader(bytes.Repeat(all, 6))
	for {
		p, err := phn.NDHGS2.New("1234", r)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		for _, c := range []byte(p.String()[4:10]) {
			count[c]++
		}
	}
	if len(count) != 24 {
		t.Fatalf("%d characters, want 24", len(count))
	}
	for c, n := range count {
		if n != 60 {
			t.Errorf("%c drawn %d times, want 60", c, n)
		}
	}
}

func TestNewErrors(t *testing.T) {
	broken := errors.New("no entropy")
	if _, err := phn.NDHGS2.New("1234", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
	for _, issue := range []string{"", "123", "12345", "12 4", "abcd", "é12"} {
		if _, err := phn.NDHGS2.New(issue, rand.Reader); !errors.Is(err, phn.ErrPointOfIssue) {
			t.Errorf("point of issue %q: %v", issue, err)
		}
	}
	if _, err := phn.Demo.New("4055", rand.Reader); !errors.Is(err, phn.ErrPointOfIssue) {
		t.Errorf("the demo issues at 4054 only: %v", err)
	}
	if _, ok := phn.Lookup("mod11"); ok {
		t.Error("a scheme that does not exist")
	}
}

// FuzzParse: no text makes a parser fail otherwise than by an error, and what
// a scheme takes is its own canonical form, which ParseAny takes too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"12342222226", "1234bbbbbb3", "4054222222R", "12340000079", "null", "", "ſſſſ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, name := range phn.Names() {
			s, _ := phn.Lookup(name)
			p, err := s.Parse(in)
			if err != nil {
				if e, ok := errors.AsType[*phn.Error](err); !ok || e.Scheme != name {
					t.Fatalf("error of another kind: %v", err)
				}
				continue
			}
			if again, err := s.Parse(p.String()); err != nil || again != p {
				t.Fatal("the canonical form does not parse")
			}
			if _, err := phn.ParseAny(p.String()); err != nil {
				t.Fatal("ParseAny refuses what a scheme takes")
			}
		}
		if p, err := phn.ParseAny(in); err == nil && p.String() != in {
			t.Fatal("ParseAny changed the number")
		}
	})
}
