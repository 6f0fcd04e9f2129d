package esignet_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/esignet"
)

func exampleRegistration(t testing.TB) esignet.Registration {
	return esignet.Registration{
		ClientID: "clinic", Name: "Clinic", Names: map[string]string{"eng": "Clinic", "sin": "සායනය"}, RelyingPartyID: "health", Key: testKey(t, esignet.RS256),
		UserClaims: []string{"name", "birthdate"}, ACRValues: []string{"mosip:idp:acr:generated-code"}, LogoURI: "https://rp.example.org/logo.png",
		RedirectURIs: []string{"https://rp.example.org/callback"},
		Options:      esignet.ClientOptions{UserInfoResponse: "JWS", ConsentMinutes: 20, Purpose: &esignet.ClientPurpose{Type: "verify"}},
	}
}

// TestRegistrationBodies gives the calls of each generation.
func TestRegistrationBodies(t *testing.T) {
	decryption := importKey(t, rsaKey(t, "opens"))
	for _, test := range []struct {
		generation esignet.Generation
		change     func(*esignet.Registration)
		calls      []string
		has, lacks []string
	}{
		{esignet.V1_5, func(r *esignet.Registration) { r.Options = esignet.ClientOptions{} }, []string{"POST /client-mgmt/oauth-client"}, nil, []string{"additionalConfig", "status", "encPublicKey"}},
		{esignet.V1_6, nil, []string{"POST /client-mgmt/client"}, []string{"additionalConfig"}, []string{"encPublicKey"}},
		{esignet.V1_7, func(r *esignet.Registration) { r.Options.RequirePAR, r.Options.DPoPBound = true, true }, []string{"POST /client-mgmt/client"}, []string{"require_pushed_authorization_requests", "dpop_bound_access_tokens"}, nil},
		{esignet.V1_8, func(r *esignet.Registration) { r.EncryptionKey = decryption }, []string{"POST /client-mgmt/client", "PATCH /client-mgmt/client/clinic"}, nil, []string{"encPublicKey"}},
		{esignet.V2_0, func(r *esignet.Registration) { r.EncryptionKey = decryption }, []string{"POST /client-mgmt/client"}, []string{"encPublicKey", "RSA-OAEP-256"}, nil},
	} {
		t.Run(string(test.generation), func(t *testing.T) {
			r := exampleRegistration(t)
			if test.change != nil {
				test.change(&r)
			}
			calls, err := r.CreateCalls(test.generation)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range calls {
				got = append(got, c.Method+" "+c.Path)
			}
			if diff := cmp.Diff(test.calls, got); diff != "" {
				t.Error(diff)
			}
			first := string(calls[0].Request)
			for _, want := range append(test.has, `"grantTypes":["authorization_code"]`, `"clientAuthMethods":["private_key_jwt"]`, `"relyingPartyId":"health"`, r.Key.ID()) {
				if !strings.Contains(first, want) {
					t.Errorf("no %s in %s", want, first)
				}
			}
			for _, unwanted := range append(test.lacks, `"d":`, "x5c") {
				if strings.Contains(first, unwanted) {
					t.Errorf("%s in %s", unwanted, first)
				}
			}
			update, err := r.UpdateCalls(test.generation)
			if err != nil || len(update) != 1 || update[0].Method != "PUT" || !strings.HasSuffix(update[0].Path, "/clinic") ||
				strings.Contains(string(update[0].Request), "ublicKey") || strings.Contains(string(update[0].Request), "relyingPartyId") || !strings.Contains(string(update[0].Request), `"status":"ACTIVE"`) {
				t.Errorf("%v, %v", update, err)
			}
			read, err := r.ReadCalls(test.generation)
			if test.generation == esignet.V2_0 {
				if err != nil || read[0].Method+" "+read[0].Path != "GET /client-mgmt/client/clinic" {
					t.Errorf("%v, %v", read, err)
				}
			} else {
				wantError(t, err, esignet.StageRegistration, esignet.CodeUnsupported)
			}
		})
	}
}

// TestRegistrationRefused names what eSignet would refuse, before it is asked.
func TestRegistrationRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*esignet.Registration)
		g      esignet.Generation
		want   string
	}{
		"nothing":                      {func(r *esignet.Registration) { *r = esignet.Registration{} }, esignet.V1_8, "; "},
		"client id with a blank":       {func(r *esignet.Registration) { r.ClientID = "a b" }, esignet.V1_8, "client id"},
		"language of two letters":      {func(r *esignet.Registration) { r.Names = map[string]string{"en": "x"} }, esignet.V1_8, "639-3"},
		"31 claims":                    {func(r *esignet.Registration) { r.UserClaims = strings.Split(strings.Repeat("a,", 31), ",") }, esignet.V1_8, "30"},
		"a claim twice":                {func(r *esignet.Registration) { r.UserClaims = []string{"name", "name"} }, esignet.V1_8, "twice"},
		"no acr":                       {func(r *esignet.Registration) { r.ACRValues = nil }, esignet.V1_8, "acr"},
		"a wildcard":                   {func(r *esignet.Registration) { r.RedirectURIs = []string{"http://localhost:8080/**"} }, esignet.V1_8, "wildcard"},
		"six redirect URIs":            {func(r *esignet.Registration) { r.RedirectURIs = make([]string, 6) }, esignet.V1_8, "1 to 5"},
		"no logo":                      {func(r *esignet.Registration) { r.LogoURI = "logo.png" }, esignet.V1_8, "logo"},
		"options in 1.5":               {func(*esignet.Registration) {}, esignet.V1_5, "options"},
		"PAR in 1.6":                   {func(r *esignet.Registration) { r.Options.RequirePAR = true }, esignet.V1_6, "1.7"},
		"require_pkce in 1.7":          {func(r *esignet.Registration) { r.Options.RequirePKCE = true }, esignet.V1_7, "1.8"},
		"encryption key in 1.7":        {func(r *esignet.Registration) { r.EncryptionKey = testKey(t, esignet.RS256, "e") }, esignet.V1_7, "since 1.8"},
		"EC encryption key":            {func(r *esignet.Registration) { r.EncryptionKey = testKey(t, esignet.ES256) }, esignet.V1_8, "must be RSA"},
		"one key for both":             {func(r *esignet.Registration) { r.EncryptionKey = r.Key }, esignet.V1_8, "must not be"},
		"consent of 5 minutes":         {func(r *esignet.Registration) { r.Options.ConsentMinutes = 5 }, esignet.V1_8, "10 minutes"},
		"userinfo as JSON":             {func(r *esignet.Registration) { r.Options.UserInfoResponse = "JSON" }, esignet.V1_8, "JWS or JWE"},
		"purpose without @none":        {func(r *esignet.Registration) { r.Options.Purpose.Title = map[string]string{"eng": "x"} }, esignet.V1_8, "@none"},
		"purpose of an unknown type":   {func(r *esignet.Registration) { r.Options.Purpose.Type = "spy" }, esignet.V1_8, "purpose"},
		"a generation nobody knows":    {func(*esignet.Registration) {}, "9.9", "generation"},
		"a key too long for its field": {func(r *esignet.Registration) { r.Key = longKey(t) }, esignet.V1_8, "longer"},
	} {
		r := exampleRegistration(t)
		test.change(&r)
		_, err := r.CreateCalls(test.g)
		if e := wantError(t, err, esignet.StageRegistration, esignet.CodeConfig); !strings.Contains(e.Error(), test.want) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// longKey is a key whose JWK has more than 1024 characters, by a long kid.
func longKey(t testing.TB) *esignet.Key {
	t.Helper()
	k, err := testKey(t, esignet.RS256).As(strings.Repeat("k", 700), "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestRegistrar registers at a server that speaks the API of 2.0, and at servers
// that do not.
func TestRegistrar(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 19800))
	clients := map[string]string{}
	var lying atomic.Pointer[http.HandlerFunc]
	lie := func(h http.HandlerFunc) { lying.Store(&h) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := lying.Load(); h != nil {
			(*h)(w, r)
			return
		}
		if r.Header.Get("Authorization") != "Bearer country-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		id := r.PathValue("id")
		if id == "" {
			id = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		}
		if r.Method != http.MethodGet {
			var body struct {
				Time    string `json:"requestTime"`
				Request struct {
					ID     string `json:"clientId"`
					Status string `json:"status"`
				} `json:"request"`
			}
			if err := json.UnmarshalRead(r.Body, &body); err != nil || body.Time != "2026-11-22T06:30:00.000Z" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%v, %q", err, body.Time)
			}
			if r.Method == http.MethodPost {
				id = body.Request.ID
				if clients[id] != "" {
					w.Write([]byte(`{"response":null,"errors":[{"errorCode":"duplicate_client_id","errorMessage":"duplicate_client_id"}]}`))
					return
				}
				clients[id] = "ACTIVE"
			} else if body.Request.Status != "" && clients[id] != "" {
				clients[id] = body.Request.Status
			}
		}
		if clients[id] == "" {
			w.Write([]byte(`{"response":null,"errors":[{"errorCode":"invalid_client_id","errorMessage":"client not found"}]}`))
			return
		}
		w.Write(marshal(t, object{"response": object{"clientId": id, "status": clients[id]}}))
	}))
	t.Cleanup(server.Close)
	registrar := func(token string, g esignet.Generation) *esignet.Registrar {
		r, err := esignet.NewRegistrar(esignet.RegistrarConfig{BaseURL: server.URL + "/v1/esignet/", Generation: g, Token: token, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r, client := registrar("country-token", esignet.V2_0), exampleRegistration(t)
	if _, err := r.Read(t.Context(), "clinic"); err == nil {
		t.Error("read before it is there")
	} else {
		wantError(t, err, esignet.StageRegistration, esignet.CodeClient)
	}
	want := esignet.RegisteredClient{ClientID: "clinic", Status: "ACTIVE"}
	if got, err := r.Create(t.Context(), client); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := r.Read(t.Context(), "clinic"); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	_, err := r.Create(t.Context(), client)
	wantError(t, err, esignet.StageRegistration, esignet.CodeExists)
	client.Inactive, want.Status = true, "INACTIVE"
	if got, err := r.Update(t.Context(), client); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	_, err = registrar("another", esignet.V2_0).Read(t.Context(), "clinic")
	wantError(t, err, esignet.StageRegistration, esignet.CodeToken)
	_, err = registrar("country-token", esignet.V1_8).Read(t.Context(), "clinic")
	wantError(t, err, esignet.StageRegistration, esignet.CodeUnsupported)

	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			lie(f.answer)
			_, err := r.Update(t.Context(), client)
			want := f.want
			switch {
			case f.name == "401" || f.name == "403":
				want = esignet.CodeToken
			case f.name == "204":
				want = esignet.CodeMalformed
			}
			noValue(t, wantError(t, err, esignet.StageRegistration, want))
		})
	}
	lie(body(200, "application/json", `{"response":{"clientId":"another","status":"ACTIVE"},"errors":[]}`))
	_, err = r.Update(t.Context(), client)
	wantError(t, err, esignet.StageRegistration, esignet.CodeMalformed)
	lie(body(200, "application/json", `{"response":null,"errors":[{"errorCode":"invalid_redirect_uri","errorMessage":"request.redirectUris[0]: invalid_redirect_uri"}]}`))
	_, err = r.Update(t.Context(), client)
	if e := wantError(t, err, esignet.StageRegistration, esignet.CodeRequest); !strings.Contains(e.Error(), "because of redirectUris[0]") {
		t.Error(e)
	}
	for _, base := range []string{"", "esignet.example.org", "http://esignet.example.org/v1/esignet", "https://a:b@esignet.example.org"} {
		_, err := esignet.NewRegistrar(esignet.RegistrarConfig{BaseURL: base})
		wantError(t, err, esignet.StageRegistration, esignet.CodeConfig)
	}
}
