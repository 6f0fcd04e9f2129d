package sandbox

import (
	"time"
)

// transaction is one sign-in, from the authorization request until its code is
// redeemed.
type transaction struct {
	id      string
	client  *client
	request authRequest
	asked   claimsRequest

	essential, voluntary []string
	acrs                 []string // that may be used
	hash                 string   // of the details that the page was given

	otpCalls, authCalls, claimCalls int

	person   *Identity // who signed in; nil before
	acr      string
	authTime time.Time
	capture  bool // consent is to be asked for
	accepted []string
	until    time.Time

	code      string
	dpopNonce nonceOf

	page pageState
}

// nonceOf is the DPoP nonce that an endpoint last handed out for one code or
// one token.
type nonceOf struct {
	value string
	until time.Time
}

// lives are the times of a sign-in (application-default.properties).
func (s *Server) signInLife() time.Duration {
	if s.v == V16 {
		return 600 * time.Second
	}
	return 300 * time.Second
}

func (s *Server) consentLife() time.Duration {
	if s.v == V16 {
		return 600 * time.Second
	}
	return 120 * time.Second
}

func (s *Server) codeLife() time.Duration {
	if s.v == V16 {
		return 600 * time.Second
	}
	return 300 * time.Second
}

// begin makes a transaction of an authorization request. pushed says that the
// request came by the pushed-request endpoint.
func (s *Server) begin(r authRequest, now time.Time, pushed bool) (*transaction, *fault) {
	if f := s.checkShape(&r); f != nil {
		return nil, f
	}
	asked, ok := s.readClaims(r.Claims)
	if !ok {
		return nil, wrongField("request.claims", "invalid_claim")
	}
	c, f := s.checkAgainstClient(&r)
	if f != nil {
		return nil, f
	}
	if !pushed {
		if c.additional.RequirePAR {
			return nil, refuse("invalid_request")
		}
		if f := s.spendNonce(r.Nonce, now); f != nil {
			return nil, f
		}
	}
	if c.additional.RequirePKCE && r.Challenge == "" {
		return nil, refuse("use_pkce")
	}
	t := &transaction{id: s.draw(), client: c, request: r, asked: asked, acrs: wantedACRs(c, r.ACRValues, asked),
		until: now.Add(s.signInLife())}
	t.essential, t.voluntary = wantedClaims(c, r.Scope, asked)
	s.sessions.put(t.id, t, now, t.until)
	return t, nil
}

// spendNonce lets every nonce of an authorization request pass once in 24 h.
func (s *Server) spendNonce(nonce string, now time.Time) *fault {
	if nonce == "" || s.on(ForgetNonces) || s.v >= V20 {
		return nil
	}
	if _, used := s.usedNonces.get(nonce, now); used {
		return refuse("invalid_request")
	}
	s.usedNonces.put(nonce, struct{}{}, now, now.Add(replayTime))
	return nil
}

// attempts are the calls allowed per transaction, good ones counted too.
const attempts = 3

// sendOTP sends the person a one-time code, which is always OTP. It gives the
// masked e-mail address and telephone number.
func (s *Server) sendOTP(t *transaction, id string, now time.Time) (email, phone string, f *fault) {
	if _, blocked := s.blocked.get(id, now); blocked {
		return "", "", refuse("individual_id_blocked")
	}
	p := s.people[id]
	if p == nil {
		return "", "", refuse("invalid_individual_id")
	}
	s.otps.put(t.id+id, struct{}{}, now, now.Add(600*time.Second))
	return maskEmail(p.Email), maskPhone(p.Phone), nil
}

// authenticate checks one challenge. A wrong one leaves the code sent usable.
func (s *Server) authenticate(t *transaction, id, factor, challenge string, now time.Time) *fault {
	if _, blocked := s.blocked.get(id, now); blocked {
		return refuse("individual_id_blocked")
	}
	acr := ""
	for _, a := range t.acrs {
		if acrFactors[a] == factor {
			acr = a
		}
	}
	if acr == "" {
		return refuse("auth_factor_mismatch")
	}
	p := s.people[id]
	if p == nil {
		return refuse("invalid_individual_id")
	}
	switch factor {
	case "OTP":
		if _, sent := s.otps.get(t.id+id, now); !sent {
			return refuse("invalid_transaction")
		}
		if challenge != OTP {
			return refuse("auth_failed")
		}
		s.otps.take(t.id+id, now)
	case "PIN":
		if challenge != p.PIN {
			return refuse("auth_failed")
		}
	default:
		return refuse("auth_failed") // no other factor can be given here
	}
	t.person, t.acr, t.authTime = p, acr, now
	t.capture = s.needsConsent(t, now)
	t.until = now.Add(s.consentLife())
	s.sessions.put(t.id, t, now, t.until)
	return nil
}

// block keeps a person out for ten minutes, across transactions.
func (s *Server) block(id string, now time.Time) {
	if id != "" && len(id) <= 64 {
		s.blocked.put(id, struct{}{}, now, now.Add(blockedTime))
	}
}

// resendDelay is how long the page waits before it offers another code.
const resendDelay = 180 * time.Second
