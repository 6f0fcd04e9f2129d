package rp_test

import (
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// TestAttackMixUp: two issuers in one service. The program decides which is asked;
// what one of them sends back is worth nothing in a sign-in at the other.
func TestAttackMixUp(t *testing.T) {
	other := newHouse(t, sandbox.V17, setup{})
	childProgram := dhis2.MustUID("IpHINAT79UW")
	m, err := claims.New(claims.Map{Name: "child", Program: childProgram, Languages: []string{"en"},
		Attributes: []claims.Attribute{{UID: dhis2.MustUID("w75KJ2mc4zz"), Claim: "name", Kind: claims.KindText, Essential: true}}})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, sandbox.V18, setup{service: func(c *rp.Config) {
		second := other.config.Clients[0]
		second.Programs = []*claims.Mapper{m}
		c.Clients = append(c.Clients, second)
	}})
	start := func(program dhis2.UID) (s rp.Started) {
		r := h.call(midwife, "POST", "/rp/start", rp.StartRequest{Program: program, OrgUnit: clinic})
		if err := json.Unmarshal(r.body, &s); err != nil || r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return s
	}
	anc, child := start(ancProgram), start(childProgram)
	var done rp.Completed
	if r := h.complete(midwife, child, h.signIn(child, her)); r.status != 200 || json.Unmarshal(r.body, &done) != nil || len(done.Values) != 1 {
		t.Errorf("%d %s", r.status, r.body)
	}
	e, err := h.vault.Get(t.Context(), done.Evidence.ID)
	if err != nil || e.Issuer != other.issuer || e.Program != childProgram || len(e.Asked) != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	child = start(childProgram)
	h.complete(midwife, anc, h.signIn(child, her)).want(t, 409, "state")
	h.quiet(t)
}
