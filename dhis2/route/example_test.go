package route_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
)

// A service behind a Route: who has the secret gets in, and is named.
func Example() {
	secret := "a secret of 32 characters or more"
	gate, err := route.New(route.Config{Service: "greeting", Routes: []route.Route{{Name: "clinic", Secret: secret}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	greet := route.Call(gate, "greet", func(_ context.Context, who route.Caller, _ *http.Request, body struct {
		Word string `json:"word"`
	}) (any, error) {
		return map[string]string{"said": body.Word + ", " + who.User}, nil
	})
	for _, authorization := range []string{"ApiToken " + secret, "ApiToken guessed"} {
		r := httptest.NewRequest("POST", "/greet", strings.NewReader(`{"word":"Good morning"}`))
		r.Header = http.Header{"Authorization": {authorization}, "X-Forwarded-User": {"midwife.one"}, "Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		greet(w, r)
		fmt.Println(w.Code, strings.SplitAfter(w.Body.String(), `"route"`)[0])
	}
	// Output:
	// 200 {"said":"Good morning, midwife.one"}
	// 401 {"error":{"code":"route"
}
