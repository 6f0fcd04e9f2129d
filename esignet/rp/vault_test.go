package rp_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	if err := h.db.Write(h.t.Context(), func(tx database.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
}

func wantRefusal(t *testing.T, err error, code route.Code) {
	t.Helper()
	if r, ok := errors.AsType[*route.Refusal](err); !ok || r.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestAttackD068_Evidence alters the database: nothing altered is believed.
func TestAttackD068_Evidence(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	first, second := h.verify(sandbox.Person{ID: "9900000001"}).Evidence.ID, h.verify(sandbox.Person{ID: "9900000002"}).Evidence.ID
	var sealed []byte
	if err := h.db.Read(t.Context(), func(tx database.Tx) error {
		_, err := database.Row(tx, `SELECT sealed FROM rp_evidence WHERE id = ?1`, []any{first}, &sealed)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"Nilmini", "1994", "9900000001", "subject", midwife, sandbox.Subject("9900000001", "health")} {
		if strings.Contains(string(sealed), value) {
			t.Errorf("the database holds %q", value)
		}
	}
	altered := append([]byte(nil), sealed...)
	altered[len(altered)/2] ^= 1
	for name, step := range map[string]struct {
		query string
		args  []any
	}{
		"one bit":            {`UPDATE rp_evidence SET sealed = ?1 WHERE id = ?2`, []any{altered, first}},
		"cut":                {`UPDATE rp_evidence SET sealed = ?1 WHERE id = ?2`, []any{sealed[:5], first}},
		"another's":          {`UPDATE rp_evidence SET sealed = (SELECT sealed FROM rp_evidence WHERE id = ?1) WHERE id = ?2`, []any{second, first}},
		"another day":        {`UPDATE rp_evidence SET at = at + 86400 WHERE id = ?1`, []any{first}},
		"kept longer":        {`UPDATE rp_evidence SET until = until + 1 WHERE id = ?1`, []any{first}},
		"another key's name": {`UPDATE rp_evidence SET key = 'other' WHERE id = ?1`, []any{first}},
	} {
		t.Run(name, func(t *testing.T) {
			var at, until int64
			var key string
			if err := h.db.Read(t.Context(), func(tx database.Tx) error {
				_, err := database.Row(tx, `SELECT at, until, key FROM rp_evidence WHERE id = ?1`, []any{first}, &at, &until, &key)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			h.exec(step.query, step.args...)
			_, err := h.vault.Get(t.Context(), first)
			wantRefusal(t, err, rp.CodeTampered)
			h.call(midwife, "GET", "/rp/evidence/"+first, nil).want(t, 500, "tampered")
			h.exec(`UPDATE rp_evidence SET at = ?1, until = ?2, key = ?3, sealed = ?4 WHERE id = ?5`, at, until, key, sealed, first)
			if _, err := h.vault.Get(t.Context(), first); err != nil {
				t.Errorf("put back: %v", err)
			}
		})
	}
	t.Run("signed by another key", func(t *testing.T) {
		// Whoever has the key that encrypts, and not the one that signs.
		seal := evidenceKey(t)
		forger, err := rp.NewVault(rp.VaultConfig{DB: h.db, SealKeys: []*rp.SealKey{seal}, Signing: esignet.SingleKey(testKey()("forger")), Now: h.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		e := rp.Evidence{Subject: "somebody", At: h.clock.Now().Truncate(time.Second)}
		if err := forger.Put(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		_, err = h.newVault(seal).Get(t.Context(), e.ID)
		wantRefusal(t, err, rp.CodeTampered)
	})
	h.quiet(t)
}

// TestEvidenceRotation: an old key opens what it encrypted, the new one encrypts.
func TestEvidenceRotation(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	one, two := evidenceKey(t), evidenceKey(t)
	e := rp.Evidence{Subject: "somebody", At: h.clock.Now().Truncate(time.Second)}
	if err := h.newVault(one).Put(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	if got, err := h.newVault(two, one).Get(t.Context(), e.ID); err != nil || got.Subject != "somebody" {
		t.Errorf("%v", err)
	}
	_, err := h.newVault(two).Get(t.Context(), e.ID)
	wantRefusal(t, err, rp.CodeTampered)
	later := rp.Evidence{At: e.At}
	if err := h.newVault(two, one).Put(t.Context(), &later); err != nil {
		t.Fatal(err)
	}
	if _, err := h.newVault(two).Get(t.Context(), later.ID); err != nil {
		t.Errorf("the first key does not encrypt: %v", err)
	}
	if one.ID() == two.ID() || strings.Contains(one.String(), rp.NewSealKey()) {
		t.Error("keys have no names")
	}
	for _, bad := range []string{"", "short", strings.Repeat("A", 44), rp.NewSealKey()[:40], rp.NewSealKey() + rp.NewSealKey()} {
		if _, err := rp.ParseSealKey(bad); err == nil {
			t.Errorf("a key of %d characters is taken", len(bad))
		}
	}
}

// TestEvidenceRetention: what was kept long enough is gone, at once and for good.
func TestEvidenceRetention(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	id := h.verify(sandbox.Person{ID: "9900000001"}).Evidence.ID
	h.clock.advance(3649 * 24 * time.Hour)
	if n, err := h.vault.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	h.clock.advance(25 * time.Hour)
	_, err := h.vault.Get(t.Context(), id)
	wantRefusal(t, err, rp.CodeEvidence)
	if n, err := h.vault.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// TestBadge: the status survives a restart of the form, tells no claim, and says
// which values were changed since.
func TestBadge(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	done := h.verify(sandbox.Person{ID: "9900000001"})
	path := "/rp/evidence/" + done.Evidence.ID
	for _, user := range []string{midwife, colleague} {
		r := h.call(user, "GET", path, nil)
		var st rp.Status
		if err := json.Unmarshal(r.body, &st); err != nil || r.status != 200 || !st.Verified || st.Issuer != h.issuer || len(st.Attributes) != 6 {
			t.Errorf("%d %s", r.status, r.body)
		}
		for _, v := range done.Values {
			if strings.Contains(string(r.body), v.Value) {
				t.Errorf("the status holds the value of %s", v.Claim)
			}
		}
	}
	h.call(outsider, "GET", path, nil).want(t, 404, "evidence")
	h.call(midwife, "GET", "/rp/evidence/unknown", nil).want(t, 404, "evidence")
	h.call(outsider, "POST", path+"/compare", map[string]any{"values": map[string]string{}}).want(t, 404, "evidence")
	r := h.call(midwife, "POST", path+"/compare", map[string]any{"values": map[string]string{
		"VQl0wK3eqiw": "Nilmini Udaharana", "Yie7mOY913J": "1994-05-18", "IrUmPkFMDU5": "x"}})
	var c rp.Comparison
	if err := json.Unmarshal(r.body, &c); err != nil || c.Attributes["VQl0wK3eqiw"] != "same" || c.Attributes["Yie7mOY913J"] != "changed" || c.Attributes["IrUmPkFMDU5"] != "unverified" {
		t.Errorf("D067 what was edited after: %d %s", r.status, r.body)
	}
}

// TestConsent: what she declined is neither filled nor counted as given.
func TestConsent(t *testing.T) {
	for _, version := range sandbox.Versions {
		h := newHouse(t, version, setup{})
		done := h.verify(sandbox.Person{ID: "9900000001", Share: []string{"birthdate"}})
		e, err := h.vault.Get(t.Context(), done.Evidence.ID)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(e.Given, " ") != "name birthdate" || len(done.Values) != 3 || len(done.Missing) != 3 {
			t.Errorf("%s: given %v, values %v, missing %v", version, e.Given, done.Values, done.Missing)
		}
		for _, m := range done.Missing {
			if m.Reason != "not-given" {
				t.Errorf("%v", m)
			}
		}
	}
}

// TestD057_Outcomes: what went wrong is said, for the form and for the person.
func TestD057_Outcomes(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	s := h.start(midwife)
	r := h.complete(midwife, s, h.signIn(s, sandbox.Person{ID: "9900000001", Deny: true}))
	r.want(t, 422, "denied")
	for _, page := range []struct{ response, code string }{
		{"error=transaction_timeout", "timeout"}, {"error=something_new", "server"}, {"error=access_denied&error_description=Nilmini", "denied"},
	} {
		s := h.start(midwife)
		back, err := sandbox.Person{ID: "9900000001", Deny: true}.SignIn(t.Context(), s.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := back.Query()
		r := h.complete(midwife, s, page.response+"&state="+q.Get("state"))
		if r.code() != page.code {
			t.Errorf("%s: %d %s", page.response, r.status, r.body)
		}
		r.want(t, r.status, page.code)
	}
	h.quiet(t)
}

// TestD065_EmptyName: an essential claim may be empty all the same.
func TestD065_EmptyName(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	for _, way := range []sandbox.Misbehaviour{sandbox.UserinfoEmptyName, sandbox.UserinfoNoEssential} {
		h.esignet.Misbehave(way)
		done := h.verify(sandbox.Person{ID: "9900000001"})
		if len(done.Missing) == 0 || done.Missing[0].Claim != "name" || done.Missing[0].Reason != "not-given" {
			t.Errorf("%s: %v", way, done.Missing)
		}
	}
}

// TestJWKS lets another library read the key set, and encrypt by it.
func TestJWKS(t *testing.T) {
	opens := testKey()("opens")
	h := newHouse(t, sandbox.V18, setup{service: func(c *rp.Config) {
		c.Clients[0].DecryptionKeys = esignet.SingleKey(opens)
		next := testKey()("next")
		ring, err := esignet.NewKeyRing(esignet.RingKey{Key: testKey()("client"), Until: c.Now().Add(2 * time.Hour)}, esignet.RingKey{Key: next, SignsFrom: c.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		c.Clients[0].Keys = ring
	}})
	read := func() jwk.Set {
		r := h.send("GET", "/.well-known/jwks.json", "", nil)
		set, err := jwk.Parse(r.body)
		if err != nil || r.status != 200 {
			t.Fatalf("%d %v", r.status, err)
		}
		for i := range set.Len() {
			k, _ := set.Key(i)
			if private, err := jwk.IsPrivateKey(k); private || err != nil {
				t.Error("a private key is published")
			}
		}
		return set
	}
	// The one that signs, the one that will, the one that opens, that of the evidence.
	set := read()
	if set.Len() != 4 {
		t.Errorf("%d keys", set.Len())
	}
	k, ok := set.LookupKeyID(opens.ID())
	if !ok {
		t.Fatal("the key that opens is not published")
	}
	if _, err := jwe.Encrypt([]byte("x"), jwe.WithKey(jwa.RSA_OAEP_256(), k)); err != nil {
		t.Error(err)
	}
	h.clock.advance(3 * time.Hour)
	if set := read(); set.Len() != 3 {
		t.Errorf("%d keys after the first one's time", set.Len())
	}
}

// TestVaultConfig names what is missing.
func TestVaultConfig(t *testing.T) {
	if _, err := rp.NewVault(rp.VaultConfig{}); err == nil {
		t.Error("a vault without keys")
	}
	db, err := database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "x.db"), Migrations: []database.Migrations{rp.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ended, err := esignet.NewKeyRing(esignet.RingKey{Key: testKey()("client"), Until: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rp.NewVault(rp.VaultConfig{DB: db, SealKeys: []*rp.SealKey{evidenceKey(t)}, Signing: ended}); err == nil {
		t.Error("a vault whose key has ended")
	}
}
