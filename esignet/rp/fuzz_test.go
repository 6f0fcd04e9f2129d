package rp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// FuzzCall sends any body to any call behind the Route: the answer is of the
// contract, a refusal has a code and sentences in three languages, and nothing that
// was sent comes back.
func FuzzCall(f *testing.F) {
	h := newHouse(f, sandbox.V16, setup{service: func(c *rp.Config) {
		c.Authority, c.MaxTransactions = everybody{}, 100
		c.Limits = route.Limits{User: route.Limit{PerSecond: 1e9, Burst: 1 << 30}, Route: route.Limit{PerSecond: 1e9, Burst: 1 << 30}, All: route.Limit{PerSecond: 1e9, Burst: 1 << 30}}
	}})
	h.log.drop = true
	handler := h.service.Handler()
	for _, seed := range []struct{ path, body string }{
		{"start", `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","uiLocales":["si"]}`},
		{"start", `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","uiLocales":["xx","../","","a","b","c"]}`},
		{"start", `{"program":"eozjj9UivfS","program":"aaaaaaaaaaa"}`},
		{"complete", `{"transaction":"x","response":"?code=a&state=b&state=c"}`},
		{"complete", `{"transaction":"` + strings.Repeat("x", 17<<10) + `"}`},
		{"cancel", `{"transaction":null}`}, {"cancel", "\xff\xfe"}, {"evidence/AAAAAAAAAAAAAAAAAAAAAA/compare", `{"values":{"a":1}}`},
		{"evidence/x/compare", `{"values":{"eozjj9UivfS":"a value"}}`}, {"start", ""}, {"start", "[[[["}, {"start", `{"program":"eozjj9UivfS"} {}`},
	} {
		f.Add(seed.path, seed.body)
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		r := httptest.NewRequest("POST", "/rp/", strings.NewReader(body))
		r.URL.Path = "/rp/" + path
		r.Header = through(midwife, routeSecret)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		switch answer.Code {
		case http.StatusOK:
			if path != "start" {
				t.Errorf("%q with %q is done", path, body)
			}
			var s rp.Started
			if err := json.Unmarshal(answer.Body.Bytes(), &s); err != nil || s.Transaction == "" || !strings.HasPrefix(s.URL, h.issuer+"/") {
				t.Errorf("%q starts %q", body, answer.Body)
			}
			return
		case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusTemporaryRedirect, http.StatusMovedPermanently:
			if !strings.HasPrefix(answer.Header().Get("Content-Type"), "application/json") {
				return // no call of this name
			}
		}
		var p route.Problem
		if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil || p.Error.Code == "" {
			t.Fatalf("%q with %q is answered %d %q", path, body, answer.Code, answer.Body)
		}
		for _, language := range []string{"en", "si", "ta"} {
			if p.Error.Message.Text[language] == "" {
				t.Errorf("%s says nothing in %s", p.Error.Code, language)
			}
		}
		if answer.Code < 400 || answer.Code >= 500 {
			t.Errorf("%q with %q: status %d %s", path, body, answer.Code, p.Error.Code)
		}
	})
}
