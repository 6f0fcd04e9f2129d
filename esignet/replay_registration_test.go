package esignet_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
)

func (r *recording) replayRegistration(t *testing.T, e exchange, n *tally) {
	generation := r.generation
	if strings.Contains(e.Request.Path, "/oauth-client") {
		generation = esignet.V1_5
	}
	var body struct {
		Request struct {
			ClientID string            `json:"clientId"`
			Name     string            `json:"clientName"`
			Names    map[string]string `json:"clientNameLangMap"`
			RP       string            `json:"relyingPartyId"`
			Claims   []string          `json:"userClaims"`
			ACR      []string          `json:"authContextRefs"`
			Logo     string            `json:"logoUri"`
			Redirect []string          `json:"redirectUris"`
			Key      struct {
				ID string `json:"kid"`
			} `json:"publicKey"`
			Options esignet.ClientOptions `json:"additionalConfig"`
		} `json:"request"`
	}
	_ = json.Unmarshal(e.Request.Body, &body) // a refused one may hold anything
	q := body.Request
	registrar, err := esignet.NewRegistrar(esignet.RegistrarConfig{BaseURL: r.server.URL + "/v1/esignet", Generation: generation, Now: func() time.Time { return r.now }})
	if err != nil {
		t.Fatal(err)
	}
	key := testKey(t, esignet.RS256)
	id := q.ClientID
	if id == "" {
		id = e.Request.Path[strings.LastIndex(e.Request.Path, "/")+1:]
	}
	reg := esignet.Registration{
		ClientID: id, Name: "Demo health portal", RelyingPartyID: "demo-health", Key: key, ACRValues: []string{"mosip:idp:acr:generated-code"},
		LogoURI: "https://rp.example.org/logo.png", RedirectURIs: []string{"https://rp.example.org/callback"},
	}
	apply := registrar.Create
	if e.Request.Method == "PUT" {
		apply = registrar.Update
	}
	var envelope struct {
		Response *struct{} `json:"response"`
	}
	if err := json.Unmarshal(e.Response.Body, &envelope); err != nil {
		t.Fatal(err)
	}
	if envelope.Response == nil {
		_, err := apply(t.Context(), reg)
		r.refusal(t, e, esignet.StageRegistration, err, n)
		return
	}
	if got, err := apply(t.Context(), reg); err != nil || got.Status != "ACTIVE" {
		t.Fatalf("%+v, %v", got, err)
	}
	n.good++
	if strings.Contains(e.Request.Path, "/oidc-client") {
		return // v1 of the API has no names by language and is not spoken
	}
	reg = esignet.Registration{
		ClientID: id, Name: q.Name, Names: q.Names, RelyingPartyID: "demo-health", Key: key, UserClaims: q.Claims, ACRValues: q.ACR,
		LogoURI: q.Logo, RedirectURIs: q.Redirect, Options: q.Options,
	}
	calls, err := reg.CreateCalls(generation)
	switch e.Request.Method {
	case "PUT":
		calls, err = reg.UpdateCalls(generation)
	case "PATCH": // comes behind the update
		reg = exampleRegistration(t)
		reg.ClientID, reg.EncryptionKey = id, importKey(t, rsaKey(t, "opens"))
		if calls, err = reg.UpdateCalls(generation); len(calls) == 2 {
			calls = calls[1:]
		}
	}
	if err != nil || len(calls) != 1 {
		t.Fatalf("%v, %v", calls, err)
	}
	sent, err := calls[0].Body(r.now)
	if err != nil {
		t.Fatal(err)
	}
	if calls[0].Method != e.Request.Method || "/v1/esignet"+calls[0].Path != e.Request.Path {
		t.Errorf("%s %s", calls[0].Method, calls[0].Path)
	}
	if got, want := shape(t, sent), shape(t, e.Request.Body); got != want {
		t.Errorf("we send\n%s\nthe server took\n%s", got, want)
	}
	n.requests++
}

// shape gives a registration in a form that can be compared: the time and the key
// are the test's own.
func shape(t *testing.T, body []byte) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "requestTime")
	for _, name := range []string{"publicKey", "encPublicKey"} {
		key, _ := doc["request"].(map[string]any)[name].(map[string]any)
		for _, member := range []string{"crv", "x", "y", "n", "e"} {
			delete(key, member) // of another type
		}
		for member := range key {
			if member != "use" {
				key[member] = "…"
			}
		}
	}
	out, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}
