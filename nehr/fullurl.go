package nehr

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// Key is a business identifier: a system and the value in it. It names one
// resource for good, at every server and in every run.
type Key struct{ System, Value string }

// IsZero says that the key names nothing: a key without system or value, or
// with blanks for one, would match everything or everybody (D-036).
func (k Key) IsZero() bool {
	return strings.TrimSpace(k.System) == "" || strings.TrimSpace(k.Value) == ""
}

// namespace is UUIDv5(DNS namespace of RFC 9562, "github.com/nehrbridge/nehrbridge").
// It never changes: every id that was written follows from it.
var namespace = [16]byte{
	0xa0, 0xa2, 0x7b, 0x74, 0xbd, 0xed, 0x5e, 0x5d,
	0xb9, 0x7e, 0xa8, 0x3c, 0x35, 0x78, 0xc4, 0x3e,
}

// ID is the UUIDv5 (RFC 9562, section 5.5) in this project's namespace over
// type, line feed, system, line feed, value: the id that a resource of this
// system has at the server.
func ID(resourceType string, k Key) string {
	var room [36]byte
	return string(appendID(room[:0], resourceType, k))
}

// FullURL is "urn:uuid:" and the ID: what the entry is called inside a
// bundle, and what references lead to.
func FullURL(resourceType string, k Key) string {
	var room [45]byte
	return string(appendID(append(room[:0], "urn:uuid:"...), resourceType, k))
}

func appendID(dst []byte, resourceType string, k Key) []byte {
	var room [256]byte
	name := append(room[:0], namespace[:]...)
	name = append(name, resourceType...)
	name = append(name, '\n')
	name = append(name, k.System...)
	name = append(name, '\n')
	name = append(name, k.Value...)
	h := sha1.Sum(name)
	h[6] = h[6]&0x0f | 0x50
	h[8] = h[8]&0x3f | 0x80
	for i, part := range [][]byte{h[0:4], h[4:6], h[6:8], h[8:10], h[10:16]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}
