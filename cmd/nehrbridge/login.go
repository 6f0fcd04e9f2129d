package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
)

// loginPart is what signs the users of DHIS2 in with eSignet: a part of a service.
type loginPart struct {
	handler  http.Handler
	path     string // below which it answers, without a final slash
	warnings []string
	metrics  func(io.Writer)
	close    func() error
}

// signer is the façade or the shim.
type signer interface {
	Handler() http.Handler
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
	db, links, err := openLinks(ctx, s)
	if err != nil {
		return nil, err
	}
	service, err := newSigner(s, client, links, log)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &loginPart{handler: service.Handler(), path: pathOf(s.ESignet.Login.URL), warnings: client.Warnings(), metrics: service.WriteMetrics, close: db.Close}, nil
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
	if p.path == "" {
		return nil, nil, usage(errors.Join(errors.New("esignet.login.url: want a path of its own beside the relying party, such as https://example.org/signin"), p.close()))
	}
	for _, w := range p.warnings {
		log.Warn().Str("part", "login").Msg(w)
	}
	mux := http.NewServeMux()
	mux.Handle(p.path+"/", p.handler)
	mux.Handle("/", other)
	return mux, p, nil
}

func newSigner(s *config.Settings, client esignet.Config, links *login.Links, log zerolog.Logger) (signer, error) {
	l := s.ESignet.Login
	if l.Way == "shim" {
		return login.NewShim(login.ShimConfig{URL: l.URL, ESignet: client, RelyingParty: s.ESignet.RelyingParty, Links: links, Log: log})
	}
	signing, err := esignet.LoadKey(l.SigningKeyFile, "")
	if err != nil {
		return nil, err
	}
	request := esignet.AuthorizationRequest{ACRValues: l.ACR}
	for _, name := range l.Claims {
		request.Claims = append(request.Claims, esignet.ClaimRequest{Name: name})
	}
	base := loginDHIS2(s)
	return login.New(login.Config{
		URL: l.URL, ESignet: client, RelyingParty: s.ESignet.RelyingParty, Request: request, Keys: esignet.SingleKey(signing), Links: links, Log: log,
		DHIS2: login.DHIS2{
			ClientID: l.DHIS2Client, RedirectURI: base + "/oauth2/code/" + l.Provider, LoginURL: base,
			// The address of DHIS2 that is reached from here.
			KeySetURL: cmp.Or(s.DHIS2.URL, base) + "/api/publicKeys/" + l.Provider + "/jwks.json",
		},
	})
}

// loginClient is the client at eSignet: of the façade, or, with the shim, DHIS2's.
func loginClient(s *config.Settings) (esignet.Config, error) {
	l := s.ESignet.Login
	key, err := loginKey(s)
	if err != nil {
		return esignet.Config{}, err
	}
	c := esignet.Config{
		Issuer: s.ESignet.Issuer, Generation: esignet.Generation(l.Generation), DiscoveryURL: l.DiscoveryURL,
		ClientID: l.ClientID, RedirectURI: loginRedirect(s), Keys: esignet.SingleKey(key),
	}
	if l.IdentityKeysFile != "" {
		data, err := os.ReadFile(l.IdentityKeysFile)
		if err == nil {
			c.IdentitySystemKeys, err = esignet.ParsePublicKeys(data)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// loginKey is the key of the client at eSignet. DHIS2 names its own by the alias.
func loginKey(s *config.Settings) (*esignet.Key, error) {
	key, err := esignet.LoadKey(s.ESignet.Login.KeyFile, "")
	if err != nil || s.ESignet.Login.Way != "shim" {
		return key, err
	}
	return key.As(esignet.KeyStoreAlias, esignet.RS256)
}

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
