package sandbox

import (
	"net/url"
	"strings"
	"time"
)

// The forms of the pages. Each answers with a redirect (303), so that a page
// loaded again sends nothing again.

// alive tells whether the transaction of a page can still go on.
func (s *Server) alive(t *transaction, now time.Time) bool {
	_, ok := s.sessions.get(t.id, now)
	return ok
}

// pageIdentify takes the identifier and sends a code, or asks for the PIN.
func (s *Server) pageIdentify(r *request, t *transaction, form url.Values) answer {
	if !s.alive(t, r.now) || t.person != nil {
		return s.back(t, "")
	}
	id := strings.Join(strings.Fields(form.Get("individualId")), "")
	factor := form.Get("factor")
	if factor != "PIN" {
		factor = "OTP"
	}
	if factor == "PIN" {
		if s.people[id] == nil {
			return s.back(t, "invalid_individual_id")
		}
		t.page.id, t.page.factor = id, factor
		return s.back(t, "")
	}
	if problem := s.pageSend(t, id, r.now); problem != "" {
		return s.back(t, problem)
	}
	t.page.id, t.page.factor = id, factor
	return s.back(t, "")
}

// pageSend sends a code within the attempts of the transaction.
func (s *Server) pageSend(t *transaction, id string, now time.Time) (problem string) {
	if t.otpCalls >= attempts {
		s.block(id, now)
		return "no_attempts_left"
	}
	t.otpCalls++
	email, phone, f := s.sendOTP(t, id, now)
	if f != nil {
		return f.code
	}
	t.page.email, t.page.phone, t.page.sentAt = email, phone, now
	return ""
}

// pageResend sends another code, not before the delay is over.
func (s *Server) pageResend(r *request, t *transaction, _ url.Values) answer {
	if !s.alive(t, r.now) || t.person != nil || t.page.factor != "OTP" {
		return s.back(t, "")
	}
	if r.now.Before(t.page.sentAt.Add(resendDelay)) {
		return s.back(t, "too_early")
	}
	return s.back(t, s.pageSend(t, t.page.id, r.now))
}

// pageRestart goes back to the identifier.
func (s *Server) pageRestart(r *request, t *transaction, _ url.Values) answer {
	if t.person == nil {
		t.page.id = ""
	}
	return s.back(t, "")
}

// pageVerify takes the code or the PIN. Where no consent is to be asked for,
// the browser goes straight back to the relying party.
func (s *Server) pageVerify(r *request, t *transaction, form url.Values) answer {
	if !s.alive(t, r.now) || t.person != nil || t.page.id == "" {
		return s.back(t, "")
	}
	if t.authCalls >= attempts {
		s.block(t.page.id, r.now)
		return s.back(t, "no_attempts_left")
	}
	t.authCalls++
	challenge := strings.Join(strings.Fields(form.Get("challenge")), "")
	if f := s.authenticate(t, t.page.id, t.page.factor, challenge, r.now); f != nil {
		return s.back(t, f.code)
	}
	if !t.capture {
		return s.finish(r, t, nil)
	}
	return s.back(t, "")
}

// pageConsent takes the answer of the consent page. Essential claims go with
// Allow; there is no other way to leave them out than Cancel.
func (s *Server) pageConsent(r *request, t *transaction, form url.Values) answer {
	if t.person == nil || t.code != "" {
		return s.back(t, "")
	}
	if form.Get("answer") != "allow" {
		code := "access_denied"
		if s.v < V18 {
			code = "consent_request_rejected"
		}
		s.sessions.take(t.id, r.now)
		return s.away(s.errorRedirect(&t.request, code, code, r.url))
	}
	if !s.alive(t, r.now) {
		return s.pageLate(r, t, nil)
	}
	return s.finish(r, t, append(append([]string(nil), t.essential...), form["claim"]...))
}

// pageMore gives the consent page its time again (WCAG 2.2, 2.2.1), which
// eSignet does not.
func (s *Server) pageMore(r *request, t *transaction, _ url.Values) answer {
	if s.alive(t, r.now) && t.person != nil {
		t.until = r.now.Add(s.consentLife())
		s.sessions.put(t.id, t, r.now, t.until)
	}
	return s.back(t, "")
}

// pageLate is what the page does when its time is over.
func (s *Server) pageLate(r *request, t *transaction, _ url.Values) answer {
	if t.person == nil || t.code != "" {
		return s.back(t, "")
	}
	s.sessions.take(t.id, r.now)
	return s.away(s.errorRedirect(&t.request, "transaction_timeout", "transaction_timeout", r.url))
}

// finish makes the code and sends the browser back with it.
func (s *Server) finish(r *request, t *transaction, accepted []string) answer {
	code, f := s.issueCode(t, accepted, r.now)
	if f != nil {
		return s.back(t, f.code)
	}
	return s.away(s.codeRedirect(t, code, r.url))
}
