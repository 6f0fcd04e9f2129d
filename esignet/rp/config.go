package rp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// Config is one service.
type Config struct {
	// Clients are the clients at eSignet, of one issuer or several. A program belongs
	// to one of them. Required.
	Clients []Client
	// Routes are the callers that are let in. Required.
	Routes []route.Route
	// Phone offers the sign-in on her own phone; nil is off.
	Phone *Phone
	// Authority says who may ask for what. Required.
	Authority Authority
	// Vault keeps the evidence. Required.
	Vault *Vault

	// TransactionFor is how long a person may take. Defaults to 10 min; a client's
	// esignet.Config.AttemptFor may end it before.
	TransactionFor time.Duration
	// MaxTransactions bounds open sign-ins, MaxPerUser those of one DHIS2 user.
	// Default to 10,000 and 20. When one user has too many, the oldest gives way;
	// when all have, the new one is refused.
	MaxTransactions, MaxPerUser int
	// Limits and Patience bound calls; see route.Config.
	Limits   route.Limits
	Patience time.Duration

	// Log gets one line per call, without any value of a person.
	Log zerolog.Logger
	// Now is the clock, time.Now when nil. Rand makes transactions; crypto/rand when
	// nil.
	Now  func() time.Time
	Rand io.Reader
}

// Client is a client at an issuer, and what it is used for.
type Client struct {
	OIDC *esignet.Client
	// Phone is OIDC with the redirect URI of PhoneCallback; nil offers no sign-in on
	// her own phone.
	Phone *esignet.Client
	// RelyingParty is the sector of the pseudonyms that the client is registered
	// with.
	RelyingParty string
	// Keys and DecryptionKeys are published; those of its esignet.Config.
	Keys, DecryptionKeys *esignet.KeyRing
	// Programs are those whose forms it fills.
	Programs []*claims.Mapper
	// ACRValues are the ways to sign in that are accepted; none accepts all that are
	// registered.
	ACRValues []string
	// Display is that of the authorization request. Defaults to popup.
	Display string
}

// Authority says whether a user of DHIS2 may register people in a program at an
// organisation unit. The browser names all three but the user, so nothing of it is
// believed. A refusal is a *route.Refusal; another error says that it is not known.
type Authority interface {
	MayCapture(ctx context.Context, user string, program, orgUnit dhis2.UID) error
}

func (c Config) withDefaults() Config {
	def(&c.TransactionFor, 10*time.Minute)
	def(&c.MaxTransactions, 10_000)
	def(&c.MaxPerUser, 20)
	def(&c.Patience, 18*time.Second)
	if c.Phone != nil {
		p := *c.Phone
		def(&p.For, 5*time.Minute)
		c.Phone = &p
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

func def[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func (c Config) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(len(c.Clients) > 0, "no client: nobody can be verified")
	programs := map[dhis2.UID]bool{}
	for i, client := range c.Clients {
		need(client.OIDC != nil && client.Keys != nil, "client %d: its esignet.Client and keys are missing", i)
		need(client.RelyingParty != "", "client %d: a subject is unique only within a relying party: name it", i)
		need(len(client.Programs) > 0, "client %d: no program uses it", i)
		for _, m := range client.Programs {
			need(!programs[m.Program()], "program %s: two claim maps, or two clients", m.Program())
			programs[m.Program()] = true
		}
	}
	need(c.Authority != nil, "no Authority: nobody says who may register people where")
	need(c.Vault != nil, "no Vault: a verification that cannot be shown later is none")
	if c.Phone != nil {
		u, err := url.Parse(c.Phone.URL)
		need(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.RawQuery == "" && u.Fragment == "", "phone: its address must be a URL without query")
		need(c.Phone.Names != nil, "phone: nobody says what her phone shows")
		need(c.Phone.For > 0 && c.Phone.For <= c.TransactionFor, "phone: its time must lie within that of a transaction")
	}
	need(c.TransactionFor > 0 && c.MaxTransactions > 0 && c.MaxPerUser > 0, "limits must be positive")
	return errors.Join(errs...)
}
