package rp

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/qr"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// DevicePhone is StartRequest.Device and Evidence.Device of a sign-in on her own
// phone.
const DevicePhone = "phone"

// Phone offers the sign-in on a person's own phone, which has no session at DHIS2:
// it opens a public page of this service, and comes back to one.
type Phone struct {
	// URL is the address of this service as phones reach it: the pages are below
	// URL + /verify/phone/. https, except on a loopback address.
	URL string
	// Names says who asks, in words. Required; *api.Client is one.
	Names Names
	// For is how long she may take from the code on the worker's screen to the end of
	// the sign-in. Defaults to 5 min.
	For time.Duration
}

// Names tells what her phone shows of the clinic and the worker.
type Names interface {
	OrganisationUnits(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error)
	UsersByName(ctx context.Context, names []string) ([]dhis2.User, error)
}

// PhoneCallback is the redirect URI to register at eSignet beside that of the form,
// for the address of Phone.URL.
func PhoneCallback(url string) string { return strings.TrimSuffix(url, "/") + phonePath + "callback" }

// PhoneStarted is what the form shows her.
type PhoneStarted struct {
	URL     string    `json:"url"`
	QR      qr.Code   `json:"qr"` // of URL
	Expires time.Time `json:"expires"`
}

// PhoneRequest names a sign-in on a phone.
type PhoneRequest struct {
	Transaction string `json:"transaction"`
}

// ConfirmRequest says which number the worker has seen on the phone.
type ConfirmRequest struct {
	Transaction string `json:"transaction"`
	Number      string `json:"number"`
}

// PhoneStatus says how far a sign-in on a phone is.
type PhoneStatus struct {
	State PhoneState `json:"state"`
	// Number is what the phone shows, once it is opened.
	Number  string              `json:"number,omitzero"`
	Expires time.Time           `json:"expires"`
	Error   *route.ProblemError `json:"error,omitzero"` // of refused
}

// PhoneState is a step of a sign-in on a phone.
type PhoneState string

// The steps. The last three are the end: after signed-in comes complete, after the
// others a new start.
const (
	PhoneWaiting   PhoneState = "waiting"   // nobody has opened the address
	PhoneOpened    PhoneState = "opened"    // a browser has it and shows a number
	PhoneConfirmed PhoneState = "confirmed" // the worker has seen the number there
	PhoneSignedIn  PhoneState = "signed-in"
	PhoneRefused   PhoneState = "refused"
	PhoneExpired   PhoneState = "expired"
)

// phone is how far a transaction is on a phone.
type phone struct {
	ticket         string // secret in the address, worth nothing once a browser has it
	until          time.Time
	clinic, worker string

	browser   digest // of the secret in the cookie of the browser that opened it
	opened    bool
	number    string // two digits
	confirmed bool

	tries   int    // sign-ins begun
	state   string // of attempt; see transactions.expect
	attempt *esignet.Attempt
	lang    string // of the page she came from

	done *verified
	err  *route.Refusal
}

// maxTries bounds the sign-ins begun with one ticket: each costs eSignet memory.
const maxTries = 5

func (p *phone) step(now time.Time) PhoneState {
	switch {
	case p.err != nil:
		return PhoneRefused
	case p.done != nil:
		return PhoneSignedIn
	case !now.Before(p.until):
		return PhoneExpired
	case p.confirmed:
		return PhoneConfirmed
	case p.opened:
		return PhoneOpened
	}
	return PhoneWaiting
}

// has says that a browser is the one that opened it.
func (p *phone) has(cookie string) bool {
	d := digestOf(cookie)
	return p.opened && subtle.ConstantTimeCompare(d[:], p.browser[:]) == 1
}

func (s *Service) startPhone(ctx context.Context, t *transaction) (*Started, error) {
	p := &phone{}
	t.phone = p
	var err error
	if p.clinic, p.worker, err = s.names(ctx, t.orgUnit, t.user); err != nil {
		return nil, err
	}
	if p.ticket, err = random(s.config.Rand, 16); err != nil {
		return nil, err
	}
	now := s.config.Now()
	p.until = now.Add(s.config.Phone.For)
	started := PhoneStarted{URL: strings.TrimSuffix(s.config.Phone.URL, "/") + phonePath + p.ticket, Expires: p.until}
	if started.QR, err = qr.Draw(started.URL, qr.Quiet); err != nil {
		return nil, failed(route.CodeInternal, "the code cannot be drawn", err)
	}
	handle, err := s.open.put(t, now)
	if err != nil {
		return nil, err
	}
	return &Started{Transaction: handle, Phone: &started, Expires: p.until}, nil
}

// names are those of the clinic and the worker, as DHIS2 shows them.
func (s *Service) names(ctx context.Context, unit dhis2.UID, user string) (clinic, worker string, err error) {
	units, err := s.config.Phone.Names.OrganisationUnits(ctx, []dhis2.UID{unit})
	if err != nil {
		return "", "", failed(route.CodeUnavailable, "DHIS2 does not say how the organisation unit is called", err)
	}
	users, err := s.config.Phone.Names.UsersByName(ctx, []string{user})
	if err != nil {
		return "", "", failed(route.CodeUnavailable, "DHIS2 does not say how the user is called", err)
	}
	for _, u := range units {
		if u.ID == unit {
			clinic = cmp.Or(u.DisplayName, u.Name)
		}
	}
	for _, u := range users {
		if u.Username == user {
			worker = cmp.Or(u.DisplayName, strings.TrimSpace(u.FirstName+" "+u.Surname), u.Username)
		}
	}
	if clinic == "" || worker == "" {
		return "", "", refuse(route.CodeUnavailable, "DHIS2 has no name for the organisation unit or the user")
	}
	return clinic, worker, nil
}

// onPhone visits a transaction that has a phone.
func (s *Service) onPhone(who route.Caller, handle string, do func(*phone, time.Time) error) error {
	now := s.config.Now()
	return s.open.visit(handle, who, now, func(t *transaction) error {
		if t.phone == nil {
			return refuse(route.CodeMalformed, "not a sign-in on a phone")
		}
		return do(t.phone, now)
	})
}

func (s *Service) phoneStatus(who route.Caller, r PhoneRequest) (st *PhoneStatus, err error) {
	err = s.onPhone(who, r.Transaction, func(p *phone, now time.Time) error {
		st = p.status(now)
		return nil
	})
	return st, err
}

func (p *phone) status(now time.Time) *PhoneStatus {
	st := &PhoneStatus{State: p.step(now), Number: p.number, Expires: p.until}
	if p.err != nil {
		problem := p.err.Problem().Error
		st.Error = &problem
	}
	return st
}

// confirmPhone lets the sign-in go on: the worker has seen the number on the phone
// of the person before her. A wrong number ends it: the phone is another's.
func (s *Service) confirmPhone(who route.Caller, r ConfirmRequest) (st *PhoneStatus, err error) {
	err = s.onPhone(who, r.Transaction, func(p *phone, now time.Time) error {
		switch step := p.step(now); {
		case step != PhoneOpened && step != PhoneConfirmed:
			return refuse(CodeTransaction, "no phone waits to be confirmed")
		case subtle.ConstantTimeCompare([]byte(r.Number), []byte(p.number)) != 1:
			p.err = refuse(CodeNumber, "not the number that the phone shows")
			return p.err
		}
		p.confirmed = true
		st = p.status(now)
		return nil
	})
	return st, err
}

// pending refuses to complete what is not signed in yet, so that it can go on.
func (s *Service) pending(who route.Caller, handle string) error {
	now := s.config.Now()
	return s.open.visit(handle, who, now, func(t *transaction) error {
		if t.phone == nil {
			return nil
		}
		switch t.phone.step(now) {
		case PhoneWaiting, PhoneOpened, PhoneConfirmed:
			return refuse(CodePending, "not signed in yet")
		case PhoneExpired:
			return refuse(CodeTransaction, "the time of the phone is over")
		}
		return nil
	})
}

// result is what came of the sign-in on the phone.
func (p *phone) result(response string) (*verified, error) {
	switch {
	case response != "":
		return nil, refuse(route.CodeMalformed, "a sign-in on a phone brings no response to the form")
	case p.err != nil:
		return nil, p.err
	case p.done == nil:
		return nil, refuse(CodePending, "not signed in yet")
	}
	return p.done, nil
}

// openPhone gives the address to the browser that asks first, with the secret for
// its cookie. A browser that has it already keeps it.
func (s *Service) openPhone(ticket, cookie string) (secret string, expires time.Time, err error) {
	secret, err = random(s.config.Rand, 32)
	if err != nil {
		return "", expires, err
	}
	n, err := rand.Int(s.config.Rand, big.NewInt(90))
	if err != nil {
		return "", expires, refuse(route.CodeInternal, "no randomness")
	}
	now := s.config.Now()
	found := s.open.visitPhone(ticketKey(ticket), now, func(t *transaction) {
		p := t.phone
		expires = t.expires
		switch step := p.step(now); {
		case p.has(cookie):
			secret = cookie
		case p.opened:
			err = refuse(CodeTransaction, "another browser has opened it")
		case step != PhoneWaiting:
			err = refuse(CodeTransaction, "the time of the phone is over")
		default:
			p.opened, p.browser, p.number = true, digestOf(secret), strconv.FormatInt(10+n.Int64(), 10)
		}
	})
	if !found {
		err = refuse(CodeTransaction, "unknown, over, or completed before")
	}
	return secret, expires, err
}

// signInPhone begins the sign-in at eSignet for the browser that has the address and
// was confirmed, and gives where it goes.
func (s *Service) signInPhone(ctx context.Context, ticket, cookie, lang string) (url string, err error) {
	now := s.config.Now()
	var client *Client
	var asked esignet.AuthorizationRequest
	s.open.visitPhone(ticketKey(ticket), now, func(t *transaction) {
		p := t.phone
		if p.step(now) != PhoneConfirmed || !p.has(cookie) {
			return
		}
		if p.tries++; p.tries > maxTries {
			p.err = refuse(route.CodeLimit, "too many sign-ins on one phone")
			return
		}
		p.lang = lang
		client, asked = t.client, request(t.client, t.mapper, "touch", []string{lang})
	})
	if client == nil {
		return "", refuse(CodeTransaction, "not confirmed, over, or another browser's")
	}
	attempt, err := client.Phone.Authorize(ctx, asked)
	if err != nil {
		return "", err
	}
	now = s.config.Now()
	err = refuse(CodeTransaction, "over meanwhile")
	s.open.visitPhone(ticketKey(ticket), now, func(t *transaction) {
		if t.phone.step(now) == PhoneConfirmed {
			t.phone.attempt, err = attempt, nil
			s.open.expect(t, attempt.State)
		}
	})
	if err != nil {
		return "", err
	}
	return attempt.URL, nil
}

// returned takes what eSignet sent her phone back with: the code is exchanged at
// once, and who she is waits for the form. The answer of a browser that did not
// begin the sign-in is worth nothing, to nobody any more.
func (s *Service) returned(ctx context.Context, state, response string, cookie func(ticket string) string) (ticket, lang string, err error) {
	now := s.config.Now()
	var hers *transaction
	var attempt *esignet.Attempt
	s.open.visitPhone(stateKey(state), now, func(t *transaction) {
		p := t.phone
		ticket, lang, attempt = p.ticket, p.lang, p.attempt
		p.attempt = nil
		s.open.expect(t, "")
		if p.step(now) == PhoneConfirmed && p.has(cookie(ticket)) {
			hers = t
		}
	})
	if hers == nil {
		return "", "", refuse(CodeTransaction, "unknown, over, or another browser's")
	}
	done, failure := s.redeem(ctx, hers, hers.client.Phone, attempt, response)
	now = s.config.Now()
	found := s.open.visitPhone(ticketKey(ticket), now, func(t *transaction) {
		if p := t.phone; p.step(now) == PhoneConfirmed {
			if failure != nil {
				p.err = asRefusal(failure)
			} else {
				p.done = done
			}
		}
	})
	if !found && failure == nil {
		failure = refuse(CodeTransaction, "over meanwhile")
	}
	return ticket, lang, failure
}
