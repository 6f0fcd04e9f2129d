package esignet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDefaults gives what follows from issuer and generation alone.
func TestDefaults(t *testing.T) {
	type defaults struct {
		Discovery              string
		Tokens, UserInfo       []string
		Algorithms, OfUserInfo []string
	}
	const own, below = "https://e.example.org", "https://e.example.org/v1/esignet"
	for _, test := range []struct {
		generation Generation
		issuer     string
		want       defaults
	}{
		{V1_5, own, defaults{own + "/.well-known/openid-configuration", []string{below}, []string{below}, []string{RS256}, []string{RS256}}},
		{V1_6, own + "/", defaults{own + "/.well-known/openid-configuration", []string{below}, []string{below}, []string{RS256}, []string{RS256}}},
		{V1_7, own, defaults{own + "/.well-known/openid-configuration", []string{below}, []string{below}, []string{PS256}, []string{RS256, PS256}}},
		{V1_8, own, defaults{own + "/.well-known/openid-configuration", []string{own}, []string{own, below}, []string{PS256}, []string{RS256, PS256}}},
		{"", own + "/", defaults{own + "/.well-known/openid-configuration", []string{own + "/"}, []string{own + "/", below}, []string{PS256}, []string{RS256, PS256}}},
		{V2_0, own, defaults{own + "/.well-known/openid-configuration", []string{own}, []string{own}, []string{PS256, ES256}, []string{PS256, ES256}}},
	} {
		c := Config{Issuer: test.issuer, Generation: test.generation}.withDefaults()
		got := defaults{c.DiscoveryURL, c.TokenIssuers, c.UserInfoIssuers, c.Algorithms, c.UserInfoAlgorithms}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %s: %s", test.generation, test.issuer, diff)
		}
	}
	for text, want := range map[string]Generation{"1.6": V1_6, "1.6.1": V1_6, "2.0.0": V2_0, "1.8": V1_8} {
		if got, err := ParseGeneration(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1.9", "latest", "1.61", "21.8"} {
		if got, err := ParseGeneration(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
