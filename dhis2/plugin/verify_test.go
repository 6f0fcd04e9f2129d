package plugin_test

import (
	"testing"
)

// The whole way: a form with one field typed, consent in the window, empty
// fields filled, the typed one left alone until the worker decides.
func TestD067_VerifiedBesideTyped(t *testing.T) {
	w := newWorld(t)
	w.signIn(map[string]string{nameUID: "Kamala Perera", birthUID: "1994-05-17"}, map[string]string{"attribute": placeUID, "claim": "address", "reason": "not-given"})
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
	w.click("take-" + nameUID)
	w.awaitValue(nameUID, "Kamala Perera")
	w.awaitBadge("valid")
	if got := w.value("evidence"); got != "evidence-1" {
		t.Errorf("the form keeps evidence %q", got)
	}
	w.look("verify-done")
}
