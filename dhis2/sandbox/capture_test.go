package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// nirmala is who enrols and records in the tests of the forms.
var nirmala = sandbox.User{
	User:        dhis2.User{ID: dhis2.MustUID("SbxMidwife9"), Username: "midwife", FirstName: "Nirmala", Surname: "Sample"},
	Password:    "midwife-sample",
	Authorities: []string{"F_TEI_CASCADE_DELETE", "F_ENROLLMENT_CASCADE_DELETE", "F_UNCOMPLETE_EVENT"},
	Capture:     []dhis2.UID{dhis2.MustUID("SbxDistrct1")},
	Search:      []dhis2.UID{dhis2.MustUID("SbxDistrct1")},
}

// openCapture signs the midwife in and opens Capture as she does.
func openCapture(t *testing.T, name string) (*site, *tab) {
	t.Helper()
	b := openBrowser(t, name)
	s := start(t, sandbox.Config{Now: time.Now})
	s.SetUser(nirmala)
	b.signIn(s)
	b.do(chromedp.Click(chromedp.ID("capture")))
	b.says("Choose an organisation unit and a program.")
	return s, b
}

func (b *tab) signIn(s *site) {
	b.t.Helper()
	b.do(chromedp.Navigate(s.base+"/dhis-web-login/?lang=en"), chromedp.SendKeys(chromedp.ID("username"), nirmala.Username),
		chromedp.SendKeys(chromedp.ID("password"), nirmala.Password), chromedp.Click(chromedp.CSS("main form button")))
	b.until("location.pathname === '/dhis-web-dashboard/'")
}

const (
	attributePHN   = "#f-IrUmPkFMDU5"
	attributeName  = "#f-VQl0wK3eqiw"
	attributeBirth = "#f-Yie7mOY913J"
	attributePhone = "#f-gGAQeOr1Pgu"
	clinicUnit     = "SbxClinic01"
)

// people are the tracked entities of the clinic whose name holds a text, as the
// server keeps them.
func (s *site) people(name string) []map[string]any {
	s.t.Helper()
	var found []map[string]any
	answer := s.get("/api/tracker/trackedEntities?program=eozjj9UivfS&orgUnits=" + clinicUnit + "&orgUnitMode=SELECTED&paging=false&fields=*,enrollments[*,events[*]]")
	for _, te := range answer["trackedEntities"].([]any) {
		if strings.Contains(fmt.Sprint(te.(map[string]any)["attributes"]), name) {
			found = append(found, te.(map[string]any))
		}
	}
	return found
}

// values are the attributes or data values of a document by UID.
func valuesOf(list any, uid string) map[string]string {
	out := map[string]string{}
	for _, v := range list.([]any) {
		m := v.(map[string]any)
		out[m[uid].(string)] = m["value"].(string)
	}
	return out
}

func TestCaptureAsks(t *testing.T) {
	s := start(t, sandbox.Config{})
	for _, path := range []string{"/dhis-web-capture/", "/dhis-web-dashboard/"} {
		resp, _ := s.call(http.MethodGet, path, "", "Authorization", "")
		if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != "/dhis-web-login/" {
			t.Errorf("%s without a session: %d to %q", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	for _, name := range []string{"capture.js", "capture.css", "LICENCES.txt"} {
		if resp, body := s.call(http.MethodGet, "/dhis-web-capture/"+name, ""); resp.StatusCode != http.StatusOK || len(body) < 1000 {
			t.Errorf("%s: %d, %d bytes", name, resp.StatusCode, len(body))
		}
	}
	if resp, _ := s.call(http.MethodGet, "/dhis-web-capture/page.html", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file beside the bundle: %d", resp.StatusCode)
	}
}

func TestUserSettings(t *testing.T) {
	s := start(t, sandbox.Config{})
	if got := s.get("/api/userSettings")["keyUiLocale"]; got != nil {
		t.Errorf("before: %v", got)
	}
	s.decode(http.StatusOK, http.MethodPost, "/api/userSettings/keyUiLocale?value=si", "")
	if got := s.get("/api/userSettings")["keyUiLocale"]; got != "si" {
		t.Errorf("after: %v", got)
	}
	if got := s.get("/api/me?fields=settings[keyUiLocale]")["settings"].(map[string]any)["keyUiLocale"]; got != "si" {
		t.Errorf("in me: %v", got)
	}
	s.decode(http.StatusConflict, http.MethodPost, "/api/userSettings/keyUiLocale?value=%3Cb%3E", "")
	s.decode(http.StatusConflict, http.MethodPost, "/api/userSettings/keyDbLocale?value=si", "")
	// A script is told 401 in a way that opens no window of the browser.
	if resp, _ := s.call(http.MethodGet, "/api/me", "", "Authorization", "", "X-Requested-With", "XMLHttpRequest"); resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("a script without a session: %d, WWW-Authenticate %q", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
}

// TestCaptureLanguages: the choice is kept with the user.
func TestCaptureLanguages(t *testing.T) {
	_, b := openCapture(t, "languages")
	for lang, title := range map[string]string{"si": "මෙහි ලියාපදිංචි අය", "ta": "இங்கே பதிவானவர்கள்", "en": "Registered here"} {
		b.fill("#language", lang)
		b.until("document.documentElement.lang === '" + lang + "'")
		b.until("fetch('/api/userSettings').then(r => r.json()).then(s => s.keyUiLocale === '" + lang + "')")
		b.do(chromedp.Reload())
		b.until("document.documentElement.lang === '" + lang + "'")
		b.fill("#unit", clinicUnit)
		b.heading(title)
		b.look(lang)
		b.fill("#unit", "")
	}
}

// TestCapture enrols, records, refers, edits and deletes by hand.
func TestCapture(t *testing.T) {
	s, b := openCapture(t, "capture")
	b.look("choose")
	b.fill("#unit", clinicUnit)
	b.until("document.querySelectorAll('tbody tr').length > 3")
	b.heading("Registered here")
	b.look("list")

	b.press("New: Mother")
	b.heading("New: Mother")
	b.press("Save")
	b.says("Full Name: a value is needed")
	b.look("form-wrong")
	b.fill(attributeName, "Amara Udaharana")
	b.fill(attributeBirth, "1997-04-11")
	b.fill(attributePhone, "12")
	b.fill("#f-p7zizFkC6Lv", "Female")
	b.fill("#f-u5AESfSOhIG", "28.5")
	b.do(chromedp.Click(chromedp.CSS("[data-field=JTKAPrAGCai] input[value=false]")))
	b.press("Save")
	b.says("Phone Number: a phone number is needed")
	b.says("Age: a whole number from 0 is needed")
	if len(s.people("Amara")) != 0 {
		t.Fatal("a form with wrong values was sent")
	}
	b.fill(attributePhone, "+94770000111")
	b.fill("#f-u5AESfSOhIG", "")
	b.press("Save")
	b.heading("Antenatal care (sandbox)")
	b.look("enrollment")

	found := s.people("Amara")
	if len(found) != 1 {
		t.Fatalf("%d of that name, want 1", len(found))
	}
	enrollment := found[0]["enrollments"].([]any)[0].(map[string]any)
	want := map[string]string{"VQl0wK3eqiw": "Amara Udaharana", "Yie7mOY913J": "1997-04-11", "gGAQeOr1Pgu": "+94770000111", "p7zizFkC6Lv": "Female", "JTKAPrAGCai": "false"}
	if got := valuesOf(enrollment["attributes"], "attribute"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("attributes: got %v, want %v", got, want)
	}
	if by := found[0]["createdBy"].(map[string]any)["username"]; by != "midwife" {
		t.Errorf("created by %v", by)
	}
	if enrollment["orgUnit"] != clinicUnit || enrollment["status"] != "ACTIVE" {
		t.Errorf("enrollment in %v, %v", enrollment["orgUnit"], enrollment["status"])
	}

	recordVisit(s, b)
	refer(s, b)
	correct(s, b)
	closeAndDelete(s, b)
}

// events are the events of a stage of the one whose name holds a text.
func (s *site) events(name, stage string) []map[string]any {
	s.t.Helper()
	var found []map[string]any
	for _, te := range s.people(name) {
		for _, en := range te["enrollments"].([]any) {
			for _, ev := range en.(map[string]any)["events"].([]any) {
				if e := ev.(map[string]any); e["programStage"] == stage {
					found = append(found, e)
				}
			}
		}
	}
	return found
}

func recordVisit(s *site, b *tab) {
	b.t.Helper()
	b.press("New event: ANC visit")
	b.heading("New event: ANC visit")
	b.fill("#f-Y3xF4qecAVw", "118")
	b.fill("#f-QMCuOLLRHHD", "0")
	b.do(chromedp.Click(chromedp.ID("f-Ei55u2kvdzm")))
	b.fill("#f-XMMTan4EEsB", "None.\nSecond line.")
	b.press("Save")
	b.says("Diastolic blood pressure: a whole number above 0 is needed")
	b.fill("#f-QMCuOLLRHHD", "76")
	b.look("visit")
	b.press("Save and complete")
	b.heading("Antenatal care (sandbox)")
	visits := s.events("Amara", "GX0z9IXFaso")
	if len(visits) != 1 || visits[0]["status"] != "COMPLETED" {
		b.t.Fatalf("visits: %v", visits)
	}
	want := map[string]string{"Y3xF4qecAVw": "118", "QMCuOLLRHHD": "76", "Ei55u2kvdzm": "true", "XMMTan4EEsB": "None.\nSecond line."}
	if got := valuesOf(visits[0]["dataValues"], "dataElement"); fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("values: got %v, want %v", got, want)
	}
}

func refer(s *site, b *tab) {
	b.t.Helper()
	b.press("New event: Referral")
	b.heading("New event: Referral")
	b.fill("#f-kLAB3XIylS8", "High blood pressure")
	b.press("Save")
	b.heading("Antenatal care (sandbox)")
	referrals := s.events("Amara", "aQYZkIhWzeJ")
	if len(referrals) != 1 || referrals[0]["status"] != "ACTIVE" {
		b.t.Fatalf("referrals: %v", referrals)
	}
	// A stage that does not repeat is offered once.
	b.press("New event: Registration")
	b.heading("New event: Registration")
	b.fill("#f-TRkCMVFhrmr", "2")
	b.press("Save")
	b.heading("Antenatal care (sandbox)")
	b.until("!document.body.innerText.includes('New event: Registration')")
}

// correct edits a visit, the profile, and meets a number that another mother
// has.
func correct(s *site, b *tab) {
	b.t.Helper()
	visit := s.events("Amara", "GX0z9IXFaso")[0]
	open := "//a[starts-with(normalize-space(),'ANC visit')]"
	b.do(chromedp.Click(chromedp.Search(open)))
	b.heading("ANC visit")
	b.look("visit-shown")
	// What somebody else records meanwhile stays.
	if err := s.SetValue(dhis2.MustUID(visit["event"].(string)), dhis2.MustUID("cw35l7X4hnV"), "11.2"); err != nil {
		b.t.Fatal(err)
	}
	b.press("Edit")
	b.fill("#f-Y3xF4qecAVw", "121")
	b.fill("#f-XMMTan4EEsB", "")
	b.press("Save")
	b.heading("Antenatal care (sandbox)")
	want := map[string]string{"Y3xF4qecAVw": "121", "QMCuOLLRHHD": "76", "Ei55u2kvdzm": "true", "cw35l7X4hnV": "11.2"}
	if got := valuesOf(s.events("Amara", "GX0z9IXFaso")[0]["dataValues"], "dataElement"); fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("after the edit: got %v, want %v", got, want)
	}

	var taken string
	for _, te := range s.people("") {
		if phn := valuesOf(te["attributes"], "attribute")["IrUmPkFMDU5"]; phn != "" {
			taken = phn
		}
	}
	b.do(chromedp.Click(chromedp.ID("edit-profile")))
	b.heading("Profile")
	b.fill(attributePHN, taken)
	b.fill(attributeName, "Amara Kumari Udaharana")
	b.press("Save")
	b.says("another person has this value already")
	b.look("profile-taken")
	if got := b.value(attributeName); got != "Amara Kumari Udaharana" {
		b.t.Errorf("after a refusal the form holds %q", got)
	}
	b.fill(attributePHN, "")
	b.press("Save")
	b.heading("Antenatal care (sandbox)")
	if got := len(s.people("Amara Kumari")); got != 1 {
		b.t.Errorf("%d of the new name, want 1", got)
	}
}

func closeAndDelete(s *site, b *tab) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.Search("//a[starts-with(normalize-space(),'Referral ')]")))
	b.heading("Referral")
	b.press("Delete")
	b.says("Delete this event?")
	b.look("ask")
	b.press("Cancel")
	if len(s.events("Amara", "aQYZkIhWzeJ")) != 1 {
		b.t.Fatal("deleted without a yes")
	}
	b.press("Delete")
	b.press("Delete")
	b.heading("Antenatal care (sandbox)")
	if left := s.events("Amara", "aQYZkIhWzeJ"); len(left) != 0 {
		b.t.Errorf("the referral is still there: %v", left)
	}
	status := func(want string) {
		b.t.Helper()
		en := s.people("Amara")[0]["enrollments"].([]any)[0].(map[string]any)
		if en["status"] != want {
			b.t.Errorf("the enrollment is %v, want %s", en["status"], want)
		}
	}
	b.press("Complete")
	b.until("!document.body.innerText.includes('New event: ANC visit')")
	status("COMPLETED")
	b.press("Open again")
	b.says("New event: ANC visit")
	status("ACTIVE")
	b.press("Delete the person")
	b.press("Delete")
	b.heading("Registered here")
	if left := s.people("Amara"); len(left) != 0 {
		b.t.Errorf("she is still there: %v", left)
	}
}
