package outbox

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

const (
	letters      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	alphanumeric = letters + "0123456789"
	free         = 6 // characters of a UID that are random; the others are the mark

	// markOf decides the mark. It never changes: objects in DHIS2 carry it.
	markOf = "nehrbridge dhis2/outbox "
)

// Marked tells whether a UID carries the mark of those that the outbox
// assigns: five of its eleven characters follow from the others. It shows
// where an object is from even when the database with the order is gone. One
// in 900 million UIDs that DHIS2 makes looks the same, so Marked alone decides
// nothing (see Strip).
func Marked(uid dhis2.UID) bool {
	text := uid.String()
	return len(text) == 11 && text[free:] == mark(text[:free])
}

// mark is what follows from the beginning of a UID.
func mark(beginning string) string {
	sum := sha256.Sum256([]byte(markOf + beginning))
	out := make([]byte, 11-free)
	for i := range out {
		// Two bytes for each: none of the characters is noticeably rarer.
		n := int(sum[2*i])<<8 | int(sum[2*i+1])
		out[i] = alphanumeric[n%len(alphanumeric)]
	}
	return string(out)
}

// newUID makes a marked UID of random bytes.
func newUID(random io.Reader) (dhis2.UID, error) {
	var beginning [free]byte
	for i := 0; i < free; {
		var b [1]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return dhis2.UID{}, fmt.Errorf("dhis2/outbox: random bytes: %w", err)
		}
		from := alphanumeric
		if i == 0 {
			from = letters
		}
		// Bytes beyond the last whole round are dropped, so that no character
		// is likelier than another.
		if n := int(b[0]); n < 256/len(from)*len(from) {
			beginning[i] = from[n%len(from)]
			i++
		}
	}
	return dhis2.ParseUID(string(beginning[:]) + mark(string(beginning[:])))
}
