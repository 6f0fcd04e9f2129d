package fonts_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/fonts"
)

func ask(path string) *http.Response {
	w := httptest.NewRecorder()
	fonts.Handler("/pages/fonts/").ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Result()
}

// TestHandler: each font and its licence are served as what they are, nothing else is,
// and no folder is listed.
func TestHandler(t *testing.T) {
	for _, name := range []string{"sinhala-400.woff2", "sinhala-700.woff2", "tamil-400.woff2", "tamil-700.woff2"} {
		if res := ask("/pages/fonts/" + name); res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "font/woff2" {
			t.Errorf("%s: %s %s", name, res.Status, res.Header.Get("Content-Type"))
		}
	}
	if res := ask("/pages/fonts/OFL.txt"); res.StatusCode != http.StatusOK {
		t.Errorf("the licence: %s", res.Status)
	}
	for _, path := range []string{"/pages/fonts/", "/pages/fonts/fonts.go", "/pages/fonts/../doc.go", "/pages/", "/"} {
		if res := ask(path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}
