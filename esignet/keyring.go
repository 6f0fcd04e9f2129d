package esignet

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
)

// RingKey is a key and its time.
type RingKey struct {
	Key *Key
	// SignsFrom is when it begins to sign; zero: at once. It is published before,
	// so that those who keep the set have it by then.
	SignsFrom time.Time
	// Until is when it is published no more and opens nothing any more; zero: no
	// end. It signs until another begins.
	Until time.Time
}

// KeyRing are the keys of one purpose, so that one can follow another without a
// gap. It does not change; a new one is made of changed settings.
type KeyRing struct{ entries []RingKey }

// NewKeyRing makes a ring. Each kid stands once.
func NewKeyRing(keys ...RingKey) (*KeyRing, error) {
	if len(keys) == 0 {
		return nil, errors.New("a key ring needs a key")
	}
	seen := map[string]bool{}
	for _, e := range keys {
		switch {
		case e.Key == nil:
			return nil, errors.New("a key ring's entry has no key")
		case seen[e.Key.id]:
			return nil, fmt.Errorf("two keys have the kid %q", e.Key.id)
		case !e.Until.IsZero() && !e.Until.After(e.SignsFrom):
			return nil, fmt.Errorf("the key %q ends before it signs", e.Key.id)
		}
		seen[e.Key.id] = true
	}
	return &KeyRing{entries: keys}, nil
}

// SingleKey is a ring of one key without end.
func SingleKey(k *Key) *KeyRing { return &KeyRing{entries: []RingKey{{Key: k}}} }

// Active gives the key that signs: of those that have begun and not ended, the
// one that began last.
func (r *KeyRing) Active(now time.Time) (*Key, error) {
	var best *RingKey
	for i, e := range r.entries {
		if e.ended(now) || e.SignsFrom.After(now) || e.Key.algorithm == rsaOAEP256 {
			continue
		}
		if best == nil || !e.SignsFrom.Before(best.SignsFrom) {
			best = &r.entries[i]
		}
	}
	if best == nil {
		return nil, errors.New("no key signs at this time")
	}
	return best.Key, nil
}

// Published gives the keys that have not ended, in the order of the ring.
func (r *KeyRing) Published(now time.Time) (keys []*Key) {
	for _, e := range r.entries {
		if !e.ended(now) {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

func (e RingKey) ended(now time.Time) bool { return !e.Until.IsZero() && !e.Until.After(now) }

// JWKS gives the key set to publish (RFC 7517 section 5) for a use.
func (r *KeyRing) JWKS(now time.Time, use string) ([]byte, error) {
	set := struct {
		Keys []jose.JSONWebKey `json:"keys"`
	}{Keys: []jose.JSONWebKey{}}
	for _, k := range r.Published(now) {
		j, err := k.jwk(use)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}
