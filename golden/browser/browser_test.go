package browser_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestUntil: a condition is awaited over the change of a page, in the first window and
// in one that was opened later, whose first step is a wait.
func TestUntil(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/first":
			_, _ = w.Write([]byte(`<title>first</title><script>setTimeout(() => { location = "/second" }, 200)</script>`))
		case "/second":
			_, _ = w.Write([]byte(`<title>second</title><script>setTimeout(() => { document.title = "third" }, 200)</script>`))
		}
	}))
	t.Cleanup(s.Close)
	ctx := browser.Start(t)
	later, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := browser.Until(later, "location.href === 'about:blank'"); err != nil {
		t.Fatal(err)
	}
	for _, window := range []context.Context{ctx, later} {
		if err := browser.Follow(window, chromedp.Navigate(s.URL+"/first")); err != nil {
			t.Fatal(err)
		}
		if err := browser.Until(window, "document.title === 'third'"); err != nil {
			t.Fatal(err)
		}
		if got, err := browser.Run(window, chromedp.Location()); err != nil || got != s.URL+"/second" {
			t.Errorf("at %s: %v", got, err)
		}
	}
	short, stop := context.WithTimeout(later, 300*time.Millisecond)
	t.Cleanup(stop)
	if err := browser.Until(short, "document.title === 'fourth'"); err == nil {
		t.Error("a condition that never holds came true")
	}
}
