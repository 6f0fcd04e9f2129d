package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// portalTab is a browser of one person in front of a portal of the demo.
type portalTab struct {
	signInPage
	demo   demoAddresses
	portal string
}

// openPortal gives a person a browser of her own.
func openPortal(t *testing.T, window signInPage, demo demoAddresses, portal, name, identity string) portalTab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(window.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := portalTab{window, demo, portal}
	p.ctx, p.identity, p.name = ctx, identity, window.name+"-"+name
	return p
}

// enter signs in.
func (p portalTab) enter() {
	p.t.Helper()
	p.act(chromedp.Navigate(p.portal + "/"))
	p.shot("landing")
	p.act(chromedp.Click(chromedp.CSS(`main a[href$="/sign-in"]`)))
	p.through()
}

// through goes through eSignet, back to the portal.
func (p portalTab) through() {
	p.t.Helper()
	p.identify(p.identity, sandbox.OTP)
	p.until(fmt.Sprintf(`document.readyState === 'complete' && (location.href.startsWith(%q) || document.querySelector('button[value="allow"]') !== null)`, p.portal))
	if evaluate[bool](p.t, p.ctx, `document.querySelector('button[value="allow"]') !== null`) {
		p.shot("esignet")
		p.act(chromedp.Click(chromedp.CSS(`button[value="allow"]`)))
	}
	p.until(fmt.Sprintf(`location.href.startsWith(%q) && document.readyState === 'complete'`, p.portal))
}

// open goes to a page of the portal.
func (p portalTab) open(path string) {
	p.t.Helper()
	p.act(chromedp.Navigate(p.portal + path))
	p.until("document.readyState === 'complete'")
}

// shows fails where the page does not say something.
func (p portalTab) shows(texts ...string) {
	p.t.Helper()
	got := p.text("main")
	for _, text := range texts {
		if !strings.Contains(got, text) {
			p.t.Fatalf("%s: the page does not say %q:\n%s", p.name, text, p.said())
		}
	}
}

// hides fails where the page says something.
func (p portalTab) hides(texts ...string) {
	p.t.Helper()
	got := p.text("html")
	for _, text := range texts {
		if strings.Contains(got, text) {
			p.t.Errorf("%s: the page says %q", p.name, text)
		}
	}
}

// shot takes a picture of the page as it is, and in the width of a telephone, and
// looks for what keeps people out.
func (p portalTab) shot(name string) {
	p.t.Helper()
	for _, width := range []int64{360, 1280} {
		if err := browser.Fit(p.ctx, width, 900); err != nil {
			p.t.Errorf("%s: %v", name, err)
		}
		checkAxe(p.t, p.ctx, p.axe, name)
		browser.Picture(p.t, p.ctx, fmt.Sprintf("%s-%s-%d", p.name, name, width))
	}
}

// askDHIS2 is a call of the administrator of DHIS2.
func askDHIS2(t *testing.T, demo demoAddresses, method, path string, document, into any) {
	t.Helper()
	body, err := json.Marshal(document)
	mustDo(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, demo.DHIS2+"/api/"+path, bytes.NewReader(body))
	mustDo(t, err)
	r.SetBasicAuth("admin", dhis2sandbox.DefaultPassword)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	mustDo(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	mustDo(t, err)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, res.StatusCode, answer)
	}
	if into != nil {
		mustDo(t, json.Unmarshal(answer, into))
	}
}

// inDHIS2 is what DHIS2 has of a tracked entity.
func inDHIS2(t *testing.T, demo demoAddresses, entity string) (te dhis2.TrackedEntity) {
	t.Helper()
	askDHIS2(t, demo, "GET", "tracker/trackedEntities/"+entity+"?program=eozjj9UivfS&fields=*", nil, &te)
	return te
}

// latestVisit is the last completed event in which blood pressure was measured.
func latestVisit(t *testing.T, te dhis2.TrackedEntity) (latest dhis2.Event) {
	t.Helper()
	for _, en := range te.Enrollments {
		for _, ev := range en.Events {
			if ev.Status == dhis2.EventCompleted && ev.OccurredAt > latest.OccurredAt && slices.ContainsFunc(ev.DataValues, func(v dhis2.DataValue) bool { return v.DataElement == systolic }) {
				latest = ev
			}
		}
	}
	if latest.Event.IsZero() {
		t.Fatal("no visit with a blood pressure")
	}
	return latest
}

// systolic is the data element of the upper value.
var systolic = dhis2.MustUID("Y3xF4qecAVw")

// TestJourneyGrant: a mother reads her record, and decides what a specialist may see
// of it, each in a browser of their own.
func TestJourneyGrant(t *testing.T) {
	window := signInPage{t: t, ctx: browser.Start(t), axe: browser.Axe(t), name: "grant"}
	demo := startDemo(t)
	her := demoVerified[0]
	mother := openPortal(t, window, demo, demo.Portal, "mother", her.ID)

	// She signs in without sharing her national ID, and sees what DHIS2 has.
	mother.enter()
	mother.shows(her.Name)
	mother.shot("home")
	mother.hides(her.ID)
	mother.open("/profile")
	mother.shot("profile")

	// A change in DHIS2 appears.
	visit := latestVisit(t, inDHIS2(t, demo, her.entity))
	mother.open("/home")
	mother.hides("171/")
	askDHIS2(t, demo, "POST", "tracker?async=false", map[string]any{"events": []any{map[string]any{
		"event": visit.Event, "program": visit.Program, "programStage": visit.ProgramStage, "enrollment": visit.Enrollment, "orgUnit": visit.OrgUnit,
		"status": visit.Status, "occurredAt": visit.OccurredAt, "dataValues": []any{map[string]any{"dataElement": systolic, "value": "171"}}}}}, nil)
	await(t, "the corrected blood pressure on her page", func() bool {
		mother.open("/home")
		return strings.Contains(mother.text("main"), "171/")
	})
	mother.shot("changed")

	// The specialist finds her by her number, and is refused.
	specialist := openPortal(t, window, demo, demo.Clinician, "specialist", demoDoctorID)
	specialist.enter()
	specialist.find(t, her.entity)
	specialist.hides(her.Name, "171/")
	specialist.shot("found")
	specialist.open("/summary")
	specialist.shows("May you see this record?")
	specialist.hides(her.Name, "171/")

	// He asks for what he needs; she allows less.
	specialist.fill("#why", "Raised blood pressure: please let me see what was measured")
	specialist.do(chromedp.Click(chromedp.CSS(`form[action$="/gate/ask"] button`)))
	specialist.shows("A request waits for the answer")
	specialist.shot("asked")
	mother.open("/home")
	mother.shot("request")
	mother.open("/consents")
	mother.shows(demoDoctorName, demoHospitalName, "Raised blood pressure")
	mother.shot("consents")
	for _, class := range evaluate[[]string](t, mother.ctx, `[...document.querySelectorAll('input[name="class"]:checked')].map(x => x.value)`) {
		if class != "vitals" && class != "documents" {
			mother.act(chromedp.Click(chromedp.CSS(`input[name="class"][value="` + class + `"]`)))
		}
	}
	mother.do(chromedp.Click(chromedp.CSS(`button[value="approve"]`)))
	mother.shot("approved")

	// He sees exactly that.
	specialist.do(chromedp.Click(chromedp.CSS(`.actions a.button`))) // look again
	specialist.open("/summary")
	specialist.shows(her.Name, "171/", "vital signs, documents")
	specialist.hides("Haemoglobin")
	specialist.shot("summary")

	// He writes a measurement and a picture, under his own name.
	specialist.open("/write")
	specialist.shot("write")
	specialist.do(chromedp.Click(chromedp.CSS(`a[href*="measure=85354-9"]`)))
	for i, value := range []string{"158", "99"} {
		specialist.fill(fmt.Sprintf("#value-%d", i), value)
	}
	specialist.fill("#text", "Measured twice, sitting")
	specialist.shot("observation")
	specialist.do(pressing("Go on to the preview"))
	specialist.shows("158", "Measured twice, sitting")
	specialist.shot("preview")
	specialist.do(pressing("Sign and write"))
	specialist.signed()
	specialist.shot("signed")
	specialist.open("/write/document")
	specialist.fill("#title", "Sonogram of today")
	specialist.act(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{drawnPicture(t)}))
	specialist.do(pressing("Go on to the preview"))
	specialist.shows("Sonogram of today")
	specialist.shot("picture-preview")
	specialist.do(pressing("Sign and write"))
	specialist.signed()

	// She sees both, and that he looked and wrote.
	mother.open("/results")
	mother.shows("158/99")
	mother.shot("results")
	mother.open("/timeline")
	mother.shows("158/99", demoDoctorName)
	mother.shot("timeline")
	mother.open("/documents")
	mother.shows("Sonogram of today", demoDoctorName)
	mother.shot("documents")
	mother.open("/access")
	mother.shows(demoDoctorName, demoHospitalName)
	mother.shot("log")

	// DHIS2 shows the reply once, and the next looks of the agent change nothing of it.
	said := func() (notes int) {
		for _, en := range inDHIS2(t, demo, her.entity).Enrollments {
			for _, n := range en.Notes {
				if strings.Contains(n.Value, "158/99") {
					notes++
				}
			}
		}
		return notes
	}
	await(t, "the reply in DHIS2", func() bool { return said() > 0 })
	versions := demoVersions(t, demo, "Observation")
	askDHIS2(t, demo, "POST", "tracker?async=false", map[string]any{"events": []any{map[string]any{
		"event": visit.Event, "program": visit.Program, "programStage": visit.ProgramStage, "enrollment": visit.Enrollment, "orgUnit": visit.OrgUnit,
		"status": visit.Status, "occurredAt": visit.OccurredAt, "dataValues": []any{map[string]any{"dataElement": systolic, "value": "169"}}}}}, nil)
	await(t, "the next correction on her page", func() bool {
		mother.open("/results")
		return strings.Contains(mother.text("main"), "169/")
	})
	mother.shows("158/99")
	if n := said(); n != 1 {
		t.Errorf("DHIS2 shows the reply %d times", n)
	}
	for id, version := range demoVersions(t, demo, "Observation") {
		if before, stood := versions[id]; !stood || before != version && !strings.Contains(version, "169") {
			t.Errorf("Observation/%s: %s, before %q", id, version, before)
		}
	}

	// She takes her permission back, and his next click is refused.
	mother.open("/consents")
	mother.do(chromedp.Click(chromedp.CSS(`form[action$="/consents/revoke"] button`)))
	mother.shot("revoked")
	specialist.open("/trends")
	specialist.shows("May you see this record?")
	specialist.hides(her.Name, "158/99")
	specialist.shot("refused")
}

// pressing is the step that presses a button by what it says.
func pressing(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.Search("//button[normalize-space()='" + text + "']"))
}

// signed waits until what was signed is in the record.
func (p portalTab) signed() {
	p.t.Helper()
	await(p.t, "the signature", func() bool {
		p.open("/write/entry")
		return evaluate[bool](p.t, p.ctx, `document.querySelector('.status.signed') !== null`)
	})
}

// drawnPicture is a small picture in a file.
func drawnPicture(t *testing.T) string {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			picture.SetGray(x, y, color.Gray{Y: uint8((x*x + y*y) / 640)})
		}
	}
	file := filepath.Join(t.TempDir(), "picture.png")
	var data bytes.Buffer
	mustDo(t, png.Encode(&data, picture))
	mustDo(t, os.WriteFile(file, data.Bytes(), 0o600))
	return file
}

// demoVersions are the resources of a type as they stand, without when that was.
func demoVersions(t *testing.T, demo demoAddresses, typ string) map[string]string {
	t.Helper()
	found, err := newRecordClient(t, demo.NEHR).Search(t.Context(), typ, url.Values{"_count": {"1000"}})
	mustDo(t, err)
	all := map[string]string{}
	for _, r := range found.Resources {
		all[r.Get("id").Str()] = string(r.Encode())
	}
	if len(all) == 0 {
		t.Fatalf("the record has no %s", typ)
	}
	return all
}

// find looks a patient up by the number that DHIS2 has of her.
func (p portalTab) find(t *testing.T, entity string) {
	t.Helper()
	te := inDHIS2(t, p.demo, entity)
	at := slices.IndexFunc(te.Attributes, func(a dhis2.Attribute) bool { return a.Attribute.String() == "IrUmPkFMDU5" })
	if at < 0 {
		t.Fatalf("%s has no number", entity)
	}
	p.open("/find")
	p.shot("find")
	p.fill("#number", te.Attributes[at].Value)
	p.do(chromedp.Click(chromedp.CSS(`form[action$="/find"] button`)))
}
