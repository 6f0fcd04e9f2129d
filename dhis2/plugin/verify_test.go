package plugin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/dhis2/plugin"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

const kamala = "Kamala Perera"

func kamalaPerera() map[string]string {
	return map[string]string{nameUID: kamala, birthUID: "1994-05-17"}
}

// The whole way: a form with one field typed, consent in the window, empty
// fields filled, the typed one left alone until the worker decides.
func TestD067_VerifiedBesideTyped(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera(), map[string]string{"attribute": placeUID, "claim": "address", "reason": "not-given"})
	w.openVerify(props{"values": map[string]any{nameUID: "Kamla Perera"}})
	w.look("verify-idle")
	w.click("window")
	w.awaitText("other window")
	w.look("verify-window")
	w.agree("state-1")
	w.await("d.querySelector('[data-state=differs]')")
	if got := w.value(nameUID); got != "Kamla Perera" {
		t.Fatalf("the typed name became %q without being asked", got)
	}
	w.awaitValue(birthUID, "1994-05-17")
	w.awaitBadge("warning")
	w.look("verify-differs")
	if text := w.text(); !strings.Contains(text, "Address: not shared") {
		t.Errorf("D-076: what was not shared is not reported: %s", text)
	}
	w.click("keep-" + nameUID)
	w.await("d.querySelector('[data-state=kept]')")
	if got := w.value(nameUID); got != "Kamla Perera" || w.badge() != "warning" {
		t.Errorf("kept as typed, the name is %q and the badge %s", got, w.badge())
	}
	w.click("take-" + nameUID)
	w.awaitValue(nameUID, kamala)
	w.awaitBadge("valid")
	if got := w.value("evidence"); got != "evidence-1" {
		t.Errorf("the form keeps evidence %q", got)
	}
	w.look("verify-done")
	complete := w.awaitCall("complete", 1)
	if got := complete.body["response"]; complete.body["transaction"] != "transaction-1" || got != "code=code-of-state-1&state=state-1" {
		t.Errorf("complete was sent %q with %q", complete.body["transaction"], got)
	}
	w.quiet(kamala, "Kamla Perera", "1994-05-17", "transaction-1")
}

// The badge comes from the evidence, so it is there after a reload, and an
// edit turns it.
func TestD067_BadgeSurvivesReloadAndTurns(t *testing.T) {
	w := newWorld(t)
	w.vault("evidence-1", kamalaPerera())
	verified := map[string]any{"evidence": "evidence-1", nameUID: kamala, birthUID: "1994-05-17"}
	w.openVerify(props{"values": verified})
	w.awaitBadge("valid")
	w.look("badge-valid")
	w.update(props{"values": map[string]any{"evidence": "evidence-1", nameUID: "Nimala Perera", birthUID: "1994-05-17"}})
	w.awaitBadge("warning")
	if text := w.text(); !strings.Contains(text, "Not as verified: Name") {
		t.Errorf("the edited field is not named: %s", text)
	}
	w.look("badge-changed")
	w.update(props{"values": map[string]any{"evidence": "evidence-1", birthUID: "1994-05-17"}})
	w.awaitBadge("warning")
	w.update(props{"values": verified})
	w.awaitBadge("valid")
	w.update(props{"viewMode": true})
	w.await("!d.querySelector('button')")
	w.awaitBadge("valid")
	w.look("badge-view")
}

// A form cannot call itself verified: what it names must exist, for this user.
func TestD067_BadgeWithoutEvidence(t *testing.T) {
	for _, tt := range []struct {
		name, evidence, badge string
		answer                answer
	}{
		{"unknown", "evidence-9", "error", refusal(404, "evidence")},
		{"altered", "evidence-9", "error", refusal(500, "tampered")},
		{"no id", "../../start", "error", answer{}},
		{"cannot be asked", "evidence-9", "info", answer{status: 503, body: "down", kind: "text/plain"}},
		{"session over", "evidence-9", "info", answer{status: 401, body: map[string]any{"httpStatus": "Unauthorized"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.on("evidence/evidence-9", func(call) answer { return tt.answer })
			w.openVerify(props{"values": map[string]any{"evidence": tt.evidence, nameUID: kamala}})
			w.awaitBadge(tt.badge)
			if strings.Contains(w.text(), "Verified with") {
				t.Errorf("it calls itself verified: %s", w.text())
			}
			w.look("badge-" + strings.ReplaceAll(tt.name, " ", "-"))
			if tt.badge == "info" {
				w.vault("evidence-9", map[string]string{nameUID: kamala})
				w.click("badge-retry")
				w.awaitBadge("valid")
			}
		})
	}
}

// TestD069_ChangingProps: a field that the form gets later is filled as one that
// was there, and functions of before are not held.
func TestD069_ChangingProps(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	few := fields()
	delete(few, birthUID)
	delete(few, "evidence")
	// A form whose props are all undefined at first.
	w.openVerify(props{"fieldsMetadata": nil, "values": nil, "orgUnitId": nil})
	w.awaitText("First choose where she is registered")
	if w.has("window") {
		t.Error("it may be begun without an organisation unit")
	}
	w.look("verify-no-orgunit")
	w.update(props{"orgUnitId": orgUnit, "fieldsMetadata": few})
	w.click("window")
	w.awaitText("other window")
	w.update(props{"values": map[string]any{phoneUID: "+94771234567"}})
	w.agree("state-1")
	w.awaitValue(nameUID, kamala)
	w.awaitText(birthUID) // D-076: verified, and the form has no field for it
	w.awaitText("is not kept in this form")
	w.look("verify-fields-missing")
	w.update(props{"fieldsMetadata": fields()})
	w.awaitValue(birthUID, "1994-05-17")
	w.awaitValue("evidence", "evidence-1")
	w.awaitBadge("valid")
	w.click("done")
	w.awaitText("Verify again")
	w.look("verify-closed")
	if got := w.value(phoneUID); got != "+94771234567" {
		t.Errorf("what was typed meanwhile is now %q", got)
	}
	if start := w.awaitCall("start", 1); start.body["orgUnit"] != orgUnit || start.body["program"] != program {
		t.Errorf("start was sent %v", start.body)
	}
}

// TestD076_FormTakesNothing: a form that lets a value fall is not called filled.
func TestD076_FormTakesNothing(t *testing.T) {
	w := newWorld(t)
	w.signIn(map[string]string{nameUID: kamala})
	w.openVerify(nil)
	w.js("host.deaf = true")
	w.click("window")
	w.awaitText("other window")
	w.agree("state-1")
	w.await("d.querySelector('[data-state=empty]')")
	w.look("verify-not-filled")
	w.js("host.deaf = false")
	w.click("take-" + nameUID)
	w.awaitValue(nameUID, kamala)
	w.await("d.querySelector('[data-state=filled]')")
}

// A verification of somebody else is taken back.
func TestVerifyReject(t *testing.T) {
	w := newWorld(t)
	w.signIn(map[string]string{nameUID: kamala, birthUID: "1994-05-17", phoneUID: "+94771234567"})
	w.openVerify(props{"values": map[string]any{nameUID: "Nimala Silva"}})
	w.click("window")
	w.awaitText("other window")
	w.agree("state-1")
	w.awaitValue(birthUID, "1994-05-17")
	w.click("take-" + nameUID)
	w.awaitValue(nameUID, kamala)
	w.awaitValue("evidence", "evidence-1")
	// What the worker corrected by hand since is hers.
	w.js("host.update({values: {...host.props.values, [" + quote(phoneUID) + "]: '+94770000000'}})")
	w.click("reject")
	w.awaitValue("evidence", "")
	w.awaitText("was taken back")
	for field, want := range map[string]string{nameUID: "Nimala Silva", birthUID: "", phoneUID: "+94770000000"} {
		if got := w.value(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	w.look("verify-rejected")
}

// TestD053_EachSignInIsNew: nonce, state and challenge are the service's, in an
// address that is opened as it came; each click gets another.
func TestD053_EachSignInIsNew(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(nil)
	w.click("window")
	w.awaitText("other window")
	w.click("cancel")
	w.awaitText("was stopped")
	w.click("window")
	w.awaitText("other window")
	w.awaitCall("start", 2)
	if got := w.awaitCall("cancel", 1).body["transaction"]; got != "transaction-1" {
		t.Errorf("cancelled was %v", got)
	}
	// The first window, late: nobody waits for it any more.
	if said := w.comesBack("code=late&state=state-1"); !strings.Contains(said, "no longer waiting") {
		t.Errorf("the window of before was told %q", said)
	}
	if said := w.comesBack("code=now&state=state-2"); !strings.Contains(said, "Done") {
		t.Errorf("the window of now was told %q", said)
	}
	w.awaitValue(nameUID, kamala)
	w.mu.Lock()
	opened := strings.Join(w.opened, " ")
	w.mu.Unlock()
	if opened != "/authorize?state=state-1 /authorize?state=state-2" {
		t.Errorf("opened was %s, want the addresses as the service gave them", opened)
	}
	if calls := w.called("complete"); len(calls) != 1 || calls[0].body["response"] != "code=now&state=state-2" || calls[0].body["transaction"] != "transaction-2" {
		t.Errorf("completed was %v", calls)
	}
}

// TestD057_EachOutcomeHasWords: whatever start or complete answers, there are
// words, a way on, and nothing in the form.
func TestD057_EachOutcomeHasWords(t *testing.T) {
	problems := []struct {
		name, says string
		answer     answer
		again      bool // complete may be sent again
	}{
		{"refused", "Refused: forbidden", refusal(403, "forbidden"), false},
		{"denied", "She did not agree", refusal(400, "denied"), false},
		{"session", "session is over", answer{status: 401, body: map[string]any{"httpStatus": "Unauthorized"}}, true},
		{"redirect to the login", "session is over", answer{status: 302, kind: "text/html"}, true},
		{"login page", "session is over", answer{kind: "text/html", body: "<!doctype html><title>Login</title>"}, true},
		{"route not shared", "may not use this service", answer{status: 403, body: map[string]any{"httpStatus": "Forbidden"}}, false},
		{"no route", "not set up correctly", answer{status: 404, body: map[string]any{"httpStatus": "Not Found"}}, false},
		{"bad gateway", "cannot be reached", answer{status: 502, body: map[string]any{"httpStatus": "Bad Gateway"}}, false},
		{"gateway timeout", "cannot be reached", answer{status: 504, kind: "text/html", body: "<h1>504</h1>"}, false},
		{"cut", "There was no answer", answer{cut: true}, true},
		{"no JSON", "cannot be reached", answer{body: "{"}, false},
		{"other JSON", "cannot be reached", answer{body: map[string]any{"transaction": 7}}, false},
	}
	w := newWorld(t)
	for _, tt := range problems {
		t.Run("start/"+tt.name, func(t *testing.T) {
			w.t = t
			w.on("start", func(call) answer { return tt.answer })
			w.openVerify(nil)
			w.click("window")
			w.awaitText(tt.says)
			if !w.has("window") {
				t.Error("it cannot be begun again")
			}
			if tt.name == "refused" || tt.name == "session" {
				w.look("verify-start-" + tt.name)
			}
		})
	}
	n := 0
	for _, tt := range problems {
		t.Run("complete/"+tt.name, func(t *testing.T) {
			w.t = t
			w.signIn(kamalaPerera())
			w.on("complete", func(call) answer { return tt.answer })
			w.openVerify(props{"values": map[string]any{phoneUID: "+94771234567"}})
			w.click("window")
			w.awaitText("other window")
			w.agree("state-1")
			w.awaitText(tt.says)
			n++
			w.awaitCall("complete", n)
			if got := eval[string](w, "JSON.stringify(host.props.values)"); got != `{"`+phoneUID+`":"+94771234567"}` {
				t.Errorf("the form holds %s", got)
			}
			if !tt.again {
				if !w.has("window") {
					t.Error("it cannot be begun again")
				}
				return
			}
			w.look("verify-lost-" + strings.ReplaceAll(tt.name, " ", "-"))
			w.gives("complete", map[string]any{"values": filled(kamalaPerera()), "missing": []any{}, "evidence": map[string]string{"id": "evidence-1", "at": "2026-11-22T08:30:00Z"}})
			w.click("again")
			w.awaitValue(nameUID, kamala)
			n++
			if second := w.awaitCall("complete", n); second.body["response"] != "code=code-of-state-1&state=state-1" {
				t.Errorf("sent again was %v", second.body)
			}
		})
	}
}

// The network was lost after the service had completed: it refuses the second try, and she begins anew.
func TestD057_LostAfterCompletion(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.on("complete", func(call) answer { return answer{cut: true} })
	w.openVerify(nil)
	w.click("window")
	w.awaitText("other window")
	w.agree("state-1")
	w.awaitText("did not arrive")
	w.refuses("complete", 409, "transaction")
	w.click("again")
	w.awaitText("Refused: transaction")
	if !w.has("window") || w.value(nameUID) != "" {
		t.Errorf("the way on: %s", w.text())
	}
}

// TestD058_RedirectURI: one exact address, without fragment; what came back
// stands in no address and no history afterwards.
func TestD058_RedirectURI(t *testing.T) {
	if strings.ContainsAny(plugin.CallbackPath, "#?*") {
		t.Errorf("the redirect URI is %s", plugin.CallbackPath)
	}
	w := newWorld(t)
	for language, word := range map[string]string{"en": "no longer waiting", "si": "බලා නොසිටී", "ta": "காத்திருக்கவில்லை"} {
		w.speaks(language)
		w.anotherTab(func() {
			if err := browser.Do(w.ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(w.dhis2.URL+"/"+plugin.CallbackPath+"?code=secret&state=nobody")); err != nil {
				t.Fatal(err)
			}
			w.await("document.getElementById('words').textContent.includes(" + quote(word) + ") && document.documentElement.lang === " + quote(language))
			browser.Picture(w.t, w.ctx, "callback-"+language)
			if got := eval[string](w, "location.href + ' ' + history.length + document.body.textContent"); strings.Contains(got, "secret") {
				t.Errorf("what came back is left: %s", got)
			}
			if err := browser.Do(w.ctx, chromedp.NavigateBack(), chromedp.NavigateForward()); err != nil {
				t.Fatal(err)
			}
			if got := eval[string](w, "location.href"); strings.Contains(got, "secret") {
				t.Errorf("the history keeps what came back: %s", got)
			}
		})
	}
}

// TestD054_NothingOfHers: no console line, no storage, no address holds anything
// of her, whatever happens on the way.
func TestD054_NothingOfHers(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	refused := false
	w.on("complete", func(call) answer {
		if !refused {
			refused = true
			return answer{status: 502, kind: "text/html", body: "<p>" + kamala}
		}
		return answer{body: map[string]any{"values": filled(kamalaPerera()), "missing": []any{}, "evidence": map[string]string{"id": "evidence-1", "at": "2026-11-22T08:30:00Z"}}}
	})
	w.openVerify(props{"values": map[string]any{phoneUID: "+94771234567", nameUID: "Kamla Perera"}})
	w.click("window")
	w.awaitText("other window")
	w.agree("state-1")
	w.awaitText("cannot be reached")
	w.click("window")
	w.awaitText("other window")
	w.agree("state-2")
	w.await("d.querySelector('[data-state=differs]')")
	w.mu.Lock()
	w.console = nil // the browser's own line about the 502 names the Route alone
	w.mu.Unlock()
	w.click("reject")
	w.awaitText("was taken back")
	w.quiet(kamala, "Kamla Perera", "1994-05-17", "+94771234567", "transaction-2")
}

func TestD057_TimeOut(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.on("start", func(call) answer {
		return answer{body: map[string]any{"transaction": "transaction-1", "state": "state-1", "url": w.esignet.URL + "/authorize?state=state-1", "expires": time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339Nano)}}
	})
	w.openVerify(nil)
	w.click("window")
	w.awaitText("The time is over")
	w.awaitCall("cancel", 1)
	w.look("verify-expired")
}

func TestD057_PopupBlocked(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(nil)
	w.js("(f.open = () => null)")
	w.click("window")
	w.awaitText("The browser blocked the window")
	w.look("verify-blocked")
	if n := len(w.called("start")); n != 0 {
		t.Errorf("start was called %d times for a window that was never there", n)
	}
}

// TestD089_Assisted: she cannot use the page; who was there is kept.
func TestD089_Assisted(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.openVerify(nil)
	w.click("assisted")
	w.look("verify-assisted")
	w.click("window")
	w.awaitText("Write who the witness was")
	w.look("verify-assisted-missing")
	if len(w.called("start")) != 0 {
		t.Fatal("begun without a witness")
	}
	if focus := eval[string](w, "d.activeElement.id"); focus != "witness" {
		t.Errorf("the focus is on %q", focus)
	}
	eval[bool](w, "(() => { const i = d.getElementById('witness'); i.value = ' Sunil Fernando '; i.dispatchEvent(new f.Event('input')); return true })()")
	w.update(props{"formSubmitted": true}) // drawn anew: what she wrote stays
	w.click("window")
	start := w.awaitCall("start", 1)
	if assisted, _ := start.body["assisted"].(map[string]any); assisted["witness"] != "Sunil Fernando" {
		t.Errorf("start was sent %v", start.body)
	}
	w.quiet("Sunil Fernando")
	w.gives("evidence/evidence-1", map[string]any{"id": "evidence-1", "verified": true, "assisted": true, "at": "2026-11-22T08:30:00Z", "attributes": []string{nameUID}})
	w.openVerify(props{"values": map[string]any{"evidence": "evidence-1", nameUID: kamala}})
	w.awaitBadge("valid")
	w.awaitText("in front of a witness")
	w.openForm("field=verify&program="+program+"&assisted=off&phone=off", nil)
	w.await("d.querySelector('[data-key=window]:not(:disabled)')")
	if w.has("assisted") || w.has("phone") {
		t.Error("what is off is shown")
	}
}

// TestLanguages: drawn at once, then in the user's language, with its lang.
func TestLanguages(t *testing.T) {
	w := newWorld(t)
	for language, word := range map[string]string{"si": "ජාතික හැඳුනුම්පතෙන්", "ta_LK": "தேசிய அடையாளத்தால்", "fr": "National ID", "": "National ID"} {
		w.speaks(language)
		w.openVerify(nil)
		w.awaitText(word)
		want := map[string]string{"si": "si", "ta_LK": "ta"}[language]
		if want == "" {
			want = "en"
		}
		w.await("d.documentElement.lang === " + quote(want))
		w.look("verify-language-" + want)
		if want == "en" {
			continue
		}
		w.refuses("start", 403, "forbidden")
		w.click("window")
		w.awaitText(want + " forbidden")
	}
}

// TestAlone: opened by itself, or with an address that is none of a field, the page says so.
func TestAlone(t *testing.T) {
	w := newWorld(t)
	w.openForm("field=verify&program=nonsense", nil)
	w.awaitText("not set up")
	w.look("verify-settings")
	if err := browser.Do(w.ctx, chromedp.Navigate(w.dhis2.URL+"/"+plugin.PagePath+"?field=verify&program="+program)); err != nil {
		t.Fatal(err)
	}
	if text := eval[string](w, "document.getElementById('page').innerText"); !strings.Contains(text, "belongs in a form") {
		t.Errorf("alone it shows %q", text)
	}
}
