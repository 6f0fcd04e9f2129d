package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestSyncOAuth: the settings' OAuth client signs the agent in at a record
// that demands a token.
func TestSyncOAuth(t *testing.T) {
	asked := 0
	authority := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		id, secret, _ := r.BasicAuth()
		if id != "sample-client" || secret != "sample-secret" || r.FormValue("grant_type") != "client_credentials" {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"sample-token","token_type":"Bearer","expires_in":300}`))
	}))
	defer authority.Close()
	record, err := nehrsandbox.New(nehrsandbox.Config{Token: "sample-token"})
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	web := httptest.NewServer(record.Handler())
	defer web.Close()

	s := startServersFor(t, 6, web.URL+"/fhir")
	s.env = append(s.env, "NEHRBRIDGE_NEHR_OAUTH_TOKEN_URL="+authority.URL,
		"NEHRBRIDGE_NEHR_OAUTH_CLIENT_ID=sample-client", "NEHRBRIDGE_NEHR_OAUTH_CLIENT_SECRET=sample-secret")
	c, log := s.sync(t)
	if c.Written < 4 || asked != 1 {
		t.Errorf("%+v with %d tokens fetched, want all written with one", c, asked)
	}
	if strings.Contains(log, "sample-token") || strings.Contains(log, "sample-secret") {
		t.Error("the log holds a secret")
	}
}
