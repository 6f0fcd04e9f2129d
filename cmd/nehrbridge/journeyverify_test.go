package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestJourneyVerify is the way of a mother in a browser, from a DHIS2 in which
// nothing is set up: the commands set it up, the midwife signs in with eSignet, and
// the mother verifies who she is, in a window and then on her own phone. She gets a
// number, her visit is recorded, and the national record holds her. Her national ID
// is nowhere.
func TestJourneyVerify(t *testing.T) {
	v := newVerifyWorld(t)
	f := openForms(t, v, "verify")

	// In a window. The midwife has heard her name otherwise.
	f.register()
	f.fill("#f-VQl0wK3eqiw", "Nilmini U")
	f.shot("form")
	her := f.popup()
	her.identify(motherID, sandbox.OTP)
	her.agree("birthdate", "gender", "phone_number") // and not her address
	f.says("verify", "Fields that differ: 1")
	f.shot("compared")
	if got := evaluate[string](t, f.ctx, "document.querySelector('#f-VQl0wK3eqiw').value"); got != "Nilmini U" {
		t.Errorf("D-067: what was typed became %q unasked", got)
	}
	f.until("document.querySelector('#f-Yie7mOY913J').value === '" + motherBorn + "'")
	f.says("verify", "What could not be filled in") // D-076: her address
	f.click("verify", "take-VQl0wK3eqiw")
	f.until("document.querySelector('#f-VQl0wK3eqiw').value === '" + motherName + "'")
	f.says("verify", "National ID verified on")
	f.shot("verified")
	phn := f.issue()
	f.press("Save")
	f.heading("Antenatal care (sandbox)")
	f.shot("enrolled")
	f.visit()

	// Whoever opens her profile later sees the same, from the evidence.
	f.act(chromedp.Click(chromedp.ID("edit-profile")))
	f.says("verify", "Verified with National ID")
	f.fill("#f-VQl0wK3eqiw", "Nilmini Udaharana-Perera")
	f.says("verify", "Verified, but the form now differs")
	f.shot("changed")
	f.press("Cancel")
	f.act(chromedp.Click(chromedp.CSS("dialog[open] button")))

	// On her own phone, for the second woman.
	f.register()
	f.click("verify", "phone")
	f.says("verify", "She scans this code with her own phone")
	f.shot("code")
	link := evaluate[string](t, f.ctx, frame("verify")+".document.querySelector('.link').textContent")
	phone := f.phone()
	phone.act(chromedp.Navigate(link))
	phone.look("link")
	phone.act(chromedp.Click(chromedp.CSS("main form button")))
	phone.until("document.querySelector('.number') !== null")
	number := phone.text(".number strong")
	f.says("verify", "Does her phone show this number?")
	if text := evaluate[string](t, f.ctx, frame("verify")+".document.querySelector('.number').textContent"); number == "" || text != number {
		t.Fatalf("the phone shows %q, the worker %q", number, text)
	}
	f.shot("number")
	phone.look("number")
	f.click("verify", "confirm")
	phone.until("document.querySelector('main a.button:not(.quiet)') !== null")
	phone.look("confirmed")
	phone.act(chromedp.Click(chromedp.CSS("main a.button")))
	phone.until("document.querySelector('#id') !== null")
	phone.identify("9900000002", sandbox.OTP)
	phone.agree("birthdate", "phone_number")
	f.says("verify", "National ID verified on")
	f.until("document.querySelector('#f-VQl0wK3eqiw').value === 'Tharangani Udaharana'")
	f.shot("phone-verified")
	phone.look("done")
	second := f.issue()
	if second == phn {
		t.Errorf("two women have the number %s", phn)
	}
	f.press("Save")
	f.heading("Antenatal care (sandbox)")

	if c := v.sync(); c.Written != 2 || c.DeadLetters+c.Quarantined+c.Review > 0 {
		t.Errorf("sync: %+v", c)
	}
	record := newRecordClient(t, v.nehrURL)
	for number, name := range map[string]string{phn: motherName, second: "Tharangani Udaharana"} {
		found, err := record.Search(t.Context(), "Patient", url.Values{"identifier": {"http://fhir.health.gov.lk/ips/identifier/phn|" + number}})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Resources) != 1 || !strings.Contains(string(found.Resources[0].Encode()), name) {
			t.Errorf("the record holds %d with the number of %s", len(found.Resources), name)
		}
	}
	observations, err := record.Search(t.Context(), "Observation", url.Values{"_count": {"50"}})
	if err != nil || len(observations.Resources) == 0 {
		t.Errorf("no observation of the visit: %v", err)
	}
	for _, id := range []string{motherID, "9900000002"} {
		v.holdsNowhere(id)
	}
}

// issue gets a number from the registry, after the search that it demands.
func (f formTab) issue() string {
	f.t.Helper()
	f.click("phn", "find")
	f.says("phn", "No record was found")
	f.shot("searched")
	f.click("phn", "issue")
	f.until("document.querySelector('#f-IrUmPkFMDU5').value !== ''")
	f.says("phn", "Verified PHN")
	f.shot("number-issued")
	return evaluate[string](f.t, f.ctx, "document.querySelector('#f-IrUmPkFMDU5').value")
}

func (f formTab) visit() {
	f.t.Helper()
	f.press("New event: ANC visit")
	f.heading("New event: ANC visit")
	f.fill("#f-Y3xF4qecAVw", "118")
	f.fill("#f-QMCuOLLRHHD", "76")
	f.press("Save and complete")
	f.heading("Antenatal care (sandbox)")
	f.until("document.body.innerText.includes('Completed')")
	f.shot("visit")
}

// TestJourneyRefused: she does not agree, her code is wrong, the time runs out, the
// window is closed. Each time the form says so in words, keeps what was typed, and
// nothing is marked verified.
func TestJourneyRefused(t *testing.T) {
	v := newVerifyWorld(t)
	f := openForms(t, v, "refused")
	f.register()
	f.fill("#f-VQl0wK3eqiw", "Half Filled")
	f.fill("#f-EOMGwaUTMrU", "Near the temple")
	for _, tt := range []struct {
		name, says string
		refuse     func()
	}{
		{"she does not agree", "She did not agree to share.", func() {
			her := f.popup()
			her.identify(motherID, sandbox.OTP)
			her.until(`document.querySelector('button[value="deny"]') !== null`)
			evaluate[bool](t, her.ctx, `(setTimeout(() => document.querySelector('button[value="deny"]').click()), true)`)
		}},
		{"a wrong code, then she gives up", "The verification was stopped. Nothing was taken.", func() {
			her := f.popup()
			her.identify(motherID, "000000")
			her.until("document.querySelector('[role=alert]') !== null")
			browser.Picture(t, her.ctx, "refused-wrong-code")
			f.click("verify", "cancel")
		}},
		{"the window is closed", "The verification was stopped. Nothing was taken.", func() {
			her := f.popup()
			evaluate[bool](t, her.ctx, "(setTimeout(() => window.close()), true)")
			f.says("verify", "window")
			f.click("verify", "cancel")
		}},
		{"the time runs out", "The time is over. Nothing was taken.", func() {
			// The minutes of the sign-in pass at once.
			evaluate[bool](t, f.ctx, "(() => { const w = "+frame("verify")+", real = w.setTimeout.bind(w); w.setTimeout = (job, ms) => real(job, ms > 60000 ? 300 : ms); return true })()")
			f.popup()
		}},
	} {
		tt.refuse()
		f.says("verify", tt.says)
		f.shot(strings.ReplaceAll(tt.name, " ", "-"))
		if name, address := evaluate[string](t, f.ctx, "document.querySelector('#f-VQl0wK3eqiw').value"), evaluate[string](t, f.ctx, "document.querySelector('#f-EOMGwaUTMrU').value"); name != "Half Filled" || address != "Near the temple" {
			t.Errorf("%s: the form holds %q, %q", tt.name, name, address)
		}
		if evaluate[bool](t, f.ctx, frame("verify")+".document.querySelector('[data-badge=valid]') !== null") {
			t.Errorf("%s: it is marked verified", tt.name)
		}
	}
	// By hand she is enrolled all the same.
	f.press("Save")
	f.heading("Antenatal care (sandbox)")
	held := v.dhis2Holds()
	if !strings.Contains(held, "Half Filled") || strings.Contains(held, motherName) {
		t.Error("DHIS2 holds something else than what was typed")
	}
	v.holdsNowhere(motherID)
}
