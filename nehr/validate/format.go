package validate

import (
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

func (c *checker) blank(v int32) {
	c.remark(v, Error, "value", "blank-value", "The value has nothing but white space.")
}

// format judges the text of a primitive value by its type (FHIR R4, 2.24.0.1).
func (c *checker) format(typ, v int32) {
	m := &c.doc.nodes[v]
	if m.kind == kindTrue || m.kind == kindFalse {
		return
	}
	s := c.doc.text[m.start:m.end]
	if m.flags&flagEscaped != 0 {
		s = unescape(s)
	}
	if len(s) == 0 {
		if c.loud() {
			c.error(v, "value", "empty", "A string may not be empty.")
		}
		return
	}
	ok := true
	switch typ {
	case types.String, types.Markdown, types.Decimal:
	case types.Code:
		ok = isCode(s)
	case types.Uri, types.Url, types.Canonical:
		c.uri(typ, v, s)
		return
	case types.Uuid:
		ok = isUUID(s)
	case types.Oid:
		ok = isOID(s)
	case types.Id:
		ok = isID(s)
	case types.Integer:
		_, ok = integer(s)
	case types.PositiveInt:
		var i int64
		i, ok = integer(s)
		ok = ok && i > 0
	case types.UnsignedInt:
		var i int64
		i, ok = integer(s)
		ok = ok && i >= 0
	case types.Date:
		ok = isDate(s)
	case types.DateTime:
		ok = isDateTime(s)
	case types.Instant:
		ok = isInstant(s)
	case types.Time:
		ok = isTime(s)
	case types.Base64Binary:
		ok = isBase64(s)
	case types.Xhtml:
		c.narrative(v, s)
		return
	}
	if !ok && c.loud() {
		c.error(v, "value", "format-"+c.r.table.Types[typ].Code, "The value is not a valid %s: %s.",
			c.r.table.Types[typ].Code, formats[typ])
	}
}

// formats say for people what a type's values look like.
var formats = map[int32]string{
	types.Code:         "no space at either end, single spaces inside",
	types.Uuid:         "urn:uuid: and a UUID in small letters",
	types.Oid:          "urn:oid: and numbers between points, the first 0, 1 or 2",
	types.Id:           "1 to 64 letters of A-Z, a-z, 0-9, hyphen and point",
	types.Integer:      "a whole number of 32 bits without leading zeros",
	types.PositiveInt:  "a whole number from 1 to 2147483647",
	types.UnsignedInt:  "a whole number from 0 to 2147483647",
	types.Date:         "YYYY, YYYY-MM or YYYY-MM-DD of a day that exists",
	types.DateTime:     "a date, or YYYY-MM-DDThh:mm:ss with a zone",
	types.Instant:      "YYYY-MM-DDThh:mm:ss with a zone",
	types.Time:         "hh:mm:ss",
	types.Base64Binary: "base64 of RFC 4648 section 4",
}

// bounds judges the least and greatest integer.
func (c *checker) bounds(e *rules.Element, v int32) {
	if e.Minimum == nil && e.Maximum == nil {
		return
	}
	i, ok := integer(c.doc.textOf(v))
	if ok && (e.Minimum != nil && i < int64(*e.Minimum) || e.Maximum != nil && i > int64(*e.Maximum)) && c.loud() {
		c.error(v, "value", "bounds", "The number is out of the range that is allowed here.")
	}
}

func length(s []byte) int {
	n := 0
	for _, b := range s {
		if b&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// integer reads a whole number of 32 bits without exponent or leading zeros.
func integer(s []byte) (int64, bool) {
	digits := s
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 10 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	var i int64
	for _, b := range digits {
		if b < '0' || b > '9' {
			return 0, false
		}
		i = i*10 + int64(b-'0')
	}
	if len(digits) != len(s) {
		i = -i
	}
	return i, i >= -1<<31 && i < 1<<31
}

// isCode: no white space but single blanks inside.
func isCode(s []byte) bool {
	if blank(s[0]) || blank(s[len(s)-1]) {
		return false
	}
	for i, b := range s {
		if blank(b) && (b != ' ' || blank(s[i+1])) {
			return false
		}
	}
	return true
}

func blank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func isID(s []byte) bool {
	if len(s) > 64 {
		return false
	}
	for _, b := range s {
		if !letter(b) && !digit(b) && b != '-' && b != '.' {
			return false
		}
	}
	return true
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func digit(b byte) bool { return b >= '0' && b <= '9' }

// isUUID: urn:uuid: and a UUID in small letters (R4 2.24.0.1, RFC 4122).
func isUUID(s []byte) bool {
	const prefix = "urn:uuid:"
	if len(s) != len(prefix)+36 || string(s[:len(prefix)]) != prefix {
		return false
	}
	for i, b := range s[len(prefix):] {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if b != '-' {
				return false
			}
		} else if !digit(b) && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

// isOID: urn:oid: and arcs without leading zeros, the first 0, 1 or 2.
func isOID(s []byte) bool {
	const prefix = "urn:oid:"
	if len(s) < len(prefix)+3 || string(s[:len(prefix)]) != prefix {
		return false
	}
	s = s[len(prefix):]
	if s[0] < '0' || s[0] > '2' || s[1] != '.' {
		return false
	}
	for s = s[1:]; len(s) > 0; {
		end := digits(s, 1)
		if s[0] != '.' || end == 1 || s[1] == '0' && end > 2 {
			return false
		}
		s = s[end:]
	}
	return true
}

// isBase64: RFC 4648 section 4 with padding. White space between groups of four
// is allowed by R4's expression.
func isBase64(s []byte) bool {
	n, pad := 0, 0
	for _, b := range s {
		switch {
		case blank(b):
			if n%4 != 0 {
				return false
			}
			continue
		case b == '=':
			pad++
		case pad > 0, !letter(b) && !digit(b) && b != '+' && b != '/':
			return false
		}
		n++
	}
	return n > 0 && n%4 == 0 && pad <= 2
}
