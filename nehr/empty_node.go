package nehr

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// emptyNode finds the first empty node in the JSON text of a resource, which
// must be valid and without blanks, as the encoder writes it: an empty object,
// array or string, a null that is no element of an array, or one in an array
// of which no element beside it says why. It gives the offset and the cause,
// or nil.
func emptyNode(out []byte) (int, error) {
	// Nearly no resource has any of these four, and looking for them is much
	// faster than reading every token.
	if !bytes.Contains(out, []byte(`{}`)) && !bytes.Contains(out, []byte(`[]`)) &&
		!bytes.Contains(out, []byte(`null`)) && !bytes.Contains(out, []byte(`""`)) {
		return 0, nil
	}
	s := nodes{text: out}
	s.value(false)
	return s.bad, s.cause
}

// nodes reads a JSON text from left to right.
type nodes struct {
	text  []byte
	at    int
	bad   int
	cause error
}

// value reads one value; it says whether that was an array with a null in it.
func (s *nodes) value(element bool) (nulls bool) {
	if s.cause != nil || s.at >= len(s.text) {
		return false
	}
	start := s.at
	switch s.text[start] {
	case '{':
		s.object()
	case '[':
		return s.array()
	case '"':
		s.at = skipValue(s.text, start)
		if s.at == start+2 {
			s.fail(start, ErrEmptyNode)
		}
	default:
		s.at = skipValue(s.text, start)
		if s.text[start] == 'n' && !element {
			s.fail(start, ErrEmptyNode)
		}
	}
	return false
}

func (s *nodes) object() {
	start := s.at
	if s.at++; s.text[s.at] == '}' {
		s.fail(start, ErrEmptyNode)
	}
	for s.cause == nil && s.at < len(s.text) {
		name := s.text[s.at:skipValue(s.text, s.at)]
		s.at += len(name) + len(`:`)
		array := s.at
		if s.value(false) && !paired(s.text[array:], member(s.text[start:], name)) {
			s.fail(array, ErrUnpaired)
		}
		if s.cause != nil {
			return
		}
		s.at++
		if s.text[s.at-1] == '}' {
			return
		}
	}
}

func (s *nodes) array() (nulls bool) {
	start := s.at
	if s.at++; s.text[s.at] == ']' {
		s.fail(start, ErrEmptyNode)
	}
	for s.cause == nil && s.at < len(s.text) {
		nulls = nulls || s.text[s.at] == 'n'
		s.value(true)
		if s.cause != nil {
			return false
		}
		s.at++
		if s.text[s.at-1] == ']' {
			return nulls
		}
	}
	return false
}

func (s *nodes) fail(at int, cause error) {
	if s.cause == nil {
		s.bad, s.cause = at, cause
	}
}

// member gives the text from the value on that the object has under the name
// which is the given one (in quotes) with an underscore more or less.
func member(object, name []byte) []byte {
	for at := 1; at < len(object) && object[at] == '"'; {
		have := object[at:skipValue(object, at)]
		at += len(have) + len(`:`)
		if have[1] == '_' && bytes.Equal(have[2:], name[1:]) || name[1] == '_' && bytes.Equal(have[1:], name[2:]) {
			return object[at:]
		}
		at = skipValue(object, at)
		if at >= len(object) || object[at] != ',' {
			break
		}
		at++
	}
	return nil
}

// paired says whether two texts begin with arrays of one length of which no
// place is null in both.
func paired(a, b []byte) bool {
	if len(b) == 0 || b[0] != '[' {
		return false
	}
	for i, j := 1, 1; ; i, j = i+1, j+1 {
		if a[i] == 'n' && b[j] == 'n' {
			return false
		}
		i, j = skipValue(a, i), skipValue(b, j)
		if a[i] != b[j] {
			return false
		}
		if a[i] == ']' {
			return true
		}
	}
}

// skipValue gives the end of the value that starts at an offset.
func skipValue(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return at
			}
		case '"':
			for at++; at < len(text) && text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
		}
		at++
		if depth == 0 && at > 0 {
			switch text[at-1] {
			case '}', ']', '"':
				return at
			}
		}
	}
	return at
}

// placeOf gives the JSON pointer of what stands at an offset.
func placeOf(text []byte, at int) string {
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	for {
		if _, err := dec.ReadToken(); err != nil || dec.InputOffset() > int64(at) {
			return safePointer(dec.StackPointer())
		}
	}
}
