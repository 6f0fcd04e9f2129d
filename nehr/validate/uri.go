package validate

import (
	"bytes"
	"encoding/binary"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// uri judges a uri, url or canonical: no white space, and the urn forms whole.
func (c *checker) uri(typ, v int32, s []byte) {
	if hasSpace(s) {
		if c.loud() {
			c.error(v, "value", "format-uri", "A URI has no white space.")
		}
		return
	}
	if s[0] == 'u' && !isURN(s) && c.loud() {
		c.error(v, "value", "format-urn", "After urn:uuid: a UUID in small letters has to follow, after urn:oid: an OID.")
	}
	if typ == types.Url && !absolute(s) && c.loud() {
		c.error(v, "value", "format-url", "A url has to be absolute.")
	}
}

// hasSpace says whether a byte is a blank or a control character.
func hasSpace(s []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(s) >= 8; s = s[8:] {
		if x := binary.LittleEndian.Uint64(s); (x-ones*0x21)&^x&high != 0 {
			return true
		}
	}
	for _, b := range s {
		if b <= ' ' {
			return true
		}
	}
	return false
}

// identifier judges Identifier.system: absolute, and the value of the system of
// URIs is one (R4 2.24.0.11).
func (c *checker) identifier(n int32) {
	system := c.doc.property(n, names.System)
	if len(system) == 0 {
		return
	}
	if !isSystem(system) && c.loud() {
		c.error(n, "value", "identifier-system", "The system of an identifier has to be an absolute URL or a URN.")
	}
	if value := c.doc.property(n, names.Value); string(system) == "urn:ietf:rfc:3986" && len(value) > 0 && !absolute(value) && c.loud() {
		c.error(n, "value", "identifier-system", "With this system the value has to be a whole URI.")
	}
}

// isURN is false for a urn:uuid: or urn:oid: with anything else behind it.
func isURN(s []byte) bool {
	switch {
	case bytes.HasPrefix(s, []byte("urn:uuid:")):
		return isUUID(s)
	case bytes.HasPrefix(s, []byte("urn:oid:")):
		return isOID(s)
	}
	return true
}

// absolute says whether a URI has a scheme of small letters and digits, and
// something behind it (RFC 3986 section 3.1; no scheme in use has other signs).
func absolute(s []byte) bool {
	for i, b := range s {
		switch {
		case b == ':':
			return i > 0 && i+1 < len(s)
		case b >= 'a' && b <= 'z':
		case i > 0 && digit(b):
		default:
			return false
		}
	}
	return false
}

// isSystem says whether a URI can name a system of codes or identifiers: it is
// an http or https URL, or a URN.
func isSystem(s []byte) bool {
	return bytes.HasPrefix(s, []byte("urn:")) || bytes.HasPrefix(s, []byte("http:")) || bytes.HasPrefix(s, []byte("https:"))
}

func compareBytes(a string, b []byte) int {
	switch {
	case a < string(b):
		return -1
	case a > string(b):
		return 1
	}
	return 0
}
