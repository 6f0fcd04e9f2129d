package phn

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// PHN is a Personal Health Number that keeps to a rule. Only the parsers and
// New of a Scheme, and ParseAny, make one; the zero PHN is no number.
type PHN struct{ value string }

// String gives the number. It identifies a person: it goes to no log.
func (p PHN) String() string { return p.value }

// IsZero says that there is no number.
func (p PHN) IsZero() bool { return p.value == "" }

// Causes of an Error. None holds any part of the number.
var (
	ErrLength       = errors.New("wrong length")
	ErrCharacter    = errors.New("a character that the scheme does not use")
	ErrPointOfIssue = errors.New("no point of issue of the scheme")
	ErrCheck        = errors.New("wrong check character")
	ErrPlaceholder  = errors.New("a placeholder, not a number")
)

// Error says which rule a text misses, never the text.
type Error struct {
	Scheme string // name of the scheme, "any" for ParseAny
	Err    error  // one of the causes above
}

func (e *Error) Error() string { return fmt.Sprintf("PHN (%s): %v", e.Scheme, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Scheme is a way of issuing numbers.
type Scheme interface {
	// Name is what settings call it.
	Name() string
	// Parse reads a number of the scheme; lower case letters are taken for
	// upper case, since people type them. Errors are *Error.
	Parse(s string) (PHN, error)
	// New issues a number at a point of issue. Whether it was issued before is
	// for the registry to say. Errors are *Error, or the reader's own.
	New(pointOfIssue string, rand io.Reader) (PHN, error)
}

// Lookup finds a scheme by its name: ndhgs2, demo, chims.
func Lookup(name string) (Scheme, bool) {
	switch name {
	case "ndhgs2":
		return NDHGS2, true
	case "demo":
		return Demo, true
	case "chims":
		return CHIMS, true
	}
	return nil, false
}

// Names lists the schemes, in the order in which documents name them.
func Names() []string { return []string{"ndhgs2", "demo", "chims"} }

// The schemes.
var (
	NDHGS2 Scheme = ndhgs2
	Demo   Scheme = demo
	CHIMS  Scheme = chims
)

// Check says whether a number keeps to a scheme: what DHIS2 holds is sent by
// ParseAny's rule, and a number that misses the national form is an issue.
func Check(s Scheme, p PHN) error {
	_, err := s.Parse(p.value)
	return err
}

// Bounds of ParseAny.
const (
	minAny = 4
	maxAny = 32
)

// ParseAny reads what DHIS2 holds: 4 to 32 ASCII letters, digits or hyphens,
// kept as written, with a letter or digit among them. Words that programs
// write where they have no value are refused: under them everybody without a
// number would share one record (D-036).
func ParseAny(s string) (PHN, error) {
	if len(s) < minAny || len(s) > maxAny {
		return PHN{}, &Error{"any", ErrLength}
	}
	hyphens := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '-':
			hyphens++
		case !isDigit(c) && !isLetter(c):
			return PHN{}, &Error{"any", ErrCharacter}
		}
	}
	if hyphens == len(s) {
		return PHN{}, &Error{"any", ErrPlaceholder}
	}
	switch strings.ToLower(s) {
	case "null", "none", "undefined", "unknown":
		return PHN{}, &Error{"any", ErrPlaceholder}
	}
	return PHN{s}, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
