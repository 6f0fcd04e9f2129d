package rp_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// until is an Authority that ends.
type until struct{ over atomic.Bool }

func (u *until) MayCapture(context.Context, string, dhis2.UID, dhis2.UID) error {
	if u.over.Load() {
		return &route.Refusal{Code: route.CodeForbidden, Detail: "no more"}
	}
	return nil
}

// TestAttackD063_RightLostBetween: who lost the right while the mother signed in
// gets nothing of her, and her code is not even redeemed.
func TestAttackD063_RightLostBetween(t *testing.T) {
	rights := &until{}
	h := newHouse(t, sandbox.V18, setup{service: func(c *rp.Config) { c.Authority = rights }})
	started := h.start(midwife)
	response := h.signIn(started, sandbox.Person{ID: "9900000001"})
	h.requests.reset()
	rights.over.Store(true)
	h.complete(midwife, started, response).want(t, 403, "forbidden")
	for path := range h.requests.reset() {
		if strings.Contains(path, "token") || strings.Contains(path, "userinfo") {
			t.Errorf("eSignet was asked at %s", path)
		}
	}
	// Nor is it there for later.
	rights.over.Store(false)
	h.complete(midwife, started, response).want(t, 409, "transaction")
}
