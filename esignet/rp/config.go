package rp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// Config is one service.
type Config struct {
	// Clients are the clients at eSignet, of one issuer or several. A program belongs
	// to one of them. Required.
	Clients []Client
	// Routes are the callers that are let in. Required.
	Routes []Route
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
	// Limits bound calls. Default to 2 in a second and 20 at once for a user, 50 and
	// 200 for a Route, 100 and 400 in all.
	Limits Limits
	// Patience bounds the work on one call: keep it below the Route's time-out.
	// Defaults to 18 s.
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

// Route is one caller: a Route of a DHIS2 server.
type Route struct {
	// Name stands in logs and evidence.
	Name string
	// Secret is what the Route sends as ApiToken: 32 characters or more.
	Secret string
}

// Authority says whether a user of DHIS2 may register people in a program at an
// organisation unit. The browser names all three but the user, so nothing of it is
// believed. A refusal is a *Refusal; another error says that it is not known.
type Authority interface {
	MayCapture(ctx context.Context, user string, program, orgUnit dhis2.UID) error
}

func (c Config) withDefaults() Config {
	def(&c.TransactionFor, 10*time.Minute)
	def(&c.MaxTransactions, 10_000)
	def(&c.MaxPerUser, 20)
	def(&c.Patience, 18*time.Second)
	c.Limits = c.Limits.withDefaults()
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

// minSecret is the length of a Route's secret, in characters.
const minSecret = 32

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
	need(len(c.Routes) > 0, "no Route: nobody may call")
	names, secrets := map[string]bool{}, map[string]bool{}
	for _, r := range c.Routes {
		need(r.Name != "" && !names[r.Name], "each Route needs a name of its own")
		need(len(r.Secret) >= minSecret, "Route %s: its secret must have %d characters or more", r.Name, minSecret)
		need(!secrets[r.Secret], "Route %s: another Route has this secret too", r.Name)
		names[r.Name], secrets[r.Secret] = true, true
	}
	need(c.Authority != nil, "no Authority: nobody says who may register people where")
	need(c.Vault != nil, "no Vault: a verification that cannot be shown later is none")
	need(c.TransactionFor > 0 && c.MaxTransactions > 0 && c.MaxPerUser > 0 && c.Patience > 0, "limits must be positive")
	return errors.Join(errs...)
}
