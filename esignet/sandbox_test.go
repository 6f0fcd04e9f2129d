package esignet_test

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestSandbox registers a client at the sandbox of each preset and signs a person
// in through its pages.
func TestSandbox(t *testing.T) {
	for _, v := range sandbox.Versions {
		for _, bound := range []bool{false, true} {
			name := string(v)
			if bound {
				name += " bound by DPoP"
			}
			if bound && v == sandbox.V16 {
				continue // DPoP exists since 1.7
			}
			t.Run(name, func(t *testing.T) {
				generation, err := esignet.ParseGeneration(string(v))
				if err != nil {
					t.Fatal(err)
				}
				server, err := sandbox.New(sandbox.Config{Version: v, SigningKey: rsaKey(t, "issuer"), UserinfoKey: rsaKey(t, "identity")})
				if err != nil {
					t.Fatal(err)
				}
				web := httptest.NewServer(server.Handler())
				t.Cleanup(web.Close)
				registrar, err := esignet.NewRegistrar(esignet.RegistrarConfig{BaseURL: web.URL + "/v1/esignet", Generation: generation})
				if err != nil {
					t.Fatal(err)
				}
				client := exampleRegistration(t)
				client.Names, client.Options.DPoPBound = nil, bound
				if _, err := registrar.Create(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				_, err = registrar.Create(t.Context(), client)
				wantError(t, err, esignet.StageRegistration, esignet.CodeExists)
				if got, err := registrar.Update(t.Context(), client); err != nil || got.Status != "ACTIVE" {
					t.Errorf("%v, %v", got, err)
				}

				signer, err := esignet.ParsePublicKeys(server.UserinfoCertificate())
				if err != nil {
					t.Fatal(err)
				}
				c, err := esignet.New(esignet.Config{
					Issuer: web.URL, Generation: generation, ClientID: client.ClientID, RedirectURI: client.RedirectURIs[0], Keys: esignet.SingleKey(client.Key),
					IdentitySystemKeys: signer, DPoP: bound,
				})
				if err != nil {
					t.Fatal(err)
				}
				a, err := c.Authorize(t.Context(), plainRequest)
				if err != nil {
					t.Fatal(err)
				}
				back, err := sandbox.Person{Share: []string{"birthdate"}}.SignIn(t.Context(), a.URL)
				if err != nil {
					t.Fatal(err)
				}
				who, err := c.Complete(t.Context(), a, back.Query())
				if err != nil {
					t.Fatal(err)
				}
				if text, _, ok := who.Claims.Text("name", "en"); !ok || text == "" || !slices.Contains(who.Claims.Names(), "birthdate") || who.Subject == "" {
					t.Errorf("claims %v", who.Claims.Names())
				}
			})
		}
	}
}

// TestSandboxMisbehaves has the sandbox lie in each way it knows: what must be
// refused is refused with its code, what a relying party must bear is borne.
func TestSandboxMisbehaves(t *testing.T) {
	want := map[sandbox.Misbehaviour]esignet.Code{
		sandbox.WrongAudience: esignet.CodeAudience, sandbox.WrongIssuer: esignet.CodeIssuer, sandbox.WrongNonce: esignet.CodeNonce, sandbox.NoNonce: esignet.CodeNonce,
		sandbox.WrongTokenHash: esignet.CodeAccessTokenHash, sandbox.ExpiredToken: esignet.CodeTime, sandbox.FutureToken: esignet.CodeTime, sandbox.WrongACR: esignet.CodeACR,
		sandbox.StaleSignIn: esignet.CodeAuthTime, sandbox.UnsignedToken: esignet.CodeAlgorithm, sandbox.SymmetricToken: esignet.CodeAlgorithm, sandbox.UnknownKey: esignet.CodeSignature,
		sandbox.OtherKeySameName: esignet.CodeSignature, sandbox.EmbeddedKey: esignet.CodeHeader, sandbox.SwappedAlgorithm: esignet.CodeAlgorithm,
		sandbox.UserinfoOtherSubject: esignet.CodeSubject, sandbox.UserinfoOtherAudience: esignet.CodeAudience, sandbox.UserinfoOtherIssuer: esignet.CodeIssuer,
		sandbox.UserinfoOtherKey: esignet.CodeSignature, sandbox.UserinfoUnsigned: esignet.CodeAlgorithm, sandbox.UserinfoPlain: esignet.CodeUnsigned, sandbox.UserinfoRefused: esignet.CodeToken,
		sandbox.UserinfoHuge: esignet.CodeTooLarge, sandbox.UserinfoOtherEncKey: esignet.CodeDecrypt, sandbox.UserinfoCompressed: esignet.CodeHeader, sandbox.RedirectOtherState: esignet.CodeState, sandbox.RedirectNullState: esignet.CodeState,
		sandbox.RedirectOtherIssuer: esignet.CodeIssuer, sandbox.RedirectNoIssuer: esignet.CodeIssuer, sandbox.TokenServerError: esignet.CodeServer, sandbox.TokenHTML: esignet.CodeServer,
		sandbox.DiscoveryIssuerOther: esignet.CodeIssuer,
		// To be borne.
		sandbox.UserinfoNoIssuer: "", sandbox.UserinfoEmptyName: "", sandbox.UserinfoNoEssential: "", sandbox.NegativeSerial: "", sandbox.BrokenKeyInSet: "", sandbox.ForgetNonces: "",
	}
	for _, way := range sandbox.Misbehaviours {
		t.Run(string(way), func(t *testing.T) {
			code, known := want[way]
			if !known {
				t.Fatal("no expectation for it")
			}
			err := misbehaving(t, way)
			if code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e := forged(t, err); e.Code != code {
				t.Fatalf("%v, want %s", e, code)
			}
		})
	}
}

// misbehaving signs in at a 1.8 that lies in one way.
func misbehaving(t *testing.T, way sandbox.Misbehaviour) error {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{Version: sandbox.V18, SigningKey: rsaKey(t, "issuer"), UserinfoKey: rsaKey(t, "identity")})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	registrar, err := esignet.NewRegistrar(esignet.RegistrarConfig{BaseURL: web.URL + "/v1/esignet"})
	if err != nil {
		t.Fatal(err)
	}
	client := exampleRegistration(t)
	client.Names = nil
	var opens *esignet.KeyRing
	if way == sandbox.UserinfoOtherEncKey || way == sandbox.UserinfoCompressed {
		client.EncryptionKey, client.Options.UserInfoResponse = importKey(t, rsaKey(t, "opens")), "JWE"
		opens = esignet.SingleKey(client.EncryptionKey)
	}
	if _, err := registrar.Create(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	signer, err := esignet.ParsePublicKeys(server.UserinfoCertificate())
	if err != nil {
		t.Fatal(err)
	}
	c, err := esignet.New(esignet.Config{
		Issuer: web.URL, ClientID: client.ClientID, RedirectURI: client.RedirectURIs[0], Keys: esignet.SingleKey(client.Key), IdentitySystemKeys: signer,
		DecryptionKeys: opens,
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Misbehave(way)
	request := plainRequest
	request.MaxAge = 5 * time.Minute
	a, err := c.Authorize(t.Context(), request)
	if err != nil {
		return err
	}
	back, err := sandbox.Person{}.SignIn(t.Context(), a.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Complete(t.Context(), a, back.Query())
	return err
}
