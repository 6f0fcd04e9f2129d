package rp_test

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

var her = sandbox.Person{ID: "9900000001"}

// TestAttackTransaction takes what belongs to one sign-in into another.
func TestAttackTransaction(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	t.Run("code presented twice", func(t *testing.T) {
		s := h.start(midwife)
		response := h.signIn(s, her)
		if r := h.complete(midwife, s, response); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		h.complete(midwife, s, response).want(t, 409, "transaction")
	})
	t.Run("code presented by another DHIS2 user", func(t *testing.T) {
		s := h.start(midwife)
		response := h.signIn(s, her)
		h.complete(colleague, s, response).want(t, 409, "transaction")
		// The secret is known to two: it is worth nothing any more.
		h.complete(midwife, s, response).want(t, 409, "transaction")
	})
	t.Run("code presented through another Route", func(t *testing.T) {
		s := h.start(midwife)
		response := h.signIn(s, her)
		h.send("POST", "/rp/complete", `{"transaction":"`+s.Transaction+`","response":"`+response+`"}`, through(midwife, otherSecret)).want(t, 409, "transaction")
	})
	t.Run("D061 stolen code from a second browser of the same user", func(t *testing.T) {
		s, thief := h.start(midwife), h.start(midwife)
		h.complete(midwife, thief, h.signIn(s, her)).want(t, 409, "state")
	})
	t.Run("D052 login CSRF: the attacker's own sign-in in the mother's form", func(t *testing.T) {
		victim, attacker := h.start(midwife), h.start(colleague)
		h.complete(midwife, victim, h.signIn(attacker, sandbox.Person{ID: "9900000002"})).want(t, 409, "state")
	})
	t.Run("the victim's state with the attacker's code", func(t *testing.T) {
		victim, attacker := h.start(midwife), h.start(colleague)
		q, _ := url.ParseQuery(h.signIn(attacker, sandbox.Person{ID: "9900000002"}))
		address, _ := url.Parse(victim.URL)
		q.Set("state", stateOf(t, h, address))
		if r := h.complete(midwife, victim, q.Encode()); r.status == 200 {
			t.Errorf("completed: %s", r.body)
		}
	})
	t.Run("a transaction that nobody began", func(t *testing.T) {
		h.complete(midwife, rp.Started{Transaction: strings.Repeat("A", 43)}, "code=x&state=y").want(t, 409, "transaction")
		h.complete(midwife, rp.Started{}, "code=x&state=y").want(t, 409, "transaction")
	})
	t.Run("after its time", func(t *testing.T) {
		s := h.start(midwife)
		response := h.signIn(s, her)
		h.clock.advance(10*time.Minute + time.Second)
		h.complete(midwife, s, response).want(t, 409, "transaction")
	})
	t.Run("after it was cancelled", func(t *testing.T) {
		s := h.start(midwife)
		response := h.signIn(s, her)
		if r := h.call(midwife, "POST", "/rp/cancel", map[string]string{"transaction": s.Transaction}); r.status != 200 {
			t.Errorf("%d %s", r.status, r.body)
		}
		h.complete(midwife, s, response).want(t, 409, "transaction")
	})
	t.Run("state missing, null, twice", func(t *testing.T) {
		for _, change := range []func(url.Values){
			func(q url.Values) { q.Del("state") }, func(q url.Values) { q.Set("state", "null") },
		} {
			s := h.start(midwife)
			q, _ := url.ParseQuery(h.signIn(s, her))
			change(q)
			h.complete(midwife, s, q.Encode()).want(t, 409, "state")
		}
		s := h.start(midwife)
		response := h.signIn(s, her)
		h.complete(midwife, s, response+"&state=x").want(t, 502, "malformed")
		s = h.start(midwife)
		h.complete(midwife, s, h.signIn(s, her)+"&code=x").want(t, 502, "malformed")
	})
	t.Run("mixed-up issuer", func(t *testing.T) {
		for _, issuer := range []string{"https://attacker.example", "", h.issuer + "/"} {
			s := h.start(midwife)
			q, _ := url.ParseQuery(h.signIn(s, her))
			q.Set("iss", issuer)
			h.complete(midwife, s, q.Encode()).want(t, 502, "issuer")
		}
		s := h.start(midwife)
		q, _ := url.ParseQuery(h.signIn(s, her))
		q.Del("iss")
		h.complete(midwife, s, q.Encode()).want(t, 502, "issuer")
	})
	t.Run("D053 nothing of an attempt repeats", func(t *testing.T) {
		h.clock.advance(time.Minute) // the limits of calls are no part of it
		seen := map[string]bool{}
		for range 3 {
			s := h.start(midwife)
			if seen[s.Transaction] || seen[s.URL] {
				t.Error("a transaction or a request twice")
			}
			seen[s.Transaction], seen[s.URL] = true, true
		}
	})
	h.quiet(t)
}

// stateOf gets the state of an attempt from what eSignet sends back when she
// declines.
func stateOf(t *testing.T, h *house, address *url.URL) string {
	t.Helper()
	back, err := sandbox.Person{ID: her.ID, Deny: true}.SignIn(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	return back.Query().Get("state")
}

// TestAttackMisbehaviour lets eSignet answer as a forger would.
func TestAttackMisbehaviour(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			h := newHouse(t, version, setup{})
			for _, test := range []struct {
				way    sandbox.Misbehaviour
				status int
				codes  []string
			}{
				{sandbox.WrongAudience, 502, []string{"audience"}},
				{sandbox.WrongIssuer, 502, []string{"issuer"}},
				{sandbox.WrongNonce, 502, []string{"nonce"}},
				{sandbox.NoNonce, 502, []string{"nonce"}},
				{sandbox.WrongTokenHash, 502, []string{"at_hash"}},
				{sandbox.ExpiredToken, 502, []string{"time"}},
				{sandbox.FutureToken, 502, []string{"time"}},
				{sandbox.UnsignedToken, 502, []string{"algorithm", "unsigned", "malformed"}},
				{sandbox.SymmetricToken, 502, []string{"algorithm"}},
				{sandbox.UnknownKey, 502, []string{"signature"}},
				{sandbox.OtherKeySameName, 502, []string{"signature"}},
				{sandbox.EmbeddedKey, 502, []string{"header"}},
				{sandbox.UserinfoOtherSubject, 502, []string{"subject"}},
				{sandbox.UserinfoOtherAudience, 502, []string{"audience"}},
				{sandbox.UserinfoOtherIssuer, 502, []string{"issuer"}},
				{sandbox.UserinfoOtherKey, 502, []string{"signature"}},
				{sandbox.UserinfoUnsigned, 502, []string{"algorithm", "unsigned", "malformed"}},
				{sandbox.UserinfoPlain, 502, []string{"unsigned"}},
				{sandbox.UserinfoRefused, 502, []string{"token"}},
				{sandbox.UserinfoHuge, 502, []string{"too_large"}},
				{sandbox.RedirectOtherState, 409, []string{"state"}},
				{sandbox.RedirectNullState, 409, []string{"state"}},
				{sandbox.RedirectOtherIssuer, 502, []string{"issuer"}},
				{sandbox.TokenServerError, 502, []string{"server"}},
				{sandbox.TokenHTML, 502, []string{"malformed", "server"}},
			} {
				if test.way == sandbox.RedirectOtherIssuer && version == sandbox.V16 {
					continue // it names no issuer in the redirect
				}
				t.Run(string(test.way), func(t *testing.T) {
					h.clock.advance(time.Minute) // the limits of calls are no part of it
					h.esignet.Misbehave(test.way)
					defer h.esignet.Misbehave()
					s := h.start(midwife)
					r := h.complete(midwife, s, h.signIn(s, her))
					if r.status != test.status || !slices.Contains(test.codes, r.code()) {
						t.Errorf("answered %d %s, want %d, one of %v", r.status, r.code(), test.status, test.codes)
					}
					r.want(t, r.status, r.code())
				})
			}
			h.clock.advance(time.Minute)
			h.verify(her)
			h.quiet(t)
		})
	}
}

// TestAttackCaller calls without the right to.
func TestAttackCaller(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	body := `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01"}`
	t.Run("without the Route's secret", func(t *testing.T) {
		for _, authorization := range []string{"", "ApiToken", "ApiToken ", "ApiToken " + routeSecret[1:], "ApiToken " + routeSecret + "x", "Basic " + routeSecret, routeSecret} {
			header := through(midwife, "")
			header.Set("Authorization", authorization)
			h.send("POST", "/rp/start", body, header).want(t, 401, "route")
		}
		header := through(midwife, "")
		header.Del("Authorization")
		h.send("POST", "/rp/start", body, header).want(t, 401, "route")
		header["Authorization"] = []string{"ApiToken wrong", "ApiToken " + routeSecret}
		h.send("POST", "/rp/start", body, header).want(t, 401, "route")
		for _, path := range []string{"/rp/complete", "/rp/cancel", "/rp/evidence/x/compare"} {
			h.send("POST", path, "{}", nil).want(t, 401, "route")
		}
		h.send("GET", "/rp/evidence/x", "", nil).want(t, 401, "route")
	})
	t.Run("with a user of one's own making", func(t *testing.T) {
		for _, users := range [][]string{nil, {""}, {"a"}, {"a b"}, {midwife, colleague}, {"x\u00e9"}, {strings.Repeat("a", 256)}, {midwife + "," + colleague}} {
			header := through("", routeSecret)
			header["X-Forwarded-User"] = users
			h.send("POST", "/rp/start", body, header).want(t, 401, "user")
		}
	})
	t.Run("D063 user without authority in the organisation unit", func(t *testing.T) {
		h.send("POST", "/rp/start", body, through(outsider, routeSecret)).want(t, 403, "forbidden")
		h.send("POST", "/rp/start", body, through("nobody.at.all", routeSecret)).want(t, 403, "forbidden")
		h.send("POST", "/rp/start", strings.Replace(body, "SbxClinic01", "SbxClinic04", 1), through(midwife, routeSecret)).want(t, 403, "forbidden")
	})
	t.Run("another program", func(t *testing.T) {
		h.send("POST", "/rp/start", strings.Replace(body, "eozjj9UivfS", "aaaaaaaaaaa", 1), through(midwife, routeSecret)).want(t, 404, "program")
	})
	t.Run("D059 caller names client, redirect URI or claims", func(t *testing.T) {
		for _, extra := range []string{`"client_id":"x"`, `"redirect_uri":"https://attacker.example/"`, `"claims":["individual_id"]`, `"issuer":"https://attacker.example"`} {
			h.send("POST", "/rp/start", strings.Replace(body, "{", "{"+extra+",", 1), through(midwife, routeSecret)).want(t, 400, "malformed")
		}
	})
	t.Run("oversized and malformed", func(t *testing.T) {
		h.clock.advance(time.Minute)
		long := `{"program":"` + strings.Repeat("a", 1<<20) + `"}`
		h.send("POST", "/rp/start", long, through(midwife, routeSecret)).want(t, 413, "too_large")
		for _, bad := range []string{"", "null", "[]", "{", body + body, `{"program":"eozjj9UivfS","program":"eozjj9UivfS"}`, `{"program":5}`, "\xff", `{"Program":"eozjj9UivfS"}`,
			`{"program":"eozjj9UivfS","orgUnit":"../../../x"}`, strings.Repeat("[", 8000)} {
			h.send("POST", "/rp/start", bad, through(midwife, routeSecret)).want(t, 400, "malformed")
		}
		h.clock.advance(time.Minute)
		header := through(midwife, routeSecret)
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		h.send("POST", "/rp/start", body, header).want(t, 400, "malformed")
		for _, locales := range []string{`["e n"]`, `["en","en","en","en","en","en"]`, `["eng"]`, `[""]`} {
			h.send("POST", "/rp/start", strings.Replace(body, "{", `{"uiLocales":`+locales+",", 1), through(midwife, routeSecret)).want(t, 400, "malformed")
		}
		for _, response := range []string{"%zz", "a;b=c"} {
			h.complete(midwife, h.start(midwife), response).want(t, 400, "malformed")
		}
		h.complete(midwife, h.start(midwife), strings.Repeat("a", 9000)).want(t, 413, "too_large")
		h.complete(midwife, h.start(midwife), "").want(t, 409, "state")
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
			if r := h.send(method, "/rp/start", body, through(midwife, routeSecret)); r.status != 405 {
				t.Errorf("%s: %d", method, r.status)
			}
		}
	})
	t.Run("flood by one user", func(t *testing.T) {
		h.clock.advance(time.Hour)
		refused := 0
		for range 40 {
			if r := h.complete(midwife, rp.Started{Transaction: "x"}, ""); r.status == 429 {
				r.want(t, 429, "limit")
				refused++
			}
		}
		if refused != 20 {
			t.Errorf("%d of 40 calls at once were refused, want 20", refused)
		}
		if s := h.start(colleague); s.URL == "" { // others go on
			t.Error("a colleague is shut out")
		}
	})
	h.quiet(t)
}

// quiet fails if a log holds a value of a claim, a code, a secret, or the name of
// whoever called.
func (h *house) quiet(t *testing.T) {
	t.Helper()
	if !strings.Contains(h.log.String(), `"refused"`) {
		t.Error("no refusal was logged: the test looks at nothing")
	}
	h.quietAbout(t)
}

// quietAbout is quiet where nothing was refused.
func (h *house) quietAbout(t *testing.T) {
	t.Helper()
	log := h.log.String()
	if !strings.Contains(log, `"call"`) {
		t.Error("nothing was logged: the test looks at nothing")
	}
	secret := []string{routeSecret, otherSecret, routeSecret[1:], midwife, colleague, outsider, "attacker", "code=", "state=", witness, workerName, clinicName, phoneURL, "verify/phone"}
	for _, p := range sandbox.People() {
		secret = append(secret, p.ID, p.Email, p.Phone, p.DateOfBirth, strings.ReplaceAll(p.DateOfBirth, "/", "-"), sandbox.Subject(p.ID, "health"))
		for _, texts := range [][]sandbox.Text{p.FullName, p.GivenName, p.FamilyName, p.StreetAddress, p.Locality} {
			for _, text := range texts {
				secret = append(secret, text.Value)
			}
		}
	}
	for _, s := range secret {
		if s != "" && strings.Contains(log, s) {
			t.Errorf("the log holds %q", s)
		}
	}
}

// claimsOf reads the payload of a JWS, verified by nobody.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("no JWS")
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}
