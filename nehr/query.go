package nehr

// IdentifierQuery is "identifier=system|value" as the query of a URL: the
// separators of FHIR's token parameters inside system and value escaped by a
// backslash (R4, section 3.1.1.4.1), then everything that is not unreserved
// in RFC 3986 percent-encoded, the pipe too (D-043).
func IdentifierQuery(k Key) string { return string(AppendIdentifierQuery(nil, k)) }

// AppendIdentifierQuery appends the IdentifierQuery.
func AppendIdentifierQuery(dst []byte, k Key) []byte {
	dst = append(dst, "identifier="...)
	dst = appendToken(dst, k.System)
	dst = append(dst, "%7C"...)
	return appendToken(dst, k.Value)
}

const upperHex = "0123456789ABCDEF"

func appendToken(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		case c == '\\', c == '|', c == ',', c == '$':
			dst = append(dst, "%5C%"...)
			dst = append(dst, upperHex[c>>4], upperHex[c&15])
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}
