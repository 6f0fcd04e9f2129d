package sandbox

import (
	"crypto/sha256"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

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
