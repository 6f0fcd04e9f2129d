package esignet_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// Example begins a sign-in at an eSignet without pushed requests and shows where
// the browser is sent. What comes back goes to Complete, with the attempt that was
// kept on the server.
func Example() {
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"%[1]s/authorize","token_endpoint":"%[1]s/token","userinfo_endpoint":"%[1]s/userinfo","jwks_uri":"%[1]s/jwks"}`, issuer.URL)
	}))
	defer issuer.Close()

	key, err := esignet.NewKey(esignet.ES256, 0)
	if err != nil {
		panic(err)
	}
	client, err := esignet.New(esignet.Config{
		Issuer: issuer.URL, Generation: esignet.V1_8, ClientID: "clinic", RedirectURI: "https://clinic.example.org/callback", Keys: esignet.SingleKey(key),
	})
	if err != nil {
		panic(err)
	}
	attempt, err := client.Authorize(context.Background(), esignet.AuthorizationRequest{
		Claims:    []esignet.ClaimRequest{{Name: "name", Essential: true}, {Name: "birthdate"}},
		ACRValues: []string{"mosip:idp:acr:generated-code"},
	})
	if err != nil {
		panic(err)
	}
	address, query, _ := strings.Cut(attempt.URL, "?")
	sent, _ := url.ParseQuery(query)
	fmt.Println(strings.TrimPrefix(address, issuer.URL), sent.Get("scope"), sent.Get("claims_locales"))
	fmt.Println(sent.Get("claims"))
	fmt.Println(sent.Get("code_challenge_method"), len(sent.Get("state")), len(sent.Get("nonce")))

	// An answer of another attempt is refused.
	_, err = client.Complete(context.Background(), attempt, url.Values{"code": {"stolen"}, "state": {"another"}})
	fmt.Println(err)
	// Output:
	// /authorize openid si ta en
	// {"userinfo":{"birthdate":null,"name":{"essential":true}},"id_token":{}}
	// S256 43 43
	// esignet: callback: the answer belongs to another attempt
}

// The name stands once per language; the languages of the form choose.
func ExampleClaims_Text() {
	claims, err := esignet.ParseClaims([]byte(`{"sub":"x","name#eng":"Udaharana","name#sin":"උදාහරණ","gender":""}`))
	if err != nil {
		panic(err)
	}
	text, language, _ := claims.Text("name", "si", "en")
	fmt.Println(text, language)
	_, _, ok := claims.Text("gender")
	fmt.Println(ok, claims.Names())
	// Output:
	// උදාහරණ si
	// false [name]
}
