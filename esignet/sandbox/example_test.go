package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

func Example() {
	server, err := sandbox.New(sandbox.Config{Version: sandbox.V18})
	if err != nil {
		panic(err)
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()

	res, err := http.Get(web.URL + "/.well-known/openid-configuration")
	if err != nil {
		panic(err)
	}
	res.Body.Close()
	fmt.Println(res.StatusCode, res.Header.Get("X-Sandbox"))
	// Output: 200 nehrbridge eSignet sandbox 1.8
}
