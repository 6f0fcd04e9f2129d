package plugin_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestNarrow: on a screen of 320 px nothing is cut off, in the longest words.
func TestNarrow(t *testing.T) {
	w := newWorld(t)
	w.speaks("ta")
	w.signIn(kamalaPerera(), map[string]string{"attribute": placeUID, "claim": "address", "reason": "not-given"})
	w.phoneSteps(map[string]any{"state": "opened", "number": "47"})
	w.finds(match("m1", "K… P…"))
	w.standing(nil)
	fits := func(name string) {
		t.Helper()
		if over := eval[int](w, "d.documentElement.scrollWidth - f.innerWidth"); over > 0 {
			t.Errorf("%s: %d px wider than its frame", name, over)
		}
		w.look("narrow-" + name)
	}
	narrow := func() {
		t.Helper()
		if err := browser.Do(w.ctx, chromedp.EmulateViewport(320, 900)); err != nil {
			t.Fatal(err)
		}
	}
	w.openVerify(props{"values": map[string]any{nameUID: "Kamla Perera"}})
	narrow()
	w.awaitText("தேசிய")
	w.click("assisted")
	fits("assisted")
	w.click("assisted")
	w.click("phone")
	w.await("d.querySelector('.number')")
	fits("number")
	w.click("cancel")
	w.click("window")
	w.await("d.querySelector('[data-key=front]')")
	w.agree("state-2")
	w.await("d.querySelector('[data-state=differs]')")
	fits("differs")
	w.openPHN(props{"values": known()})
	narrow()
	w.click("find")
	w.click("reject-0")
	fits("matches")
}

// TestFocus: within the field the focus goes where something happened; from the
// form around it, it is never taken.
func TestFocus(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.phoneSteps(map[string]any{"state": "waiting"})
	w.openVerify(nil)
	focus := func() string {
		t.Helper()
		return eval[string](w, "d.activeElement?.dataset.key ?? ''")
	}
	w.click("phone")
	w.await("d.activeElement.dataset.key === 'scan'")
	w.phoneSteps(map[string]any{"state": "opened", "number": "47"})
	w.await("d.activeElement.dataset.key === 'number'")
	if heard := eval[string](w, "d.getElementById('live').textContent"); heard != "Her phone should show 47. Compare." {
		t.Errorf("who listens hears %q", heard)
	}
	w.click("cancel")
	w.await("d.activeElement.dataset.key === 'said'")
	w.phoneSteps(map[string]any{"state": "waiting"})
	w.click("phone")
	w.await("d.activeElement.dataset.key === 'scan'")
	w.js("document.getElementById('typed').focus()")
	w.phoneSteps(map[string]any{"state": "opened", "number": "48"})
	w.awaitText("48")
	if eval[string](w, "document.activeElement.id") != "typed" {
		t.Errorf("the focus was taken from the form to %q", focus())
	}
	// What is typed survives being drawn anew, and the caret with it.
	w.click("cancel")
	w.click("assisted")
	w.js("(() => { const i = d.getElementById('witness'); i.focus(); i.value = 'Sunil'; i.dispatchEvent(new f.Event('input')); i.setSelectionRange(2, 2) })()")
	w.update(props{"formSubmitted": true})
	w.await("d.activeElement.id === 'witness' && d.activeElement.value === 'Sunil' && d.activeElement.selectionStart === 2")
}
