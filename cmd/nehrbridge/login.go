package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
)

// loginPart is what signs the users of DHIS2 in with eSignet: a part of a service.
type loginPart struct {
	signer
	warnings []string
	close    func() error
}

// signer is the façade or the shim.
type signer interface {
	Handler() http.Handler
	Serves(*http.Request) bool
	WriteMetrics(io.Writer)
}

// newLoginPart wires the façade or the shim of the settings; close it.
func newLoginPart(ctx context.Context, s *config.Settings, log zerolog.Logger) (*loginPart, error) {
	if err := s.ForLogin(); err != nil {
		return nil, err
	}
	client, err := loginClient(s)
	if err != nil {
		return nil, err
	}
	oidc, err := clientConfig(client)
	if err != nil {
		return nil, err
	}
	db, links, err := openLinks(ctx, s)
	if err != nil {
		return nil, err
	}
	service, err := newSigner(s, client, oidc, links, log)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &loginPart{signer: service, warnings: oidc.Warnings(), close: db.Close}, nil
}

// withLogin puts the part that signs DHIS2 users in beside another service, if
// esignet.login.url is set; else there is no part.
func withLogin(ctx context.Context, s *config.Settings, other http.Handler, log zerolog.Logger) (http.Handler, *loginPart, error) {
	if s.ESignet.Login.URL == "" {
		return other, nil, nil
	}
	p, err := newLoginPart(ctx, s, log)
	if err != nil {
		return nil, nil, usage(err)
	}
	for _, w := range p.warnings {
		log.Warn().Str("part", "login").Msg(w)
	}
	own := p.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.Serves(r) {
			own.ServeHTTP(w, r)
			return
		}
		other.ServeHTTP(w, r)
	}), p, nil
}

func newSigner(s *config.Settings, client config.ESignetClient, oidc esignet.Config, links *login.Links, log zerolog.Logger) (signer, error) {
	l := s.ESignet.Login
	if l.Way == "shim" {
		return login.NewShim(login.ShimConfig{URL: l.URL, ESignet: oidc, RelyingParty: client.RelyingParty, Links: links, Log: log})
	}
	signing, err := firstSigns(l.SigningKeys)
	if err != nil {
		return nil, fmt.Errorf("esignet.login.signing_keys: %w", err)
	}
	request := esignet.AuthorizationRequest{ACRValues: client.ACR}
	for _, name := range l.Claims {
		request.Claims = append(request.Claims, esignet.ClaimRequest{Name: name})
	}
	base := loginDHIS2(s)
	return login.New(login.Config{
		URL: l.URL, ESignet: oidc, RelyingParty: client.RelyingParty, Request: request, Keys: signing, Links: links, Log: log,
		DHIS2: login.DHIS2{
			ClientID: l.DHIS2Client, RedirectURI: base + "/oauth2/code/" + l.Provider, LoginURL: base,
			// The address of DHIS2 that is reached from here.
			KeySetURL: cmp.Or(s.DHIS2.URL, base) + "/api/publicKeys/" + l.Provider + "/jwks.json",
		},
	})
}

// loginClient is the client at eSignet, of the façade or, with the shim, DHIS2's:
// that of its file, or of the single settings.
func loginClient(s *config.Settings) (c config.ESignetClient, err error) {
	l := s.ESignet.Login
	if l.Client != "" {
		file, err := config.LoginClient(l.Client)
		if err != nil {
			return c, err
		}
		c = *file
	} else {
		c = config.ESignetClient{
			Issuer: s.ESignet.Issuer, RelyingParty: s.ESignet.RelyingParty, Generation: l.Generation, DiscoveryURL: l.DiscoveryURL,
			ClientID: l.ClientID, Keys: []config.KeyFile{{File: l.KeyFile}}, IdentitySystemKeys: l.IdentityKeysFile,
		}
	}
	if len(c.ACR) == 0 {
		c.ACR = l.ACR
	}
	c.RedirectURI = loginRedirect(s)
	if l.Way != "shim" {
		return c, nil
	}
	if c.Generation != string(esignet.V1_5) && c.Generation != string(esignet.V1_6) {
		return c, errShim
	}
	// DHIS2 names its key by the alias.
	for i := range c.Keys {
		c.Keys[i].ID, c.Keys[i].Algorithm = esignet.KeyStoreAlias, esignet.RS256
	}
	return c, nil
}

var errShim = errors.New("esignet.login.way: the shim works with eSignet up to 1.6 only: later ones sign id_tokens by PS256, which DHIS2 does not take")

// loginRedirect is where eSignet sends browsers back to.
func loginRedirect(s *config.Settings) string {
	if l := s.ESignet.Login; l.Way == "shim" {
		return loginDHIS2(s) + "/oauth2/code/" + l.Provider
	}
	return strings.TrimSuffix(s.ESignet.Login.URL, "/") + "/callback"
}

// loginDHIS2 is DHIS2 as browsers reach it.
func loginDHIS2(s *config.Settings) string {
	return strings.TrimSuffix(cmp.Or(s.ESignet.Login.DHIS2URL, s.DHIS2.URL), "/")
}

// openLinks opens the database for the links alone.
func openLinks(ctx context.Context, s *config.Settings) (*database.DB, *login.Links, error) {
	db, err := database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), Migrations: []database.Migrations{login.Migrations()}})
	if err != nil {
		return nil, nil, err
	}
	return db, login.NewLinks(db, nil), nil
}
