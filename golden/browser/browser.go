package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	// patience is how long one step may take, on a busy machine.
	patience = time.Minute
	// interval is how often a page is looked at.
	interval = 30 * time.Millisecond
	// look is how long one look may take.
	look = 5 * time.Second
)

// Start starts a headless Chromium with a profile of its own, which ends with the
// test. A test without Chromium skips, or fails where REQUIRE_ALL or REQUIRE_BROWSER
// is 1: who asked for the journeys alone does not want to read that they passed.
func Start(t testing.TB, opts ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		const what = "Chromium: apt-get install chromium fonts-noto-core"
		if os.Getenv("REQUIRE_BROWSER") == "1" {
			t.Fatalf("this test needs %s (REQUIRE_BROWSER=1)", what)
		}
		needs(t, what)
	}
	all := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), append(all, opts...)...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	if err := Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// Axe reads the script of axe-core, which AXE_JS names. Without it the answer is "",
// and nothing is checked for accessibility; where REQUIRE_ALL is 1 the test fails.
func Axe(t testing.TB) string {
	t.Helper()
	file := os.Getenv("AXE_JS")
	if file == "" {
		const what = "axe-core: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js"
		if os.Getenv("REQUIRE_ALL") == "1" {
			needs(t, what)
		}
		t.Logf("accessibility is not checked, for want of %s", what)
		return ""
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

func needs(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("this test needs %s (REQUIRE_ALL=1)", what)
	}
	t.Skipf("this test needs %s", what)
}

// own makes a window of its context. The first step of a window owns it, so that step
// must not be one with a deadline: the window would go with it.
func own(ctx context.Context) error {
	if c := chromedp.FromContext(ctx); c != nil && c.Target == nil {
		return chromedp.Do(ctx)
	}
	return nil
}

// Run carries a step out, which may take a minute.
func Run[T any](ctx context.Context, step chromedp.Action[T]) (T, error) {
	if err := own(ctx); err != nil {
		var none T
		return none, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, step)
}

// Do carries steps out in their order, which may take a minute together.
func Do(ctx context.Context, steps ...chromedp.Action[chromedp.Void]) error {
	_, err := Run(ctx, chromedp.Steps(steps...))
	return err
}

// Follow carries steps out and waits for the page that they lead to, a minute.
func Follow(ctx context.Context, steps ...chromedp.Action[chromedp.Void]) error {
	if err := own(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, steps...)
	return err
}

// Until looks at a page, a minute long, until a condition in its language holds, also
// while the page gives way to another one. A condition that cannot be evaluated yet,
// or that waits for a promise, is one that does not hold yet.
func Until(ctx context.Context, condition string) error {
	if err := own(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	script := fmt.Sprintf("(async () => Boolean(await (%s)))()", condition)
	every := time.NewTicker(interval)
	defer every.Stop()
	var last error
	for {
		one, done := context.WithTimeout(ctx, look)
		ok, err := chromedp.Run(one, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
		done()
		if err == nil && ok {
			return nil
		}
		last = err
		select {
		case <-ctx.Done():
			return fmt.Errorf("never came true: %s (the last look: %v)", condition, last)
		case <-every.C:
		}
	}
}

// Fit makes the window as wide and high as a screen (px), and waits until the page
// takes no more room than its width: a page takes a moment to be laid out anew.
func Fit(ctx context.Context, width, height int64) error {
	if err := Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := Until(short, fmt.Sprintf("innerWidth === %d && document.documentElement.scrollWidth <= document.documentElement.clientWidth", width))
	if err == nil {
		return nil
	}
	what, why := Run(ctx, chromedp.Evaluate[string](`document.documentElement.scrollWidth + ' px: ' + [...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth).map(e => e.tagName + '.' + e.className).slice(0, 12).join(' ')`))
	if why != nil {
		return err
	}
	return fmt.Errorf("wider than a screen of %d px: %s", width, what)
}
