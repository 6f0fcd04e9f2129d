package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// A server with 25 invented mothers; a midwife corrects a value, and the poll
// finds her entry.
func Example() {
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	s, err := sandbox.New(sandbox.Config{Now: func() time.Time { return start }})
	if err != nil {
		fmt.Println(err)
		return
	}
	data, _ := sandbox.Demo(sandbox.DemoConfig{Now: start})
	if err := s.Load(data); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()

	s.Advance(time.Minute)
	if err := s.SetValue(dhis2.MustUID("SbxEv010003"), dhis2.MustUID("TRkCMVFhrmr"), "2"); err != nil {
		fmt.Println(err)
		return
	}
	req, _ := http.NewRequest("GET", server.URL+"/api/tracker/trackedEntities?program=eozjj9UivfS"+
		"&updatedAfter=2026-03-02T15:31:00&fields=trackedEntity,updatedAt", nil)
	req.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: {"pager":{"page":1,"pageSize":50},"trackedEntities":[{"trackedEntity":"SbxMother03","updatedAt":"2026-03-02T15:31:00.000"}]}
}
