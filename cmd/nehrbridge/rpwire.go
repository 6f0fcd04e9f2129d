package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// party is the relying party with what it keeps.
type party struct {
	service *rp.Service
	db      *database.DB
}

// openRP wires the relying party of the settings and opens its database; close
// party.db.
func openRP(ctx context.Context, s *config.Settings, log zerolog.Logger) (*party, error) {
	maps, err := config.ClaimMaps(s.ESignet.Claims)
	if err != nil {
		return nil, usage(err)
	}
	files, err := config.ESignetClients(s.ESignet.Clients)
	if err != nil {
		return nil, usage(err)
	}
	var clients []rp.Client
	for i, f := range files {
		c, warnings, err := rpClient(f, maps, s.ESignet.Phone.URL)
		if err != nil {
			return nil, usage(fmt.Errorf("%s: %w", s.ESignet.Clients[i], err))
		}
		for _, w := range warnings {
			log.Warn().Str("client", f.ClientID).Msg(w)
		}
		clients = append(clients, *c)
	}
	directory, err := newDHIS2(s)
	if err != nil {
		return nil, usage(err)
	}
	vault, err := rpVault(s.ESignet.Evidence)
	if err != nil {
		return nil, usage(err)
	}
	if vault.DB, err = database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), Migrations: []database.Migrations{rp.Migrations()}}); err != nil {
		return nil, serverError(err)
	}
	p := &party{db: vault.DB}
	kept, err := rp.NewVault(*vault)
	if err == nil {
		cfg := rp.Config{Clients: clients, Routes: routesOf(s.ESignet.Route.Secret), Vault: kept, Log: log, Authority: route.NewAuthority(directory, 0, nil)}
		if url := s.ESignet.Phone.URL; url != "" {
			cfg.Phone = &rp.Phone{URL: url, Names: directory}
		}
		p.service, err = rp.New(cfg)
	}
	if err != nil {
		return nil, usage(errors.Join(err, p.db.Close()))
	}
	return p, nil
}

// routesOf gives each secret of the setting a Route: while one is replaced, both
// are let in.
func routesOf(secrets config.Secret) (routes []route.Route) {
	for i, secret := range strings.Fields(secrets.Reveal()) {
		routes = append(routes, route.Route{Name: fmt.Sprintf("route-%d", i+1), Secret: secret})
	}
	return routes
}

// rpClient makes the client of a file, with the sentences that belong into the log.
// phones is esignet.phone.url.
func rpClient(f config.ESignetClient, maps []*claims.Map, phones string) (*rp.Client, []string, error) {
	cfg, err := clientConfig(f)
	if err != nil {
		return nil, nil, err
	}
	c := &rp.Client{RelyingParty: f.RelyingParty, ACRValues: f.ACR, Keys: cfg.Keys, DecryptionKeys: cfg.DecryptionKeys}
	for _, name := range f.Claims {
		i := slices.IndexFunc(maps, func(m *claims.Map) bool { return m.Name == name })
		if i < 0 {
			return nil, nil, fmt.Errorf("claims: no claim map is named %s: list its file in esignet.claims", name)
		}
		m, err := claims.New(*maps[i])
		if err != nil {
			return nil, nil, err
		}
		c.Programs = append(c.Programs, m)
	}
	if c.OIDC, err = esignet.New(cfg); err != nil {
		return nil, nil, err
	}
	if f.PhoneRedirectURI != "" && phones != "" {
		if want := rp.PhoneCallback(phones); f.PhoneRedirectURI != want {
			return nil, nil, fmt.Errorf("phone_redirect_uri: want %s, which is below esignet.phone.url", want)
		}
		cfg.RedirectURI = f.PhoneRedirectURI
		if c.Phone, err = esignet.New(cfg); err != nil {
			return nil, nil, err
		}
	}
	return c, cfg.Warnings(), nil
}

// rpVault reads the keys of the evidence: of each list the first is used for what
// is new.
func rpVault(e config.Evidence) (*rp.VaultConfig, error) {
	v := &rp.VaultConfig{KeepFor: time.Duration(e.Days) * 24 * time.Hour}
	for _, file := range e.Keys {
		text, err := config.ReadSecret(file)
		if err != nil {
			return nil, fmt.Errorf("esignet.evidence.keys: %w", err)
		}
		k, err := rp.ParseSealKey(text.Reveal())
		if err != nil {
			return nil, fmt.Errorf("esignet.evidence.keys: %s: %w", file, err)
		}
		v.SealKeys = append(v.SealKeys, k)
	}
	var err error
	if v.Signing, err = firstSigns(e.SigningKeys); err != nil {
		return nil, fmt.Errorf("esignet.evidence.signing_keys: %w", err)
	}
	return v, nil
}
