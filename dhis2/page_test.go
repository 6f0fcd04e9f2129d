package dhis2_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

func TestDecodePage(t *testing.T) {
	const item = `{"trackedEntity":"SbxMother01"}`
	for _, tc := range []struct {
		name, text string
		page, size int
		more, next bool // announced; to be asked for, with pages of 1
	}{
		{"2.40", `{"instances":[` + item + `],"page":2,"pageSize":1}`, 2, 1, false, true},
		{"2.41", `{"pager":{"page":2,"pageSize":1},"trackedEntities":[` + item + `],"page":2,"pageSize":1}`, 2, 1, false, true},
		{"2.42, more to come", `{"pager":{"page":2,"pageSize":1,"prevPage":"p","nextPage":"n"},"trackedEntities":[` + item + `]}`, 2, 1, true, true},
		{"2.42, with totals", `{"trackedEntities":[` + item + `],"pager":{"page":1,"pageSize":1,"total":1,"pageCount":1}}`, 1, 1, false, true},
		{"without paging", `{"trackedEntities":[` + item + `]}`, 0, 0, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := dhis2.DecodePage[dhis2.TrackedEntity]([]byte(tc.text), "trackedEntities")
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Items) != 1 || p.Items[0].TrackedEntity != dhis2.MustUID("SbxMother01") || p.Page != tc.page || p.PageSize != tc.size || p.More != tc.more {
				t.Errorf("got %+v", p)
			}
			if p.HasNext(1) != tc.next || p.HasNext(2) != tc.more {
				t.Errorf("HasNext: got %t of 1, %t of 2", p.HasNext(1), p.HasNext(2))
			}
		})
	}
	for _, tc := range []struct{ name, text, says string }{
		{"no list", `{"pager":{}}`, "neither trackedEntities nor instances"},
		{"an error of DHIS2", `{"httpStatus":"Conflict","message":"Nimali"}`, "not a tracker list"},
		{"an array", `[]`, "line 1"},
		{"cut off", `{"trackedEntities":[{"trackedEntity":"SbxMother01"},`, "cut off"},
		{"a wrong type in the list", `{"trackedEntities":[{"trackedEntity":"SbxMother01"},{"deleted":"Nimali"}]}`, "/trackedEntities/1/deleted"},
		{"a wrong type in the pager", `{"trackedEntities":[],"pager":{"page":"Nimali"}}`, "/pager/page"},
		{"a wrong type beside the list", `{"instances":[],"pageSize":"Nimali"}`, "pageSize"},
		{"two lists", `{"trackedEntities":[],"trackedEntities":[]}`, "stands twice"},
	} {
		_, err := dhis2.DecodePage[dhis2.TrackedEntity]([]byte(tc.text), "trackedEntities")
		if _, ok := errors.AsType[*dhis2.DocumentError](err); !ok || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "Nimali") {
			t.Errorf("%s: got %v, want it to say %q", tc.name, err, tc.says)
		}
	}
	if p, err := dhis2.DecodePage[dhis2.Event]([]byte(`{"events":[{"event":"SbxEvent001"}]}`), "events"); err != nil || len(p.Items) != 1 {
		t.Errorf("events: got %v, %v", p, err)
	}
}
