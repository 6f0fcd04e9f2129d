package rp_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// The rows of the table of faults that the relying party answers for, held against
// what it really sends, takes and keeps. TestAttack… carry out the attacks of
// D-052, D-053, D-059, D-061, D-063 and D-068.

// asks gives the authorization request of a started sign-in, of a release that does
// not push it.
func (h *house) asks(s rp.Started) url.Values {
	h.t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Query()
}

// tapped keeps the forms that are sent to eSignet.
type tapped struct {
	mu    sync.Mutex
	forms map[string][]url.Values // by path
}

func (p *tapped) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(text))
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		p.forms[r.URL.Path] = append(p.forms[r.URL.Path], form)
		p.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// of gives the forms of the endpoints whose path ends so.
func (p *tapped) of(suffix string) (all []url.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for path, forms := range p.forms {
		if strings.HasSuffix(path, suffix) {
			all = append(all, forms...)
		}
	}
	return all
}

func newTappedHouse(t *testing.T, version sandbox.Version) (*house, *tapped) {
	t.Helper()
	tap := &tapped{forms: map[string][]url.Values{}}
	return newHouse(t, version, setup{client: func(c *esignet.Config) { c.Transport = tap }}), tap
}

// The pseudonym is kept with issuer and relying party, without which it names
// nobody; of another relying party the same woman has another.
func TestD044_EvidenceQualifiesTheSubject(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	done := h.verify(sandbox.Person{ID: "9900000001"})
	e, err := h.vault.Get(t.Context(), done.Evidence.ID)
	if err != nil {
		t.Fatal(err)
	}
	if e.Issuer != h.issuer || e.RelyingParty != "health" || e.Subject != done.Values[0].Value {
		t.Errorf("evidence of %q, %q, %q", e.Issuer, e.RelyingParty, e.Subject)
	}
	other := newHouse(t, sandbox.V18, setup{
		sandbox: func(_ *sandbox.Config, r *sandbox.ClientRequest) { r.RelyingParty = "education" },
		service: func(c *rp.Config) { c.Clients[0].RelyingParty = "education" },
	})
	there := other.verify(sandbox.Person{ID: "9900000001"})
	if there.Values[0].Value == e.Subject {
		t.Error("two relying parties have one pseudonym")
	}
	if e, err := other.vault.Get(t.Context(), there.Evidence.ID); err != nil || e.RelyingParty != "education" {
		t.Errorf("%+v, %v", e, err)
	}
}

// State, nonce and challenge are of 256 bits and of one sign-in, whoever asks.
func TestD052_D053_NothingOfASignInIsKnownBefore(t *testing.T) {
	h := newHouse(t, sandbox.V16, setup{})
	seen := map[string]bool{}
	for i := range 30 {
		s := h.start([]string{midwife, colleague}[i%2])
		q := h.asks(s)
		for _, v := range []string{q.Get("state"), q.Get("nonce"), q.Get("code_challenge"), s.Transaction} {
			if len(v) < 43 || seen[v] {
				t.Fatalf("%q is short, or was there before", v)
			}
			seen[v] = true
		}
		if s.State != q.Get("state") {
			t.Error("the form is told another state")
		}
	}
}

// PKCE by S256 goes with every sign-in; what eSignet lets be pushed is pushed, so
// that nothing of it can be changed in the browser; DPoP where the client is bound.
func TestD055_PKCEAndPush(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			h, tap := newTappedHouse(t, version)
			done := h.start(midwife)
			q := h.asks(done)
			if pushed := tap.of("/par"); version == sandbox.V16 {
				if len(pushed) != 0 {
					t.Error("1.6 offers no push")
				}
			} else if len(pushed) != 1 || q.Get("request_uri") == "" || q.Get("code_challenge") != "" || q.Get("claims") != "" {
				t.Fatalf("pushed %d times, the browser says %v", len(pushed), q)
			} else {
				q = pushed[0]
			}
			if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 {
				t.Errorf("PKCE is %q", q.Get("code_challenge_method"))
			}
			h.complete(midwife, done, h.signIn(done, sandbox.Person{ID: "9900000001"}))
			if token := tap.of("/token"); len(token) != 1 || len(token[0].Get("code_verifier")) < 43 {
				t.Errorf("%d token requests", len(token))
			}
		})
	}
}

// What any window says is taken for the sign-in that it belongs to alone: the answer
// of another sign-in of the same user is refused, and ends the one it was put into.
func TestD056_AnswerOfAnotherWindow(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	one, two := h.start(midwife), h.start(midwife)
	if one.State == "" || one.State == two.State {
		t.Fatal("the form cannot tell the windows apart")
	}
	first, second := h.signIn(one, sandbox.Person{ID: "9900000001"}), h.signIn(two, sandbox.Person{ID: "9900000002"})
	for state, response := range map[string]string{one.State: first, two.State: second} {
		if q, err := url.ParseQuery(response); err != nil || q.Get("state") != state {
			t.Errorf("the answer names the state %q, want %q", q.Get("state"), state)
		}
	}
	h.complete(midwife, one, second).want(t, 409, "state")
	h.complete(midwife, one, first).want(t, 409, "transaction")
	if r := h.complete(midwife, two, second); r.status != 200 {
		t.Errorf("the other window: %d %s", r.status, r.body)
	}
}

// Assertions live 60 s at most, and their names are of 128 bits and never repeat.
func TestD060_Assertions(t *testing.T) {
	h, tap := newTappedHouse(t, sandbox.V18)
	for range 3 {
		h.verify(sandbox.Person{ID: "9900000001"})
	}
	seen := map[string]bool{}
	for _, form := range append(tap.of("/token"), tap.of("/par")...) {
		c := claimsOf(t, form.Get("client_assertion"))
		id, _ := c["jti"].(string)
		from, _ := c["iat"].(float64)
		to, _ := c["exp"].(float64)
		if len(id) < 22 || seen[id] || to-from <= 0 || to-from > 60 {
			t.Errorf("an assertion of %v s with a jti of %d characters", to-from, len(id))
		}
		seen[id] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d assertions seen, want 6", len(seen))
	}
}

// A key is published before it signs and after it signed last, and only the one
// whose time it is signs.
func TestD062_KeysOverlap(t *testing.T) {
	now := time.Now()
	old, next := testKey()("client"), testKey()("client, next")
	ring, err := esignet.NewKeyRing(esignet.RingKey{Key: old, Until: now.Add(48 * time.Hour)}, esignet.RingKey{Key: next, SignsFrom: now.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, sandbox.V18, setup{client: func(c *esignet.Config) { c.Keys = ring }, service: func(c *rp.Config) { c.Clients[0].Keys = ring }})
	published := func() (kids []string) {
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		r := h.send("GET", "/.well-known/jwks.json", "", nil)
		if err := json.Unmarshal(r.body, &set); err != nil {
			t.Fatal(err)
		}
		for _, k := range set.Keys {
			if k["d"] != nil || k["p"] != nil {
				t.Fatal("a private key is published")
			}
			kids = append(kids, k["kid"].(string))
		}
		return kids
	}
	if kids := published(); !slices.Contains(kids, old.ID()) || !slices.Contains(kids, next.ID()) {
		t.Errorf("before: %v", kids)
	}
	h.verify(sandbox.Person{ID: "9900000001"}) // eSignet knows the old one
	h.clock.advance(25 * time.Hour)
	if kids := published(); !slices.Contains(kids, old.ID()) || !slices.Contains(kids, next.ID()) {
		t.Errorf("between: %v", kids)
	}
	h.call(midwife, "POST", "/rp/start", rp.StartRequest{Program: ancProgram, OrgUnit: clinic}).want(t, 502, "client") // now the next one signs
	h.clock.advance(24 * time.Hour)
	if kids := published(); slices.Contains(kids, old.ID()) || !slices.Contains(kids, next.ID()) {
		t.Errorf("after: %v", kids)
	}
}

// A person is asked for what the form uses and may decline all of it but her name;
// the national number, the picture and an e-mail address are not asked for, and she
// need not sign in anew every few seconds.
func TestD065_AskedForIsLittle(t *testing.T) {
	h := newHouse(t, sandbox.V16, setup{})
	q := h.asks(h.start(midwife))
	var asked struct {
		UserInfo map[string]struct {
			Essential bool   `json:"essential"`
			Purpose   string `json:"purpose"`
		} `json:"userinfo"`
	}
	if err := json.Unmarshal([]byte(q.Get("claims")), &asked); err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for name, c := range asked.UserInfo {
		names = append(names, name)
		if c.Essential != (name == "name") {
			t.Errorf("%s is essential: %v", name, c.Essential)
		}
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "address birthdate gender name phone_number" {
		t.Errorf("asked for %s", got)
	}
	if q.Get("scope") != "openid" || q.Has("max_age") {
		t.Errorf("scope %q, max_age %q", q.Get("scope"), q.Get("max_age"))
	}
}

// Values are asked for in all three languages, and the form gets the one that its
// map wants first; of a name that stands in one only, that one.
func TestD066_NamesByLanguage(t *testing.T) {
	for _, tt := range []struct{ languages, id, want, language string }{
		{"en si ta", "9900000001", "Nilmini Udaharana", "en"},
		{"si ta en", "9900000001", "නිල්මිණි උදාහරණ", "si"},
		{"ta en si", "9900000003", "யாழினி மாதிரி", "ta"},
		{"si ta en", "9900000005", "Fathima Examplewala", "en"},
	} {
		t.Run(tt.languages, func(t *testing.T) {
			all, err := config.ClaimMaps(nil)
			if err != nil {
				t.Fatal(err)
			}
			forms := *all[0]
			forms.Languages = strings.Fields(tt.languages)
			m, err := claims.New(forms)
			if err != nil {
				t.Fatal(err)
			}
			h := newHouse(t, sandbox.V16, setup{service: func(c *rp.Config) { c.Clients[0].Programs = []*claims.Mapper{m} }})
			s := h.start(midwife)
			if got := h.asks(s).Get("claims_locales"); got != tt.languages {
				t.Errorf("claims_locales %q", got)
			}
			r := h.complete(midwife, s, h.signIn(s, sandbox.Person{ID: tt.id}))
			var done rp.Completed
			if err := json.Unmarshal(r.body, &done); err != nil || r.status != 200 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			i := slices.IndexFunc(done.Values, func(v claims.Value) bool { return v.Claim == "name" })
			if i < 0 || done.Values[i].Value != tt.want || done.Values[i].Language != tt.language {
				t.Errorf("values %+v", done.Values)
			}
		})
	}
}

// What was verified can be shown later: who, how, when, by whom, what for, what she
// was asked and what she gave, and which answer it was made of.
func TestD068_EvidenceIsWhole(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	done := h.verify(sandbox.Person{ID: "9900000001", Share: []string{"birthdate"}})
	e, err := h.vault.Get(t.Context(), done.Evidence.ID)
	if err != nil {
		t.Fatal(err)
	}
	now := h.clock.Now()
	for what, so := range map[string]bool{
		"issuer":    e.Issuer == h.issuer && e.ClientID == "dhis2-anc" && e.RelyingParty == "health",
		"subject":   e.Subject == sandbox.Subject("9900000001", "health"),
		"acr":       slices.Equal(e.ACR, done.ACR) && len(e.ACR) > 0,
		"auth_time": !e.AuthTime.IsZero() && now.Sub(e.AuthTime).Abs() < time.Minute,
		"time":      now.Sub(e.At).Abs() < time.Minute && e.At.Equal(done.Evidence.At),
		"hash":      len(e.ClaimsHash) == 43,
		"asked":     strings.Join(e.Asked, " ") == "name birthdate gender phone_number address" && strings.Join(e.Essential, " ") == "name",
		"given":     strings.Join(e.Given, " ") == "name birthdate",
		"who asked": e.User == midwife && e.Route == "one",
		"what for":  e.Program == ancProgram && e.OrgUnit == clinic,
		"digests":   len(e.Digests) == len(done.Values),
	} {
		if !so {
			t.Errorf("%s: %+v", what, e)
		}
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"Nilmini", "1994-05-17", "1994/05/17"} {
		if strings.Contains(string(text), value) {
			t.Errorf("the evidence holds %s", value)
		}
	}
}
