package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const made = "MadeByTest1"

// TestSandboxMetadata: attributes, roles and groups are made, found, patched and
// deleted, with the refusals of DHIS2.
func TestSandboxMetadata(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.SetUser(midwife)
	patch := []string{"Content-Type", "application/json-patch+json"}
	attribute := `{"id":"MadeByTest1","code":"EVIDENCE","name":"Evidence","shortName":"Evidence","valueType":"TEXT","aggregationType":"NONE"}`
	program := "/programs/" + sandbox.ANCProgram.String()
	for _, step := range []struct {
		name, method, path, body string
		as                       []string
		status                   int
		want                     string
	}{
		{"by who may not", "POST", "/trackedEntityAttributes", attribute, asMidw, 403, ""},
		{"incomplete", "POST", "/trackedEntityAttributes", `{"name":"x"}`, nil, 409, "E4000"},
		{"made", "POST", "/trackedEntityAttributes", attribute, nil, 201, made},
		{"again", "POST", "/trackedEntityAttributes", attribute, nil, 409, "E5000"},
		{"its name again", "POST", "/trackedEntityAttributes", strings.Replace(attribute, made, "MadeByTest2", 1), nil, 409, "E5003"},
		{"read", "GET", "/trackedEntityAttributes/" + made + "?fields=id,valueType", "", nil, 200, `{"id":"MadeByTest1","valueType":"TEXT"}`},
		{"by its code", "GET", "/trackedEntityAttributes?filter=code:eq:EVIDENCE&fields=id&paging=false", "", nil, 200, `{"trackedEntityAttributes":[{"id":"MadeByTest1"}]}`},
		{"into a program, unknown", "PATCH", program, `[{"op":"add","path":"/programTrackedEntityAttributes/-","value":{"trackedEntityAttribute":{"id":"MadeByTest9"}}}]`, patch, 409, "E5002"},
		{"into a program, not as a patch", "PATCH", program, `[]`, nil, 415, ""},
		{"into a program", "PATCH", program, `[{"op":"add","path":"/programTrackedEntityAttributes/-","value":{"id":"MadeByTest3","mandatory":false,"searchable":true,"trackedEntityAttribute":{"id":"MadeByTest1"}}}]`, patch, 200, ""},
		{"used", "DELETE", "/trackedEntityAttributes/" + made, "", nil, 409, "E4030"},
		{"a path that is not there", "PATCH", program, `[{"op":"remove-by-id","path":"/nothing","id":"x"}]`, patch, 400, "Invalid path"},
		{"out of the program", "PATCH", program, `[{"op":"remove-by-id","path":"/programTrackedEntityAttributes","id":"MadeByTest3"}]`, patch, 200, ""},
		{"deleted", "DELETE", "/trackedEntityAttributes/" + made, "", nil, 200, ""},
		{"deleted again", "DELETE", "/trackedEntityAttributes/" + made, "", nil, 404, ""},
		{"a role", "POST", "/userRoles", `{"id":"MadeByTest4","name":"Reader","authorities":["F_USER_VIEW"]}`, nil, 201, ""},
		{"a role, patched", "PATCH", "/userRoles/MadeByTest4", `[{"op":"add","path":"/authorities/-","value":"F_X"}]`, patch, 200, ""},
		{"a role, read", "GET", "/userRoles/MadeByTest4?fields=authorities", "", nil, 200, `{"authorities":["F_USER_VIEW","F_X"]}`},
		{"a group", "POST", "/userGroups", `{"id":"MadeByTest5","name":"Midwives"}`, nil, 201, ""},
		{"an empty list", "GET", "/configuration/corsWhitelist", "", nil, 200, "[]"},
		{"a stage's sharing", "GET", "/programStages/" + sandbox.ANCVisit.String() + "?fields=sharing[public]", "", nil, 200, `{"sharing":{"public":"rwrw----"}}`},
		{"a type that is not there", "GET", "/trackedEntityTypes/MadeByTest9", "", nil, 404, ""},
	} {
		resp, body := s.call(step.method, "/api"+step.path, step.body, step.as...)
		if resp.StatusCode != step.status || !strings.Contains(string(body), step.want) {
			t.Errorf("%s: got %d %s, want %d %s", step.name, resp.StatusCode, body, step.status, step.want)
		}
	}
}

// TestSandboxAccounts: a user with a role signs in, is granted a program, has a
// token that may only read, and is gone with it.
func TestSandboxAccounts(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxClerk001"), Username: "clerk"}, Programs: []dhis2.UID{}}) // so the program is not everybody's
	call := func(status int, method, path, body string, as ...string) string {
		t.Helper()
		resp, got := s.call(method, "/api"+path, body, as...)
		if resp.StatusCode != status {
			t.Fatalf("%s %s: got %d %s, want %d", method, path, resp.StatusCode, got, status)
		}
		return string(got)
	}
	call(201, "POST", "/userRoles", `{"id":"MadeByTest4","name":"Reader","authorities":["F_USER_VIEW"]}`)
	user := `{"id":"MadeByTest6","username":"reader","password":"%s","firstName":"A","surname":"B","userRoles":[{"id":"MadeByTest4"}],"organisationUnits":[{"id":"` + "SbxDistrict" + `"}]}`
	call(409, "POST", "/users", fmt.Sprintf(user, "weak"))
	call(409, "POST", "/users", strings.Replace(fmt.Sprintf(user, "Strong-1-enough"), "MadeByTest4", "MadeByTest9", 1))
	call(201, "POST", "/users", fmt.Sprintf(user, "Strong-1-enough"))
	call(409, "POST", "/users", fmt.Sprintf(user, "Strong-1-enough"))
	call(409, "DELETE", "/userRoles/MadeByTest4", "")

	basic := []string{"Authorization", "Basic cmVhZGVyOlN0cm9uZy0xLWVub3VnaA=="}
	if me := call(200, "GET", "/me?fields=username,authorities,programs", "", basic...); me != `{"authorities":["F_USER_VIEW"],"programs":[],"username":"reader"}` {
		t.Errorf("me: %s", me)
	}
	call(404, "GET", "/programs/"+sandbox.ANCProgram.String(), "", basic...)
	patch := []string{"Content-Type", "application/json-patch+json"}
	call(200, "PATCH", "/programs/"+sandbox.ANCProgram.String(), `[{"op":"add","path":"/sharing/users/MadeByTest6","value":{"id":"MadeByTest6","access":"r-r-----"}}]`, patch...)
	call(200, "GET", "/programs/"+sandbox.ANCProgram.String(), "", basic...)
	var token struct {
		Response struct{ Key, UID string }
	}
	if err := json.Unmarshal([]byte(call(201, "POST", "/apiToken", `{"attributes":[{"type":"MethodAllowedList","allowedMethods":["GET"]}]}`, basic...)), &token); err != nil {
		t.Fatal(err)
	}
	asToken := []string{"Authorization", "ApiToken " + token.Response.Key}
	call(200, "GET", "/me", "", asToken...)
	call(401, "POST", "/tracker", `{}`, asToken...)
	call(200, "PATCH", "/programs/"+sandbox.ANCProgram.String(), `[{"op":"remove","path":"/sharing/users/MadeByTest6"}]`, patch...)
	call(404, "GET", "/programs/"+sandbox.ANCProgram.String(), "", asToken...)
	call(200, "PATCH", "/users/MadeByTest6", `[{"op":"add","path":"/password","value":"Another-1-strong"}]`, patch...)
	call(401, "GET", "/me", "", basic...)
	call(200, "DELETE", "/users/MadeByTest6", "")
	call(401, "GET", "/me", "", asToken...)
	call(404, "GET", "/users/MadeByTest6", "")
	call(200, "DELETE", "/userRoles/MadeByTest4", "")
}

// TestSandboxGeneratedValues: each value is given once, within its pattern.
func TestSandboxGeneratedValues(t *testing.T) {
	s := start(t, sandbox.Config{})
	add := func(id, pattern string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{"id": id, "name": id, "shortName": id, "valueType": "TEXT", "aggregationType": "NONE", "generated": true, "unique": true, "pattern": pattern})
		if err != nil {
			t.Fatal(err)
		}
		s.decode(201, "POST", "/api/trackedEntityAttributes", string(body))
	}
	add("GeneratedA1", `ORG_UNIT_CODE(...) + "/" + SEQUENTIAL(##)`)
	add("GeneratedA2", `"X" + RANDOM(#)`)
	const one, two = "/api/trackedEntityAttributes/GeneratedA1", "/api/trackedEntityAttributes/GeneratedA2"
	if _, body := s.call("GET", one+"/requiredValues", ""); string(body) != `{"OPTIONAL":["SEQUENTIAL"],"REQUIRED":["ORG_UNIT_CODE"]}` {
		t.Errorf("required: %s", body)
	}
	values := func(status int, path string) (out []string) {
		t.Helper()
		resp, body := s.call("GET", path, "")
		if resp.StatusCode != status {
			t.Fatalf("%s: got %d %s", path, resp.StatusCode, body)
		}
		var list []struct{ Value string }
		if status == 200 && body[0] == '[' {
			if err := json.Unmarshal(body, &list); err != nil {
				t.Fatal(err)
			}
		}
		for _, v := range list {
			out = append(out, v.Value)
		}
		return out
	}
	values(409, one+"/generate") // without the code
	values(200, one+"/generate?ORG_UNIT_CODE=CLINIC")
	if got := values(200, one+"/generateAndReserve?numberToReserve=2&ORG_UNIT_CODE=CLINIC"); !slices.Equal(got, []string{"CLI/02", "CLI/03"}) {
		t.Errorf("reserved: %v", got)
	}
	values(409, one+"/generateAndReserve?numberToReserve=97&ORG_UNIT_CODE=CLINIC")
	values(400, one+"/generateAndReserve?numberToReserve=1001&ORG_UNIT_CODE=CLINIC")
	got := values(200, two+"/generateAndReserve?numberToReserve=10")
	slices.Sort(got)
	if len(slices.Compact(got)) != 10 || got[0] != "X0" {
		t.Errorf("ten of ten: %v", got)
	}
	values(409, two+"/generateAndReserve")
	values(400, "/api/trackedEntityAttributes/IrUmPkFMDU5/generate") // has no pattern
	values(404, "/api/trackedEntityAttributes/GeneratedA9/generate")
}
