package sandbox

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// transaction is one sign-in, from the authorization request until its code is
// redeemed.
type transaction struct {
	id      string
	client  *client
	request authRequest
	asked   claimsRequest

	essential, voluntary []string
	acrs                 []string // that may be used
	hash                 string   // of the details that the page was given

	otpCalls, authCalls, claimCalls int

	person   *Identity // who signed in; nil before
	acr      string
	authTime time.Time
	capture  bool // consent is to be asked for
	accepted []string
	until    time.Time

	code      string
	dpopNonce nonceOf

	page pageState
}

// nonceOf is the DPoP nonce that an endpoint last handed out for one code or
// one token.
type nonceOf struct {
	value string
	until time.Time
}

// lives are the times of a sign-in (application-default.properties).
func (s *Server) signInLife() time.Duration {
	if s.v == V16 {
		return 600 * time.Second
	}
	return 300 * time.Second
}

func (s *Server) consentLife() time.Duration {
	if s.v == V16 {
		return 600 * time.Second
	}
	return 120 * time.Second
}

func (s *Server) codeLife() time.Duration {
	if s.v == V16 {
		return 600 * time.Second
	}
	return 300 * time.Second
}

// begin makes a transaction of an authorization request. pushed says that the
// request came by the pushed-request endpoint.
func (s *Server) begin(r authRequest, now time.Time, pushed bool) (*transaction, *fault) {
	if f := s.checkShape(&r); f != nil {
		return nil, f
	}
	asked, ok := s.readClaims(r.Claims)
	if !ok {
		return nil, wrongField("request.claims", "invalid_claim")
	}
	c, f := s.checkAgainstClient(&r)
	if f != nil {
		return nil, f
	}
	if !pushed {
		if c.additional.RequirePAR {
			return nil, refuse("invalid_request")
		}
		if f := s.spendNonce(r.Nonce, now); f != nil {
			return nil, f
		}
	}
	if c.additional.RequirePKCE && r.Challenge == "" {
		return nil, refuse("use_pkce")
	}
	t := &transaction{id: s.draw(), client: c, request: r, asked: asked, acrs: wantedACRs(c, r.ACRValues, asked),
		until: now.Add(s.signInLife())}
	t.essential, t.voluntary = wantedClaims(c, r.Scope, asked)
	s.sessions.put(t.id, t, now, t.until)
	return t, nil
}

// spendNonce lets every nonce of an authorization request pass once in 24 h.
func (s *Server) spendNonce(nonce string, now time.Time) *fault {
	if nonce == "" || s.on(ForgetNonces) || s.v >= V20 {
		return nil
	}
	if _, used := s.usedNonces.get(nonce, now); used {
		return refuse("invalid_request")
	}
	s.usedNonces.put(nonce, struct{}{}, now, now.Add(replayTime))
	return nil
}

// attempts are the calls allowed per transaction, good ones counted too.
const attempts = 3

// sendOTP sends the person a one-time code, which is always OTP. It gives the
// masked e-mail address and telephone number.
func (s *Server) sendOTP(t *transaction, id string, now time.Time) (email, phone string, f *fault) {
	if _, blocked := s.blocked.get(id, now); blocked {
		return "", "", refuse("individual_id_blocked")
	}
	p := s.people[id]
	if p == nil {
		return "", "", refuse("invalid_individual_id")
	}
	s.otps.put(t.id+id, struct{}{}, now, now.Add(600*time.Second))
	return maskEmail(p.Email), maskPhone(p.Phone), nil
}

// authenticate checks one challenge. A wrong one leaves the code sent usable.
func (s *Server) authenticate(t *transaction, id, factor, challenge string, now time.Time) *fault {
	if _, blocked := s.blocked.get(id, now); blocked {
		return refuse("individual_id_blocked")
	}
	acr := ""
	for _, a := range t.acrs {
		if acrFactors[a] == factor {
			acr = a
		}
	}
	if acr == "" {
		return refuse("auth_factor_mismatch")
	}
	p := s.people[id]
	if p == nil {
		return refuse("invalid_individual_id")
	}
	switch factor {
	case "OTP":
		if _, sent := s.otps.get(t.id+id, now); !sent {
			return refuse("invalid_transaction")
		}
		if challenge != OTP {
			return refuse("auth_failed")
		}
		s.otps.take(t.id+id, now)
	case "PIN":
		if challenge != p.PIN {
			return refuse("auth_failed")
		}
	default:
		return refuse("auth_failed") // no other factor can be given here
	}
	t.person, t.acr, t.authTime = p, acr, now
	t.capture = s.needsConsent(t, now)
	t.until = now.Add(s.consentLife())
	s.sessions.put(t.id, t, now, t.until)
	return nil
}

// block keeps a person out for ten minutes, across transactions.
func (s *Server) block(id string, now time.Time) {
	if id != "" && len(id) <= 64 {
		s.blocked.put(id, struct{}{}, now, now.Add(blockedTime))
	}
}

// consentKey is what a consent is remembered for.
type consentKey struct{ client, sub string }

type consent struct {
	hash     string // of what was asked
	accepted []string
	until    time.Time // zero: for good
}

// needsConsent tells whether the consent page is to be shown. Nothing asked,
// or the same consented to before, needs none, unless prompt=consent.
func (s *Server) needsConsent(t *transaction, now time.Time) bool {
	if len(t.essential)+len(t.voluntary) == 0 {
		return false
	}
	if t.request.Prompt == "consent" {
		return true
	}
	c, ok := s.consents[consentKey{t.client.ClientID, s.subject(t)}]
	if !ok || c.hash != t.askedHash() || !c.until.IsZero() && !now.Before(c.until) {
		return true
	}
	t.accepted = c.accepted
	return false
}

// askedHash sums up what was asked, so that a wider request asks again.
func (t *transaction) askedHash() string {
	sum := sha256.Sum256(encode([]any{t.essential, t.voluntary}))
	return b64.EncodeToString(sum[:])
}

// issueCode ends the dialogue: accepted claims become a code. Essential ones
// must be among them.
func (s *Server) issueCode(t *transaction, accepted []string, now time.Time) (string, *fault) {
	if t.person == nil {
		return "", refuse("invalid_transaction")
	}
	if t.capture {
		for _, claim := range accepted {
			if !slices.Contains(t.essential, claim) && !slices.Contains(t.voluntary, claim) {
				return "", refuse("invalid_accepted_claim")
			}
		}
		for _, claim := range t.essential {
			if !slices.Contains(accepted, claim) {
				return "", refuse("invalid_accepted_claim")
			}
		}
		t.accepted = slices.Clone(accepted)
		kept := consent{hash: t.askedHash(), accepted: t.accepted}
		if minutes := t.client.additional.ConsentExpiry; minutes > 0 {
			kept.until = now.Add(time.Duration(minutes * float64(time.Minute)))
		}
		s.remember(consentKey{t.client.ClientID, s.subject(t)}, kept, now)
	}
	t.code = s.draw()
	s.sessions.take(t.id, now)
	s.codes.put(t.code, t, now, now.Add(s.codeLife()))
	return t.code, nil
}

// remember keeps a consent, as long as there is room.
func (s *Server) remember(key consentKey, c consent, now time.Time) {
	if len(s.consents) >= s.cfg.MaxSessions {
		maps.DeleteFunc(s.consents, func(_ consentKey, old consent) bool { return !old.until.IsZero() && !now.Before(old.until) })
	}
	if len(s.consents) < s.cfg.MaxSessions { // else people are asked again, that is all
		s.consents[key] = c
	}
}

// maskEmail hides two of every three characters of the local part, as the mock
// does.
func maskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	local := []byte(email[:at])
	for i := range local {
		if i%3 != 2 {
			local[i] = 'X'
		}
	}
	return string(local) + email[at:]
}

// maskPhone leaves the last five digits.
func maskPhone(phone string) string {
	if len(phone) <= 5 {
		return phone
	}
	return strings.Repeat("X", len(phone)-5) + phone[len(phone)-5:]
}

// details is the response of oauth-details. Generation 1 has a plain name.
func (s *Server) details(t *transaction, origin string, generation int) []byte {
	c := t.client
	names := map[string]string{"@none": c.Name}
	for lang, name := range c.NameLangMap {
		names[lang] = name
	}
	var factors []any
	for _, acr := range t.acrs {
		factors = append(factors, []any{jsontext.Value(object("type", acrFactors[acr], "count", 0, "subTypes", nil))})
	}
	doc := []any{
		"transactionId", t.id, "logoUrl", c.LogoURI, "authFactors", factors, "authorizeScopes", []string{},
		"essentialClaims", t.essential, "voluntaryClaims", t.voluntary, "configs", s.uiConfig(t, origin),
		"redirectUri", t.request.RedirectURI,
	}
	if generation == 1 {
		doc = append(doc, "clientName", c.Name)
	} else {
		doc = append(doc, "clientName", names, "credentialScopes", []string{})
	}
	raw := object(doc...)
	sum := sha256.Sum256(raw)
	t.hash = b64.EncodeToString(sum[:])
	return raw
}

// uiConfig is what the page of the real thing configures itself with.
func (s *Server) uiConfig(t *transaction, origin string) map[string]any {
	wallet := map[string]any{"wallet.name": "walletName", "wallet.logo-url": "/images/qr_code.png", "wallet.download-uri": "#",
		"wallet.deep-link-uri": "io.mosip.residentapp.inji://wla-auth?linkCode=LINK_CODE&linkExpireDateTime=LINK_EXPIRE_DT"}
	var additional any = map[string]any{}
	if t.client.Additional != nil {
		additional = t.client.Additional
	}
	config := map[string]any{
		"wallet.qr-code-buffer-in-secs": 10, "wallet.config": []any{wallet}, "otp.length": 6, "password.regex": "^.{8,20}$",
		"captcha.sitekey": "none", "captcha.enable": "", "password.max-length": 20, "sbi.capture.score.finger": 70,
		"sbi.timeout.CAPTURE": 30, "send.otp.channels": "email,phone", "linked-transaction-expire-in-secs": 240,
		"username.prefix": "", "sbi.port.range": "4501-4600", "consent.screen.timeout-in-secs": int(s.consentLife().Seconds()),
		"sbi.capture.count.finger": 1, "sbi.capture.score.face": 70, "consent.screen.timeout-buffer-in-secs": 5,
		"username.regex": ".*", "sbi.capture.count.face": 1, "username.input-type": "text",
		"auth.factor.kbi.individual-id-field": "", "preauth-screen-timeout-in-secs": int(s.signInLife().Seconds()),
		"username.postfix": "", "login-id.options": []any{map[string]any{"id": "vid", "svg": "vid_icon", "prefixes": "",
			"postfix": "", "maxLength": 16, "regex": ".*"}},
		"sbi.bio.subtypes.iris": "UNKNOWN", "signup.config": map[string]any{"signup.banner": true, "signup.url": origin + "/signup"},
		"sbi.timeout.DINFO": 30, "sbi.capture.count.iris": 1, "sbi.bio.subtypes.finger": "UNKNOWN",
		"error.banner.close-timer": 10, "sbi.capture.score.iris": 70, "resend.otp.delay.secs": int(resendDelay.Seconds()),
		"clientAdditionalConfig": additional, "username.max-length": 16,
		"forgot-password.config": map[string]any{"forgot-password": true, "forgot-password.url": origin + "/reset-password"},
		"sbi.timeout.DISC":       30, "auth.txnid.length": "10", "sbi.env": "Developer",
		"eKYC-steps.config": origin + "/identity-verification",
	}
	if s.v == V16 {
		config["auth.factor.kbi.field-details"] = []any{}
	} else {
		wallet["wallet.footer"] = true
		config["auth.factor.kbi.field-details"] = nil
		config["issuer"] = s.issuer(origin)
	}
	return config
}

// resendDelay is how long the page waits before it offers another code.
const resendDelay = 180 * time.Second
