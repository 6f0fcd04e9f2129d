package plugin_test

import (
	"strings"
	"testing"
)

// phoneSteps scripts what the relying party says of her phone, one after the
// other; the last stays.
func (w *world) phoneSteps(steps ...map[string]any) {
	n := 0
	w.on("phone", func(call) answer {
		w.mu.Lock()
		defer w.mu.Unlock()
		step := steps[min(n, len(steps)-1)]
		n++
		return answer{body: step}
	})
}

// TestD075_HerOwnPhone: on a shared computer she signs in on her phone, after
// the worker has seen the same number on both screens.
func TestD075_HerOwnPhone(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.phoneSteps(map[string]any{"state": "waiting"})
	w.openVerify(nil)
	w.await("d.querySelector('[data-key=phone]:not(:disabled)')")
	if !strings.Contains(w.text(), "On a shared computer her own phone is the safer way") {
		t.Errorf("nothing says why: %s", w.text())
	}
	w.click("phone")
	w.awaitText("She scans this code")
	w.look("phone-scan")
	if eval[int](w, "d.querySelectorAll('svg.qr path').length") != 1 || !strings.Contains(eval[string](w, "d.querySelector('.link').textContent"), "/verify/phone/ticket-1") {
		t.Error("no code, or no link beside it")
	}
	w.phoneSteps(map[string]any{"state": "opened", "number": "47"})
	w.awaitText("Does her phone show this number?")
	w.look("phone-number")
	confirmed := make(chan struct{})
	w.on("phone/confirm", func(call) answer {
		w.phoneSteps(map[string]any{"state": "confirmed", "number": "47"})
		close(confirmed)
		return answer{body: map[string]any{}}
	})
	w.click("confirm")
	<-confirmed
	w.awaitText("She signs in on her phone")
	w.look("phone-signing")
	if got := w.awaitCall("phone/confirm", 1).body; got["number"] != "47" || got["transaction"] != "transaction-1" {
		t.Errorf("confirmed was %v", got)
	}
	w.phoneSteps(map[string]any{"state": "signed-in"})
	w.awaitValue(nameUID, kamala)
	w.awaitBadge("valid")
	if _, sent := w.awaitCall("complete", 1).body["response"]; sent {
		t.Error("a response was sent that this browser never had")
	}
	w.quiet(kamala, "47", "transaction-1")
}

// TestAttackStrangerScans: another number, or none, on her phone: the worker
// stops, and what the stranger does leads nowhere.
func TestAttackStrangerScans(t *testing.T) {
	w := newWorld(t)
	w.signIn(kamalaPerera())
	w.phoneSteps(map[string]any{"state": "opened", "number": "12"})
	w.openVerify(nil)
	w.click("phone")
	w.awaitText("Does her phone show this number?")
	w.click("cancel")
	w.awaitText("was stopped")
	if got := w.awaitCall("cancel", 1).body["transaction"]; got != "transaction-1" {
		t.Errorf("cancelled was %v", got)
	}
	if len(w.called("phone/confirm"))+len(w.called("complete")) != 0 || w.value("evidence") != "" {
		t.Error("something was taken")
	}
}

// TestD057_PhoneOutcomes: each end of the way by phone has words and a way on.
func TestD057_PhoneOutcomes(t *testing.T) {
	refused := refusal(400, "denied").body.(map[string]any)
	w := newWorld(t)
	for _, tt := range []struct {
		name, says string
		steps      []map[string]any
	}{
		{"denied", "She did not agree", []map[string]any{{"state": "refused", "error": refused["error"]}}},
		{"expired", "The time is over", []map[string]any{{"state": "expired"}}},
		{"unknown state", "cannot be reached", []map[string]any{{"state": "waiting"}, {"state": "dancing"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			w.signIn(kamalaPerera())
			w.phoneSteps(tt.steps...)
			w.openVerify(nil)
			w.click("phone")
			if tt.name == "unknown state" { // tried again until the time is over
				w.awaitText("The connection is lost")
				w.look("phone-lost")
				w.click("cancel")
				w.awaitText("was stopped")
			} else {
				w.awaitText(tt.says)
			}
			if !w.has("phone") || w.value(nameUID) != "" {
				t.Errorf("the way on: %s", w.text())
			}
		})
	}
}
