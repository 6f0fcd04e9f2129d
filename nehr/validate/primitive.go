package validate

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// primitive judges a primitive value v and what its _name says of it, under.
func (c *checker) primitive(element int32, e *rules.Element, typ, v, under int32) {
	if v != 0 && c.doc.nodes[v].kind == kindNull {
		if under == 0 || c.doc.nodes[under].kind == kindNull || c.doc.nodes[v].flags&flagItem == 0 {
			if c.loud() {
				c.error(v, "structure", "null", "null stands only in an array, where the same place of _name has an extension.")
			}
			return
		}
		v = 0
	}
	if under != 0 && c.doc.nodes[under].kind == kindNull {
		if c.doc.nodes[under].flags&flagItem == 0 && c.loud() {
			c.error(under, "structure", "null", "null stands only in an array.")
		}
		under = 0
	}
	if under != 0 {
		c.underscore(element, e, typ, v, under)
	}
	if v == 0 {
		return
	}
	m := &c.doc.nodes[v]
	if want := jsonKind(typ); m.kind != want && (want != kindTrue || m.kind != kindFalse) {
		c.wrongKind(typ, v)
		return
	}
	if c.blankOnly(e, typ, v) {
		c.blank(v)
		return
	}
	c.format(typ, v)
	if c.stop() {
		return
	}
	if e.MaxLength != rules.None && length(c.doc.textOf(v)) > int(e.MaxLength) && c.loud() {
		c.error(v, "too-long", "max-length", "At most %d characters are allowed.", e.MaxLength)
	}
	c.bounds(e, v)
	c.literal(e, v)
	c.codeValue(e, typ, v)
	c.constraints(v, e)
}

// blankOnly says whether a value that has to mean something is white space. Of
// free text that is allowed.
func (c *checker) blankOnly(e *rules.Element, typ, v int32) bool {
	m := &c.doc.nodes[v]
	if m.kind != kindString || m.start == m.end || !blank(c.doc.text[m.start]) {
		return false
	}
	if (typ == types.String || typ == types.Markdown) && e.Fixed == rules.None && e.Pattern == rules.None {
		return false
	}
	return allBlank(c.doc.text[m.start:m.end])
}

func allBlank(s []byte) bool {
	for _, b := range s {
		if !blank(b) {
			return false
		}
	}
	return true
}

func (c *checker) blank(v int32) {
	c.remark(v, Error, "value", "blank-value", "The value has nothing but white space.")
}

func (c *checker) wrongKind(typ, v int32) {
	switch {
	case !c.loud():
	case c.doc.nodes[v].kind == kindNull:
		c.error(v, "structure", "null", "null stands only in an array, where the same place of _name has an extension.")
	default:
		c.error(v, "structure", "json-type", "A JSON %s was expected, for the type %s.",
			kindNames[jsonKind(typ)], c.r.table.Types[typ].Code)
	}
}

// underscore judges the extensions of a primitive value.
func (c *checker) underscore(element int32, e *rules.Element, typ, v, under int32) {
	if !c.object(under) {
		return
	}
	main := element
	if len(e.Children) == 0 {
		main = c.r.roots[types.Element]
	}
	s := c.r.shape(main)
	c.stack = append(c.stack, frame{under, typ})
	defer func() { c.stack = c.stack[:len(c.stack)-1] }()
	var seen uint64
	for child := c.doc.nodes[under].child; child != 0; child = c.doc.nodes[child].next {
		m := &c.doc.nodes[child]
		var entry *entry
		if m.name != 0 {
			entry = s.find(m.name)
		}
		if entry == nil || m.name != names.Id && m.name != names.Extension || m.flags&flagUnder != 0 {
			if c.loud() {
				c.error(under, "structure", "unknown-property", "Only id and extension may stand here.")
			}
			continue
		}
		if seen&(1<<entry.child) != 0 {
			if c.loud() {
				c.error(child, "structure", "duplicate-property", "The property stands twice.")
			}
			continue
		}
		seen |= 1 << entry.child
		c.property(entry.element, int32(entry.typ), child, 0)
	}
	if v == 0 && !c.doc.has(under, names.Extension) && c.loud() {
		c.error(under, "invariant", "ele-1", "An element needs a value or an extension.")
	}
}

// kindNames are the names of JSON's kinds, for people.
var kindNames = [...]string{"null", "boolean", "boolean", "number", "string", "array", "object"}

// jsonKind is how a primitive type is written in JSON.
func jsonKind(typ int32) kind {
	switch typ {
	case types.Boolean:
		return kindTrue
	case types.Integer, types.Decimal, types.PositiveInt, types.UnsignedInt:
		return kindNumber
	}
	return kindString
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
func digit(b byte) bool  { return b >= '0' && b <= '9' }

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

// codeValue judges a code by the value set that the element is bound to.
func (c *checker) codeValue(e *rules.Element, typ, v int32) {
	switch e.Binding.Strength {
	case rules.Required:
		set := &c.r.sets[e.Binding.ValueSet]
		if typ != types.Code || !set.known {
			return
		}
		if _, ok := slices.BinarySearchFunc(set.plain, c.doc.textOf(v), compareBytes); !ok && c.loud() {
			c.error(v, "code-invalid", "binding", "The code is not in the value set %s.",
				c.r.table.ValueSets[e.Binding.ValueSet].URL)
		}
	case rules.Language:
		if typ == types.Code && !isLanguage(c.doc.textOf(v)) && c.loud() {
			c.error(v, "code-invalid", "language", "The code is not a language of BCP 47.")
		}
	}
}
