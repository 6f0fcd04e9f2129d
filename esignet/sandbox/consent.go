package sandbox

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"
)

// consentKey is what a consent is remembered for.
type consentKey struct{ client, sub string }

type consent struct {
	hash     string // of what was asked
	accepted []string
	until    time.Time // zero: for good
}

// needsConsent tells whether the consent page is to be shown. Nothing asked,
// or the same consented to before, needs none, unless prompt=consent.
func (s *Server) needsConsent(t *transaction, now time.Time) bool {
	if len(t.essential)+len(t.voluntary) == 0 {
		return false
	}
	if t.request.Prompt == "consent" {
		return true
	}
	c, ok := s.consents[consentKey{t.client.ClientID, s.subject(t)}]
	if !ok || c.hash != t.askedHash() || !c.until.IsZero() && !now.Before(c.until) {
		return true
	}
	t.accepted = c.accepted
	return false
}

// askedHash sums up what was asked, so that a wider request asks again.
func (t *transaction) askedHash() string {
	sum := sha256.Sum256(encode([]any{t.essential, t.voluntary}))
	return b64.EncodeToString(sum[:])
}

// issueCode ends the dialogue: accepted claims become a code. Essential ones
// must be among them.
func (s *Server) issueCode(t *transaction, accepted []string, now time.Time) (string, *fault) {
	if t.person == nil {
		return "", refuse("invalid_transaction")
	}
	if t.capture {
		for _, claim := range accepted {
			if !slices.Contains(t.essential, claim) && !slices.Contains(t.voluntary, claim) {
				return "", refuse("invalid_accepted_claim")
			}
		}
		for _, claim := range t.essential {
			if !slices.Contains(accepted, claim) {
				return "", refuse("invalid_accepted_claim")
			}
		}
		t.accepted = slices.Clone(accepted)
		kept := consent{hash: t.askedHash(), accepted: t.accepted}
		if minutes := t.client.additional.ConsentExpiry; minutes > 0 {
			kept.until = now.Add(time.Duration(minutes * float64(time.Minute)))
		}
		s.remember(consentKey{t.client.ClientID, s.subject(t)}, kept, now)
	}
	t.code = s.draw()
	s.sessions.take(t.id, now)
	s.codes.put(t.code, t, now, now.Add(s.codeLife()))
	return t.code, nil
}

// remember keeps a consent, as long as there is room.
func (s *Server) remember(key consentKey, c consent, now time.Time) {
	if len(s.consents) >= s.cfg.MaxSessions {
		maps.DeleteFunc(s.consents, func(_ consentKey, old consent) bool { return !old.until.IsZero() && !now.Before(old.until) })
	}
	if len(s.consents) < s.cfg.MaxSessions { // else people are asked again, that is all
		s.consents[key] = c
	}
}
