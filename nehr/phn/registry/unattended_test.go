package registry_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

const entity, twin = "SbxMother01", "SbxMother02"

var (
	operator = registry.Caller{User: "worklist"}
	herself  = registry.Demographics{Name: "Nilmini Perera", BirthDate: "1991-04-05", Phone: "0771234567"}
)

// TestD071_ANumberBelongsToItsEntity: the same call gives the same number, for ever
// and to every process; another entity has another.
func TestD071_ANumberBelongsToItsEntity(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := newHouseIn(t, url, nil)
		first, err := h.service.IssueTo(t.Context(), operator, here, entity, herself)
		if err != nil || first.Provisional {
			t.Fatalf("%v", err)
		}
		h.clock.advance(400 * 24 * time.Hour)
		if err := h.service.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, err := h.newService(nil).IssueTo(t.Context(), operator, here, entity, herself)
		if err != nil || again.PHN != first.PHN {
			t.Errorf("a second number, %v", err)
		}
		other, err := h.service.IssueTo(t.Context(), operator, here, twin, herself)
		if err != nil || other.PHN == first.PHN {
			t.Errorf("two have one number, %v", err)
		}
		if s := h.status(first.PHN); s.Status != registry.StateIssued {
			t.Errorf("%+v", s)
		}
		if err := h.service.Withdraw(t.Context(), operator, here, entity); err != nil {
			t.Fatal(err)
		}
		if s := h.status(first.PHN); s.Status != registry.StateUnknown {
			t.Errorf("withdrawn: %+v", s)
		}
		next, err := h.service.IssueTo(t.Context(), operator, here, entity, herself)
		if err != nil || next.PHN == first.PHN {
			t.Errorf("a burnt number is given again, %v", err)
		}
		if n := h.count(`SELECT count(*) FROM phn_number WHERE state = 'burnt'`); n != 1 {
			t.Errorf("%d are burnt", n)
		}
	})
}

// TestD064_WhoIsKnownIsForAPerson: whoever the record holds, with a number or without,
// gets none by herself. What she was given before stays hers until it is withdrawn: it
// may be she whom the record holds.
func TestD064_WhoIsKnownIsForAPerson(t *testing.T) {
	h := newHouse(t, nil)
	if _, err := h.service.IssueTo(t.Context(), operator, here, entity, herself); err != nil {
		t.Fatal(err)
	}
	h.record.set(patients(t, false, `{"resourceType":"Patient","name":[{"text":"Nilmini Perera"}],"birthDate":"1991-04-05","telecom":[{"value":"+94771234567"}]}`))
	if _, err := h.service.IssueTo(t.Context(), operator, here, entity, herself); !errors.Is(err, registry.ErrKnown) {
		t.Errorf("%v", err)
	}
	if n := h.count(`SELECT count(*) FROM phn_number WHERE state = 'issued'`); n != 1 {
		t.Errorf("%d are issued", n)
	}
	h.record.set(func(url.Values) (*client.Found, error) { return &client.Found{Total: "3"}, nil })
	if _, err := h.service.IssueTo(t.Context(), operator, here, twin, herself); !errors.Is(err, registry.ErrKnown) {
		t.Errorf("counted and not shown: %v", err)
	}
	if n := h.count(`SELECT count(*) FROM phn_number`); n != 1 {
		t.Errorf("%d numbers are given", n)
	}
}

func TestIssueToRefusals(t *testing.T) {
	for _, tc := range []struct {
		name  string
		at    registry.Place
		who   string
		d     registry.Demographics
		asked func(url.Values) (*client.Found, error)
		code  registry.Code
	}{
		{"no UID", here, "x' OR 1", herself, nil, registry.CodeMalformed},
		{"no telephone", here, entity, registry.Demographics{Name: herself.Name, BirthDate: herself.BirthDate}, nil, registry.CodeDemographics},
		{"no point of issue", registry.Place{Program: program, OrgUnit: "SbxClinic04"}, entity, herself, nil, registry.CodePoint},
		{"the record is away", here, entity, herself, away, registry.CodeNEHR},
		{"the record answers something else", here, entity, herself, patients(t, false, `{"resourceType":"Patient","birthDate":"1960-01-01"}`), registry.CodeAnswer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.record.set(tc.asked)
			_, err := h.service.IssueTo(t.Context(), operator, tc.at, tc.who, tc.d)
			wantRefusal(t, err, tc.code)
			if n := h.count(`SELECT count(*) FROM phn_number`); n != 0 {
				t.Errorf("%d numbers are drawn", n)
			}
		})
	}
}

// TestIssueToProvisionally: while the record is away a number is given only where that
// is configured, and is looked up later.
func TestIssueToProvisionally(t *testing.T) {
	h := newHouse(t, func(c *registry.Config) { c.Provisional = true })
	h.record.set(away)
	got, err := h.service.IssueTo(t.Context(), operator, here, entity, herself)
	if err != nil || !got.Provisional {
		t.Fatalf("%v", err)
	}
	h.record.set(nobody)
	again, err := h.service.IssueTo(t.Context(), operator, here, entity, herself)
	if err != nil || again.PHN != got.PHN || !again.Provisional {
		t.Errorf("%v", err)
	}
	if r, err := h.service.Recheck(t.Context()); err != nil || r.Confirmed != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
