package esignet_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
)

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
