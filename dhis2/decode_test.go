package dhis2_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// TestDamagedDocuments: each names the place and the cure, and none quotes a
// value. "Nimali" stands for a person's value.
func TestDamagedDocuments(t *testing.T) {
	const head = "{\n \"trackedEntity\": \"SbxMother01\",\n "
	for _, tc := range []struct {
		name, text string
		says       []string
	}{
		{"nothing", "", []string{"empty"}},
		{"blanks", " \n\t", []string{"empty"}},
		{"cut off in a value", head + `"orgUnit": "Nimali`, []string{"line 3", "cut off", "fetch it again"}},
		{"cut off after a comma", head + `"deleted": true,`, []string{"cut off"}},
		{"cut off in an array", head + `"enrollments": [{"enrollment":"SbxEnr00001"}`, []string{"cut off", "/enrollments"}},
		{"not JSON", "Nimali Sample", []string{"line 1, column 1", "not JSON"}},
		{"HTML", "<!doctype html><title>Nimali</title>", []string{"line 1, column 1", "not JSON"}},
		{"a comma too many", head + `"deleted": true, }`, []string{"line 3", "not JSON here"}},
		{"something after the end", head + `"deleted": true} {"a":"Nimali"}`, []string{"not JSON here"}},
		{"text for a boolean", head + `"deleted": "Nimali"}`, []string{"line 3", "/deleted", "true or false"}},
		{"number for a text", head + `"enrollments": [{"events": [{"dataValues": [{"dataElement": "cw35l7X4hnV", "value": 10.5}]}]}]}`, []string{"line 3", "/enrollments/0/events/0/dataValues/0/value", "a string"}},
		{"object for an array", head + `"enrollments": {"Nimali": 1}}`, []string{"/enrollments", "an array"}},
		{"array for an object", head + `"createdBy": ["Nimali"]}`, []string{"/createdBy", "an object"}},
		{"number for a UID", head + `"orgUnit": 5}`, []string{"line 3", "/orgUnit", "a string with a UID"}},
		{"duplicate member", head + `"deleted": false, "deleted": true}`, []string{"line 3", "/deleted", "stands twice"}},
		{"duplicate member below", head + `"enrollments": [{"events": [{"status":"ACTIVE","status":"COMPLETED"}]}]}`, []string{"/enrollments/0/events/0/status", "stands twice"}},
		{"duplicate unknown member", head + `"x": 1, "x": 2}`, []string{"/x", "stands twice"}},
		{"a value where a name belongs", head + `"Nimali Sample, Kandy": 1, "Nimali Sample, Kandy": 2}`, []string{"line 3", "(/…)", "stands twice"}},
		{"invalid UTF-8", head + "\"attributes\": [{\"value\": \"Nimali \xff\"}]}", []string{"line 3", "/attributes/0/value", "UTF-8"}},
		{"half a surrogate pair", head + `"attributes": [{"value": "Nimali \ud83d"}]}`, []string{"/attributes/0/value"}},
		{"a control character", head + "\"attributes\": [{\"value\": \"Nimali \x01\"}]}", []string{"/attributes/0/value", "not JSON here"}},
		{"nested too deeply", head + `"x": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, []string{"nested too deeply"}},
		{"nested objects", head + `"x": ` + strings.Repeat(`{"x":`, 20_000) + `1` + strings.Repeat("}", 20_000) + `}`, []string{"nested too deeply"}},
		{"no tracked entity", `{"attributes": [{"value": "Nimali"}]}`, []string{"/trackedEntity", "no trackedEntity with a UID"}},
		{"a damaged UID", `{"trackedEntity": "Nimali"}`, []string{"/trackedEntity", "no trackedEntity with a UID"}},
		{"null", `null`, []string{"no trackedEntity"}},
		{"a list of 2.42", `{"pager": {"page": 1}, "trackedEntities": [{"trackedEntity": "SbxMother01"}]}`, []string{"list", "one of its elements"}},
		{"a list of 2.40", `{"instances": [], "page": 1}`, []string{"list", "one of its elements"}},
		{"a bare list", `[{"trackedEntity": "SbxMother01"}]`, []string{"line 1", "an object"}},
		{"the old API", `{"trackedEntityInstance": "SbxMother01", "created": "2020-01-01"}`, []string{"before 2.38", "/api/tracker/trackedEntities"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			te, err := dhis2.DecodeTrackedEntity([]byte(tc.text))
			e, ok := errors.AsType[*dhis2.DocumentError](err)
			if !ok || te != nil {
				t.Fatalf("got %v, %v, want a *DocumentError", te, err)
			}
			for _, s := range tc.says {
				if !strings.Contains(e.Error(), s) {
					t.Errorf("got %q, want it to say %q", e.Error(), s)
				}
			}
			if strings.Contains(e.Error(), "Nimali") || len(e.Error()) > 400 {
				t.Errorf("the error quotes the document: %q", e.Error())
			}
		})
	}
}

func TestDocumentTooLarge(t *testing.T) {
	text := bytes.Repeat([]byte{' '}, dhis2.MaxDocument+1)
	copy(text, `{"trackedEntity":"SbxMother01"}`)
	_, err := dhis2.DecodeTrackedEntity(text)
	if e, ok := errors.AsType[*dhis2.DocumentError](err); !ok || !strings.Contains(e.Error(), "the limit is 33554432") {
		t.Errorf("got %v", err)
	}
	if _, err := dhis2.DecodeTrackedEntity(text[:dhis2.MaxDocument]); err != nil {
		t.Errorf("a document of the largest size: %v", err)
	}
}

// TestD030_ADamagedElementCostsOnlyItself: one typo never blocks the other
// facts of a woman.
func TestD030_ADamagedElementCostsOnlyItself(t *testing.T) {
	te, err := dhis2.DecodeTrackedEntity([]byte(`{"trackedEntity":"SbxMother01","enrollments":[{"enrollment":"SbxEnr00001","events":[{"event":"SbxEvent001","dataValues":[
		{"dataElement":"cw35l7X4hnV","value":"ten"},{"dataElement":"not a UID","value":"1"},{"dataElement":"gu4sr8eOZcT","value":"20"},
		{"dataElement":null,"value":null},{"dataElement":"vuDExM32SZ6","value":"2026-02-30"},{"dataElement":"Sx8XEKmdhFf","value":"false"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]dhis2.ValueType{"cw35l7X4hnV": dhis2.Number, "gu4sr8eOZcT": dhis2.IntegerPositive, "vuDExM32SZ6": dhis2.DateType, "Sx8XEKmdhFf": dhis2.Boolean}
	var sound, wrong []string
	for _, v := range te.Enrollments[0].Events[0].DataValues {
		if v.DataElement.IsZero() {
			continue
		}
		if _, err := dhis2.ParseValue(types[v.DataElement.String()], v.Value, time.UTC); err != nil {
			wrong = append(wrong, v.DataElement.String())
		} else {
			sound = append(sound, v.DataElement.String())
		}
	}
	if !slices.Equal(sound, []string{"gu4sr8eOZcT", "Sx8XEKmdhFf"}) || !slices.Equal(wrong, []string{"cw35l7X4hnV", "vuDExM32SZ6"}) {
		t.Errorf("got sound %v, wrong %v", sound, wrong)
	}
}

// TestBothSpellings: 2.40 writes followup, 2.41 both, later followUp; members
// of other versions are left aside.
func TestBothSpellings(t *testing.T) {
	for name, member := range map[string]string{"2.40": `"followup":true`, "2.41": `"followup":true,"followUp":true`, "2.42": `"followUp":true`} {
		te, err := dhis2.DecodeTrackedEntity([]byte(`{"trackedEntity":"SbxMother01","orgUnitName":"x","storedBy":"y","geometry":{"type":"Point","coordinates":[1,2]},
			"enrollments":[{"enrollment":"SbxEnr00001",` + member + `,"attributeOptionCombo":"HllvX50cXC0","events":[{"event":"SbxEvent001",` + member + `}]}]}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if en := te.Enrollments[0]; !en.NeedsFollowUp() || !en.Events[0].NeedsFollowUp() {
			t.Errorf("%s: follow-up is lost", name)
		}
	}
	te, err := dhis2.DecodeTrackedEntity([]byte(`{"trackedEntity":"SbxMother01","enrollments":[{"followup":false,"followUp":false,"events":[{"followUp":null}]}]}`))
	if err != nil || te.Enrollments[0].NeedsFollowUp() || te.Enrollments[0].Events[0].NeedsFollowUp() {
		t.Errorf("follow-up from nowhere: %v", err)
	}
}

func TestAttributesAtBothPlaces(t *testing.T) {
	te, err := dhis2.DecodeTrackedEntity([]byte(`{"trackedEntity":"SbxMother01",
		"attributes":[{"attribute":"VQl0wK3eqiw","code":"NAME","displayName":"Full Name","valueType":"TEXT","updatedAt":"2026-01-01T10:00:00.000","value":"Old Sample"}],
		"enrollments":[{"enrollment":"SbxEnr00001","attributes":[{"attribute":"VQl0wK3eqiw","value":"New Sample"}]},{"enrollment":"SbxEnr00002"}],
		"programOwners":[{"orgUnit":"SbxClinic01","trackedEntity":"SbxMother01","program":"eozjj9UivfS"}],
		"relationships":[{"relationship":"SbxRelat001","bidirectional":true,"from":{"trackedEntity":{"trackedEntity":"SbxMother01"}},"to":{"trackedEntity":{"trackedEntity":"SbxChild001"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := dhis2.Attribute{Attribute: dhis2.MustUID("VQl0wK3eqiw"), Code: "NAME", DisplayName: "Full Name", ValueType: dhis2.Text, UpdatedAt: "2026-01-01T10:00:00.000", Value: "Old Sample"}
	if diff := cmp.Diff(want, te.Attributes[0], unexported); diff != "" {
		t.Errorf("at the tracked entity (-want +got):\n%s", diff)
	}
	if te.Enrollments[0].Attributes[0].Value != "New Sample" || te.Enrollments[1].Attributes != nil {
		t.Errorf("at the enrollments: got %v, %v", te.Enrollments[0].Attributes, te.Enrollments[1].Attributes)
	}
	if te.ProgramOwners[0].OrgUnit != dhis2.MustUID("SbxClinic01") || string(te.Relationships[0].To) != `{"trackedEntity":{"trackedEntity":"SbxChild001"}}` {
		t.Errorf("got %v, %v", te.ProgramOwners, te.Relationships)
	}
}

func TestUserIdentity(t *testing.T) {
	a, b := dhis2.MustUID("SbxMidwife1"), dhis2.MustUID("SbxMidwife2")
	for _, tc := range []struct {
		user dhis2.User
		want dhis2.UID
	}{{dhis2.User{UID: a}, a}, {dhis2.User{ID: b}, b}, {dhis2.User{UID: a, ID: b}, a}, {dhis2.User{Username: "x"}, dhis2.UID{}}} {
		if got := tc.user.Identity(); got != tc.want {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}

func TestDecodeContext(t *testing.T) {
	for name, text := range map[string]string{
		"whole":       `{"systemInfo":{"version":"2.42.1","serverTimeZoneId":"Asia/Colombo"},"organisationUnits":[{"id":"SbxClinic01","code":"C1","parent":{"id":"SbxDistrct1"}}],"users":[{"id":"SbxMidwife1","username":"midwife.one"}]}`,
		"system info": `{"version":"2.42.1","serverTimeZoneId":"Asia/Colombo","memoryInfo":"x","databaseInfo":{"name":"x"}}`,
	} {
		c, err := dhis2.DecodeContext([]byte(text))
		if err != nil || c.SystemInfo.Version != "2.42.1" || c.SystemInfo.ServerTimeZoneID != "Asia/Colombo" {
			t.Errorf("%s: got %+v, %v", name, c, err)
			continue
		}
		if name == "whole" && (c.OrganisationUnits[0].Parent.ID != dhis2.MustUID("SbxDistrct1") || c.Users[0].Identity() != dhis2.MustUID("SbxMidwife1")) {
			t.Errorf("%s: got %+v", name, c)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "a list": "[]", "wrong type": `{"users":{}}`, "duplicate": `{"users":[],"users":[]}`, "level is a text": `{"organisationUnits":[{"level":"1"}]}`,
	} {
		if c, err := dhis2.DecodeContext([]byte(text)); err == nil {
			t.Errorf("%s: got %+v and no error", name, c)
		} else if _, ok := errors.AsType[*dhis2.DocumentError](err); !ok {
			t.Errorf("%s: got %v, want a *DocumentError", name, err)
		}
	}
}

// TestReferenceDocuments reads what real servers printed.
func TestReferenceDocuments(t *testing.T) {
	for _, tc := range []struct {
		file                        string
		attributes, events, answers int
	}{
		{"tracked-entity-lk-anc.json", 6, 2, 19},
		{"tracked-entity-lk-anc-consistent.json", 6, 2, 19},
		{"tracked-entity-lk-anc-minimal.json", 4, 0, 0},
		{"tracked-entity-who-anc.json", 0, 2, 0},
	} {
		te, err := dhis2.DecodeTrackedEntity(shared(t, tc.file))
		if err != nil {
			t.Errorf("%s: %v", tc.file, err)
			continue
		}
		events, answers := 0, 0
		for _, en := range te.Enrollments {
			events += len(en.Events)
			for _, ev := range en.Events {
				answers += len(ev.DataValues)
				if _, err := ev.CreatedAt.Parse(time.UTC); err != nil {
					t.Errorf("%s: event %s: %v", tc.file, ev.Event, err)
				}
			}
		}
		if len(te.Attributes) != tc.attributes || events != tc.events || answers != tc.answers {
			t.Errorf("%s: got %d attributes, %d events, %d data values", tc.file, len(te.Attributes), events, answers)
		}
	}
	c, err := dhis2.DecodeContext(shared(t, "system-info.json"))
	if err != nil || c.SystemInfo.Version != "2.42.1" || c.SystemInfo.SystemID == "" {
		t.Errorf("system-info.json: got %+v, %v", c, err)
	}
}
