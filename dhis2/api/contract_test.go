package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestContract asks the same of every release: the caller of Client must not
// notice which one answers.
func TestContract(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(version, func(t *testing.T) {
			s, c := serve(t, sandbox.Config{Version: version, Seed: 7})
			t.Run("system info", func(t *testing.T) { contractSystem(t, c, version) })
			t.Run("pages", func(t *testing.T) { contractPages(t, c) })
			t.Run("tracked entity", func(t *testing.T) { contractTrackedEntity(t, c) })
			t.Run("changes", func(t *testing.T) { contractChanges(t, s, c) })
			t.Run("siblings", func(t *testing.T) { contractSiblings(t, s, c) })
			t.Run("organisation units", func(t *testing.T) { contractOrgUnits(t, c) })
			t.Run("metadata", func(t *testing.T) { contractMetadata(t, c) })
		})
	}
}

func contractSystem(t *testing.T, c *api.Client, version string) {
	info, err := c.SystemInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Version != version || info.ServerTimeZoneID != "Asia/Colombo" || info.Calendar != "iso8601" ||
		info.SystemName != sandbox.Name || info.ServerDate != "2026-03-02T15:30:00.000" {
		t.Errorf("got %+v", info)
	}
	v, err := c.Version(t.Context())
	if err != nil || !v.AtLeast(2, 40) || v.AtLeast(2, 45) {
		t.Errorf("Version: got %v, %v", v, err)
	}
	me, err := c.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if me.Username != "admin" || !me.Has("F_USER_VIEW") || !me.CapturesRoot() || !slices.Contains(me.Programs, sandbox.ANCProgram) {
		t.Errorf("Me: got %+v", me)
	}
}

func contractPages(t *testing.T, c *api.Client) {
	for _, size := range []int{1, 4, 6, 24, 25, 100} { // 24 mothers are not deleted: full and short last pages
		seen := map[dhis2.UID]bool{}
		for te, err := range c.AllTrackedEntities(t.Context(), api.Query{Program: sandbox.ANCProgram, PageSize: size, Fields: "trackedEntity,updatedAt,deleted"}) {
			if err != nil {
				t.Fatalf("page size %d: %v", size, err)
			}
			if seen[te.TrackedEntity] {
				t.Errorf("page size %d: %s came twice", size, te.TrackedEntity)
			}
			if te.UpdatedAt == "" || te.Enrollments != nil {
				t.Errorf("page size %d: fields are not those asked for: %+v", size, te)
			}
			seen[te.TrackedEntity] = true
		}
		if len(seen) != 24 {
			t.Errorf("page size %d: got %d mothers, want 24", size, len(seen))
		}
	}
	page, err := c.TrackedEntities(t.Context(), api.Query{Program: sandbox.ANCProgram, IncludeDeleted: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 25 || page.PageSize != api.DefaultPageSize {
		t.Errorf("with deleted ones: got %d of page size %d, want 25 of %d", len(page.Items), page.PageSize, api.DefaultPageSize)
	}
	var deleted []dhis2.TrackedEntity
	for _, te := range page.Items {
		if te.Deleted {
			deleted = append(deleted, te)
		}
	}
	if len(deleted) != 1 || len(deleted[0].Attributes) != 0 {
		t.Fatalf("got %d deleted mothers, want 1 without attributes", len(deleted))
	}
	if _, err := c.TrackedEntity(t.Context(), deleted[0].TrackedEntity, sandbox.ANCProgram, ""); !apiError(t, err).NotFound() {
		t.Errorf("a deleted tracked entity: got %v, want not found", err)
	}
	named, err := c.TrackedEntities(t.Context(), api.Query{TrackedEntities: []dhis2.UID{mother(0), mother(5)}, Order: "trackedEntity:desc"})
	if err != nil {
		t.Fatal(err)
	}
	if len(named.Items) != 2 || named.Items[0].TrackedEntity != mother(5) {
		t.Errorf("by UID: got %d", len(named.Items))
	}
}

func contractTrackedEntity(t *testing.T, c *api.Client) {
	te, err := c.TrackedEntity(t.Context(), mother(4), sandbox.ANCProgram, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(te.Enrollments) != 2 || len(te.Attributes) == 0 {
		t.Fatalf("got %d enrollments and %d attributes, want 2 and some", len(te.Enrollments), len(te.Attributes))
	}
	for _, en := range te.Enrollments {
		if len(en.Attributes) != len(te.Attributes) || len(en.Events) == 0 {
			t.Errorf("enrollment %s: got %d attributes, %d events", en.Enrollment, len(en.Attributes), len(en.Events))
		}
	}
	bare, err := c.TrackedEntity(t.Context(), mother(4), dhis2.UID{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(bare.Attributes) != 0 || len(bare.Enrollments[0].Attributes) == 0 {
		t.Error("without program= attributes must stand at the enrollment only")
	}
	followed, err := c.TrackedEntity(t.Context(), mother(9), sandbox.ANCProgram, "")
	if err != nil {
		t.Fatal(err)
	}
	if ev := followed.Enrollments[0].Events[0]; !ev.NeedsFollowUp() {
		t.Error("followUp of an event is lost")
	}
	if _, err := c.TrackedEntity(t.Context(), dhis2.MustUID("Nobody00001"), sandbox.ANCProgram, ""); !apiError(t, err).NotFound() {
		t.Errorf("an unknown tracked entity: got %v, want not found", err)
	}
}

// contractChanges looks at bounds: both are inclusive, in milliseconds.
func contractChanges(t *testing.T, s *sandbox.Server, c *api.Client) {
	s.Advance(time.Hour)
	changed := s.Now()
	if err := s.SetAttribute(mother(2), attributeName, "Somebody Else"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name          string
		after, before time.Duration
		want          int
	}{
		{"on both bounds", 0, 0, 1},
		{"after it", time.Millisecond, time.Second, 0},
		{"before it", -time.Hour + time.Millisecond, -time.Millisecond, 0},
	} {
		q := api.Query{Program: sandbox.ANCProgram, UpdatedAfter: changed.Add(tc.after), UpdatedBefore: changed.Add(tc.before), Order: "updatedAt:asc"}
		page, err := c.TrackedEntities(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, len(page.Items), tc.want)
		}
	}
	s.Advance(time.Minute)
}

func contractSiblings(t *testing.T, s *sandbox.Server, c *api.Client) {
	te, err := c.TrackedEntity(t.Context(), mother(1), sandbox.ANCProgram, "")
	if err != nil {
		t.Fatal(err)
	}
	event := te.Enrollments[0].Events[0].Event
	since := s.Now()
	if err := s.SetValue(event, dhis2.MustUID("XMMTan4EEsB"), "changed"); err != nil {
		t.Fatal(err)
	}
	events, err := c.Events(t.Context(), api.Query{Program: sandbox.ANCProgram, UpdatedAfter: since})
	if err != nil {
		t.Fatal(err)
	}
	if len(events.Items) != 1 || events.Items[0].Event != event || events.Items[0].TrackedEntity != mother(1) {
		t.Errorf("events: got %d", len(events.Items))
	}
	if err := s.DeleteEnrollment(te.Enrollments[0].Enrollment); err != nil {
		t.Fatal(err)
	}
	q := api.Query{Program: sandbox.ANCProgram, UpdatedAfter: since, Fields: "enrollment,trackedEntity,deleted"}
	for _, deleted := range []bool{false, true} {
		q.IncludeDeleted = deleted
		enrollments, err := c.Enrollments(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(enrollments.Items) == 1; got != deleted {
			t.Errorf("enrollments, includeDeleted=%t: got %d", deleted, len(enrollments.Items))
		}
	}
	count := 0
	for ev, err := range c.AllEvents(t.Context(), api.Query{TrackedEntities: []dhis2.UID{mother(4)}, PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.TrackedEntity != mother(4) {
			t.Errorf("event of %s", ev.TrackedEntity)
		}
		count++
	}
	if count < 4 {
		t.Errorf("events of one mother: got %d", count)
	}
	for _, err := range c.AllEnrollments(t.Context(), api.Query{PageSize: 3}) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func contractOrgUnits(t *testing.T, c *api.Client) {
	clinic, district := dhis2.MustUID("SbxClinic01"), dhis2.MustUID("SbxDistrct1")
	for _, tc := range []struct {
		unit dhis2.UID
		mode api.OrgUnitMode
		some bool
	}{
		{clinic, "", true}, {district, api.Selected, false}, {district, api.Children, true}, {district, api.Descendants, true},
	} {
		page, err := c.TrackedEntities(t.Context(), api.Query{Program: sandbox.ANCProgram, OrgUnits: []dhis2.UID{tc.unit}, OrgUnitMode: tc.mode})
		if err != nil {
			t.Fatal(err)
		}
		if (len(page.Items) > 0) != tc.some {
			t.Errorf("%s %q: got %d", tc.unit, tc.mode, len(page.Items))
		}
		for _, te := range page.Items {
			if tc.unit == clinic && te.OrgUnit != clinic {
				t.Errorf("%s is of %s", te.TrackedEntity, te.OrgUnit)
			}
		}
	}
}

func contractMetadata(t *testing.T, c *api.Client) {
	p, err := c.Program(t.Context(), sandbox.ANCProgram)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Attributes) != 11 || len(p.Stages) != 3 || p.TrackedEntityType.ID != sandbox.ANCType || !p.Access.Data.Read {
		t.Errorf("got %d attributes, %d stages", len(p.Attributes), len(p.Stages))
	}
	if e := p.Stages[1].Elements[0].DataElement; e.ValueType != dhis2.IntegerPositive || e.ID != dhis2.MustUID("gu4sr8eOZcT") {
		t.Errorf("first data element of a visit: got %+v", e)
	}
	if _, err := c.Program(t.Context(), dhis2.MustUID("Nobody00001")); !apiError(t, err).NotFound() {
		t.Errorf("an unknown program: got %v", err)
	}
	sets, err := c.OptionSets(t.Context(), []dhis2.UID{dhis2.MustUID("SbxGender01")})
	if err != nil || len(sets) != 1 || len(sets[0].Options) != 4 {
		t.Errorf("option sets: got %+v, %v", sets, err)
	}
	clinic := dhis2.MustUID("SbxClinic01")
	units, err := c.OrganisationUnits(t.Context(), []dhis2.UID{clinic, clinic, dhis2.MustUID("Nobody00001")})
	if err != nil || len(units) != 1 || units[0].Code != "SBX-C-001" || units[0].Level != 3 || units[0].Parent.Code != "SBX-C" {
		t.Errorf("organisation units: got %+v, %v", units, err)
	}
	users, err := c.UsersByName(t.Context(), []string{"midwife.two", "no],username:like:[a"})
	if err != nil || len(users) != 1 || users[0].Identity() != dhis2.MustUID("SbxMidwife2") {
		t.Errorf("users by name: got %d, %v", len(users), err)
	}
	if none, err := c.Users(t.Context(), nil); err != nil || none != nil {
		t.Errorf("no users: got %d, %v", len(none), err)
	}
}

var attributeName = dhis2.MustUID("VQl0wK3eqiw")

func mother(i int) dhis2.UID {
	return dhis2.MustUID("SbxMother" + string([]byte{'0' + byte(i/10), '0' + byte(i%10)}))
}
