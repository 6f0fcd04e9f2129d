package validate

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// string reads a string, with its quotes.
func (d *document) string() (escaped, ok bool) {
	text := d.text
	at := d.at + 1
	for {
		at = skipPlain(text, at)
		if at >= len(text) {
			break
		}
		switch c := text[at]; {
		case c == '"':
			d.at = at + 1
			return escaped, true
		case c == '\\':
			escaped = true
			n := escape(text[at:])
			if n == 0 {
				d.at = at
				d.fail("the escape is not one of JSON")
				return false, false
			}
			at += n
		case c < 0x20:
			d.at = at
			d.fail("a control character has to be escaped")
			return false, false
		default:
			r, n := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && n == 1 {
				d.at = at
				d.fail("the text is not valid UTF-8")
				return false, false
			}
			at += n
		}
	}
	d.at = at
	d.fail("the text ends inside a string")
	return false, false
}

// skipPlain gives the place of the first byte that is a quote, a backslash, a
// control character or outside ASCII. It looks at eight bytes at a time: a byte
// that is zero, or below 0x20, shows in the highest bit when one, or 0x20, is
// subtracted from all; the lowest such bit is never a false one.
func skipPlain(text []byte, at int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; at+8 <= len(text); at += 8 {
		x := binary.LittleEndian.Uint64(text[at:])
		quote, slash := x^(ones*'"'), x^(ones*'\\')
		special := (x | (x-ones*0x20)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & high
		if special != 0 {
			return at + bits.TrailingZeros64(special)/8
		}
	}
	for at < len(text) && text[at] >= 0x20 && text[at] < utf8.RuneSelf && text[at] != '"' && text[at] != '\\' {
		at++
	}
	return at
}

// escape is the length of the escape at the beginning of s, 0 if it is none.
// Halves of a surrogate pair count only together.
func escape(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		switch r := hex4(s[2:]); {
		case r < 0, r >= 0xDC00 && r < 0xE000:
			return 0
		case r >= 0xD800 && r < 0xDC00:
			if len(s) < 12 || s[6] != '\\' || s[7] != 'u' {
				return 0
			}
			if low := hex4(s[8:]); low < 0xDC00 || low >= 0xE000 {
				return 0
			}
			return 12
		}
		return 6
	}
	return 0
}

// hex4 reads four hexadecimal digits, -1 if there are not that many.
func hex4(s []byte) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// number reads a number as RFC 8259 writes it.
func (d *document) number() bool {
	text, at := d.text, d.at
	if at < len(text) && text[at] == '-' {
		at++
	}
	switch first := digits(text, at); {
	case first == at, text[at] == '0' && first > at+1:
		d.fail("a JSON value was expected")
		return false
	default:
		at = first
	}
	if at < len(text) && text[at] == '.' {
		end := digits(text, at+1)
		if end == at+1 {
			d.fail("a digit was expected after the point")
			return false
		}
		at = end
	}
	if at < len(text) && (text[at] == 'e' || text[at] == 'E') {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		end := digits(text, at)
		if end == at {
			d.fail("a digit was expected in the exponent")
			return false
		}
		at = end
	}
	d.at = at
	return true
}

// digits is where the digits that begin at the place end.
func digits[T []byte | string](text T, at int) int {
	for at < len(text) && text[at] >= '0' && text[at] <= '9' {
		at++
	}
	return at
}

// unescape resolves the escapes of a string that was read before.
func unescape(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		if s[0] != '\\' {
			out = append(out, s[0])
			s = s[1:]
			continue
		}
		n := escape(s)
		switch s[1] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(s[2:])
			if n == 12 {
				r = (r-0xD800)<<10 | (hex4(s[8:]) - 0xDC00) + 0x10000
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, s[1])
		}
		s = s[n:]
	}
	return out
}
