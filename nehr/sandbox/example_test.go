package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func Example() {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	web := httptest.NewServer(server.Handler())
	defer web.Close()

	res, err := http.Get(web.URL + "/fhir/metadata")
	if err != nil {
		panic(err)
	}
	res.Body.Close()
	fmt.Println(res.StatusCode, res.Header.Get("X-Sandbox"))
	// Output: 200 nehrbridge NEHR sandbox
}
