package sandbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// tab is a window of a real browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	axe  string // the script of axe-core, or ""
	name string // of its pictures
}

func openBrowser(t *testing.T, name string) *tab {
	t.Helper()
	return &tab{t: t, ctx: browser.Start(t, chromedp.WindowSize(1280, 900)), axe: browser.Axe(t), name: name}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := browser.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v\nat %s", err, b.where())
	}
}

// where is for messages: the address and what the page says.
func (b *tab) where() string {
	text, err := browser.Run(b.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

func eval[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := browser.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", script, err)
	}
	return v
}

// until waits for a condition of the page, also while it changes to another
// one.
func (b *tab) until(condition string) {
	b.t.Helper()
	if err := browser.Until(b.ctx, condition); err != nil {
		b.t.Fatalf("%v\nat %s", err, b.where())
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
	for _, width := range []int64{1280, 320} {
		if err := browser.Fit(b.ctx, width, 900); err != nil {
			b.t.Errorf("%s: %v", name, err)
		}
		found, err := browser.Violations(b.ctx, b.axe)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, v := range found {
			b.t.Errorf("%s, %d px: %s", name, width, v)
		}
		browser.Picture(b.t, b.ctx, fmt.Sprintf("%s-%s-%d", b.name, strings.ReplaceAll(name, " ", "-"), width))
	}
	b.do(chromedp.EmulateViewport(1280, 900))
}
