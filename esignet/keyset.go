package esignet

import (
	"context"
	"net/http"
	"time"
)

// KeySet is a published key set. It is kept for [Config.KeysFor], whatever the
// server says about caching, since eSignet's says no-store, and fetched again, at
// most every [Config.RefetchAfter], when a token has an unknown kid or its
// signature fails. While the server is down the last set stays good for a day. It
// is safe for concurrent use.
type KeySet struct{ set *cached[[]PublicKey] }

func newKeySet(calls caller, address func(context.Context) (string, error), keep, wait time.Duration, now func() time.Time) *KeySet {
	read := func(ctx context.Context) ([]PublicKey, error) {
		at, err := address(ctx)
		if err != nil {
			return nil, err
		}
		a, err := calls.get(ctx, StageKeys, at, "application/json, application/jwk-set+json", maxKeySet)
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK {
			return nil, a.unexpected(StageKeys)
		}
		keys, err := ParsePublicKeys(a.body)
		if err != nil {
			return nil, fail(StageKeys, CodeMalformed, "%v", err)
		}
		return keys, nil
	}
	return &KeySet{set: &cached[[]PublicKey]{stage: StageKeys, read: read, keep: keep, wait: wait, now: now}}
}

// NewKeySet makes a key set at an address of its own, for tokens that belong to
// no sign-in, such as the client assertions of DHIS2. keep and wait have the
// meaning and the defaults of [Config.KeysFor] and [Config.RefetchAfter].
func NewKeySet(address string, keep, wait time.Duration, transport http.RoundTripper, now func() time.Time) *KeySet {
	if keep == 0 {
		keep = defaultKeysFor
	}
	if wait == 0 {
		wait = defaultRefetchAfter
	}
	if now == nil {
		now = time.Now
	}
	at := func(context.Context) (string, error) { return address, nil }
	return newKeySet(newCaller(transport, defaultTimeout), at, keep, wait, now)
}

// Verify checks the signature of a JWT by the set and gives the payload, whose
// claims nobody has looked at. Only the algorithms named are allowed. Errors are
// those of a token, at the stage given.
func (s *KeySet) Verify(ctx context.Context, stage Stage, token string, allowed ...string) ([]byte, error) {
	c, err := parseJWS(stage, token, allowed)
	if err != nil {
		return nil, err
	}
	return verify(ctx, stage, c, nil, s)
}

// VerifyAssertion is Verify for the client assertion of a server built on Spring
// Security, as DHIS2 is, whose header always says where its key is (jku). That is
// passed over and nothing is fetched from there: the set has its own address.
func (s *KeySet) VerifyAssertion(ctx context.Context, stage Stage, token string, allowed ...string) ([]byte, error) {
	c, err := parseSigned(stage, token, allowed, readHeader)
	if err != nil {
		return nil, err
	}
	return verify(ctx, stage, c, nil, s)
}

// verify checks a signature, by the keys that are configured and by the sets
// that are published. A set is fetched anew only when all that is at hand fails.
func verify(ctx context.Context, stage Stage, c compact, configured []PublicKey, sets ...*KeySet) ([]byte, error) {
	known := false // a key was there that should have verified it
	try := func(keys []PublicKey) bool {
		for _, k := range keys {
			if k.fits(c.header) {
				known = true
				if c.verifiedBy(k.Key) {
					return true
				}
			}
		}
		return false
	}
	var down error
	for _, s := range sets {
		keys, err := s.set.current(ctx)
		if err != nil {
			down = err
		} else if try(keys) {
			return c.payload, nil
		}
	}
	if try(configured) {
		return c.payload, nil
	}
	for _, s := range sets {
		if keys, ok := s.set.renew(ctx); ok && try(keys) {
			return c.payload, nil
		}
	}
	switch {
	case down != nil:
		return nil, down
	case known:
		return nil, fail(stage, CodeSignature, "the signature fails under every key of that kid")
	default:
		return nil, fail(stage, CodeSignature, "signed by a key that is not published")
	}
}
