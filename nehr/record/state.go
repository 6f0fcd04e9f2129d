package record

import (
	"bytes"
	"slices"
)

// State is what was written for one entity, or may have been: every resource of
// it that can stand at the server because of this system. The caller stores
// [Plan.Pending] before a transaction is sent and the state that [Plan.Send]
// gives after a verified answer, so that no crash leaves a resource behind that
// nobody knows of. The zero State is that of an entity never written.
type State struct{ Resources []Written }

// Written is one resource of a [State].
type Written struct {
	FullURL    string
	Type       string
	Identifier Identifier
	Owned      bool
	// ID at the server; empty while it is not known.
	ID string
	// Bodies are what this system said of a shared resource or an Appointment:
	// one after a verified answer, more while it is not known which of them
	// arrived. References are as they stand at the server, where known.
	Bodies [][]byte
	// Before is what stood in a Patient before this system wrote to it the first
	// time, of the fields that it then wrote; nil when it created her. It is put
	// back when it turns out that she is another woman.
	Before []byte
	// Said is the hash of the entry that was verified as written, with
	// Desired.Basis; 0 where that is not known. It is a remembrance that may be
	// lost: without it the resource is looked up.
	Said uint64
}

// find gives the resource of a fullUrl, or nil.
func (s State) find(fullURL string) *Written {
	for i := range s.Resources {
		if s.Resources[i].FullURL == fullURL {
			return &s.Resources[i]
		}
	}
	return nil
}

// Equal tells whether two states say the same, in any order.
func (s State) Equal(o State) bool {
	if len(s.Resources) != len(o.Resources) {
		return false
	}
	for i := range s.Resources {
		a := &s.Resources[i]
		if b := o.find(a.FullURL); b == nil || !a.equal(b) {
			return false
		}
	}
	return true
}

func (w *Written) equal(o *Written) bool {
	return w.FullURL == o.FullURL && w.Type == o.Type && w.Identifier == o.Identifier && w.Owned == o.Owned &&
		w.ID == o.ID && w.Said == o.Said && slices.EqualFunc(w.Bodies, o.Bodies, bytes.Equal) && bytes.Equal(w.Before, o.Before)
}

// maybe adds a body that may be written from now on.
func maybe(bodies [][]byte, body []byte) [][]byte {
	if len(body) == 0 || slices.ContainsFunc(bodies, func(b []byte) bool { return bytes.Equal(b, body) }) {
		return bodies
	}
	return append(slices.Clone(bodies), body)
}
