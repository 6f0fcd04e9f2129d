package rp

import (
	"container/list"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// transaction is one sign-in under way. It stays in memory: a restart ends it, and
// the person begins again.
type transaction struct {
	attempt *esignet.Attempt
	client  *Client
	mapper  *claims.Mapper

	user, route string
	program     dhis2.UID
	orgUnit     dhis2.UID
	assisted    *Assisted
	began       time.Time
	expires     time.Time

	key digest

	// phone is how far it is on her own phone, nil for a window of the form.
	// transactions.mu guards what it points to.
	phone *phone
}

// digest is the hash of a secret: a look in memory, or at how long a comparison
// takes, tells nothing that could be used.
type digest = [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

// ticketKey and stateKey keep the two apart: one never finds in the place of the
// other.
func ticketKey(ticket string) digest { return digestOf("ticket " + ticket) }
func stateKey(state string) digest   { return digestOf("state " + state) }

// transactions are the open ones, by the digests of the secrets that name them: the
// form's, and on her phone the ticket in the address and the state of the request.
type transactions struct {
	mu      sync.Mutex
	life    time.Duration
	max     int
	perUser int
	rand    io.Reader
	byKey   map[digest]*list.Element
	byPhone map[digest]*list.Element // ticket or state
	byUser  map[string]int
	// order is oldest first; all live equally long, so that it is the order in which
	// they expire.
	order *list.List
}

func newTransactions(c Config) *transactions {
	return &transactions{life: c.TransactionFor, max: c.MaxTransactions, perUser: c.MaxPerUser, rand: c.Rand,
		byKey: map[digest]*list.Element{}, byPhone: map[digest]*list.Element{}, byUser: map[string]int{}, order: list.New()}
}

// full reports whether no more may begin.
func (ts *transactions) full(now time.Time) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.sweep(now)
	return ts.order.Len() >= ts.max
}

// put keeps a transaction and gives the secret that names it. The oldest of a user
// who has too many gives way.
func (ts *transactions) put(t *transaction, now time.Time) (handle string, err error) {
	if handle, err = random(ts.rand, 32); err != nil {
		return "", err
	}
	t.key, t.began, t.expires = digestOf(handle), now, now.Add(ts.life)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.sweep(now)
	if ts.byUser[t.user] >= ts.perUser {
		for e := ts.order.Front(); e != nil; e = e.Next() {
			if e.Value.(*transaction).user == t.user {
				ts.remove(e)
				break
			}
		}
	}
	if ts.order.Len() >= ts.max {
		return "", refuse(route.CodeLimit, "too many open sign-ins")
	}
	e := ts.order.PushBack(t)
	ts.byKey[t.key] = e
	ts.byUser[t.user]++
	if t.phone != nil {
		ts.byPhone[ticketKey(t.phone.ticket)] = e
	}
	return handle, nil
}

// random gives n bytes as text for addresses.
func random(r io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", refuse(route.CodeInternal, "no randomness")
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// take gives the transaction of a secret and forgets it, so that it is completed
// once whatever follows. One that is taken with the wrong user is gone too: its
// secret is known to two.
func (ts *transactions) take(handle string, who route.Caller, now time.Time) (*transaction, error) {
	var taken *transaction
	err := ts.visit(handle, who, now, func(t *transaction) error {
		ts.remove(ts.byKey[t.key])
		taken = t
		return nil
	})
	return taken, err
}

// visit calls do with the transaction of a secret, which stays. The lock is held
// meanwhile. The wrong user ends it, as in take.
func (ts *transactions) visit(handle string, who route.Caller, now time.Time, do func(*transaction) error) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.sweep(now)
	e, ok := ts.byKey[digestOf(handle)]
	if !ok {
		return refuse(CodeTransaction, "unknown, over, or completed before")
	}
	t := e.Value.(*transaction)
	if t.user != who.User || t.route != who.Route {
		ts.remove(e)
		return refuse(CodeTransaction, "of another user")
	}
	return do(t)
}

// visitPhone calls do with the transaction of a ticketKey or a stateKey, if there is
// one. The lock is held meanwhile.
func (ts *transactions) visitPhone(key digest, now time.Time, do func(*transaction)) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.sweep(now)
	e, ok := ts.byPhone[key]
	if ok {
		do(e.Value.(*transaction))
	}
	return ok
}

// expect has visitPhone find the transaction by the state of an attempt, in the
// place of the one before; "" forgets that. The caller holds the lock.
func (ts *transactions) expect(t *transaction, state string) {
	if t.phone.state != "" {
		delete(ts.byPhone, stateKey(t.phone.state))
	}
	if t.phone.state = state; state != "" {
		ts.byPhone[stateKey(state)] = ts.byKey[t.key]
	}
}

// sweep forgets those that are over. The caller holds the lock.
func (ts *transactions) sweep(now time.Time) {
	for e := ts.order.Front(); e != nil && !now.Before(e.Value.(*transaction).expires); e = ts.order.Front() {
		ts.remove(e)
	}
}

func (ts *transactions) remove(e *list.Element) {
	t := ts.order.Remove(e).(*transaction)
	delete(ts.byKey, t.key)
	if t.phone != nil {
		delete(ts.byPhone, ticketKey(t.phone.ticket))
		ts.expect(t, "")
	}
	if ts.byUser[t.user]--; ts.byUser[t.user] == 0 {
		delete(ts.byUser, t.user)
	}
}

func (ts *transactions) open() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.order.Len()
}
