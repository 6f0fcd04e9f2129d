package main

import (
	"fmt"
	"os"
	"time"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// clientConfig is the client of a file, with its keys.
func clientConfig(f config.ESignetClient) (c esignet.Config, err error) {
	c = esignet.Config{
		Issuer: f.Issuer, ClientID: f.ClientID, RedirectURI: f.RedirectURI,
		DiscoveryURL: f.DiscoveryURL, AssertionAudience: f.AssertionAudience, Endpoints: esignet.Endpoints(f.Endpoints), DPoP: f.DPoP,
		IdentitySystemURL: f.IdentitySystemURL, RequireUserInfoIssuer: f.RequireIssuer, RequireUserInfoAudience: f.RequireAudience,
		Algorithms: f.Algorithms, UserInfoAlgorithms: f.UserInfoAlgorithms,
	}
	if c.Generation, err = esignet.ParseGeneration(f.Generation); err != nil {
		return c, err
	}
	if c.Keys, err = keyRing(f.Keys); err != nil {
		return c, err
	}
	if len(f.DecryptionKeys) > 0 {
		if c.DecryptionKeys, err = keyRing(f.DecryptionKeys); err != nil {
			return c, err
		}
	}
	if f.IdentitySystemKeys != "" {
		data, err := os.ReadFile(f.IdentitySystemKeys)
		if err == nil {
			c.IdentitySystemKeys, err = esignet.ParsePublicKeys(data)
		}
		if err != nil {
			return c, fmt.Errorf("identity_system_keys: %w", err)
		}
	}
	return c, nil
}

// keyRing loads the keys of a file, each with its time.
func keyRing(files []config.KeyFile) (*esignet.KeyRing, error) {
	var keys []esignet.RingKey
	for _, f := range files {
		password := ""
		if f.PasswordFile != "" {
			text, err := config.ReadSecret(f.PasswordFile)
			if err != nil {
				return nil, fmt.Errorf("password of %s: %w", f.File, err)
			}
			password = text.Reveal()
		}
		k, err := esignet.LoadKey(f.File, password)
		if err != nil {
			return nil, err
		}
		if k, err = k.As(f.ID, f.Algorithm); err != nil {
			return nil, err
		}
		keys = append(keys, esignet.RingKey{Key: k, SignsFrom: f.From.Time, Until: f.Until.Time})
	}
	return esignet.NewKeyRing(keys...)
}

// firstSigns loads keys of which the first signs and all are published.
func firstSigns(files []string) (*esignet.KeyRing, error) {
	var keys []esignet.RingKey
	for i, file := range files {
		k, err := esignet.LoadKey(file, "")
		if err != nil {
			return nil, err
		}
		// The one that began last signs.
		keys = append(keys, esignet.RingKey{Key: k, SignsFrom: time.Unix(int64(len(files)-i), 0)})
	}
	return esignet.NewKeyRing(keys...)
}
