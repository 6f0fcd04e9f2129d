package record

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// stateVersion is the form that EncodeState writes. A change of it needs a
// reader for each form before: ledgers hold them for years.
const stateVersion = 2

// stateBeforeSaid is the form without Written.Said, else the same.
const stateBeforeSaid = 1

// StateError says that a stored state cannot be read. Writing without it would
// leave behind what it knows of, so nothing may be written.
type StateError struct {
	// Version of the form that the state claims; 0 where it is too damaged.
	Version int
	Reason  string
}

func (e *StateError) Error() string {
	return fmt.Sprintf("what was written before (form %d) cannot be read: %s", e.Version, e.Reason)
}

// Newer tells that a newer version of this program wrote the state.
func (e *StateError) Newer() bool { return e.Version > stateVersion }

// Permanent is true: it stays so until another program version or a person acts.
func (e *StateError) Permanent() bool { return true }

const (
	flagOwned  = 1 << iota // the resource is this system's alone
	flagID                 // an id follows; else it is that of the fullUrl
	flagBefore             // what stood before follows
	flagNoID               // the id is not known
	flagSaid               // the hash of what was verified follows
)

// EncodeState writes a state for the ledger: the version, a table of types and
// systems, and per resource the UUID in 16 bytes and what cannot be derived. The
// zero State is no bytes at all. It gives an error for a fullUrl without UUID.
func EncodeState(s State) ([]byte, error) {
	if len(s.Resources) == 0 {
		return nil, nil
	}
	var table []string
	index := func(t string) uint64 {
		at := slices.Index(table, t)
		if at < 0 {
			at, table = len(table), append(table, t)
		}
		return uint64(at)
	}
	size := 0
	for i := range s.Resources {
		r := &s.Resources[i]
		index(r.Type)
		index(r.Identifier.System)
		size += 40 + len(r.Identifier.Value) + len(r.ID) + len(r.Before)
		for _, b := range r.Bodies {
			size += 3 + len(b)
		}
	}
	for _, t := range table {
		size += 3 + len(t)
	}
	out := binary.AppendUvarint(append(make([]byte, 0, size+8), stateVersion), uint64(len(table)))
	for _, t := range table {
		out = appendText(out, t)
	}
	out = binary.AppendUvarint(out, uint64(len(s.Resources)))
	for i := range s.Resources {
		r := &s.Resources[i]
		uuid, ok := uuidOf(r.FullURL)
		if !ok {
			return nil, fmt.Errorf("encode state: resource %d (%s): fullUrl is not urn:uuid: with a UUID", i, r.Type)
		}
		var flags byte
		if r.Owned {
			flags |= flagOwned
		}
		if r.ID == "" {
			flags |= flagNoID
		} else if r.ID != uuid {
			flags |= flagID
		}
		if len(r.Before) > 0 {
			flags |= flagBefore
		}
		if r.Said != 0 {
			flags |= flagSaid
		}
		out = append(out, flags)
		for _, part := range [...]string{uuid[:8], uuid[9:13], uuid[14:18], uuid[19:23], uuid[24:]} {
			out, _ = hex.AppendDecode(out, []byte(part)) // hex, as uuidOf says
		}
		out = binary.AppendUvarint(out, index(r.Type))
		out = binary.AppendUvarint(out, index(r.Identifier.System))
		out = appendText(out, r.Identifier.Value)
		if flags&flagID != 0 {
			out = appendText(out, r.ID)
		}
		out = binary.AppendUvarint(out, uint64(len(r.Bodies)))
		for _, b := range r.Bodies {
			out = append(binary.AppendUvarint(out, uint64(len(b))), b...)
		}
		if flags&flagBefore != 0 {
			out = appendText(out, string(r.Before))
		}
		if flags&flagSaid != 0 {
			out = binary.LittleEndian.AppendUint64(out, r.Said)
		}
	}
	return out, nil
}

// DecodeState reads what EncodeState wrote. Whatever else it is given is a
// [*StateError].
func DecodeState(b []byte) (State, error) {
	if len(b) == 0 {
		return State{}, nil
	}
	version := int(b[0])
	if version != stateVersion && version != stateBeforeSaid {
		reason := "it is damaged"
		if version > stateVersion {
			reason = "a newer version of this program wrote it"
		}
		return State{}, &StateError{Version: version, Reason: reason}
	}
	r := stateReader{rest: b[1:]}
	table := make([]string, 0, 16)
	for range r.count() {
		table = append(table, r.text())
	}
	var s State
	for range r.count() {
		s.Resources = append(s.Resources, r.resource(table))
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = errState
	}
	if r.err != nil {
		return State{}, &StateError{Version: version, Reason: r.err.Error()}
	}
	return s, nil
}

var errState = errors.New("it is damaged or cut off")

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

// stateReader reads on after an error, and gives nothing then.
type stateReader struct {
	rest []byte
	err  error
}

func (r *stateReader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if r.err != nil || size <= 0 {
		r.err = errState
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// count is a number of things of which each takes at least one byte.
func (r *stateReader) count() uint64 {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.err = errState
		return 0
	}
	return n
}

func (r *stateReader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		r.err = errState
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *stateReader) text() string { return string(r.take(r.number())) }

func (r *stateReader) of(table []string) string {
	n := r.number()
	if n >= uint64(len(table)) {
		r.err = errState
		return ""
	}
	return table[n]
}

func (r *stateReader) resource(table []string) Written {
	head := r.take(17)
	if r.err != nil {
		return Written{}
	}
	flags, raw := head[0], hex.EncodeToString(head[1:])
	uuid := raw[:8] + "-" + raw[8:12] + "-" + raw[12:16] + "-" + raw[16:20] + "-" + raw[20:]
	w := Written{FullURL: "urn:uuid:" + uuid, Owned: flags&flagOwned != 0}
	w.Type = r.of(table)
	w.Identifier = Identifier{System: r.of(table), Value: r.text()}
	switch {
	case flags&flagID != 0:
		w.ID = r.text()
	case flags&flagNoID == 0:
		w.ID = uuid
	}
	for range r.count() {
		w.Bodies = append(w.Bodies, slices.Clone(r.take(r.number())))
	}
	if flags&flagBefore != 0 {
		w.Before = slices.Clone(r.take(r.number()))
	}
	if flags&flagSaid != 0 {
		if b := r.take(8); b != nil {
			w.Said = binary.LittleEndian.Uint64(b)
		}
	}
	return w
}
