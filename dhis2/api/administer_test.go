package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestAdminister: documents as they stand, changes with their refusals by code, an
// app, a token that may only read.
func TestAdminister(t *testing.T) {
	for _, version := range []string{"2.40.5", "2.42.1", "2.44"} {
		t.Run(version, func(t *testing.T) {
			_, c := serve(t, sandbox.Config{Version: version})
			ctx := t.Context()
			const forms = "/api/dataStore/capture/dataEntryForms"
			if _, err := c.Read(ctx, forms, nil); !apiError(t, err).NotFound() {
				t.Errorf("nothing there: %v", err)
			}
			if _, err := c.Change(ctx, http.MethodPost, forms, nil, jsontext.Value(`{"n":1.50}`)); err != nil {
				t.Fatal(err)
			}
			if v, err := c.Read(ctx, forms, url.Values{}); err != nil || string(v) != `{"n":1.50}` {
				t.Errorf("got %s, %v", v, err)
			}
			if _, err := c.Change(ctx, http.MethodPost, forms, nil, jsontext.Value(`{}`)); apiError(t, err).Status != http.StatusConflict {
				t.Errorf("made twice: %v", err)
			}
			if _, err := c.Change(ctx, http.MethodPost, "/api/routes", nil, jsontext.Value(`{"name":"x"}`)); apiError(t, err).Code != "E4000" {
				t.Errorf("a Route without a URL: %v", err)
			}
			if _, err := c.Change(ctx, http.MethodDelete, forms, nil, nil); err != nil {
				t.Error(err)
			}
			if err := c.InstallApp(ctx, []byte("no zip")); apiError(t, err).Status != http.StatusConflict {
				t.Errorf("an app that is none: %v", err)
			}
			made, err := c.NewToken(ctx, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), "GET")
			if err != nil {
				t.Fatal(err)
			}
			reader := client(t, api.Config{BaseURL: c.BaseURL(), Token: made.Key})
			if me, err := reader.Me(ctx); err != nil || me.Username != sandbox.DefaultUsername {
				t.Errorf("the token is of %+v, %v", me, err)
			}
			if _, err := reader.Change(ctx, http.MethodPost, forms, nil, jsontext.Value(`{}`)); !apiError(t, err).Unauthorized() {
				t.Errorf("the token writes: %v", err)
			}
		})
	}
}

// TestAdminister_hostile: what may mean two things is not read, a token's answer is
// not quoted, and where a refusal names its code inside, it is found.
func TestAdminister_hostile(t *testing.T) {
	for _, tt := range []struct{ name, answer, code string }{
		{"a name twice", `{"a":1,"a":2}`, ""},
		{"two values", `{} {}`, ""},
		{"text that is no UTF-8", "{\"a\":\"\xff\"}", ""},
		{"no key", `{"response":{"uid":"x","key":""},"secret":"d2p_leaked"}`, ""},
		{"a report", `{"httpStatusCode":409,"response":{"errorReports":[{"errorCode":"E5003","message":"secret d2p_leaked"}]}}`, "E5003"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if tt.code != "" {
					w.WriteHeader(http.StatusConflict)
				}
				w.Write([]byte(tt.answer))
			}))
			defer server.Close()
			c := client(t, api.Config{BaseURL: server.URL, Token: "d2p_x"})
			_, err := c.NewToken(t.Context(), time.Now())
			if e := apiError(t, err); e.Code != tt.code || strings.Contains(e.Error(), "leaked") {
				t.Errorf("NewToken: %v", e)
			}
			if tt.name == "no key" {
				return
			}
			if v, err := c.Read(t.Context(), "/api/x", nil); err == nil {
				t.Errorf("Read: %s", v)
			}
		})
	}
}
