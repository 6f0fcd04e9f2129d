package plugin_test

import (
	"strings"
	"testing"
	"time"
)

const hers = "4054KLMNPQR"

func known() map[string]any {
	return map[string]any{"name": kamala, "birthDate": "1994-05-17", "phone": "+94771234567"}
}

func match(id, name string) map[string]any {
	return map[string]any{"match": id, "name": name, "birthDate": "1994-••-••", "gender": "female", "phone": "••••••567", "place": "Kandy"}
}

func (w *world) finds(matches ...map[string]any) {
	if matches == nil {
		matches = []map[string]any{}
	}
	w.gives("search", map[string]any{"search": "search-1", "source": "nehr", "matches": matches})
}

// standing scripts what the service knows of numbers; others are unknown.
func (w *world) standing(known map[string]map[string]any) {
	w.on("status", func(c call) answer {
		phn, _ := c.body["phn"].(string)
		if about := known[phn]; about != nil {
			return answer{body: about}
		}
		return answer{body: map[string]any{"status": "unknown"}}
	})
}

var issuedToHer = map[string]map[string]any{hers: {"status": "issued", "provisional": false, "at": "2026-11-22T08:30:00Z"}}

// TestD073_SeveralMatches: all are shown, each rejected with a reason, before a
// new number is issued; and the card for the portal.
func TestD073_SeveralMatches(t *testing.T) {
	w := newWorld(t)
	w.finds(match("m1", "K… P…"), match("m2", "K… P…"))
	w.gives("issue", map[string]any{"phn": hers, "provisional": false, "receipt": "receipt-1"})
	w.standing(issuedToHer)
	w.openPHN(nil)
	w.awaitText("the form first needs: Name, Date of birth, Phone")
	if w.has("find") {
		t.Error("a search without her data may be begun")
	}
	w.look("phn-lacking")
	w.update(props{"values": known()})
	w.click("find")
	w.awaitText("Records found: 2")
	w.look("phn-matches")
	search := w.awaitCall("search", 1)
	if got := search.body["demographics"].(map[string]any); got["name"] != kamala || got["birthDate"] != "1994-05-17" || got["phone"] != "+94771234567" || search.body["program"] != program || search.body["orgUnit"] != orgUnit {
		t.Errorf("search was sent %v", search.body)
	}
	choose := func(at, reason string) {
		w.click("reject-" + at)
		w.await("d.getElementById('reason-" + at + "')")
		eval[bool](w, "(() => { const s = d.getElementById('reason-"+at+"'); s.value = '"+reason+"'; s.dispatchEvent(new f.Event('change')); return true })()")
	}
	choose("0", "other-person")
	w.click("reject-1")
	if w.has("issue") {
		t.Error("a number may be issued though one record has no reason")
	}
	w.click("restore-1")
	choose("1", "wrong-record")
	w.look("phn-rejected")
	w.click("issue")
	w.awaitValue("phn", hers)
	w.awaitValue("phnVerified", "true")
	w.awaitBadge("valid")
	w.look("phn-issued")
	if got := quote(w.awaitCall("issue", 1).body["rejected"]); got != `[{"match":"m1","reason":"other-person"},{"match":"m2","reason":"wrong-record"}]` {
		t.Errorf("rejected: %s", got)
	}
	w.gives("card", map[string]any{"code": "ABCD-EFGH", "expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "qr": map[string]any{"size": 21, "path": "M0 0h7v7h-7z"}})
	w.click("card")
	w.awaitText("ABCD-EFGH")
	w.look("phn-card")
	if got := w.awaitCall("card", 1).body["receipt"]; got != "receipt-1" {
		t.Errorf("card was sent receipt %v", got)
	}
	w.js("(f.print = () => { host.printed = true })")
	w.click("print")
	if !eval[bool](w, "host.printed === true") {
		t.Error("nothing was printed")
	}
	w.quiet(kamala, hers, "receipt-1", "ABCD-EFGH")
}

// An existing number: the worker types it, looks at the record, takes it.
func TestD073_ExistingNumber(t *testing.T) {
	w := newWorld(t)
	w.finds(match("m1", "K… P…"))
	w.gives("select", map[string]any{"phn": hers, "receipt": "receipt-1"})
	w.standing(map[string]map[string]any{hers: {"status": "selected", "provisional": false, "at": "2026-11-22T08:30:00Z"}})
	w.openPHN(props{"values": map[string]any{"phn": strings.ToLower(hers)}})
	w.awaitBadge("warning") // typed, not verified
	w.look("phn-unverified")
	w.click("ask")
	w.await("d.getElementById('number').value === " + quote(strings.ToLower(hers)))
	w.look("phn-number")
	w.click("search")
	w.awaitText("Records found: 1")
	if got := w.awaitCall("search", 1).body["phn"]; got != strings.ToLower(hers) {
		t.Errorf("search was sent %v", got)
	}
	if w.has("issue") {
		t.Error("a search by number alone lets a new one be issued")
	}
	w.click("select-0")
	// The record's number is not the one that was typed: the worker decides.
	w.awaitText("The form has another number")
	w.look("phn-replace")
	if got := w.value("phn"); got != strings.ToLower(hers) {
		t.Fatalf("the typed number became %q without being asked", got)
	}
	w.click("take")
	w.awaitValue("phn", hers)
	w.awaitValue("phnVerified", "true")
	w.awaitBadge("valid")
	w.click("back")
	w.update(props{"values": map[string]any{"phn": "4054XXXXXXX", "phnVerified": "true"}})
	w.awaitBadge("error") // edited afterwards
}

func TestD073_NoMatchAndOutcomes(t *testing.T) {
	w := newWorld(t)
	w.standing(nil)
	t.Run("no record has the number", func(t *testing.T) {
		w.t = t
		w.finds()
		w.openPHN(nil)
		w.click("ask")
		eval[bool](w, "(() => { const i = d.getElementById('number'); i.value = '4054ABCDEFG'; i.dispatchEvent(new f.Event('input')); return true })()")
		w.click("search")
		w.awaitText("No record was found")
		w.look("phn-none")
		if w.has("issue") {
			t.Error("a new number may be issued without a search by her data")
		}
	})
	t.Run("NEHR away, provisional", func(t *testing.T) {
		w.t = t
		w.gives("search", map[string]any{"search": "search-1", "source": "none", "matches": []any{}})
		w.gives("issue", map[string]any{"phn": hers, "provisional": true, "receipt": "receipt-1"})
		w.standing(map[string]map[string]any{hers: {"status": "issued", "provisional": true, "at": "2026-11-22T08:30:00Z"}})
		w.openPHN(props{"values": known()})
		w.click("find")
		w.awaitText("The national record cannot be reached")
		w.look("phn-unasked")
		w.click("issue")
		w.awaitValue("phn", hers)
		w.awaitText("Provisional PHN")
		w.awaitBadge("warning")
		w.look("phn-provisional")
		w.refuses("card", 409, "receipt")
		w.click("card")
		w.awaitText("Refused: receipt")
		w.look("phn-card-failed")
	})
	w.standing(nil)
	for _, tt := range []struct {
		name, says string
		answer     answer
	}{
		{"NEHR away", "Refused: nehr_unreachable", refusal(503, "nehr_unreachable")},
		{"too many", "Refused: narrow", refusal(422, "narrow")},
		{"limit", "Refused: limit", refusal(429, "limit")},
		{"session", "session is over", answer{status: 401, body: map[string]any{"httpStatus": "Unauthorized"}}},
		{"forbidden", "may not use this service", answer{status: 403, body: map[string]any{"httpStatus": "Forbidden"}}},
		{"cut", "There was no answer", answer{cut: true}},
		{"no list", "cannot be reached", answer{body: map[string]any{"search": "s"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			w.on("search", func(call) answer { return tt.answer })
			w.openPHN(props{"values": known()})
			w.click("find")
			w.awaitText(tt.says)
			if !w.has("find") || w.value("phn") != "" || w.value("phnVerified") != "" || w.value("name") != kamala {
				t.Errorf("the way on: %s", w.text())
			}
			if tt.name == "session" {
				w.look("phn-session")
			}
		})
	}
}

// TestD070_ForgedVerifiedPHN: the form says verified, by whatever message or
// hand; the service knows nothing of it.
func TestD070_ForgedVerifiedPHN(t *testing.T) {
	w := newWorld(t)
	w.standing(issuedToHer)
	w.openPHN(props{"values": map[string]any{"phn": "4054FORGED1", "phnVerified": "true"}})
	w.awaitBadge("error")
	w.awaitText("marked as verified, but it is not")
	w.look("phn-forged")
	w.click("unmark")
	w.awaitValue("phnVerified", "")
	w.awaitBadge("warning")
	// What earlier plugins believed, even from the form's own window.
	for _, message := range []string{`{phn: "` + hers + `", isPhnVerified: true}`, `{type: "phn", phn: "` + hers + `"}`, `JSON.stringify({phn: "` + hers + `"})`} {
		w.js("f.postMessage(" + message + ", '*')")
	}
	w.js("new Promise(r => f.requestAnimationFrame(() => f.setTimeout(r, 0)))")
	if w.value("phn") != "4054FORGED1" || w.value("phnVerified") != "" || w.badge() != "warning" {
		t.Errorf("a message was believed: %s", w.text())
	}
	w.update(props{"values": map[string]any{"phnVerified": "true"}})
	w.awaitBadge("error") // the mark without a number
}

// TestAttackPHNDoubleClick: two clicks, one number.
func TestAttackPHNDoubleClick(t *testing.T) {
	w := newWorld(t)
	w.finds()
	held := make(chan struct{})
	w.on("issue", func(call) answer {
		return answer{wait: held, body: map[string]any{"phn": hers, "provisional": false, "receipt": "receipt-1"}}
	})
	w.standing(issuedToHer)
	w.openPHN(props{"values": known()})
	w.click("find")
	w.await("d.querySelector('[data-key=issue]:not(:disabled)')")
	eval[bool](w, "(() => { const b = d.querySelector('[data-key=issue]'); b.click(); b.click(); b.click(); return true })()")
	w.awaitText("Issuing the number")
	w.look("phn-issuing")
	close(held)
	w.awaitValue("phn", hers)
	if n := len(w.called("issue")); n != 1 {
		t.Errorf("%d numbers were issued", n)
	}
}

// TestAttackScriptInName: a NEHR that has markup in names shows it as text.
func TestAttackScriptInName(t *testing.T) {
	w := newWorld(t)
	evil := `<img src=x onerror="parent.host.owned=1"><script>parent.host.owned=1</script>`
	w.finds(map[string]any{"match": "m1", "name": evil, "birthDate": evil, "gender": evil, "phone": evil, "place": evil}, map[string]any{"match": `"]),*`, "name": "K"})
	w.standing(nil)
	w.openPHN(props{"values": map[string]any{"name": evil, "birthDate": "1994-05-17", "phone": "1"}})
	w.click("find")
	w.awaitText("<img src=x")
	if eval[bool](w, "Boolean(host.owned) || d.querySelector('img, script:not([src])') !== null") {
		t.Error("a name was read as markup")
	}
	w.look("phn-markup")
}
