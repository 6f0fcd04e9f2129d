package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tab is a window of a real browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	axe  string // the script of axe-core, or ""
	name string // of its pictures
}

// needs skips a test, or fails it where nothing may be skipped.
func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("this test needs %s (REQUIRE_ALL=1)", what)
	}
	t.Skipf("this test needs %s", what)
}

func openBrowser(t *testing.T, name string) *tab {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		needs(t, "Chromium: apt-get install chromium fonts-noto-core")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 900))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b := &tab{t: t, ctx: ctx, name: name}
	switch file := os.Getenv("AXE_JS"); {
	case file != "":
		script, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.axe = string(script)
	case os.Getenv("REQUIRE_ALL") == "1":
		t.Fatal("this test needs axe-core: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js (REQUIRE_ALL=1)")
	default:
		t.Log("axe-core is not here, accessibility is not checked: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js")
	}
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\nat %s", err, b.where())
	}
}

// where is for messages: the address and what the page says.
func (b *tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

func eval[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", script, err)
	}
	return v
}

// until waits for a condition of the page, also while it changes to another
// one.
func (b *tab) until(condition string) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	script := fmt.Sprintf("new Promise(done => { const end = Date.now() + 5000; const look = async () => { if (await (%s)) done(true); else if (Date.now() > end) done(false); else setTimeout(look, 20) }; look() })", condition)
	for {
		// A page that is left in the middle never answers.
		ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) || b.ctx.Err() != nil {
			b.t.Fatalf("never came true: %s (%v)\nat %s", condition, err, b.where())
		}
	}
}

// heading waits for the page of that heading.
func (b *tab) heading(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector('h1')?.textContent === %q", text))
}

// says waits for a text.
func (b *tab) says(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// press clicks the button or link of that text in the frontmost dialog or page.
func (b *tab) press(text string) {
	b.t.Helper()
	at := "//*[(self::button or self::a) and normalize-space()='" + text + "' and not(ancestor::dialog[not(@open)])]"
	if eval[bool](b, "document.querySelector('dialog[open]') !== null") {
		at = "//dialog[@open]//button[normalize-space()='" + text + "']"
	}
	b.do(chromedp.Click(chromedp.Search(at)))
}

// fill writes into a field as a keyboard does; of dates and lists it sets the
// value as their widgets do.
func (b *tab) fill(selector, value string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector(%q) !== null", selector))
	if eval[bool](b, fmt.Sprintf("['date','time'].includes(document.querySelector(%[1]q).type) || document.querySelector(%[1]q).tagName === 'SELECT'", selector)) {
		eval[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q)
			Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), 'value').set.call(e, %q)
			e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true })()`, selector, value))
		return
	}
	eval[bool](b, fmt.Sprintf("(() => { const e = document.querySelector(%q); e.focus(); e.select(); return true })()", selector))
	if value == "" {
		b.do(chromedp.SendKeys(chromedp.CSS(selector), "\b"))
		return
	}
	b.do(chromedp.SendKeys(chromedp.CSS(selector), value))
	// Keys that are still on their way would reach the field that is next.
	b.until(fmt.Sprintf("document.querySelector(%q).value === %q", selector, value))
}

func (b *tab) value(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("document.querySelector(%q).value", selector))
}

// look checks a page wide and narrow with axe-core, and takes its picture
// where SCREENSHOTS names a folder.
func (b *tab) look(name string) {
	b.t.Helper()
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML string `json:"html"`
		} `json:"nodes"`
	}
	for _, width := range []int64{1280, 320} {
		b.do(chromedp.EmulateViewport(width, 900))
		if over := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
			b.t.Errorf("%s: %d px wider than a screen of %d px", name, over, width)
		}
		if b.axe != "" {
			script := b.axe + `;axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => r.violations)`
			for _, v := range eval[[]violation](b, script) {
				b.t.Errorf("%s, %d px: %s: %s (%d places, the first: %s)", name, width, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML)
			}
		}
		if folder := os.Getenv("SCREENSHOTS"); folder != "" {
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.t.Fatal(err)
			}
			if err := os.MkdirAll(folder, 0o755); err != nil {
				b.t.Fatal(err)
			}
			file := fmt.Sprintf("%s-%s-%d.png", b.name, strings.ReplaceAll(name, " ", "-"), width)
			if err := os.WriteFile(filepath.Join(folder, file), picture, 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.do(chromedp.EmulateViewport(1280, 900))
}
