package record

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// What was verified as written, and is desired in the same words by the same
// caller, stands: it is neither read nor looked up again. So a corrected value
// costs the look at the Patient and at what differs, not at forty resources.
// What has been changed at the server meanwhile is found by those who look for
// it ([State.Doubted]), as for an entity in which nothing changed at all.

// said is the hash of an entry in the words of a caller, never 0: in 64 bits,
// because it is only ever held against the one that was kept for the same entry.
func said(basis string, e *Entry) uint64 {
	h := sha256.New()
	for _, part := range [...]string{basis, e.FullURL, e.Type, e.Identifier.System, e.Identifier.Value} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	owned := byte(0)
	if e.Owned {
		owned = 1
	}
	h.Write([]byte{owned})
	h.Write(e.Resource)
	var sum [sha256.Size]byte
	return max(1, binary.LittleEndian.Uint64(h.Sum(sum[:0])))
}

// Doubted is the state of which nothing is believed to stand: all of it is
// looked up. For a caller that does not know for certain what was written
// last, or that looks for what others have changed.
func (s State) Doubted() State {
	s.Resources = slices.Clone(s.Resources)
	for i := range s.Resources {
		s.Resources[i].Said = 0
	}
	return s
}

// trust tells whether an entry stands as it is desired. A Patient is looked up
// always: whose record it is, is the registry's to say, and may change.
func (t *item) trust(basis string, was *Written) bool {
	if basis == "" || t.Type == "Patient" {
		return false
	}
	t.said = said(basis, t.Entry)
	return was != nil && was.Said == t.said && was.ID != "" && len(was.Bodies) < 2 && len(t.Entry.Written) == 0
}

// doubt has what was trusted read and looked up, where something that it may
// refer to stands elsewhere than it did.
func (w *Writer) doubt(items []*item) (open []*item, err error) {
	if !slices.ContainsFunc(items, func(t *item) bool { return !t.trusted && t.fate == write && t.was != nil && t.was.ID != t.id }) {
		return nil, nil
	}
	for _, t := range items {
		if !t.trusted {
			continue
		}
		t.trusted = false
		if err := w.read(t); err != nil {
			return nil, err
		}
		for _, b := range t.was.Bodies {
			if err := t.remember(b); err != nil {
				return nil, err
			}
		}
		if !t.Owned {
			t.id = ""
		}
		open = append(open, t)
	}
	return open, nil
}

// Trusted tells whether something is taken to stand without having been looked
// up. Where the server refuses what is sent with it, planning again with a
// [State.Doubted] may mend it.
func (p *Plan) Trusted() bool {
	return slices.ContainsFunc(p.items, func(t *item) bool { return t.trusted })
}
