package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// formTab is a tab with Capture, and the plugin's fields in its form.
type formTab struct {
	signInPage
}

func (f formTab) shot(name string) {
	f.t.Helper()
	checkAxe(f.t, f.ctx, f.axe, name)
	browser.Picture(f.t, f.ctx, f.name+"-"+name)
}

// act does what opens no other page; nothing is waited for.
func (p signInPage) act(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := browser.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.said())
	}
}

// until waits for a condition, also while the page changes to another one.
func (p signInPage) until(condition string) {
	p.t.Helper()
	if err := browser.Until(p.ctx, condition); err != nil {
		p.t.Fatalf("%v\n%s", err, p.said())
	}
}

// said is what page and frames show, for messages.
func (p signInPage) said() string {
	text, err := browser.Run(p.ctx, chromedp.Evaluate[string](`[location.href, document.body.innerText, ...[...document.querySelectorAll('iframe')].map(f => f.contentDocument?.body?.innerText)].join('\n---\n')`))
	if err != nil {
		return err.Error()
	}
	return text
}

func (p signInPage) heading(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.querySelector('h1').textContent === %q", text))
}

func (p signInPage) press(text string) {
	p.t.Helper()
	p.act(chromedp.Click(chromedp.Search("//*[(self::button or self::a) and normalize-space()='" + text + "' and not(ancestor::dialog[not(@open)])]")))
}

// fill writes into a field of the form.
func (p signInPage) fill(selector, value string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.querySelector(%q) !== null", selector))
	evaluate[bool](p.t, p.ctx, fmt.Sprintf(`(() => { const e = document.querySelector(%q)
		Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), 'value').set.call(e, %q)
		e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true })()`, selector, value))
}

// frame is the window of the plugin's field, as an expression.
func frame(field string) string {
	return fmt.Sprintf("document.querySelector('iframe[src*=\"field=%s\"]').contentWindow", field)
}

// says waits until a field of the plugin says something.
func (f formTab) says(field, text string) {
	f.t.Helper()
	f.until(fmt.Sprintf("%s.document.body.innerText.includes(%q)", frame(field), text))
}

// click presses a control in a field of the plugin with the mouse, which is what
// lets a page open a window.
func (f formTab) click(field, key string) {
	f.t.Helper()
	at := fmt.Sprintf("%s.document.querySelector('[data-key=\"%s\"]')", frame(field), key)
	// Where the button is, is known when each frame is as high as its page.
	f.until(at + " && !" + at + ".disabled && [...document.querySelectorAll('iframe')].every(x => Math.abs(x.clientHeight - x.contentDocument.querySelector('main').getBoundingClientRect().height) < 2)")
	place := evaluate[[]float64](f.t, f.ctx, fmt.Sprintf(`(() => { const e = %s; e.scrollIntoView({block: 'center'})
		const outer = e.ownerDocument.defaultView.frameElement.getBoundingClientRect(), inner = e.getBoundingClientRect()
		return [outer.x + inner.x + inner.width / 2, outer.y + inner.y + inner.height / 2] })()`, at))
	f.act(chromedp.MouseClickXY(place[0], place[1]))
}

// register opens an empty registration form at the clinic.
func (f formTab) register() {
	f.t.Helper()
	evaluate[bool](f.t, f.ctx, "(location.hash = '#/new?orgUnitId=SbxClinic01&programId=eozjj9UivfS', true)")
	f.heading("New: Mother")
	f.says("verify", "Verify with National ID")
}

// popup presses the button of the field and gives the window that opens.
func (f formTab) popup() signInPage {
	f.t.Helper()
	opened := chromedp.WaitNewTarget(f.ctx, func(info *target.Info) bool { return info.Type == "page" })
	f.click("verify", "window")
	select {
	case id := <-opened:
		ctx, cancel := chromedp.NewContext(f.ctx, chromedp.WithTargetID(id))
		f.t.Cleanup(cancel)
		p := f.signInPage
		p.ctx = ctx
		p.until("document.querySelector('#id') !== null")
		return p
	case <-time.After(30 * time.Second):
		f.t.Fatalf("no window opened\n%s", f.said())
		panic("unreachable")
	}
}

// identify goes to the page where a person agrees, with her number and code.
func (p signInPage) identify(id, otp string) {
	p.t.Helper()
	// While a page is still loading, its fields may be made anew.
	p.until("document.readyState === 'complete' && document.querySelector('#id') !== null")
	p.act(chromedp.SendKeys(chromedp.ID("id"), id), chromedp.Click(chromedp.CSS("main form button")))
	p.until("document.readyState === 'complete' && document.querySelector('#challenge') !== null")
	p.act(chromedp.SendKeys(chromedp.ID("challenge"), otp), chromedp.Click(chromedp.CSS("main form button")))
}

// agree shares what is named beside what is needed.
func (p signInPage) agree(claims ...string) {
	p.t.Helper()
	p.until(`document.querySelector('button[value="allow"]') !== null`)
	for _, claim := range claims {
		p.act(chromedp.Click(chromedp.CSS(`input[value="` + claim + `"]`)))
	}
	browser.Picture(p.t, p.ctx, p.name+"-consent")
	// The window closes itself: no answer to the click is waited for.
	evaluate[bool](p.t, p.ctx, `(setTimeout(() => document.querySelector('button[value="allow"]').click()), true)`)
}

// phone is another browser, with a profile of its own.
func (f formTab) phone() signInPage {
	f.t.Helper()
	ctx, cancel := chromedp.NewContext(f.ctx, chromedp.WithNewBrowserContext())
	f.t.Cleanup(cancel)
	p := f.signInPage
	p.ctx, p.name = ctx, f.name+"-phone"
	if err := browser.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		f.t.Fatal(err)
	}
	return p
}

// openForms signs the midwife in with eSignet, the first time with the help of an
// administrator, and opens Capture.
func openForms(t *testing.T, v *verifyWorld, name string) formTab {
	t.Helper()
	p := signInPage{t: t, ctx: browser.Start(t), axe: browser.Axe(t), name: name, identity: "9900000011"}
	p.esignet(v.dhis2URL, "en")
	v.run(0, "setup", "esignet", "links", "approve", v.links()[0].Code, "--user", "nurse", "--apply")
	p.esignet(v.dhis2URL, "en")
	if got := p.text("#signed-in"); got != "nurse" {
		t.Fatalf("signed in as %q", got)
	}
	if err := browser.Do(p.ctx, chromedp.EmulateViewport(1280, 1000)); err != nil {
		t.Fatal(err)
	}
	f := formTab{p}
	f.shot("signed-in")
	p.act(chromedp.Click(chromedp.ID("capture")))
	p.until("document.querySelector('#unit') !== null")
	return f
}
