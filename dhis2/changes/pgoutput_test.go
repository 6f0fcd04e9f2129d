package changes

import (
	"testing"
)

// relationMessage describes trackedentity (id, uid) as relation 7.
var relationMessage = []byte("R\x00\x00\x00\x07public\x00trackedentity\x00d\x00\x02\x01id\x00\x00\x00\x00\x14\xff\xff\xff\xff\x00uid\x00\x00\x00\x04\x13\xff\xff\xff\xff")

func rowMessage(kind string) []byte {
	return []byte(kind + "\x00\x00\x00\x07N\x00\x02t\x00\x00\x00\x011t\x00\x00\x00\x0bEntity00001")
}

func commitMessage() []byte {
	return append(append([]byte("C\x00"), make([]byte, 15)...), []byte("\x2a\x00\x00\x00\x00\x00\x00\x00\x00")...)
}

func TestStreamReadsATransaction(t *testing.T) {
	var s stream
	for _, m := range [][]byte{append([]byte("B"), make([]byte, 20)...), relationMessage, rowMessage("I"), rowMessage("U")} {
		if commit, _, err := s.next(m); err != nil || commit {
			t.Fatalf("%q: commit %v, %v", m[:1], commit, err)
		}
	}
	if !s.open || s.others || len(s.touched) != 1 {
		t.Errorf("got %+v, want one entity and nothing else", s)
	}
	commit, end, err := s.next(commitMessage())
	if err != nil || !commit || end != 42 || s.open {
		t.Errorf("commit %v at %d, %v, want 42", commit, end, err)
	}
	for _, m := range [][]byte{relationMessage, rowMessage("I"), rowMessage("U"), commitMessage()} {
		for n := 1; n < len(m); n++ {
			if _, _, err := new(stream).next(m[:n]); err == nil {
				t.Errorf("%q cut at %d: no error", m[:1], n)
			}
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, m := range [][]byte{relationMessage, rowMessage("I"), rowMessage("U"), rowMessage("D"), commitMessage(), []byte("B"), {}} {
		f.Add(m, m)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := stream{}
		for _, m := range [][]byte{append([]byte("B"), make([]byte, 20)...), relationMessage, a, b} {
			commit, end, err := s.next(m)
			if !commit && end != 0 || err != nil && commit {
				t.Fatalf("commit %v, end %d, %v", commit, end, err)
			}
		}
		for u := range s.touched {
			if u.IsZero() {
				t.Fatal("an entity without a UID")
			}
		}
	})
}
