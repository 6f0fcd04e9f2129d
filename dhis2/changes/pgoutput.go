package changes

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// errStream: a message of the replication stream that is cut or not one.
var errStream = errors.New("dhis2/changes: the replication stream holds a message that cannot be read")

// stream reads pgoutput messages, protocol version 1 (PostgreSQL
// documentation, section "Logical Replication Message Formats"), as far as
// they tell whom a transaction touched.
type stream struct {
	uidColumn map[uint32]int     // relation → place of uid in tracked entities, -1 in other tables
	touched   map[dhis2.UID]bool // tracked entities of this transaction
	others    bool               // other rows too, or rows that were purged
	open      bool               // within a transaction
}

// trackedEntityTables are the names of the table until 2.40 and since.
var trackedEntityTables = []string{"trackedentityinstance", "trackedentity"}

// next reads one message. commit is true at the end of a transaction, with the
// position behind it.
func (s *stream) next(data []byte) (commit bool, end uint64, err error) {
	r := reader{b: data}
	switch r.byte() {
	case 'B':
		s.touched, s.others, s.open = map[dhis2.UID]bool{}, false, true
	case 'C':
		r.skip(1 + 8)
		end = r.uint64()
		r.skip(8)
		s.open = false
		commit = true
	case 'R':
		s.relation(&r)
	case 'I':
		s.row(&r, r.uint32())
	case 'U':
		relation := r.uint32()
		if kind := r.peek(); kind == 'K' || kind == 'O' {
			r.skip(1)
			r.tuple(nil)
		}
		s.row(&r, relation)
	case 'D', 'T': // a purge tells the primary key only
		s.others = true
		return false, 0, nil
	}
	if r.bad {
		return false, 0, errStream
	}
	return commit, end, nil
}

func (s *stream) relation(r *reader) {
	id := r.uint32()
	r.text() // schema
	table := r.text()
	r.skip(1)
	place := -1
	n := int(r.uint16())
	for i := 0; i < n && !r.bad; i++ {
		r.skip(1)
		if name := r.text(); name == "uid" && (table == trackedEntityTables[0] || table == trackedEntityTables[1]) {
			place = i
		}
		r.skip(8)
	}
	if s.uidColumn == nil {
		s.uidColumn = map[uint32]int{}
	}
	s.uidColumn[id] = place
}

func (s *stream) row(r *reader, relation uint32) {
	if r.byte() != 'N' {
		r.bad = true
		return
	}
	place, known := s.uidColumn[relation]
	found := false
	r.tuple(func(i int, value []byte) {
		if known && i == place {
			if uid, err := dhis2.ParseUID(string(value)); err == nil && s.touched != nil {
				s.touched[uid], found = true, true
			}
		}
	})
	if !found {
		s.others = true
	}
}

// reader takes numbers and texts from the front of a message; once it is too
// short everything is zero and bad is set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) skip(n int) { r.take(n) }

func (r *reader) peek() byte {
	if r.bad || len(r.b) == 0 {
		return 0
	}
	return r.b[0]
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) text() string {
	i := bytes.IndexByte(r.b, 0)
	if b := r.take(i + 1); i >= 0 && b != nil {
		return string(b[:i])
	}
	r.bad = true
	return ""
}

// tuple reads the columns of a row; see gets those that are sent as text.
func (r *reader) tuple(see func(i int, value []byte)) {
	n := int(r.uint16())
	for i := 0; i < n && !r.bad; i++ {
		switch r.byte() {
		case 'n', 'u': // null, or unchanged and large
		case 't':
			if v := r.take(int(r.uint32())); v != nil && see != nil {
				see(i, v)
			}
		default:
			r.bad = true
		}
	}
}
