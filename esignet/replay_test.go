package esignet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// tally counts what the replay of one version showed.
type tally struct{ good, refused, requests, redirects, other int }

// TestRecorded replays every recorded exchange of three running versions: good
// answers are verified with the recorded keys, refusals recognised, and the
// requests that the servers accepted are those that this package makes. README.md
// has the table.
func TestRecorded(t *testing.T) {
	rows := ""
	for _, version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			r := load(t, version)
			var n tally
			for _, e := range r.exchanges {
				t.Run(e.Name, func(t *testing.T) { r.replay(t, e, &n) })
			}
			if len(r.wrongCalls) > 0 {
				t.Errorf("calls that eSignet would not take: %q", r.wrongCalls)
			}
			rows += fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d |\n", version, len(r.exchanges), n.good, n.refused, n.requests, n.redirects, n.other)
		})
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), rows) {
		if os.Getenv("UPDATE_README") == "1" {
			const begin, end = "<!-- recorded -->\n", "<!-- /recorded -->"
			from, to := strings.Index(string(readme), begin), strings.Index(string(readme), end)
			if from < 0 || to < 0 {
				t.Fatal("README.md has no place for the table")
			}
			head := "| eSignet | exchanges | good answers verified | refusals recognised | requests made alike | errors at the redirect recognised | of eSignet's own pages or the mock identity system |\n|---|---|---|---|---|---|---|\n"
			if err := os.WriteFile("README.md", slices.Concat(readme[:from], []byte(begin+head+rows), readme[to:]), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("README.md lacks the rows\n%s(UPDATE_README=1 writes them)", rows)
	}
}

func (r *recording) replay(t *testing.T, e exchange, n *tally) {
	r.now, r.next = r.epochs[e.Name], e
	path := strings.TrimPrefix(e.Request.Path, "/v1/esignet")
	switch {
	case strings.HasSuffix(path, "-configuration"), strings.HasSuffix(path, "oauth-authorization-server"):
		r.replayMetadata(t, e)
		n.good++
	case strings.HasSuffix(path, "jwks.json"), strings.HasSuffix(path, "keys.json"):
		r.replayKeys(t, e, n)
	case path == "/oauth/v2/token", path == "/oauth/token":
		r.replayToken(t, e, n)
	case path == "/oidc/userinfo":
		r.replayUserInfo(t, e, n)
	case path == "/oauth/par":
		r.replayPAR(t, e, n)
	case strings.HasPrefix(path, "/client-mgmt/"):
		r.replayRegistration(t, e, n)
	case strings.HasPrefix(path, "/authorization/"):
		r.replayPage(t, e, n)
	default: // CSRF tokens, the mock identity system's own API
		n.other++
	}
}

func (r *recording) replayMetadata(t *testing.T, e exchange) {
	c := r.client(t, "demo-portal", nil)
	m, err := c.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.Issuer != r.issuer || m.ResponseIssuer != (r.generation != esignet.V1_6) || (m.PAR != "") != (r.generation != esignet.V1_6) {
		t.Errorf("metadata %+v", m)
	}
	if strings.HasSuffix(e.Request.Path, "oauth-authorization-server") && e.member("issuer") != m.Issuer {
		t.Error("the two documents name different issuers")
	}
}

func (r *recording) replayKeys(t *testing.T, e exchange, n *tally) {
	keys, err := esignet.ParsePublicKeys(e.Response.Body)
	if e.Response.Status != 200 { // mock identity system 0.11
		if err == nil {
			t.Error("keys out of an error")
		}
		n.refused++
		return
	}
	if err != nil || len(keys) != 1 || keys[0].ID == "" {
		t.Errorf("%v, %v", keys, err)
	}
	n.good++
}

// refusedCodes are the codes of refusals by case. Where a version differs, the
// number has the version behind it.
var refusedCodes = map[string]esignet.Code{
	"013": esignet.CodeExists, "013 1.6.1": esignet.CodeServer, "014": esignet.CodeExists, "015": esignet.CodeRequest, "016": esignet.CodeRequest, "017": esignet.CodeRequest,
	"018": esignet.CodeRequest, "019": esignet.CodeRequest, "020": esignet.CodeRequest, "023": esignet.CodeClient, "024": esignet.CodeRequest,
	"070": esignet.CodeRequest, "071": esignet.CodePKCE, "071 1.8.0": esignet.CodeGrant, "072": esignet.CodePKCE, "072 1.8.0": esignet.CodeGrant,
	"073": esignet.CodeClient, "074": esignet.CodeClient, "075": esignet.CodeClient, "076": esignet.CodeClient, "077": esignet.CodeRequest, "078": esignet.CodeClient,
	"079": esignet.CodeClient, "080": esignet.CodeClient, "081": esignet.CodeClient, "082": esignet.CodeClient, "083": esignet.CodeClient, "084": esignet.CodeClient,
	"085": esignet.CodeRequest, "086": esignet.CodeGrant, "087": esignet.CodeRequest, "088": esignet.CodeRequest, "091": esignet.CodeGrant, "092": esignet.CodeGrant,
	"102": esignet.CodeToken, "103": esignet.CodeToken, "104": esignet.CodeToken, "104 1.8.0": esignet.CodeRequest, "106": esignet.CodeToken, "107": esignet.CodeRequest, "108": esignet.CodeToken,
	"112": esignet.CodeClient, "113": esignet.CodeClient, "115": esignet.CodeClient, "119": esignet.CodePKCE, "119 1.8.0": esignet.CodeGrant, "122": esignet.CodeClient, "125": esignet.CodeClient,
	"171": esignet.CodeToken, "182": esignet.CodeClient, "183": esignet.CodeRequest, "184": esignet.CodeClient, "185": esignet.CodeRequest, "186": esignet.CodeRequest, "187": esignet.CodeClient,
	"210": esignet.CodeDPoP, "211": esignet.CodeDPoP, "212": esignet.CodeDPoP, "213": esignet.CodeDPoP, "214": esignet.CodeDPoP, "215": esignet.CodeDPoP, "217": esignet.CodeDPoP,
	"218": esignet.CodeToken, "219": esignet.CodeToken, "220": esignet.CodeDPoP, "221": esignet.CodeDPoP, "225": esignet.CodeDPoP, "228": esignet.CodeRequest, "229": esignet.CodeDPoP,
	"231": esignet.CodeDPoP, "250": esignet.CodeDPoP, "254": esignet.CodeGrant,
}

// refusal holds an error against what is expected of a refused case.
func (r *recording) refusal(t *testing.T, e exchange, stage esignet.Stage, err error, n *tally) {
	t.Helper()
	want, ok := refusedCodes[number(e)+" "+r.version]
	if !ok {
		want, ok = refusedCodes[number(e)]
	}
	got, typed := errors.AsType[*esignet.Error](err)
	if !ok || !typed || got.Code != want || got.Stage != stage {
		t.Fatalf("%v, want %s at %s", err, want, stage)
	}
	// The sentence for the operator holds the server's code where there is one; no
	// error holds what was sent.
	for _, secret := range e.form(t) {
		if len(secret[0]) > 20 && strings.Contains(got.Operator(), secret[0]) {
			t.Errorf("%q holds what was sent", got.Operator())
		}
	}
	if got.Message().In("en") == "" || got.Message().In("si-LK") == got.Message().In("en") {
		t.Error("no sentence for the person")
	}
	n.refused++
}

func (r *recording) replayToken(t *testing.T, e exchange, n *tally) {
	if e.Response.Status != 200 {
		a := &esignet.Attempt{State: "s", Nonce: "n", CodeVerifier: "v", Began: r.now}
		_, err := r.client(t, "demo-portal", nil).Exchange(t.Context(), a, "a-code")
		r.refusal(t, e, esignet.StageToken, err, n)
		return
	}
	a, clientID, paired := r.attempt(t, e)
	c := r.client(t, clientID, func(c *esignet.Config) { c.DPoP = a.DPoPKey != nil })
	tokens, err := c.Exchange(t.Context(), a, e.form(t).Get("code"))
	if number(e) == "117" { // no nonce was sent, which this package never does
		if got, ok := errors.AsType[*esignet.Error](err); !ok || got.Code != esignet.CodeNonce {
			t.Fatalf("%v, want a refusal of the missing nonce", err)
		}
		n.good++
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(a.ACRValues) > 0 && !slices.Equal(tokens.IDToken.ACR, a.ACRValues) {
		t.Errorf("acr %v", tokens.IDToken.ACR)
	}
	if tokens.IDToken.AuthTime.IsZero() || tokens.IDToken.Subject == "" {
		t.Errorf("%+v", tokens.IDToken)
	}
	n.good++
	if e2, ok := r.userinfo[tokens.AccessToken]; ok {
		claims, err := c.UserInfo(t.Context(), tokens)
		if err != nil {
			t.Fatalf("userinfo %s: %v", e2.Name, err)
		}
		for _, name := range claims.Names() {
			if paired && len(a.Claims) > 0 && !slices.Contains(a.Claims, name) && !strings.HasPrefix(number(e), "24") && number(e) != "148" {
				t.Errorf("the claim %s was not asked for by name", name)
			}
		}
	}
}

func (r *recording) replayUserInfo(t *testing.T, e exchange, n *tally) {
	_, token, _ := strings.Cut(e.Request.Headers["Authorization"], " ")
	if e.Response.Status != 200 {
		c := r.client(t, "demo-portal", nil)
		_, err := c.UserInfo(t.Context(), &esignet.Tokens{AccessToken: "x", IDToken: &esignet.IDToken{Subject: "x"}})
		r.refusal(t, e, esignet.StageUserInfo, err, n)
		return
	}
	access := payload(t, token)
	var subject, clientID string
	if err := errors.Join(json.Unmarshal(access["sub"], &subject), json.Unmarshal(access["client_id"], &clientID)); err != nil {
		t.Fatal(err)
	}
	c := r.client(t, clientID, func(c *esignet.Config) { c.RequireUserInfoIssuer, c.RequireUserInfoAudience = true, true })
	claims, err := c.UserInfo(t.Context(), &esignet.Tokens{AccessToken: token, IDToken: &esignet.IDToken{Subject: subject}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sprint(claims), "Nilu") {
		t.Error("claims print what they say")
	}
	n.good++
	// The same claims are of nobody else, and for nobody else.
	_, err = c.UserInfo(t.Context(), &esignet.Tokens{AccessToken: token, IDToken: &esignet.IDToken{Subject: subject + "x"}})
	if got, ok := errors.AsType[*esignet.Error](err); !ok || got.Code != esignet.CodeSubject {
		t.Errorf("of another subject: %v", err)
	}
	_, err = r.client(t, "another-client", nil).UserInfo(t.Context(), &esignet.Tokens{AccessToken: token, IDToken: &esignet.IDToken{Subject: subject}})
	if got, ok := errors.AsType[*esignet.Error](err); !ok || got.Code != esignet.CodeAudience {
		t.Errorf("for another client: %v", err)
	}
}

func (r *recording) replayPAR(t *testing.T, e exchange, n *tally) {
	form := e.form(t)
	c := r.client(t, "demo-portal", nil)
	a, err := c.Authorize(t.Context(), esignet.AuthorizationRequest{Claims: []esignet.ClaimRequest{{Name: "name", Essential: true}}})
	if e.Response.Status != 201 {
		r.refusal(t, e, esignet.StagePAR, err, n)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"client_id": {"demo-portal"}, "request_uri": {e.member("request_uri")}}
	if u.Query().Encode() != want.Encode() || strings.Contains(a.URL, form.Get("state")) {
		t.Errorf("the browser goes to %s", a.URL)
	}
	n.good++
}

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
	// v1 of the API has no names by language and is not spoken; PATCH is compared in
	// the test of encryption keys.
	if e.Request.Method == "PATCH" || strings.Contains(e.Request.Path, "/oidc-client") {
		return
	}
	reg = esignet.Registration{
		ClientID: id, Name: q.Name, Names: q.Names, RelyingPartyID: "demo-health", Key: key, UserClaims: q.Claims, ACRValues: q.ACR,
		LogoURI: q.Logo, RedirectURIs: q.Redirect, Options: q.Options,
	}
	calls, err := reg.CreateCalls(generation)
	if e.Request.Method == "PUT" {
		calls, err = reg.UpdateCalls(generation)
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
	if key, ok := doc["request"].(map[string]any)["publicKey"].(map[string]any); ok {
		for member := range key {
			key[member] = "…"
		}
		for _, member := range []string{"crv", "x", "y", "n", "e"} {
			delete(key, member) // of another type
		}
	}
	out, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

// pageErrors are codes that eSignet's pages put into the redirect when one of
// their calls fails.
var pageErrors = map[string]esignet.Code{
	"invalid_transaction": esignet.CodeTimeout, "no_attempts_left": esignet.CodeDenied, "individual_id_blocked": esignet.CodeDenied, "auth_failed": esignet.CodeDenied,
	"invalid_client_id": esignet.CodeClient, "use_pkce": esignet.CodePKCE, "unsupported_pkce_challenge_method": esignet.CodePKCE,
	"invalid_redirect_uri": esignet.CodeRequest, "invalid_scope": esignet.CodeRequest, "invalid_prompt": esignet.CodeRequest, "invalid_claim": esignet.CodeRequest,
	"invalid_request": esignet.CodeRequest, "invalid_accepted_claim": esignet.CodeRequest, "invalid_acr": esignet.CodeRequest, "no_acr_registered": esignet.CodeRequest,
	"invalid_individual_id": esignet.CodeServer, "invalid_otp_channel": esignet.CodeServer, "invalid_pkce_challenge": esignet.CodePKCE,
}

func (r *recording) replayPage(t *testing.T, e exchange, n *tally) {
	var body struct {
		Response struct {
			Code  string `json:"code"`
			State string `json:"state"`
		} `json:"response"`
		Errors []struct {
			Code string `json:"errorCode"`
		} `json:"errors"`
	}
	if e.Response.Status != 200 || json.Unmarshal(e.Response.Body, &body) != nil {
		n.other++ // no CSRF token: the page's own affair
		return
	}
	c := r.client(t, "demo-portal", nil)
	a := &esignet.Attempt{State: "the-state", Nonce: "n", CodeVerifier: "v", Began: r.now}
	switch {
	case len(body.Errors) > 0:
		_, err := c.Callback(a, url.Values{"state": {"the-state"}, "error": {body.Errors[0].Code}, "error_description": {"anything"}})
		got, ok := errors.AsType[*esignet.Error](err)
		if want := pageErrors[body.Errors[0].Code]; !ok || got.Code != want || got.Server != body.Errors[0].Code || got.Stage != esignet.StageCallback {
			t.Fatalf("%v, want %q", err, want)
		}
		n.redirects++
	case strings.HasSuffix(e.Request.Path, "/auth-code") && body.Response.Code != "" && body.Response.State != "":
		a.State, a.ResponseIssuer = body.Response.State, r.generation != esignet.V1_6
		query := url.Values{"state": {body.Response.State}, "code": {body.Response.Code}}
		if a.ResponseIssuer {
			query.Set("iss", r.issuer)
		}
		if code, err := c.Callback(a, query); err != nil || code != body.Response.Code {
			t.Fatalf("%v", err)
		}
		n.good++
	case strings.HasSuffix(e.Request.Path, "/oauth-details") && r.asWeAsk(t, e):
		n.requests++
	default:
		n.other++
	}
}

// asWeAsk compares a request the server took with the one this package makes of
// the same wishes; false when the recorded one asks for what this package never
// does (no PKCE, no state).
func (r *recording) asWeAsk(t *testing.T, e exchange) bool {
	t.Helper()
	var body struct {
		Request map[string]any `json:"request"`
	}
	if err := json.Unmarshal(e.Request.Body, &body); err != nil {
		t.Fatal(err)
	}
	q := body.Request
	text := func(name string) string { s, _ := q[name].(string); return s }
	if text("codeChallenge") == "" || text("state") == "" || text("nonce") == "" || text("codeChallengeMethod") != "S256" {
		return false
	}
	request := esignet.AuthorizationRequest{
		ClaimsLocales: append([]string{}, strings.Fields(text("claimsLocales"))...), UILocales: strings.Fields(text("uiLocales")),
		ACRValues: strings.Fields(text("acrValues")), Prompt: text("prompt"), Display: text("display"),
	}
	for _, s := range strings.Fields(text("scope")) {
		if s != "openid" {
			request.Scopes = append(request.Scopes, s)
		}
	}
	claims, _ := q["claims"].(map[string]any)
	asked, _ := claims["userinfo"].(map[string]any)
	for name, entry := range asked {
		c := esignet.ClaimRequest{Name: name}
		if m, ok := entry.(map[string]any); ok {
			c.Essential, _ = m["essential"].(bool)
		}
		request.Claims = append(request.Claims, c)
	}
	c := r.client(t, text("clientId"), func(c *esignet.Config) {
		c.RedirectURI = text("redirectUri")
		c.DiscoveryURL = "none" // without PAR, so that everything stands in the address
		c.Endpoints.PAR = ""
		c.Endpoints.Authorization = r.issuer + "/authorize"
	})
	a, err := c.Authorize(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	got := u.Query()
	for ours, theirs := range map[string]string{
		"client_id": "clientId", "redirect_uri": "redirectUri", "response_type": "responseType", "scope": "scope", "claims_locales": "claimsLocales",
		"ui_locales": "uiLocales", "acr_values": "acrValues", "prompt": "prompt", "display": "display", "code_challenge_method": "codeChallengeMethod",
	} {
		if got.Get(ours) != text(theirs) {
			t.Errorf("%s: %q, recorded %q", ours, got.Get(ours), text(theirs))
		}
	}
	if len(request.Claims) > 0 {
		var sent struct {
			UserInfo map[string]any `json:"userinfo"`
			IDToken  map[string]any `json:"id_token"`
		}
		if err := json.Unmarshal([]byte(got.Get("claims")), &sent); err != nil || sent.IDToken == nil || len(sent.UserInfo) != len(asked) {
			t.Errorf("claims %s, %v", got.Get("claims"), err)
		}
		for name, entry := range asked {
			m, _ := entry.(map[string]any)
			ours, _ := sent.UserInfo[name].(map[string]any)
			if (m["essential"] == true) != (ours["essential"] == true) {
				t.Errorf("claim %s: %v, recorded %v", name, ours, m)
			}
		}
	}
	return true
}
