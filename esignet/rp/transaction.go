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
	began       time.Time
	expires     time.Time

	key [sha256.Size]byte
}

// transactions are the open ones, by the hash of the secret that names them: a look
// in memory, or at how long a comparison takes, tells nothing that could be used.
type transactions struct {
	mu      sync.Mutex
	life    time.Duration
	max     int
	perUser int
	rand    io.Reader
	byKey   map[[sha256.Size]byte]*list.Element
	byUser  map[string]int
	// order is oldest first; all live equally long, so that it is the order in which
	// they expire.
	order *list.List
}

func newTransactions(c Config) *transactions {
	return &transactions{life: c.TransactionFor, max: c.MaxTransactions, perUser: c.MaxPerUser, rand: c.Rand,
		byKey: map[[sha256.Size]byte]*list.Element{}, byUser: map[string]int{}, order: list.New()}
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
	secret := make([]byte, 32)
	if _, err := io.ReadFull(ts.rand, secret); err != nil {
		return "", refuse(route.CodeInternal, "no randomness")
	}
	handle = base64.RawURLEncoding.EncodeToString(secret)
	t.key, t.began, t.expires = sha256.Sum256([]byte(handle)), now, now.Add(ts.life)
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
	ts.byKey[t.key] = ts.order.PushBack(t)
	ts.byUser[t.user]++
	return handle, nil
}

// take gives the transaction of a secret and forgets it, so that it is completed
// once whatever follows. One that is taken with the wrong user is gone too: its
// secret is known to two.
func (ts *transactions) take(handle, user, route string, now time.Time) (*transaction, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.sweep(now)
	e, ok := ts.byKey[sha256.Sum256([]byte(handle))]
	if !ok {
		return nil, refuse(CodeTransaction, "unknown, over, or completed before")
	}
	t := e.Value.(*transaction)
	ts.remove(e)
	if t.user != user || t.route != route {
		return nil, refuse(CodeTransaction, "of another user")
	}
	return t, nil
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
	if ts.byUser[t.user]--; ts.byUser[t.user] == 0 {
		delete(ts.byUser, t.user)
	}
}

func (ts *transactions) open() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.order.Len()
}
