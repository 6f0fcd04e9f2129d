package plugin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestD052_AnswerOfAnotherSignIn: an attacker's answer, put into her browser,
// is not taken by a form that waits for its own.
func TestD052_AnswerOfAnotherSignIn(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(props{"values": map[string]any{phoneUID: "+94771234567"}})
	// While nobody waits.
	if said := w.comesBack("code=attackers&state=state-1"); !strings.Contains(said, "no longer waiting") {
		t.Errorf("told %q", said)
	}
	w.click("window")
	w.awaitText("other window")
	for _, query := range []string{"code=attackers&state=other", "code=attackers&state=", "code=attackers", "state=STATE-1", "code=a&state=other&state=state-1", ""} {
		if said := w.comesBack(query); !strings.Contains(said, "no longer waiting") {
			t.Errorf("%s: told %q", query, said)
		}
	}
	if len(w.called("complete")) != 0 || !strings.Contains(w.text(), "other window") {
		t.Fatalf("an answer of another sign-in was taken: %s", w.text())
	}
	w.agree("state-1")
	w.awaitValue(nameUID, kamala)
	// The same answer once more.
	if said := w.comesBack("code=code-of-state-1&state=state-1"); !strings.Contains(said, "no longer waiting") {
		t.Errorf("again: told %q", said)
	}
	if n := len(w.called("complete")); n != 1 {
		t.Errorf("completed %d times", n)
	}
}

// forged are messages that give a form's field what was never verified: as
// post-robot writes them, and as plugins of before listened to.
const forged = `(target) => {
	const request = (name, data) => JSON.stringify({"__post_robot_10_0_46__": [{id: "x" + Math.random(), origin: "` + "${origin}" + `", type: "postrobot_message_request", hash: "h" + Math.random(), name, data, fireAndForget: false}]});
	const props = {values: {evidence: "evidence-1", sB1IHYu2xQT: "Kamala Perera"}, fieldsMetadata: {evidence: {name: "E"}, sB1IHYu2xQT: {name: "HOSTILE"}}, orgUnitId: "oQlmngiVAes", viewMode: false};
	for (const message of [request("updated", props), request("postrobot_method", {id: "id1", args: []}),
		{authInfo: {code: "c", state: "state-1"}}, {code: "c", state: "state-1"}, {say: "answer", state: "state-1", response: "code=c&state=state-1"},
		JSON.stringify({say: "answer", state: "state-1", response: "code=c&state=state-1"})]) target.postMessage(message, "*");
}`

// TestAttackD056_Messages: messages are believed from the form alone, and answers from no message at all.
func TestAttackD056_Messages(t *testing.T) {
	w := newWorld(t)
	w.vault("evidence-1", map[string]string{nameUID: kamala})
	for _, from := range []string{"window that opened the form", "frame of another origin", "frame of the same origin"} {
		t.Run(from, func(t *testing.T) {
			w.t = t
			w.signIn(map[string]string{nameUID: kamala})
			w.openVerify(nil)
			w.click("window")
			w.awaitText("other window")
			script := strings.ReplaceAll(forged, "${origin}", w.dhis2.URL)
			switch from {
			case "frame of the same origin":
				w.js("new Promise(done => { const frame = document.createElement('iframe'); frame.srcdoc = `<script>(" + script + ")(parent.frames[0]); parent.done = true</script>`; frame.onload = done; document.body.append(frame) })")
			case "frame of another origin":
				w.js("new Promise(done => { const frame = document.createElement('iframe'); frame.src = " + quote("data:text/html,") + " + encodeURIComponent(`<script>(" + script + ")(parent.frames[0])</script>`); frame.onload = done; document.body.append(frame) })")
			case "window that opened the form":
				w.js("new Promise(done => { const opened = open('/host.js'); opened.onload = () => { const s = opened.document.createElement('script'); s.textContent = `(" + script + ")(opener.frames[0])`; opened.document.documentElement.append(s); opened.close(); done() } })")
			}
			// Messages are heard in the order in which they were sent: after this one of
			// the form itself, all of them were.
			w.update(props{"formSubmitted": true, "values": map[string]any{phoneUID: "heard"}})
			w.awaitValue(phoneUID, "heard")
			w.js("new Promise(r => f.requestAnimationFrame(() => f.setTimeout(r, 100)))")
			if text := w.text(); strings.Contains(text, "HOSTILE") || w.badge() != "" || !strings.Contains(text, "other window") {
				t.Errorf("a message was believed: %s", text)
			}
			if len(w.called("complete")) != 0 || len(w.called("evidence/evidence-1")) != 0 || w.value("evidence") != "" {
				t.Error("a message led to a call")
			}
		})
	}
}

// TestD061_SecondTab: two forms in one browser, each takes the answer to its own.
func TestD061_SecondTab(t *testing.T) {
	w := newWorld(t)
	w.signIn(map[string]string{nameUID: kamala})
	w.openVerify(nil)
	w.click("window")
	w.awaitText("other window")
	w.anotherTab(func() {
		w.openVerify(nil)
		w.click("window")
		w.awaitText("other window")
		w.comesBack("code=second&state=state-2")
		w.awaitValue(nameUID, kamala)
	})
	if !strings.Contains(w.text(), "other window") || w.value(nameUID) != "" {
		t.Fatalf("the first form took the answer to the second: %s", w.text())
	}
	w.comesBack("code=first&state=state-1")
	w.awaitValue(nameUID, kamala)
	var pairs []string
	for _, c := range w.called("complete") {
		pairs = append(pairs, quote([]any{c.body["transaction"], c.body["response"]}))
	}
	if got := strings.Join(pairs, " "); got != `["transaction-2","code=second\u0026state=state-2"] ["transaction-1","code=first\u0026state=state-1"]` {
		t.Errorf("completed: %s", got)
	}
}

// TestAttackDoubleClick: two clicks open one window and one sign-in.
func TestAttackDoubleClick(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(nil)
	w.await("d.querySelector('[data-key=window]:not(:disabled)')")
	w.js("(f.opened = 0, f.realOpen = f.open, f.open = (...a) => { f.opened++; return f.realOpen(...a) })")
	eval[bool](w, "(() => { const b = d.querySelector('[data-key=window]'), p = d.querySelector('[data-key=phone]'); b.click(); b.click(); p.click(); return true })()")
	w.awaitText("other window")
	if n := eval[int](w, "f.opened"); n != 1 || len(w.called("start")) != 1 {
		t.Errorf("%d windows, %d sign-ins", n, len(w.called("start")))
	}
}

// TestAttackAddress: an address that is none of a page is not opened: a script
// in it would run on DHIS2's origin.
func TestAttackAddress(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{"javascript:opener.parent.host.owned=1", "data:text/html,x", "//evil", "not an address", "file:///etc/passwd"} {
		t.Run(address, func(t *testing.T) {
			w.t = t
			w.on("start", func(call) answer {
				return answer{body: map[string]any{"transaction": "t", "state": "state-1", "url": address, "expires": time.Now().Add(time.Minute).UTC().Format(time.RFC3339)}}
			})
			w.openVerify(nil)
			w.click("window")
			w.awaitText("not set up correctly")
			if eval[bool](w, "Boolean(host.owned)") {
				t.Error("the script ran")
			}
		})
	}
}

// TestAttackOpener: the page of the sign-in has no hold on the form.
func TestAttackOpener(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(nil)
	w.await("d.querySelector('[data-key=window]:not(:disabled)')")
	w.js("(f.realOpen = f.open, f.open = (...a) => (f.popup = f.realOpen(...a)))")
	held := make(chan struct{})
	w.on("start", func(call) answer { return answer{wait: held, status: 503, body: "x", kind: "text/plain"} })
	w.click("window")
	w.awaitText("Connecting")
	if eval[bool](w, "f.popup.opener !== null") {
		t.Error("the window can reach the form")
	}
	close(held)
	w.awaitText("cannot be reached")
	w.await("f.popup.closed")
}

// TestAttackMarkup: values of the national ID with markup are text.
func TestAttackMarkup(t *testing.T) {
	w := newWorld(t)
	evil := `<img src=x onerror="parent.host.owned=1">`
	w.signIn(map[string]string{nameUID: evil, placeUID: "Kandy"}, map[string]string{"attribute": birthUID, "claim": "birthdate", "reason": evil})
	all := fields()
	all[placeUID] = map[string]any{"id": placeUID, "name": evil, "formName": evil}
	w.openVerify(props{"fieldsMetadata": all, "values": map[string]any{nameUID: "K", placeUID: "Galle"}})
	w.click("window")
	w.awaitText("other window")
	w.agree("state-1")
	w.await("d.querySelectorAll('[data-state=differs]').length === 2")
	if eval[bool](w, "Boolean(host.owned) || d.querySelector('img') !== null") {
		t.Error("a value was read as markup")
	}
	if got := w.value(nameUID); got != "K" {
		t.Errorf("the name became %q", got)
	}
}

// TestAttackLeave: a form that is left forgets its sign-in at the service too.
func TestAttackLeave(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(nil)
	w.click("window")
	w.awaitText("other window")
	if err := browser.Do(w.ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if got := w.awaitCall("cancel", 1).body["transaction"]; got != "transaction-1" {
		t.Errorf("cancelled was %v", got)
	}
}
