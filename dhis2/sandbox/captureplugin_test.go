package sandbox_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// entryForms is a registration form in two sections, with a plugin between the
// name and the date of birth, which fills an attribute that no field shows.
const entryForms = `{"eozjj9UivfS":[
	{"id":"person","name":"The mother","elements":[
		{"id":"VQl0wK3eqiw","type":"TrackedEntityAttribute"},
		{"id":"test-plugin","type":"plugin","name":"Test plugin","pluginSource":"%s/api/apps/identity-plug-in/plugin.html","fieldMap":[
			{"IdFromApp":"VQl0wK3eqiw","IdFromPlugin":"VQl0wK3eqiw","objectType":"TrackedEntityAttribute"},
			{"IdFromApp":"Yie7mOY913J","IdFromPlugin":"birthDate","objectType":"TrackedEntityAttribute"},
			{"IdFromApp":"p7zizFkC6Lv","IdFromPlugin":"gender","objectType":"TrackedEntityAttribute"},
			{"IdFromApp":"JTKAPrAGCai","IdFromPlugin":"phnVerified","objectType":"TrackedEntityAttribute"},
			{"IdFromApp":"CJLJmmp8r9g","IdFromPlugin":"evidence","objectType":"TrackedEntityAttribute"}]},
		{"id":"Yie7mOY913J","type":"TrackedEntityAttribute"},
		{"id":"NoAttribut1","type":"TrackedEntityAttribute"}]},
	{"id":"more","name":"More","elements":[{"id":"p7zizFkC6Lv","type":"TrackedEntityAttribute"},{"id":"JTKAPrAGCai","type":"TrackedEntityAttribute"}]}]}`

// inPlugin evaluates in the plugin's frame.
func inPlugin[T any](b *tab, script string) T {
	b.t.Helper()
	return eval[T](b, fmt.Sprintf("document.querySelector('.plugin iframe').contentWindow.eval(%q)", script))
}

// untilPlugin waits for a condition of the plugin's frame.
func (b *tab) untilPlugin(condition string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector('.plugin iframe')?.contentWindow.eval(%q)", condition))
}

// hosted installs the test plugin, lays it into the form, and opens a new
// registration.
func hosted(t *testing.T, name string) (*site, *tab) {
	t.Helper()
	s, b := openCapture(t, name)
	files := []string{"manifest.webapp", appManifest}
	for _, name := range []string{"plugin.html", "plugin.js"} {
		text, err := os.ReadFile("testdata/plugin/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, name, string(text))
	}
	if status, body := s.upload(zipped(t, files...)); status != http.StatusCreated {
		t.Fatalf("install the plugin: %d %s", status, body)
	}
	s.decode(http.StatusCreated, http.MethodPut, "/api/dataStore/capture/dataEntryForms", fmt.Sprintf(entryForms, s.base))
	b.do(chromedp.Reload())
	b.says("Choose an organisation unit and a program.")
	b.fill("#unit", clinicUnit)
	b.press("New: Mother")
	b.untilPlugin("props !== null")
	return s, b
}

// TestCaptureHostsPlugins runs a plugin in DHIS2's host component.
func TestCaptureHostsPlugins(t *testing.T) {
	s, b := hosted(t, "plugin")
	b.look("form")

	t.Run("D-069 props arrive and follow", func(t *testing.T) {
		type shown struct {
			OrgUnit, Program      string
			Fields                []string
			Values                map[string]string
			ViewMode, Submitted   bool
			Type, Option, Heading string
			Ids                   bool
		}
		const read = `({OrgUnit: props.orgUnitId, Program: props.programId, Fields: Object.keys(props.fieldsMetadata).sort(), Values: props.values,
			ViewMode: props.viewMode, Submitted: props.formSubmitted, Type: props.fieldsMetadata.birthDate.type,
			Option: props.fieldsMetadata.gender.optionSet.options[1].value, Heading: props.fieldsMetadata.VQl0wK3eqiw.name,
			Ids: Object.values(props.fieldsMetadata).some(f => 'id' in f)})`
		today := string(s.get("/api/system/info")["serverDate"].(string)[:10])
		want := shown{OrgUnit: clinicUnit, Program: "eozjj9UivfS", Fields: []string{"VQl0wK3eqiw", "birthDate", "evidence", "gender", "phnVerified"},
			Values: map[string]string{"enrolledAt": today}, Type: "DATE", Option: "Female", Heading: "Full Name"}
		if diff := cmp.Diff(want, inPlugin[shown](b, read)); diff != "" {
			t.Errorf("props (-want +got):\n%s", diff)
		}
		b.fill(attributeName, "Amara")
		b.untilPlugin("props.values.VQl0wK3eqiw === 'Amara'")
		b.fill(attributeName, "")
		b.untilPlugin("!('VQl0wK3eqiw' in props.values)") // what is empty is missing
	})

	t.Run("what it sets is in the form", func(t *testing.T) {
		b.fill("#f-p7zizFkC6Lv", "Other")
		inPlugin[bool](b, `Promise.all([
			props.setFieldValue({fieldId: 'VQl0wK3eqiw', value: 'Verified Udaharana'}), props.setFieldValue({fieldId: 'birthDate', value: '1990-12-01'}),
			props.setFieldValue({fieldId: 'gender', value: 'Female'}), props.setFieldValue({fieldId: 'phnVerified', value: 'true'}),
			props.setFieldValue({fieldId: 'evidence', value: 'evidence-0001'}), props.setContextFieldValue({fieldId: 'enrolledAt', value: '2026-01-05'})]).then(() => true)`)
		b.until("document.querySelector('#f-p7zizFkC6Lv').value === 'Female' && document.querySelector('#enrolledAt').value === '2026-01-05'")
		if name, born := b.value(attributeName), b.value(attributeBirth); name != "Verified Udaharana" || born != "1990-12-01" {
			t.Errorf("the form holds %q, %q", name, born)
		}
		b.untilPlugin("props.values.evidence === 'evidence-0001' && props.values.phnVerified === 'true' && props.values.enrolledAt === '2026-01-05'")
	})

	t.Run("what it may not set", func(t *testing.T) {
		for _, call := range []string{
			"props.setFieldValue({fieldId: 'gGAQeOr1Pgu', value: 'x'})",           // not in the map
			"props.setFieldValue({fieldId: 'CJLJmmp8r9g', value: 'x'})",           // the app's id, not the plugin's
			"props.setFieldValue({fieldId: 'constructor', value: 'x'})",           // of every object
			"props.setContextFieldValue({fieldId: 'geometry', value: 'x'})",       // not in this form
			"props.setContextFieldValue({fieldId: 'enrolledAt', value: {a: 1}})",  // no text
			"props.setFieldValue({fieldId: 'birthDate', value: {date: 'today'}})", // another shape
			"props.setFieldValue({fieldId: 'birthDate', value: ['1990-01-01']})",  // another shape
		} {
			inPlugin[bool](b, call+".then(() => true)")
		}
		if born, day := b.value(attributeBirth), b.value("#enrolledAt"); born != "1990-12-01" || day != "2026-01-05" {
			t.Errorf("the form holds %q, %q", born, day)
		}
		b.says("The plugin gave a value that does not fit this field.")
		b.untilPlugin("props.errors.birthDate?.length === 1")
		inPlugin[bool](b, "props.setFieldValue({fieldId: 'birthDate', value: '1990-12-02', options: {valid: false, error: 'Look at it again.'}}).then(() => true)")
		b.says("Look at it again.")
		b.fill(attributeBirth, "1990-12-03")
		b.until("!document.body.innerText.includes('Look at it again.')")
	})

	t.Run("the form outlives the plugin", func(t *testing.T) {
		before := "JSON.stringify([...document.querySelectorAll('form.form :is(input,select,textarea)')].map(e => [e.id, e.value, e.checked]))"
		want := eval[string](b, before)
		for _, harm := range []string{
			"location.reload()",
			"location.href = '/api/apps/identity-plug-in/nothing.html'",
			"document.body.remove()",
			"setTimeout(() => { throw new Error('on purpose') })",
			"parent.postMessage('{\"__post_robot_10_0_46__\":[{\"type\":\"postrobot_message_request\"}]}', '*')",
			"parent.postMessage({phn: '1', isPhnVerified: true}, '*')", // D-070
		} {
			eval[bool](b, fmt.Sprintf("(document.querySelector('.plugin iframe').contentWindow.eval(%q), new Promise(r => document.querySelector('.plugin iframe').contentWindow.setTimeout(() => 0) && requestAnimationFrame(() => r(true))))", harm))
			if got := eval[string](b, before); got != want {
				t.Errorf("after %s the form holds %s, want %s", harm, got, want)
			}
		}
	})

	t.Run("what it filled is saved", func(t *testing.T) {
		b.fill(attributeName, "Verified Udaharana")
		b.press("Save")
		b.heading("Antenatal care (sandbox)")
		found := s.people("Verified Udaharana")
		if len(found) != 1 {
			t.Fatalf("%d of that name", len(found))
		}
		enrollment := found[0]["enrollments"].([]any)[0].(map[string]any)
		want := map[string]string{"VQl0wK3eqiw": "Verified Udaharana", "Yie7mOY913J": "1990-12-03", "p7zizFkC6Lv": "Female", "JTKAPrAGCai": "true", "CJLJmmp8r9g": "evidence-0001"}
		if diff := cmp.Diff(want, valuesOf(enrollment["attributes"], "attribute")); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
		if day := enrollment["enrolledAt"].(string); !strings.HasPrefix(day, "2026-01-05") {
			t.Errorf("enrolled at %s", day)
		}
	})

	t.Run("an edited profile hosts it too", func(t *testing.T) {
		b.do(chromedp.Click(chromedp.ID("edit-profile")))
		b.untilPlugin("props?.values.evidence === 'evidence-0001' && props.values.birthDate === '1990-12-03' && props.teiId?.length === 11")
		if eval[bool](b, "document.querySelector('.plugin iframe').title !== 'Test plugin'") {
			t.Error("the frame has no name")
		}
	})
}

// TestCaptureSessionEnds: what was typed outlives the session, and is saved
// after the midwife logged in again elsewhere.
func TestCaptureSessionEnds(t *testing.T) {
	s, b := hosted(t, "session")
	b.fill(attributeName, "Kept Udaharana")
	b.fill("#f-p7zizFkC6Lv", "Female")
	b.untilPlugin("props.values.gender === 'Female'")
	// She logs out in another tab.
	eval[bool](b, "fetch('/dhis-web-commons-security/logout.action', {method: 'POST'}).then(() => true)")
	b.press("Save")
	b.says("Your session has ended.")
	b.look("ended")
	if got := b.value(attributeName); got != "Kept Udaharana" {
		t.Errorf("the form holds %q", got)
	}
	eval[bool](b, fmt.Sprintf("fetch('/api/auth/login', {method: 'POST', body: JSON.stringify({username: %q, password: %q})}).then(r => r.ok)", nirmala.Username, nirmala.Password))
	// The server writes, and its answer is lost. Saving again makes no second
	// mother.
	s.Inject(sandbox.Fault{Path: "/api/tracker", Method: http.MethodPost, Kind: sandbox.FaultLoseAnswer})
	b.press("Save")
	b.says("The server could not be reached.")
	if n := len(s.people("Kept Udaharana")); n != 1 {
		t.Fatalf("%d of that name, want the one whose answer was lost", n)
	}
	s.ClearFaults()
	b.press("Save")
	b.heading("Antenatal care (sandbox)")
	if n := len(s.people("Kept Udaharana")); n != 1 {
		t.Errorf("%d of that name, want 1", n)
	}
}
