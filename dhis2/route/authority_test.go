package route_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const midwife = "midwife.one"

var (
	ancProgram = dhis2.MustUID("eozjj9UivfS")
	clinic     = dhis2.MustUID("SbxClinic01")
)

func wantRefusal(t *testing.T, err error, code route.Code) {
	t.Helper()
	if r, ok := errors.AsType[*route.Refusal](err); !ok || r.Code != code {
		t.Errorf("got %v, want a refusal %s", err, code)
	}
}

// asked counts what DHIS2 is asked.
type asked struct {
	*api.Client
	n atomic.Int32
}

func (a *asked) Account(ctx context.Context, name string) (*api.Account, error) {
	a.n.Add(1)
	return a.Client.Account(ctx, name)
}

// TestD063_Authority asks a DHIS2 of each version who may register people where.
func TestD063_Authority(t *testing.T) {
	for _, version := range dhis2sandbox.Versions {
		t.Run(version, func(t *testing.T) {
			now := time.Now()
			s, err := dhis2sandbox.New(dhis2sandbox.Config{Version: version})
			if err != nil {
				t.Fatal(err)
			}
			set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 1})
			if err != nil {
				t.Fatal(err)
			}
			user := func(id, name string, capture ...string) dhis2sandbox.User {
				u := dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID(id), Username: name}, Capture: []dhis2.UID{}}
				for _, c := range capture {
					u.Capture = append(u.Capture, dhis2.MustUID(c))
				}
				return u
			}
			disabled, noProgram := user("SbxMidwife5", "off.duty", "SbxClinic01"), user("SbxMidwife6", "no.program", "SbxClinic01")
			disabled.Disabled, noProgram.Programs = true, []dhis2.UID{}
			mine := user("SbxMidwife1", midwife, "SbxClinic01")
			set.Users = append(set.Users, mine, user("SbxMidwife2", "district", "SbxDistrct1"), user("SbxMidwife3", "far", "SbxClinic04"),
				user("SbxMidwife4", "nowhere"), disabled, noProgram)
			// A program that is not used everywhere.
			other := dhis2sandbox.ANC()
			other.ID = dhis2.MustUID("SbxProgram2")
			set.Programs = append(set.Programs, other)
			set.ProgramMembers = map[dhis2.UID]map[string]any{other.ID: {"organisationUnits": []any{map[string]any{"id": "SbxClinic02"}}}}
			if err := s.Load(set); err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(s.Handler())
			defer web.Close()
			client, err := api.New(api.Config{BaseURL: web.URL, Token: dhis2sandbox.DefaultToken})
			if err != nil {
				t.Fatal(err)
			}
			directory := &asked{Client: client}
			a := route.NewAuthority(directory, time.Minute, func() time.Time { return now })
			for _, test := range []struct {
				user, program, unit string
				may                 bool
			}{
				{midwife, "eozjj9UivfS", "SbxClinic01", true},
				{"district", "eozjj9UivfS", "SbxClinic01", true},
				{"district", "eozjj9UivfS", "SbxClinic02", true},
				{"district", "eozjj9UivfS", "SbxCountry1", false},
				{"district", "eozjj9UivfS", "SbxClinic04", false},
				{dhis2sandbox.DefaultUsername, "eozjj9UivfS", "SbxClinic04", true},
				{"far", "eozjj9UivfS", "SbxClinic01", false},
				{"nowhere", "eozjj9UivfS", "SbxClinic01", false},
				{"off.duty", "eozjj9UivfS", "SbxClinic01", false},
				{"no.program", "eozjj9UivfS", "SbxClinic01", false},
				{"nobody", "eozjj9UivfS", "SbxClinic01", false},
				{"x]&fields=*", "eozjj9UivfS", "SbxClinic01", false},
				{midwife, "aaaaaaaaaaa", "SbxClinic01", false},
				{"district", "SbxProgram2", "SbxClinic02", true},
				{"district", "SbxProgram2", "SbxClinic01", false},
				{dhis2sandbox.DefaultUsername, "SbxProgram2", "SbxClinic01", false},
				{midwife, "eozjj9UivfS", "aaaaaaaaaaa", false},
			} {
				err := a.MayCapture(t.Context(), test.user, dhis2.MustUID(test.program), dhis2.MustUID(test.unit))
				if test.may && err != nil {
					t.Errorf("%s in %s: %v", test.user, test.unit, err)
				} else if !test.may {
					wantRefusal(t, err, route.CodeForbidden)
				}
			}
			// A right that is lost counts for a minute more, and one that cannot be
			// asked for is none.
			may := func() error { return a.MayCapture(t.Context(), midwife, ancProgram, clinic) }
			before := directory.n.Load()
			mine.Capture = []dhis2.UID{}
			s.SetUser(mine)
			if err := may(); err != nil || directory.n.Load() != before {
				t.Errorf("asked again at once: %v", err)
			}
			now = now.Add(61 * time.Second)
			wantRefusal(t, may(), route.CodeForbidden)
			now = now.Add(61 * time.Second)
			s.Inject(dhis2sandbox.Fault{Kind: dhis2sandbox.FaultStatus, Status: 503})
			wantRefusal(t, may(), route.CodeUnavailable)
			s.ClearFaults()
			mine.Capture = []dhis2.UID{clinic}
			s.SetUser(mine)
			if err := may(); err != nil {
				t.Errorf("a failure is remembered: %v", err)
			}
		})
	}
}
