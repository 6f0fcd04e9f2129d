package api_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestContractServer asks read-only what the agent relies on, of the server at
// DHIS2_URL (with DHIS2_TOKEN, and DHIS2_PROGRAM where it is not the Sri
// Lankan one), so that a team can prove on its own DHIS2 what is proven here
// on the sandbox. Without DHIS2_URL it asks the sandbox.
func TestContractServer(t *testing.T) {
	program := sandbox.ANCProgram
	var c *api.Client
	if address := os.Getenv("DHIS2_URL"); address != "" {
		var err error
		if c, err = api.New(api.Config{BaseURL: address, Token: os.Getenv("DHIS2_TOKEN")}); err != nil {
			t.Fatal(err)
		}
		if text := os.Getenv("DHIS2_PROGRAM"); text != "" {
			program = dhis2.MustUID(text)
		}
	} else {
		_, c = serve(t, sandboxDefaults)
	}

	t.Run("system info", func(t *testing.T) {
		info, err := c.SystemInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.Version(t.Context())
		if err != nil || !v.AtLeast(2, 40) {
			t.Errorf("version %q, want 2.40 or later: %v", info.Version, err)
		}
		if info.Calendar != "iso8601" {
			t.Errorf("calendar %q: dates are read as ISO 8601", info.Calendar)
		}
		if _, err := time.LoadLocation(info.ServerTimeZoneID); err != nil || info.ServerTimeZoneID == "" {
			t.Errorf("serverTimeZoneId %q is no known zone: set dhis2.zone", info.ServerTimeZoneID)
		}
		if info.SystemID == "" {
			t.Error("no systemId: the Device of the national record is identified by it")
		}
	})
	t.Run("user", func(t *testing.T) {
		me, err := c.Me(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !me.CapturesRoot() {
			t.Error("the user does not capture at the root organisation unit: a search reaches outside its scope and is refused (409)")
		}
	})
	t.Run("program", func(t *testing.T) {
		p, err := c.Program(t.Context(), program)
		if err != nil {
			t.Fatal(err)
		}
		if p.ID != program || len(p.Stages) == 0 || !p.Access.Data.Read {
			t.Errorf("program %s: %d stages, data readable: %v", p.ID, len(p.Stages), p.Access.Data.Read)
		}
	})
	t.Run("pages", func(t *testing.T) { serverPages(t, c, program) })
	t.Run("no such tracked entity", func(t *testing.T) {
		_, err := c.TrackedEntity(t.Context(), dhis2.MustUID("NoSuchTEx01"), program, "*")
		if refused, ok := errors.AsType[*api.Error](err); !ok || !refused.NotFound() {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// serverPages reads up to 20 rows in small pages: none twice, documents with
// their attributes, updatedAfter inclusive.
func serverPages(t *testing.T, c *api.Client, program dhis2.UID) {
	info, err := c.SystemInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(info.ServerTimeZoneID)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[dhis2.UID]bool{}
	var last *dhis2.TrackedEntity
	for te, err := range c.AllTrackedEntities(t.Context(), api.Query{Program: program, PageSize: 4, Fields: "trackedEntity,updatedAt"}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[te.TrackedEntity] {
			t.Errorf("%s came twice", te.TrackedEntity)
		}
		seen[te.TrackedEntity], last = true, te
		if len(seen) == 20 {
			break
		}
	}
	if last == nil {
		t.Fatal("the program has no tracked entity that the user sees: enrol a test person")
	}
	whole, err := c.TrackedEntity(t.Context(), last.TrackedEntity, program, "*")
	if err != nil {
		t.Fatal(err)
	}
	attributes := len(whole.Attributes)
	for _, e := range whole.Enrollments {
		attributes += len(e.Attributes)
	}
	if len(whole.Enrollments) == 0 || attributes == 0 {
		t.Errorf("%d enrollments with %d attributes: fields=* and program= must give both", len(whole.Enrollments), attributes)
	}
	at, err := last.UpdatedAt.Parse(zone)
	if err != nil {
		t.Fatal(err)
	}
	after, err := c.TrackedEntities(t.Context(), api.Query{Program: program, PageSize: 50, Order: "updatedAt:asc",
		UpdatedAfter: at.Time(), Fields: "trackedEntity,updatedAt"})
	if err != nil {
		t.Fatal(err)
	}
	for _, te := range after.Items {
		if te.TrackedEntity == last.TrackedEntity {
			return
		}
	}
	t.Error("updatedAfter does not include the row of that very time: changes would be missed")
}
