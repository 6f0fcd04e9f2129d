package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

func TestSandboxRewrite(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.Rewrite(sandbox.Rewrite{
		Request: func(r *http.Request) { r.URL.Path = "/api/me" },
		Answer: func(_ *http.Request, status int, doc map[string]any) int {
			doc["username"] = doc["username"].(string) + ", they say"
			return status + 3
		},
	})
	if got := s.decode(203, "GET", "/api/system/info", "")["username"]; got != "admin, they say" {
		t.Errorf("got %v", got)
	}
	s.Rewrite(sandbox.Rewrite{})
	if got := s.get("/api/system/info")["systemName"]; got != sandbox.Name {
		t.Errorf("afterwards: got %v", got)
	}
}
