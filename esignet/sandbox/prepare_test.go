package sandbox

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Many recorded exchanges stand at the end of calls that were not recorded.
// prepare makes those calls, so that the one to be compared finds what it
// needs.
func (p *player) prepare(r *recording) {
	switch {
	case strings.Contains(r.Request.Path, "/authorization/") && r.Request.Body.Kind() == '{':
		p.prepareCall(r)
	case strings.HasSuffix(r.Request.Path, "/token") && r.Request.Body.Kind() == '"':
		p.prepareCode(r)
	}
}

type callBody struct {
	Request struct {
		TransactionID string         `json:"transactionId"`
		IndividualID  string         `json:"individualId"`
		Nonce         string         `json:"nonce"`
		RequestURI    string         `json:"requestUri"`
		ClientID      string         `json:"clientId"`
		Accepted      []string       `json:"acceptedClaims"`
		Rest          map[string]any `json:",unknown"`
	} `json:"request"`
}

// prepareCall brings the transaction of a call to where the call expects it.
func (p *player) prepareCall(r *recording) {
	var body callBody
	if err := json.Unmarshal(r.Request.Body, &body); err != nil {
		p.t.Fatal(err)
	}
	q := body.Request
	person := q.IndividualID
	switch name := r.Name[:3]; {
	case name == "155": // the same request was consented to before
		t := p.begin(r.Request.Body, "consent")
		p.signIn(t, "4820193756")
		p.code(t, "name", "birthdate")
	case q.RequestURI != "" && p.mine[q.RequestURI] == "" && name != "194":
		at := p.now
		if name == "251" {
			p.now = r.at.Add(-65e9)
		}
		p.mine[q.RequestURI] = p.push(q.ClientID)
		p.now = at
		if name == "191" { // pushed by the first client
			p.mine[q.RequestURI] = p.push("demo-portal")
		}
	case q.TransactionID == "" || name == "052" || name == "063":
		if name == "063" { // the headers are those of a living transaction
			t := p.begin(nil, "")
			p.alias(r, t)
		}
	case p.mine[q.TransactionID] == "" || strings.HasPrefix(r.Name, "151") || strings.HasPrefix(r.Name, "156") || strings.HasPrefix(r.Name, "161"):
		t := p.mine[q.TransactionID]
		at := p.now
		switch name {
		case "252":
			p.now = r.at.Add(-125e9)
			if p.v == V16 {
				p.now = r.at.Add(-605e9)
			}
		case "253":
			p.now = r.at.Add(-305e9)
			if p.v == V16 {
				p.now = r.at.Add(-605e9)
			}
		}
		if t == "" {
			t = p.begin(nil, "")
			p.mine[q.TransactionID] = t
		}
		switch {
		case name == "164":
			p.sendOTP(t, person)
			p.authenticate(t, person, "000000")
			p.authenticate(t, person, "000000")
		case name == "053" || name == "054" || name == "055" || name == "253" || name == "166" || name == "050" || name == "051":
		case strings.HasSuffix(r.Request.Path, "authenticate") && name != "055" && !strings.Contains(r.Name, "pin"):
			p.sendOTP(t, person)
		case strings.HasSuffix(r.Request.Path, "auth-code"):
			p.signIn(t, p.unblocked(r))
		}
		p.now = at
		p.alias(r, t)
	case name == "129":
	}
}

// alias makes the headers of a recorded call mean transaction t.
func (p *player) alias(r *recording, t string) {
	if key := r.Request.Headers["oauth-details-key"]; key != "" && p.mine[key] == "" {
		p.mine[key] = t
	}
	if hash := r.Request.Headers["oauth-details-hash"]; hash != "" && p.mine[hash] == "" {
		p.mine[hash] = p.hash[t]
	}
}

// prepareCode makes the code that a recorded token call redeems, if no
// recorded call made it.
func (p *player) prepareCode(r *recording) {
	var text string
	if err := json.Unmarshal(r.Request.Body, &text); err != nil {
		p.t.Fatal(err)
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		p.t.Fatal(err)
	}
	code := form.Get("code")
	defer func() { p.prepareNonce(r, code) }()
	if code == "" || p.mine[code] != "" || r.Name[:3] == "092" {
		return
	}
	at := p.now
	if r.Name[:3] == "254" {
		p.now = r.at.Add(-305e9)
		if p.v == V16 {
			p.now = r.at.Add(-605e9)
		}
	}
	defer func() { p.now = at }()
	request := map[string]any{"clientId": "demo-portal", "scope": "openid profile", "responseType": "code",
		"redirectUri": form.Get("redirect_uri"), "display": "page", "prompt": "consent", "acrValues": "mosip:idp:acr:generated-code",
		"claimsLocales": "en", "claims": jsontext.Value(`{"userinfo":{"name":{"essential":true},"birthdate":{"essential":true},"gender":null,"phone_number":null,"address":null},"id_token":{}}`)}
	if id := form.Get("client_id"); id != "" && p.server.clients[id] != nil {
		request["clientId"] = id
	}
	if verifier := form.Get("code_verifier"); verifier != "" && r.Name[:3] != "116" {
		request["codeChallenge"], request["codeChallengeMethod"] = challengeOf(verifier), "S256"
	}
	if r.Name[:3] == "229" {
		request["dpopJkt"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	}
	if nonce, ok := p.recordedNonce(code); ok {
		request["nonce"], request["state"] = nonce, "state"
	}
	transaction := ""
	for _, other := range p.recordings { // the details of the same case, or of the one it follows
		if strings.HasPrefix(other.Name, r.Name[:3]) && strings.HasSuffix(other.Request.Path, "oauth-details") {
			var d struct {
				Response struct {
					ID string `json:"transactionId"`
				} `json:"response"`
			}
			_ = json.Unmarshal(other.Response.Body, &d)
			transaction = p.mine[d.Response.ID]
		}
	}
	if transaction == "" {
		transaction = p.beginWith(request)
	}
	accepted := p.acceptedIn(r)
	person := p.unblocked(r)
	if r.Name[:3] >= "240" && r.Name[:3] <= "243" || r.Name[:3] == "231" {
		person = p.personIn(r)
	}
	p.signIn(transaction, person)
	p.mine[code] = p.code(transaction, accepted...)
}

// prepareNonce lets the nonce of a proof be one that was handed out: the call
// that fetched it was not recorded.
func (p *player) prepareNonce(r *recording, code string) {
	proof := r.Request.Headers["DPoP"]
	item, known := p.server.codes.items[p.mine[code]]
	if proof == "" || !known {
		return
	}
	nonce, _ := decodePart(p.t, strings.Split(proof, ".")[1])["nonce"].(string)
	if nonce == "" || p.mine[nonce] != "" || strings.HasPrefix(nonce, "EEEE") { // EEEE…: one that nobody gave
		return
	}
	until := r.at.Add(nonceLife)
	if r.Name[:3] == "250" {
		until = r.at.Add(-time.Second)
	}
	p.mine[nonce] = p.server.draw()
	item.value.dpopNonce = nonceOf{p.mine[nonce], until}
}

// unblocked is the person whom the wrong codes of 164 have not blocked.
func (p *player) unblocked(r *recording) string {
	if r.at.After(p.timeOf("166")) {
		return "4820193757"
	}
	return "4820193756"
}

func (p *player) timeOf(number string) (at time.Time) {
	for _, r := range p.recordings {
		if strings.HasPrefix(r.Name, number) {
			return r.at
		}
	}
	return at
}

// personIn tells whose sub is in a recorded answer.
func (p *player) personIn(r *recording) string {
	if strings.Contains(string(p.recordedClaims(r)), subjectOf("4820193756", "demo-health")) {
		return "4820193756"
	}
	return "4820193757"
}

func (p *player) recordedClaims(r *recording) []byte {
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if json.Unmarshal(r.Response.Body, &answer) != nil || answer.IDToken == "" {
		return nil
	}
	raw, _ := b64.DecodeString(strings.Split(answer.IDToken, ".")[1])
	return raw
}

// recordedNonce is the nonce in the id_token that a code gave in the end.
func (p *player) recordedNonce(code string) (string, bool) {
	for _, r := range p.recordings {
		if !strings.Contains(string(r.Request.Body), code) {
			continue
		}
		var claims struct {
			Nonce *string `json:"nonce"`
		}
		if raw := p.recordedClaims(r); raw != nil && json.Unmarshal(raw, &claims) == nil && claims.Nonce != nil {
			return *claims.Nonce, true
		}
	}
	return "", false
}

// acceptedIn finds which claims were accepted for a recorded token: those in
// the userinfo that follows, or the essential ones.
func (p *player) acceptedIn(r *recording) []string {
	number := r.Name[:3]
	follows := map[string]string{"216": "222", "240": "242", "241": "243"}
	if f, ok := follows[number]; ok {
		number = f
	}
	for _, other := range p.recordings {
		if !strings.HasPrefix(other.Name, number) || !strings.HasSuffix(other.Request.Path, "userinfo") || other.Response.Status != 200 {
			continue
		}
		var token string
		_ = json.Unmarshal(other.Response.Body, &token)
		if strings.Count(token, ".") == 4 {
			token = p.decrypt(token)
		}
		var accepted []string
		for name := range decodePart(p.t, strings.Split(token, ".")[1]) {
			name, _, _ = strings.Cut(name, "#")
			if name != "sub" && name != "iss" && name != "aud" && !slices.Contains(accepted, name) {
				accepted = append(accepted, name)
			}
		}
		switch number {
		case "143": // what has no value in the language was accepted all the same
			accepted = []string{"name", "birthdate", "gender", "address"}
		case "241", "243":
			if p.v == V16 {
				accepted = append(accepted, "picture")
			}
		}
		return accepted
	}
	return []string{"name", "birthdate"}
}

// The calls that a page makes.

func (p *player) call(path string, request any, headers map[string]string, into any) string {
	p.t.Helper()
	if p.cookie == "" {
		p.send("GET", base+"/csrf/token", nil, nil)
	}
	all := map[string]string{"Content-Type": "application/json", "X-XSRF-TOKEN": p.csrf, "Cookie": "XSRF-TOKEN=" + p.cookie}
	for name, value := range headers {
		all[name] = value
	}
	_, _, got := p.send("POST", base+"/authorization/"+path, all,
		object("requestTime", p.now.UTC().Format(stampFormat), "request", request))
	var e struct {
		Response jsontext.Value `json:"response"`
		Errors   []struct {
			Code string `json:"errorCode"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(got, &e); err != nil {
		p.t.Fatalf("%s: %s", path, got)
	}
	if len(e.Errors) > 0 {
		return e.Errors[0].Code
	}
	if into != nil {
		if err := json.Unmarshal(e.Response, into); err != nil {
			p.t.Fatal(err)
		}
	}
	if strings.HasSuffix(path, "oauth-details") {
		var d struct {
			ID string `json:"transactionId"`
		}
		_ = json.Unmarshal(e.Response, &d)
		p.hash[d.ID] = hashText(e.Response)
	}
	return ""
}

// begin starts a transaction: of a recorded request with a nonce of its own
// and the given prompt, or of the usual one.
func (p *player) begin(recorded jsontext.Value, prompt string) string {
	request := map[string]any{"clientId": "demo-portal", "scope": "openid profile", "responseType": "code",
		"redirectUri": "https://rp.example.org/callback", "prompt": "consent", "acrValues": "mosip:idp:acr:generated-code",
		"claims": jsontext.Value(`{"userinfo":{"name":{"essential":true},"birthdate":{"essential":true},"gender":null},"id_token":{}}`)}
	if recorded != nil {
		var body struct {
			Request map[string]any `json:"request"`
		}
		if err := json.Unmarshal(recorded, &body); err != nil {
			p.t.Fatal(err)
		}
		request = body.Request
		request["prompt"] = prompt
	}
	p.serial++
	request["nonce"] = "prepared-" + strings.Repeat("x", p.serial)
	return p.beginWith(request)
}

func (p *player) beginWith(request map[string]any) string {
	p.t.Helper()
	var d struct {
		ID string `json:"transactionId"`
	}
	if code := p.call("v3/oauth-details", request, nil, &d); code != "" {
		p.t.Fatalf("before %s: oauth-details: %s", p.current, code)
	}
	return d.ID
}

func (p *player) headers(transaction string) map[string]string {
	return map[string]string{"oauth-details-key": transaction, "oauth-details-hash": p.hash[transaction]}
}

func (p *player) sendOTP(transaction, person string) {
	p.t.Helper()
	if code := p.call("send-otp", map[string]any{"transactionId": transaction, "individualId": person,
		"otpChannels": []string{"email", "phone"}}, p.headers(transaction), nil); code != "" {
		p.t.Fatalf("before %s: send-otp: %s", p.current, code)
	}
}

func (p *player) authenticate(transaction, person, otp string) string {
	return p.call("v3/authenticate", map[string]any{"transactionId": transaction, "individualId": person,
		"challengeList": []any{map[string]any{"authFactorType": "OTP", "challenge": otp, "format": "alpha-numeric"}}}, p.headers(transaction), nil)
}

func (p *player) signIn(transaction, person string) {
	p.t.Helper()
	p.sendOTP(transaction, person)
	if code := p.authenticate(transaction, person, OTP); code != "" {
		p.t.Fatalf("before %s: authenticate: %s", p.current, code)
	}
}

func (p *player) code(transaction string, accepted ...string) string {
	p.t.Helper()
	var c struct {
		Code string `json:"code"`
	}
	if code := p.call("auth-code", map[string]any{"transactionId": transaction, "acceptedClaims": accepted,
		"permittedAuthorizeScopes": []string{}}, p.headers(transaction), &c); code != "" {
		p.t.Fatalf("before %s: auth-code: %s", p.current, code)
	}
	return c.Code
}

// push keeps a request for a client, as the endpoint does after its checks: the
// keys of most recorded clients are not kept.
func (p *player) push(client string) string {
	p.serial++
	uri := requestURIPrefix + p.server.draw()
	now := p.server.now()
	p.server.pushed.put(uri, &pushedRequest{authRequest{ClientID: client, Scope: "openid profile", ResponseType: "code",
		RedirectURI: "https://rp.example.org/callback", Nonce: strings.Repeat("p", p.serial)}}, now, now.Add(p.server.pushLife()))
	return uri
}
