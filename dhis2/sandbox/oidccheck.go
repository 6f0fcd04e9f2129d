package sandbox

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
)

// maxAnswer bounds what a provider answers.
const maxAnswer = 1 << 20

// clockSkew is Spring Security's.
const clockSkew = 60 * time.Second

// exchange redeems a code as Spring Security does, checks the id_token and gets
// userinfo. It gives the claims of both, those of userinfo before the others.
func (s *Server) exchange(ctx context.Context, request *authorizationRequest, code string) (map[string]any, error) {
	p := request.provider
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {request.redirect}}
	if request.verifier != "" {
		form.Set("code_verifier", request.verifier)
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, p.keys["token_uri"], nil)
	if err != nil {
		return nil, errors.New("token_uri is no URL")
	}
	if p.key == nil {
		call.SetBasicAuth(url.QueryEscape(p.keys["client_id"]), url.QueryEscape(p.keys["client_secret"]))
	} else {
		assertion, err := s.assertion(p)
		if err != nil {
			return nil, err
		}
		form.Set("client_id", p.keys["client_id"])
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}
	call.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	call.Header.Set("Accept", "application/json;charset=UTF-8")
	call.Body = io.NopCloser(strings.NewReader(form.Encode()))
	var tokens struct {
		Access string `json:"access_token"`
		Type   string `json:"token_type"`
		ID     string `json:"id_token"`
	}
	if err := s.ask(call, &tokens); err != nil {
		return nil, fmt.Errorf("invalid_token_response: %w", err)
	}
	if tokens.Access == "" || !strings.EqualFold(tokens.Type, "Bearer") || tokens.ID == "" {
		return nil, errors.New("invalid_token_response: access_token, token_type Bearer or id_token is missing")
	}
	claims, err := s.checkIDToken(ctx, request, tokens.ID)
	if err != nil {
		return nil, fmt.Errorf("invalid_id_token: %w", err)
	}
	call, err = http.NewRequestWithContext(ctx, http.MethodGet, p.keys["user_info_uri"], nil)
	if err != nil {
		return nil, errors.New("user_info_uri is no URL")
	}
	call.Header.Set("Accept", "application/json")
	call.Header.Set("Authorization", "Bearer "+tokens.Access)
	var info map[string]any
	if err := s.ask(call, &info); err != nil {
		return nil, fmt.Errorf("invalid_user_info_response: %w", err)
	}
	if info["sub"] != claims["sub"] {
		return nil, errors.New("invalid_user_info_response: sub is not the id_token's")
	}
	maps.Copy(claims, info)
	return claims, nil
}

// assertion is the one of Nimbus in DHIS2: RS256; kid is the alias, jku
// jwk_set_url, x5t#S256 the certificate's.
func (s *Server) assertion(p *oidcProvider) (string, error) {
	sum := sha256.Sum256(p.certificate.Raw)
	options := (&jose.SignerOptions{}).WithHeader("kid", p.keys["key_alias"]).WithHeader("jku", p.keys["jwk_set_url"]).
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: p.key}, options)
	if err != nil {
		return "", errors.New("the key of the store cannot sign")
	}
	now := s.Now().Unix()
	payload, err := json.Marshal(map[string]any{"iss": p.keys["client_id"], "sub": p.keys["client_id"], "aud": p.keys["token_uri"], "jti": randomText(), "iat": now, "exp": now + 60})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", errors.New("the key of the store cannot sign")
	}
	return signed.CompactSerialize()
}

// ask makes a call and reads JSON, and nothing else: a JWT is not understood.
func (s *Server) ask(call *http.Request, into any) error {
	client := http.Client{Transport: s.cfg.RouteTransport, Timeout: 20 * time.Second}
	res, err := client.Do(call)
	if err != nil {
		return errors.New("no answer")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		return errors.New("no whole answer")
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case res.StatusCode != http.StatusOK:
		var refusal struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(body, &refusal) // a refusal without a code is shown without one
		return fmt.Errorf("status %d %s", res.StatusCode, printable(refusal.Error))
	case kind != "application/json" && !strings.HasSuffix(kind, "+json"):
		return fmt.Errorf("no extractor for content type [%s]", kind)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errors.New("no JSON")
	}
	return nil
}

// checkIDToken does what OidcIdTokenDecoderFactory and OidcIdTokenValidator do:
// RS256 only, by the key of jwk_uri, iss when issuer_uri is set, aud, azp, times,
// nonce.
func (s *Server) checkIDToken(ctx context.Context, request *authorizationRequest, token string) (map[string]any, error) {
	p := request.provider
	payload, err := s.verifyRS256(ctx, p.keys["jwk_uri"], token)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	if json.Unmarshal(payload, &claims) != nil {
		return nil, errors.New("its claims are no JSON object")
	}
	text := func(name string) string { v, _ := claims[name].(string); return v }
	number := func(name string) time.Time { v, _ := claims[name].(float64); return time.Unix(int64(v), 0) }
	audience := []any{claims["aud"]}
	if list, ok := claims["aud"].([]any); ok {
		audience = list
	}
	now := s.Now()
	switch {
	case text("sub") == "":
		return nil, errors.New("sub is missing")
	case text("iss") == "" || p.keys["issuer_uri"] != "" && text("iss") != p.keys["issuer_uri"]:
		return nil, errors.New("iss is not issuer_uri")
	case !slices.Contains(audience, any(p.keys["client_id"])):
		return nil, errors.New("aud is not the client id")
	case len(audience) > 1 && text("azp") == "", text("azp") != "" && text("azp") != p.keys["client_id"]:
		return nil, errors.New("azp is not the client id")
	case !now.Before(number("exp").Add(clockSkew)):
		return nil, errors.New("expired")
	case claims["iat"] == nil || number("iat").After(now.Add(clockSkew)):
		return nil, errors.New("iat is missing or ahead")
	case text("nonce") != hashText(request.nonce):
		return nil, errors.New("invalid_nonce")
	}
	return claims, nil
}

// verifyRS256 gives the payload of a token that a key of the set signed.
func (s *Server) verifyRS256(ctx context.Context, set, token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a signed token")
	}
	b64 := base64.RawURLEncoding
	head, errHead := b64.DecodeString(parts[0])
	payload, errPayload := b64.DecodeString(parts[1])
	signature, errSignature := b64.DecodeString(parts[2])
	var header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}
	if errors.Join(errHead, errPayload, errSignature) != nil || json.Unmarshal(head, &header) != nil {
		return nil, errors.New("not a signed token")
	}
	if header.Algorithm != "RS256" {
		return nil, errors.New("signed algorithm rejected: another algorithm expected (RS256)")
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodGet, set, nil)
	if err != nil {
		return nil, errors.New("jwk_uri is no URL")
	}
	call.Header.Set("Accept", "application/json, application/jwk-set+json")
	var keys struct {
		Keys []struct {
			Type string `json:"kty"`
			ID   string `json:"kid"`
			N    string `json:"n"`
			E    string `json:"e"`
		} `json:"keys"`
	}
	if err := s.ask(call, &keys); err != nil {
		return nil, fmt.Errorf("jwk_uri: %w", err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, k := range keys.Keys {
		n, errN := b64.DecodeString(k.N)
		e, errE := b64.DecodeString(k.E)
		if k.Type != "RSA" || header.KeyID != "" && k.ID != header.KeyID || errN != nil || errE != nil || len(e) > 4 {
			continue
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil {
			return payload, nil
		}
	}
	return nil, errors.New("no key of jwk_uri verifies the signature")
}
