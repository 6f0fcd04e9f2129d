package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

func TestSandboxDataStore(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.SetUser(midwife)
	for _, step := range []struct {
		name, method, path, body string
		as                       []string
		status                   int
		want                     string // the body; "" is not looked at
	}{
		{"nothing yet", "GET", "", "", nil, 200, "[]"},
		{"unknown namespace", "GET", "/forms", "", nil, 404, ""},
		{"unknown key", "GET", "/forms/a", "", nil, 404, ""},
		{"create", "POST", "/forms/a", `{"n":1.50,"s":"x"}`, nil, 201, ""},
		{"create again", "POST", "/forms/a", `{}`, nil, 409, ""},
		{"as it was", "GET", "/forms/a", "", nil, 200, `{"n":1.50,"s":"x"}`},
		{"replace", "PUT", "/forms/a", `{"n":2}`, nil, 200, ""},
		{"create by PUT", "PUT", "/forms/b", `[1,2]`, nil, 201, ""},
		{"keys", "GET", "/forms", "", nil, 200, `["a","b"]`},
		{"keys by their own address", "GET", "/forms/keys", "", nil, 200, `["a","b"]`},
		{"entries", "GET", "/forms?fields=n", "", nil, 200, `{"entries":[{"key":"a","n":2},{"key":"b","n":null}],"pager":{"page":1,"pageSize":50}}`},
		{"whole entries", "GET", "/forms?fields=.&pageSize=1&page=2", "", nil, 200, `{"entries":[{"key":"b","value":[1,2]}],"pager":{"page":2,"pageSize":1}}`},
		{"page 0", "GET", "/forms?fields=.&page=0", "", nil, 400, ""},
		{"not JSON", "PUT", "/forms/a", `{"n":`, nil, 400, ""},
		{"a part", "PUT", "/forms/a?path=n", `3`, nil, 400, ""},
		{"by anybody", "PUT", "/forms/c", `true`, asMidw, 201, ""},
		{"protected", "PUT", "/capture/dataEntryForms", `{}`, asMidw, 403, ""},
		{"protected, by who may", "PUT", "/capture/dataEntryForms", `{}`, nil, 201, ""},
		{"protected, to delete", "DELETE", "/capture", ``, asMidw, 403, ""},
		{"namespaces", "GET", "", "", nil, 200, `["capture","forms"]`},
		{"delete a key", "DELETE", "/forms/a", "", nil, 200, ""},
		{"delete it again", "DELETE", "/forms/a", "", nil, 404, ""},
		{"delete the last key", "DELETE", "/capture/dataEntryForms", "", nil, 200, ""},
		{"the namespace went with it", "GET", "/capture", "", nil, 404, ""},
		{"delete a namespace", "DELETE", "/forms", "", nil, 200, ""},
		{"delete it again", "DELETE", "/forms", "", nil, 404, ""},
		{"nothing left", "GET", "", "", nil, 200, "[]"},
		{"without an account", "GET", "", "", []string{"Authorization", "ApiToken wrong"}, 401, ""},
	} {
		resp, body := s.call(step.method, "/api/dataStore"+step.path, step.body, step.as...)
		if resp.StatusCode != step.status || (step.want != "" && string(body) != step.want) {
			t.Errorf("%s: got %d %s, want %d %s", step.name, resp.StatusCode, body, step.status, step.want)
		}
	}
	s.decode(http.StatusCreated, "POST", "/api/dataStore/forms/a", `1`)
	if got := s.get("/api/dataStore/forms/a/metaData"); got["key"] != "a" || got["namespace"] != "forms" || got["created"] != "2026-03-02T15:30:00.000" {
		t.Errorf("metaData: got %v", got)
	}
	if resp, _ := s.call("GET", "/api/dataStore/forms/none/metaData", ""); resp.StatusCode != 404 {
		t.Errorf("metaData of nothing: got %d", resp.StatusCode)
	}
}
