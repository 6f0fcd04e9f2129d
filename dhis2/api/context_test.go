package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

var sandboxDefaults = sandbox.Config{}

// counting counts what a reader is asked.
type counting struct {
	api.MetadataReader
	asked []string
	users error
}

func (c *counting) SystemInfo(ctx context.Context) (*dhis2.SystemInfo, error) {
	c.asked = append(c.asked, "info")
	return c.MetadataReader.SystemInfo(ctx)
}

func (c *counting) OrganisationUnits(ctx context.Context, u []dhis2.UID) ([]dhis2.OrganisationUnit, error) {
	if len(u) > 0 {
		c.asked = append(c.asked, "units")
	}
	return c.MetadataReader.OrganisationUnits(ctx, u)
}

func (c *counting) Users(ctx context.Context, u []dhis2.UID) ([]dhis2.User, error) {
	if len(u) > 0 {
		c.asked = append(c.asked, "users")
	}
	if c.users != nil {
		return nil, c.users
	}
	return c.MetadataReader.Users(ctx, u)
}

func (c *counting) UsersByName(ctx context.Context, n []string) ([]dhis2.User, error) {
	if len(n) > 0 {
		c.asked = append(c.asked, "names")
	}
	if c.users != nil {
		return nil, c.users
	}
	return c.MetadataReader.UsersByName(ctx, n)
}

func visit(user dhis2.User, completedBy, unit string) dhis2.Event {
	return dhis2.Event{Event: dhis2.MustUID("SbxEvent001"), OrgUnit: dhis2.MustUID(unit), CreatedBy: user, CompletedBy: completedBy}
}

func document(events ...dhis2.Event) *dhis2.TrackedEntity {
	return &dhis2.TrackedEntity{TrackedEntity: mother(1), OrgUnit: dhis2.MustUID("SbxClinic01"),
		Enrollments: []dhis2.Enrollment{{OrgUnit: dhis2.MustUID("SbxClinic02"), Events: events}}}
}

func names(c *dhis2.Context) (units, users []string) {
	for _, u := range c.OrganisationUnits {
		units = append(units, u.ID.String())
	}
	for _, u := range c.Users {
		users = append(users, u.Username)
	}
	return units, users
}

func TestContextSource(t *testing.T) {
	s, c := serve(t, sandboxDefaults)
	reader := &counting{MetadataReader: c}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	source, err := api.NewContextSource(api.ContextConfig{Reader: reader, Now: func() time.Time { return now },
		OrgUnitElements: []dhis2.UID{dhis2.MustUID("SbxTarget01")},
		Related:         map[dhis2.UID]dhis2.UID{dhis2.MustUID("SbxClinic02"): dhis2.MustUID("SbxClinic04"), dhis2.MustUID("SbxOther001"): dhis2.MustUID("SbxClinic04")}})
	if err != nil {
		t.Fatal(err)
	}
	referral := visit(dhis2.User{UID: dhis2.MustUID("SbxMidwife1"), Username: "midwife.one"}, "doctor.sample", "SbxClinic03")
	referral.DataValues = []dhis2.DataValue{
		{DataElement: dhis2.MustUID("SbxTarget01"), Value: " SbxHospit01 "},
		{DataElement: dhis2.MustUID("SbxOther001"), Value: "SbxClinic04"},
	}
	referral.UpdatedBy = dhis2.User{UID: dhis2.MustUID("SbxMidwife2")}
	te := document(referral,
		visit(dhis2.User{UID: dhis2.MustUID("Nobody00001"), Username: "gone"}, "midwife.one", "Nobody00002"),
		visit(dhis2.User{}, "nobody.left", "SbxClinic01"))

	got, err := source.Context(t.Context(), te)
	if err != nil {
		t.Fatal(err)
	}
	units, users := names(got)
	if diff := cmp.Diff([]string{"SbxClinic01", "SbxClinic02", "SbxClinic03", "SbxHospit01", "SbxClinic04", "SbxCountry1"}, units); diff != "" {
		t.Errorf("organisation units (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"doctor.sample", "midwife.one", "midwife.two"}, users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	if got.SystemInfo.ServerTimeZoneID != "Asia/Colombo" || got.Users[1].PhoneNumber == "" {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff([]string{"info", "units", "units", "users", "names"}, reader.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}

	t.Run("remembers, also who is nobody", func(t *testing.T) {
		reader.asked = nil
		again, err := source.Context(t.Context(), te)
		if err != nil || len(reader.asked) != 0 {
			t.Errorf("asked %v, %v", reader.asked, err)
		}
		if diff := cmp.Diff(got, again, cmp.Comparer(func(a, b dhis2.UID) bool { return a == b })); diff != "" {
			t.Errorf("the second context differs:\n%s", diff)
		}
	})
	t.Run("asks again after an hour", func(t *testing.T) {
		reader.asked = nil
		now = now.Add(time.Hour)
		if _, err := source.Context(t.Context(), te); err != nil || !slices.Contains(reader.asked, "users") || !slices.Contains(reader.asked, "info") {
			t.Errorf("asked %v, %v", reader.asked, err)
		}
	})
	t.Run("leaves out what is forbidden", func(t *testing.T) {
		source.Forget()
		s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken}})
		got, err := source.Context(t.Context(), te)
		if err != nil || len(got.Users) != 0 || len(got.OrganisationUnits) != 6 {
			t.Errorf("got %d users, %d units, %v", len(got.Users), len(got.OrganisationUnits), err)
		}
	})
	t.Run("a failure is no absence", func(t *testing.T) {
		source.Forget()
		reader.users = &api.UnreachableError{Method: "GET", Path: "/api/users", Err: errors.New("refused")}
		if got, err := source.Context(t.Context(), te); err == nil {
			t.Errorf("got %d users and no error", len(got.Users))
		}
		reader.users = nil
		if _, err := source.Context(t.Context(), te); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
	if _, err := api.NewContextSource(api.ContextConfig{}); err == nil {
		t.Error("a source without a reader was made")
	}
}

// TestBatches: URLs stay short, every object is asked for once.
func TestBatches(t *testing.T) {
	var asked []int // lengths of URLs
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, len(r.URL.RequestURI()))
		filter := r.URL.Query().Get("filter")
		list := filter[strings.IndexByte(filter, '[')+1 : len(filter)-1]
		for value := range strings.SplitSeq(list, ",") {
			seen[value]++
		}
		io.WriteString(w, `{"users":[],"organisationUnits":[]}`)
	}))
	defer server.Close()
	c := client(t, api.Config{BaseURL: server.URL, Token: "t", Batch: 40})
	var uids []dhis2.UID
	var names []string
	for i := range 100 {
		uids = append(uids, dhis2.MustUID(fmt.Sprintf("SbxUnit%04d", i)), dhis2.MustUID("SbxUnit0000"))
		names = append(names, fmt.Sprintf("user%04d.%s", i, strings.Repeat("x", 200)))
	}
	if _, err := c.OrganisationUnits(t.Context(), uids); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 3 {
		t.Errorf("100 organisation units by 40: got %d requests", len(asked))
	}
	if _, err := c.UsersByName(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	if slices.Max(asked) > 8000 || len(seen) != 200 {
		t.Errorf("got URLs up to %d bytes and %d identifiers", slices.Max(asked), len(seen))
	}
	for value, n := range seen {
		if n != 1 {
			t.Errorf("%s was asked for %d times", value, n)
		}
	}
}
