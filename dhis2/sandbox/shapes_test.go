package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestShapes compares the lists of the releases.
func TestShapes(t *testing.T) {
	for _, tc := range []struct {
		version string
		members []string // of the list, sorted
		event   []string // spellings of followUp
		stored  bool     // storedBy
		named   bool     // orgUnitName
	}{
		{"2.40.2", []string{"instances", "page", "pageSize"}, []string{"followup"}, true, true},
		{"2.41.1", []string{"page", "pageSize", "pager", "trackedEntities"}, []string{"followUp", "followup"}, true, false},
		{"2.42.1", []string{"pager", "trackedEntities"}, []string{"followUp"}, true, false},
		{"2.43.0", []string{"pager", "trackedEntities"}, []string{"followUp"}, true, false},
		{"2.44-SNAPSHOT", []string{"pager", "trackedEntities"}, []string{"followUp"}, false, false},
	} {
		t.Run(tc.version, func(t *testing.T) {
			s := start(t, sandbox.Config{Version: tc.version})
			list := s.get("/api/tracker/trackedEntities?program=eozjj9UivfS&pageSize=3&page=2&fields=*")
			if got := keys(list); !slices.Equal(got, tc.members) {
				t.Errorf("list: got %v, want %v", got, tc.members)
			}
			if pager, ok := list["pager"].(map[string]any); ok {
				_, next := pager["nextPage"]
				_, total := pager["total"]
				if next != (tc.version >= "2.42") || total {
					t.Errorf("pager: got %v", pager)
				}
			}
			te := first(list[tc.members[len(tc.members)-1]], list["instances"])
			ev := first(first(te["enrollments"])["events"])
			var spellings []string
			for _, k := range keys(ev) {
				if strings.EqualFold(k, "followup") {
					spellings = append(spellings, k)
				}
			}
			if !slices.Equal(spellings, tc.event) {
				t.Errorf("event: got %v, want %v", spellings, tc.event)
			}
			if _, ok := ev["orgUnitName"]; ok != tc.named {
				t.Errorf("orgUnitName: got %t, want %t", ok, tc.named)
			}
			for name, o := range map[string]map[string]any{"tracked entity": te, "event": ev, "attribute": first(te["attributes"])} {
				if _, ok := o["storedBy"]; ok != tc.stored {
					t.Errorf("storedBy of %s: got %t, want %t", name, ok, tc.stored)
				}
			}
			for name, v := range te {
				if v == nil {
					t.Errorf("member %s is null: DHIS2 leaves null members out", name)
				}
			}
		})
	}
}

func keys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// first is the first element of the first list that is one.
func first(lists ...any) map[string]any {
	for _, l := range lists {
		if l, ok := l.([]any); ok && len(l) > 0 {
			return l[0].(map[string]any)
		}
	}
	return nil
}

func TestArraysHaveNoOrder(t *testing.T) {
	s := start(t, sandbox.Config{Seed: 3})
	order := func() string {
		te := s.get("/api/tracker/trackedEntities/SbxMother01?program=eozjj9UivfS&fields=attributes[attribute]")
		var b strings.Builder
		for _, a := range te["attributes"].([]any) {
			b.WriteString(a.(map[string]any)["attribute"].(string))
		}
		return b.String()
	}
	seen := map[string]bool{}
	for range 8 {
		seen[order()] = true
	}
	if len(seen) < 2 {
		t.Error("attributes always come in one order")
	}
}

func TestFieldFilters(t *testing.T) {
	s := start(t, sandbox.Config{})
	for _, tc := range []struct {
		fields string
		want   []string
	}{
		{"trackedEntity,updatedAt", []string{"trackedEntity", "updatedAt"}},
		{"trackedEntity,enrollments[enrollment,events[event]]", []string{"enrollments", "trackedEntity"}},
		{"*,!attributes,!enrollments,!relationships,!programOwners,!storedBy", []string{"createdAt", "createdBy", "deleted", "inactive", "orgUnit", "potentialDuplicate", "trackedEntity", "trackedEntityType", "updatedAt", "updatedBy"}},
		{"", []string{"attributes", "createdAt", "createdBy", "deleted", "inactive", "orgUnit", "potentialDuplicate", "storedBy", "trackedEntity", "trackedEntityType", "updatedAt", "updatedBy"}},
	} {
		te := s.get("/api/tracker/trackedEntities/SbxMother01?fields=" + tc.fields)
		if got := keys(te); !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %v, want %v", tc.fields, got, tc.want)
		}
		if en := first(te["enrollments"]); en != nil && !slices.Equal(keys(en), []string{"enrollment", "events"}) {
			t.Errorf("%q: nested: got %v", tc.fields, keys(en))
		}
	}
	for _, wrong := range []string{"a[b", "a]b", "[", "a[b]]"} {
		if resp, _ := s.call("GET", "/api/tracker/trackedEntities/SbxMother01?fields="+wrong, ""); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d", wrong, resp.StatusCode)
		}
	}
	if got := s.get("/api/42/system/info.json?fields=version"); len(got) != 1 {
		t.Errorf("versioned address: got %v", got)
	}
}

func TestMetadataLists(t *testing.T) {
	s := start(t, sandbox.Config{})
	if got := s.get("/api/dataElements?filter=id:eq:cw35l7X4hnV&paging=false&fields=id,valueType"); first(got["dataElements"])["valueType"] != "NUMBER" || got["pager"] != nil {
		t.Errorf("data element: got %v", got)
	}
	if got := s.get("/api/trackedEntityAttributes?pageSize=4"); len(got["trackedEntityAttributes"].([]any)) != 4 || got["pager"].(map[string]any)["total"] != 11.0 {
		t.Errorf("attributes: got %v", got)
	}
	if got := s.get("/api/programs?fields=*"); first(got["programs"])["id"] != "eozjj9UivfS" {
		t.Errorf("programs: got %v", got)
	}
	for _, wrong := range []string{"filter=id:like:a", "filter=id", "filter=id:in:a", "page=0", "pageSize=x", "fields=a["} {
		if resp, _ := s.call("GET", "/api/organisationUnits?"+wrong, ""); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d", wrong, resp.StatusCode)
		}
	}
}
