package esignet

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/oauth2"
)

// AuthorizationRequest says what is asked of a person (OpenID Connect Core
// section 3.1.2.1).
type AuthorizationRequest struct {
	// Scopes beside openid. In eSignet, profile brings name, address, gender,
	// birthdate, picture, email and phone: name the claims instead.
	Scopes []string
	Claims []ClaimRequest
	// ClaimsLocales are the languages of values, ISO 639-1. Defaults to
	// [DefaultClaimsLocales].
	ClaimsLocales []string
	// UILocales are the languages of eSignet's pages.
	UILocales []string
	// ACRValues are the ways to sign in that are accepted, such as
	// mosip:idp:acr:generated-code; none accepts all that are registered. eSignet
	// widens an unknown one to all, so the answer is held against this list.
	ACRValues []string
	// Prompt is one of login, consent, select_account, or empty; none is refused,
	// since eSignet has no session to ask. Only consent has an effect before 2.0: the
	// consent page is shown though consent was remembered.
	Prompt string
	// Display is one of page, popup, touch, wap, or empty.
	Display string
	// MaxAge is how long ago the person may have signed in, 0: any time. It is
	// checked in the answer, since eSignet does not.
	MaxAge time.Duration
}

// Attempt is one sign-in under way. It is kept on the server, for
// [Config.AttemptFor], bound to the browser it began in; it holds secrets and
// goes to JSON and back whole, so that it can be kept encrypted. It is completed
// once: whoever keeps it takes it out of the store before [Client.Complete].
type Attempt struct {
	// URL is where the browser goes.
	URL string `json:"url"`
	// State, Nonce and CodeVerifier have 256 bits each, made for this attempt alone.
	State        string `json:"state"`
	Nonce        string `json:"nonce"`
	CodeVerifier string `json:"code_verifier"`
	// DPoPKey is the private JWK the tokens are bound to; null without DPoP.
	DPoPKey jsontext.Value `json:"dpop_key,omitempty"`
	Began   time.Time      `json:"began"`

	// What was asked for, which the answer is held against.
	ACRValues []string `json:"acr_values,omitempty"`
	MaxAge    int      `json:"max_age,omitzero"` // seconds
	Claims    []string `json:"claims,omitempty"`
	// ResponseIssuer: the redirect must name its issuer (RFC 9207).
	ResponseIssuer bool `json:"response_issuer,omitzero"`

	redeemed atomic.Bool
}

// Authorize begins a sign-in: it makes state, nonce and verifier, pushes the
// request where the server offers that (PAR), and gives the URL for the browser.
// A retry is a new attempt, since eSignet takes a nonce once in 24 h.
func (c *Client) Authorize(ctx context.Context, request AuthorizationRequest) (*Attempt, error) {
	m, err := c.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	a := &Attempt{
		Began: c.config.Now(), ACRValues: request.ACRValues, MaxAge: int(request.MaxAge / time.Second),
		ResponseIssuer: m.ResponseIssuer && !c.config.WalletLogin,
	}
	for _, r := range request.Claims {
		a.Claims = append(a.Claims, r.Name)
	}
	for _, secret := range []*string{&a.State, &a.Nonce, &a.CodeVerifier} {
		if *secret, err = c.random(StageAuthorize, 32); err != nil {
			return nil, err
		}
	}
	if c.config.DPoP {
		if a.DPoPKey, err = newProofKey(m); err != nil {
			return nil, err
		}
	}
	form, err := c.parameters(a, request)
	if err != nil {
		return nil, fail(StageAuthorize, CodeConfig, "%v", err)
	}
	if m.PAR != "" {
		if form, err = c.push(ctx, m, form); err != nil {
			return nil, err
		}
	}
	address, err := url.Parse(m.Authorization)
	if err != nil {
		return nil, fail(StageAuthorize, CodeConfig, "the authorization endpoint is no URL")
	}
	query := address.Query()
	for name, values := range form {
		query[name] = values
	}
	address.RawQuery = query.Encode()
	a.URL = address.String()
	return a, nil
}

// parameters gives the authorization request as a form.
func (c *Client) parameters(a *Attempt, request AuthorizationRequest) (url.Values, error) {
	scopes := slices.Concat([]string{"openid"}, request.Scopes)
	locales := request.ClaimsLocales
	if locales == nil && len(request.Claims) > 0 {
		locales = DefaultClaimsLocales
	}
	form := url.Values{
		"client_id": {c.config.ClientID}, "redirect_uri": {c.config.RedirectURI}, "response_type": {"code"},
		"state": {a.State}, "nonce": {a.Nonce},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(a.CodeVerifier)}, "code_challenge_method": {"S256"},
	}
	for _, p := range []struct {
		name string
		list []string
	}{{"scope", scopes}, {"claims_locales", locales}, {"ui_locales", request.UILocales}, {"acr_values", request.ACRValues}} {
		joined, err := words(p.name, p.list)
		if err != nil {
			return nil, err
		}
		if joined != "" {
			form.Set(p.name, joined)
		}
	}
	for _, p := range []struct {
		name, value string
		known       []string
	}{
		{"prompt", request.Prompt, []string{"login", "consent", "select_account"}},
		{"display", request.Display, []string{"page", "popup", "touch", "wap"}},
	} {
		if p.value != "" && !slices.Contains(p.known, p.value) {
			return nil, fmt.Errorf("%s must be one of %s", p.name, strings.Join(p.known, ", "))
		}
		if p.value != "" {
			form.Set(p.name, p.value)
		}
	}
	if request.MaxAge < 0 || request.MaxAge%time.Second != 0 {
		return nil, errors.New("max_age must be whole seconds")
	}
	if request.MaxAge > 0 {
		form.Set("max_age", strconv.Itoa(int(request.MaxAge/time.Second)))
	}
	claims, err := claimsParameter(request.Claims)
	if err != nil {
		return nil, err
	}
	if claims != "" {
		form.Set("claims", claims)
	}
	if a.DPoPKey != nil {
		proof, err := a.proofKey()
		if err != nil {
			return nil, err
		}
		form.Set("dpop_jkt", proof.thumbprint)
	}
	return form, nil
}
