package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// log appends entries to the chain. Appends that wait for each other share one
// transaction, and so one flush to the disk.
type log struct {
	db *database.DB

	mu      sync.Mutex
	waiting []*appended
	busy    bool
}

// appended is an entry on its way.
type appended struct {
	entry Entry
	done  chan struct{}
	err   error
}

const (
	perGroup  = 512
	groupTime = 10 * time.Second // of one transaction
)

// append returns when the entry is durable.
func (l *log) append(ctx context.Context, e Entry) error {
	p := &appended{entry: e, done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, p)
	if !l.busy {
		l.busy = true
		go l.drain()
	}
	l.mu.Unlock()
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done(): // it may stand, or not: nothing is shown either way
		return ctx.Err()
	}
}

// drain writes what waits, group by group, until nothing does.
func (l *log) drain() {
	for {
		l.mu.Lock()
		n := min(len(l.waiting), perGroup)
		group := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		if n == 0 {
			l.busy, l.waiting = false, nil
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		err := l.write(group)
		for _, p := range group {
			p.err = err
			close(p.done)
		}
	}
}

func (l *log) write(group []*appended) error {
	// Not the context of one of those who wait: the others wait, too.
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	return l.db.Write(ctx, func(tx database.Tx) error {
		// A write takes the row before it is read: who comes second reads what the
		// first has made of it.
		if _, err := tx.Exec("UPDATE access_head SET seq = seq WHERE id = 1"); err != nil {
			return err
		}
		seq, hash, err := head(tx)
		if err != nil {
			return err
		}
		rows := make([][]any, 0, len(group))
		for _, p := range group {
			seq++
			e := p.entry
			e.Seq, e.Hash = seq, nil
			canonical, err := encode(e)
			if err != nil {
				return err
			}
			hash = chain(hash, canonical)
			rows = append(rows, []any{seq, e.At.UnixMicro(), e.Patient, canonical, hash})
		}
		if _, err := tx.ExecMany("INSERT INTO access_log (seq, at, patient, entry, hash) VALUES (?1, ?2, ?3, ?4, ?5)", rows); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE access_head SET seq = ?1, hash = ?2 WHERE id = 1", seq, hash)
		return err
	})
}

func head(tx database.Tx) (seq int64, hash string, err error) {
	found, err := database.Row(tx, "SELECT seq, hash FROM access_head WHERE id = 1", nil, &seq, &hash)
	if err == nil && !found {
		err = errors.New("the log has lost its head")
	}
	return seq, hash, err
}

// chain is the hash of an entry: SHA-256 over the hash before it, in
// hexadecimal, and its canonical form.
func chain(before, canonical string) string {
	sum := sha256.Sum256([]byte(before + canonical))
	return hex.EncodeToString(sum[:])
}

// stored is the canonical form of an entry: members in this order, none that is
// empty, so that the same entry has the same hash for ever.
type stored struct {
	Seq        int64    `json:"seq"`
	At         string   `json:"at"`
	Actor      Kind     `json:"actor,omitzero"`
	Person     string   `json:"person,omitzero"`
	Role       string   `json:"role,omitzero"`
	Facility   string   `json:"facility,omitzero"`
	Subject    string   `json:"subject,omitzero"`
	Session    string   `json:"session,omitzero"`
	Patient    string   `json:"patient,omitzero"`
	Purpose    Purpose  `json:"purpose,omitzero"`
	Action     Action   `json:"action"`
	Permitted  bool     `json:"permitted"`
	Reason     Reason   `json:"reason,omitzero"`
	Sources    []string `json:"sources,omitempty"`
	Type       string   `json:"type,omitzero"`
	ID         string   `json:"id,omitzero"`
	Parameters []string `json:"parameters,omitempty"`
	Classes    []Class  `json:"classes,omitempty"`
	Count      int      `json:"count,omitzero"`

	Code EmergencyCode `json:"code,omitzero"`
}

const atForm = "2006-01-02T15:04:05.000000Z"

func encode(e Entry) (string, error) {
	b, err := json.Marshal(stored{
		Seq: e.Seq, At: e.At.UTC().Format(atForm), Actor: e.Actor, Person: e.Person, Role: e.Role, Facility: e.Facility,
		Subject: e.Subject, Session: e.Session, Patient: e.Patient, Purpose: e.Purpose, Action: e.Action,
		Permitted: e.Permitted, Reason: e.Reason, Sources: e.Sources, Type: e.Type, ID: e.ID,
		Parameters: e.Parameters, Classes: e.Classes, Count: e.Count, Code: e.Code,
	})
	if err != nil {
		return "", errors.New("an entry of the log cannot be written as JSON") // the cause may quote it
	}
	return string(b), nil
}

func decode(canonical, hash string) (Entry, error) {
	var s stored
	if err := json.Unmarshal([]byte(canonical), &s); err != nil {
		return Entry{}, errors.New("an entry of the log is damaged")
	}
	at, err := time.Parse(atForm, s.At)
	sum, herr := hex.DecodeString(hash)
	if err != nil || herr != nil {
		return Entry{}, errors.New("an entry of the log is damaged")
	}
	return Entry{
		Seq: s.Seq, At: at, Actor: s.Actor, Person: s.Person, Role: s.Role, Facility: s.Facility,
		Subject: s.Subject, Session: s.Session, Patient: s.Patient, Purpose: s.Purpose, Action: s.Action,
		Permitted: s.Permitted, Reason: s.Reason, Sources: s.Sources, Type: s.Type, ID: s.ID,
		Parameters: s.Parameters, Classes: s.Classes, Count: s.Count, Code: s.Code, Hash: sum,
	}, nil
}

// record logs what an actor did. Only references and hashes of what is opaque go
// in: whatever else an actor is made of stays out.
func (g *Gate) record(ctx context.Context, a Actor, e Entry) error {
	e.At = g.c.Now().UTC().Truncate(time.Microsecond)
	if e.Actor = a.Kind; !slices.Contains([]Kind{KindPatient, KindClinician, KindSystem}, a.Kind) {
		e.Actor = ""
	}
	if !slices.Contains([]Purpose{Treatment, PatientRequest, Emergency}, e.Purpose) {
		e.Purpose = ""
	}
	e.Person, e.Role, e.Facility = safe(a.Person), safe(a.Role), safe(a.Facility)
	if a.Subject != "" {
		e.Subject = digest(a.Issuer, a.Subject)
	}
	if a.Session != "" {
		e.Session = digest("session", a.Session)
	}
	if err := g.log.append(ctx, e); err != nil {
		return &LogError{Err: err}
	}
	return nil
}

// safe gives back a reference, and nothing else.
func safe(ref string) string {
	if _, _, ok := reference(ref); !ok {
		return ""
	}
	return ref
}

// digest hashes an opaque value together with whose it is. It names, and does not
// tell: pairwise subjects have too much entropy to be guessed.
func digest(of, value string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(of), of, value))
	return hex.EncodeToString(sum[:16])
}
