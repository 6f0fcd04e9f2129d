package esignet

import (
	"context"
	"encoding/base64"
	"io"
	"sync"
)

// Client is a relying party's client at one issuer. It is safe for concurrent use
// and keeps metadata, key sets and DPoP nonces; nothing of a person.
type Client struct {
	config     Config
	calls      caller
	discovered *cached[*Metadata]
	keys       *KeySet // of the issuer
	identity   *KeySet // of the identity system, nil without an address

	nonces sync.Map // DPoP nonce by endpoint: string → string
}

// New makes a client. It talks to nobody yet. An [Error] of [StageConfig] names
// everything that is wrong with the settings.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fail(StageConfig, CodeConfig, "%v", err)
	}
	c := &Client{config: config, calls: newCaller(config.Transport, config.Timeout)}
	c.discovered = &cached[*Metadata]{stage: StageDiscovery, read: c.discover, keep: config.KeysFor, wait: config.RefetchAfter, now: config.Now}
	set := func(address func(context.Context) (string, error)) *KeySet {
		return newKeySet(c.calls, address, config.KeysFor, config.RefetchAfter, config.Now)
	}
	c.keys = set(func(ctx context.Context) (string, error) {
		m, err := c.Metadata(ctx)
		if err != nil {
			return "", err
		}
		return m.JWKS, nil
	})
	if config.IdentitySystemURL != "" {
		c.identity = set(func(context.Context) (string, error) { return config.IdentitySystemURL, nil })
	}
	return c, nil
}

// Issuer gives the configured issuer: with the relying party's id and the
// subject, the key of a person. What tokens write into iss changed with 1.8.
func (c *Client) Issuer() string { return c.config.Issuer }

// ClientID gives the client's id.
func (c *Client) ClientID() string { return c.config.ClientID }

// random gives n bytes of [Config.Rand] as base64url.
func (c *Client) random(stage Stage, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.config.Rand, b); err != nil {
		return "", fail(stage, CodeConfig, "no random bytes")
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
