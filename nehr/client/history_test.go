package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func TestHistory(t *testing.T) {
	web := newSandbox(t, sandbox.Config{})
	c := newClient(t, web.URL+"/fhir", func(*client.Config) {})
	for _, gender := range []string{"female", "male", "unknown"} {
		if _, err := c.Update(t.Context(), "Patient", "p1", fmt.Appendf(nil, `{"resourceType":"Patient","id":"p1","gender":%q}`, gender), ""); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := c.History(t.Context(), "Patient", "p1")
	if err != nil || len(versions) != 3 || versions[0].Get("gender").Str() != "unknown" || versions[2].Get("gender").Str() != "female" {
		t.Errorf("%d versions, %v", len(versions), err)
	}
	if _, err := c.Delete(t.Context(), "Patient", "p1"); err != nil {
		t.Fatal(err)
	}
	if versions, err = c.History(t.Context(), "Patient", "p1"); err != nil || len(versions) != 3 {
		t.Errorf("%d versions after it was deleted, %v", len(versions), err)
	}
	if _, err := c.History(t.Context(), "Patient", "nobody"); !client.IsNotFound(err) {
		t.Errorf("what never was: %v", err)
	}
	if _, err := c.History(t.Context(), "Patient", "../Observation"); err == nil {
		t.Error("an id that is none is taken")
	}
}

// TestHistoryPages holds that pages are followed on the same server only, and
// that another type of answer is none.
func TestHistoryPages(t *testing.T) {
	next := ""
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		link := ""
		if r.URL.RawQuery == "" {
			link = fmt.Sprintf(`"link":[{"relation":"next","url":%q}],`, next)
		}
		fmt.Fprintf(w, `{"resourceType":"Bundle","type":"history",%s"entry":[{"resource":{"resourceType":"Patient","id":"p1"}},{"resource":{"resourceType":"Patient","id":"p2"}}]}`, link)
	}))
	defer web.Close()
	c := newClient(t, web.URL+"/fhir", func(*client.Config) {})
	next = web.URL + "/fhir/Patient/p1/_history?page=2"
	if versions, err := c.History(t.Context(), "Patient", "p1"); err != nil || len(versions) != 2 {
		t.Errorf("%d versions, %v; want one of each page", len(versions), err)
	}
	next = "https://elsewhere.example/fhir?page=2"
	_, err := c.History(t.Context(), "Patient", "p1")
	if _, ok := errors.AsType[*client.UnreachableError](err); !ok {
		t.Errorf("a page elsewhere: %v", err)
	}
}
