package clinician_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// penLook is a page of writing in a real browser.
type penLook struct {
	*testing.T
	ctx context.Context
	axe string
	url string
}

func (l *penLook) at(path string) {
	l.Helper()
	if err := browser.Follow(l.ctx, chromedp.Navigate(l.url+path)); err != nil {
		l.Fatalf("%s: %v", path, err)
	}
}

func (l *penLook) do(steps ...chromedp.Action[chromedp.Void]) {
	l.Helper()
	if err := browser.Do(l.ctx, steps...); err != nil {
		l.Fatal(err)
	}
}

// submit sends the form that a button is of, and waits for the page it leads to.
func (l *penLook) submit(button, path string, steps ...chromedp.Action[chromedp.Void]) {
	l.Helper()
	if err := browser.Follow(l.ctx, append(steps, chromedp.Click(button))...); err != nil {
		l.Fatal(err)
	}
	l.until(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, path))
}

func (l *penLook) until(condition string) {
	l.Helper()
	if err := browser.Until(l.ctx, condition); err != nil {
		l.Fatalf("%s: %v", condition, err)
	}
}

// look holds the page to small and large screens, to axe-core, and takes pictures.
func (l *penLook) look(name string) {
	l.Helper()
	for _, width := range []int64{320, 360, 1280} {
		if err := browser.Fit(l.ctx, width, 900); err != nil {
			l.Errorf("%s: %v", name, err)
			continue
		}
		if width != 360 {
			found, err := browser.Violations(l.ctx, l.axe)
			if err != nil {
				l.Fatal(err)
			}
			for _, v := range found {
				l.Errorf("%s at %d px: %s", name, width, v)
			}
		}
		if width != 320 {
			browser.Picture(l, l.ctx, fmt.Sprintf("clinician-%s-%d", name, width))
		}
	}
}

// TestWritingInABrowser: a doctor signs in through eSignet in Chromium, without a script
// of the portal, writes what there is to write, and each page and error state is whole in
// three languages on small and large screens, with nothing for axe-core to find.
func TestWritingInABrowser(t *testing.T) {
	w := startDesk(t)
	l := &penLook{T: t, ctx: browser.Start(t), axe: browser.Axe(t), url: w.url}
	l.at("/sign-in")
	for _, step := range []struct{ wait, field, text string }{{`document.querySelector("main input[type=text]:not(.code)") !== null`, `main input[type=text]`, pen},
		{`document.querySelector("input.code") !== null`, `input.code`, "111111"}} {
		l.until(step.wait)
		l.do(chromedp.SendKeys(step.field, step.text), chromedp.Click(`main form button`))
	}
	l.until(`location.origin === "` + w.url + `" && document.readyState === "complete"`)
	l.at("/find")
	l.do(chromedp.SendKeys(`#number`, penPHN), chromedp.Click(`main form[action="/find"] button`))
	l.until(`location.pathname !== "/find" && document.readyState === "complete"`)

	picture := filepath.Join(t.TempDir(), "scan.png")
	w.must(os.WriteFile(picture, smallPNG(t), 0o600))
	vector := filepath.Join(t.TempDir(), "scan.svg")
	w.must(os.WriteFile(vector, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 0o600))

	for _, lang := range []string{"en", "si", "ta"} {
		l.at("/privacy?lang=" + lang)
		l.at("/write/observation?measure=85354-9")
		l.look("write-observation-" + lang)
		l.submit(`main form[action="/write/observation"] button`, "/write/observation", chromedp.SendKeys(`#value-0`, "90"), chromedp.SendKeys(`#value-1`, "140"))
		l.look("write-wrong-" + lang)
		l.do(chromedp.SetValue(`#value-0`, "148"), chromedp.SetValue(`#value-1`, "96"))
		l.submit(`main form[action="/write/observation"] button`, "/write/entry")
		l.look("write-preview-" + lang)
		l.submit(`form[action="/write/sign"] button`, "/write/entry")
		l.until(`document.querySelector(".status.signed") !== null`)
		l.look("write-signed-" + lang)
		l.at("/write/change")
		l.look("write-amend-" + lang)
		l.at("/write/withdraw")
		l.look("write-withdraw-" + lang)
		l.do(chromedp.SendKeys(`#reason`, " "))
		l.submit(`main form[action="/write/withdraw"] button`, "/write/withdraw")
		l.until(`document.querySelector("#problem") !== null`)
		l.look("write-withdraw-wrong-" + lang)

		l.at("/write/note")
		l.look("write-note-" + lang)

		l.at("/write/document")
		l.look("write-document-" + lang)
		l.submit(`main form[action="/write/document"] button`, "/write/document", chromedp.SendKeys(`#title`, "Scan"), chromedp.SetUploadFiles(`#file`, []string{vector}))
		l.until(`document.querySelector("#file-problem") !== null`)
		l.look("write-document-wrong-" + lang)
		l.submit(`main form[action="/write/document"] button`, "/write/entry", chromedp.SetUploadFiles(`#file`, []string{picture}))
		l.until(`document.querySelector("img.shown").naturalWidth === 40`)
		l.look("write-document-preview-" + lang)

		// Signed while the record is away, and refused.
		w.down.Store(true)
		l.submit(`form[action="/write/sign"] button`, "/write/entry")
		l.until(`document.querySelector(".status.signing") !== null`)
		l.look("write-signing-" + lang)
		w.down.Store(false)
		w.forward(5 * time.Minute)
		if _, err := w.work.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.at("/write")
		l.look("write-list-" + lang)
	}
	if n := len(w.byEntry("Observation")) + len(w.byEntry("DocumentReference")); n != 6 {
		t.Errorf("%d in the record, want 6", n)
	}
}
