package phn

import (
	"io"
	"strings"
)

// scheme is a number of a point of issue, a serial part and one check
// character.
type scheme struct {
	name     string
	issue    string // the only point of issue, or empty: four digits or capitals
	serial   string // alphabet of what New issues
	accepted string // alphabet of the serial part that Parse takes
	lengths  []int  // of the serial part that Parse takes; New issues the first
	check    func(payload string) byte
}

const (
	lenIssue = 4

	// consonants leaves out vowels, so that no word comes of it, and letters
	// that look like digits.
	consonants = "BCDFGHJKMPQRTVWXY"
	capitals   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

	ndhgsAlphabet = "2346789" + consonants
	// demoAlphabet is in the order in which the published demo counts: the
	// check character depends on it.
	demoAlphabet  = "234567890" + consonants
	chimsAlphabet = consonants + "23456789"
)

// ndhgs2 is NDHGS version 2. Its point of issue may have any digit or capital.
var ndhgs2 = &scheme{
	name: "ndhgs2", serial: ndhgsAlphabet, accepted: ndhgsAlphabet, lengths: []int{6}, check: regenstrief,
}

// demo is the scheme of the published demo, at its one point of issue.
var demo = &scheme{
	name: "demo", issue: "4054", serial: demoAlphabet, accepted: demoAlphabet, lengths: []int{6}, check: luhn26,
}

// chims is the scheme of the Cloud Health Information Management System. It
// issued serial parts counted in decimal (6), drawn from an alphabet (6) and
// counted in hexadecimal (7); all are read, the second is issued.
var chims = &scheme{
	name: "chims", serial: chimsAlphabet, accepted: "0123456789" + capitals, lengths: []int{6, 7}, check: luhn10,
}

func (s *scheme) Name() string { return s.name }

func (s *scheme) Parse(text string) (PHN, error) {
	v := strings.ToUpper(text)
	serial := len(v) - lenIssue - 1
	fits := false
	for _, n := range s.lengths {
		fits = fits || n == serial
	}
	if len(text) != len(v) || !fits {
		return PHN{}, &Error{s.name, ErrLength}
	}
	if err := s.checkIssue(v[:lenIssue]); err != nil {
		return PHN{}, err
	}
	payload := v[:lenIssue+serial]
	for i := lenIssue; i < len(payload); i++ {
		if strings.IndexByte(s.accepted, payload[i]) < 0 {
			return PHN{}, &Error{s.name, ErrCharacter}
		}
	}
	if v[len(v)-1] != s.check(payload) {
		return PHN{}, &Error{s.name, ErrCheck}
	}
	return PHN{v}, nil
}

func (s *scheme) checkIssue(issue string) error {
	if len(issue) != lenIssue || s.issue != "" && issue != s.issue {
		return &Error{s.name, ErrPointOfIssue}
	}
	for i := 0; i < len(issue); i++ {
		if !isDigit(issue[i]) && !('A' <= issue[i] && issue[i] <= 'Z') {
			return &Error{s.name, ErrPointOfIssue}
		}
	}
	return nil
}

func (s *scheme) New(pointOfIssue string, rand io.Reader) (PHN, error) {
	if err := s.checkIssue(pointOfIssue); err != nil {
		return PHN{}, err
	}
	v := append(make([]byte, 0, lenIssue+s.lengths[0]+1), pointOfIssue...)
	for len(v) < lenIssue+s.lengths[0] {
		c, err := draw(s.serial, rand)
		if err != nil {
			return PHN{}, err
		}
		v = append(v, c)
	}
	return PHN{string(append(v, s.check(string(v))))}, nil
}

// draw takes one character of the alphabet, each as likely as the others:
// bytes past the last whole multiple of its length are thrown away.
func draw(alphabet string, rand io.Reader) (byte, error) {
	fair := 256 - 256%len(alphabet)
	var b [1]byte
	for {
		if _, err := io.ReadFull(rand, b[:]); err != nil {
			return 0, err
		}
		if int(b[0]) < fair {
			return alphabet[int(b[0])%len(alphabet)], nil
		}
	}
}
