package plugin_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/plugin"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

const (
	ancProgram = "eozjj9UivfS"
	ancName    = "VQl0wK3eqiw"
	ancBirth   = "Yie7mOY913J"
	ancPhone   = "gGAQeOr1Pgu"
	ancPHN     = "IrUmPkFMDU5"
	clinic     = "SbxClinic01"
)

// hostedForms has both fields of the plugin in one form.
const hostedForms = `{"eozjj9UivfS":[{"id":"mother","name":"The mother","elements":[
	{"id":"VQl0wK3eqiw","type":"TrackedEntityAttribute"},
	{"id":"verify","type":"plugin","name":"Verify patient","pluginSource":"%[1]s?field=verify&program=eozjj9UivfS","fieldMap":[
		{"IdFromApp":"VQl0wK3eqiw","IdFromPlugin":"VQl0wK3eqiw","objectType":"TrackedEntityAttribute"},
		{"IdFromApp":"Yie7mOY913J","IdFromPlugin":"Yie7mOY913J","objectType":"TrackedEntityAttribute"},
		{"IdFromApp":"CJLJmmp8r9g","IdFromPlugin":"evidence","objectType":"TrackedEntityAttribute"}]},
	{"id":"Yie7mOY913J","type":"TrackedEntityAttribute"},{"id":"gGAQeOr1Pgu","type":"TrackedEntityAttribute"},{"id":"IrUmPkFMDU5","type":"TrackedEntityAttribute"},
	{"id":"phn","type":"plugin","name":"Manage PHN","pluginSource":"%[1]s?field=phn&program=eozjj9UivfS","fieldMap":[
		{"IdFromApp":"VQl0wK3eqiw","IdFromPlugin":"name","objectType":"TrackedEntityAttribute"},
		{"IdFromApp":"Yie7mOY913J","IdFromPlugin":"birthDate","objectType":"TrackedEntityAttribute"},
		{"IdFromApp":"gGAQeOr1Pgu","IdFromPlugin":"phone","objectType":"TrackedEntityAttribute"},
		{"IdFromApp":"IrUmPkFMDU5","IdFromPlugin":"phn","objectType":"TrackedEntityAttribute"},
		{"IdFromApp":"JTKAPrAGCai","IdFromPlugin":"phnVerified","objectType":"TrackedEntityAttribute"}]}]}]}`

// TestHosted runs both fields in DHIS2's own host component (@dhis2/app-runtime),
// in the forms of the sandbox, through its Routes and with its sessions.
func TestHosted(t *testing.T) {
	w := newWorld(t)
	behind := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		service, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		w.serveCall(rw, r, service, path)
	}))
	t.Cleanup(behind.Close)
	server, err := sandbox.New(sandbox.Config{RemoteServersAllowed: []string{"http://127.0.0.1:*"}})
	if err != nil {
		t.Fatal(err)
	}
	demo, err := sandbox.Demo(sandbox.DemoConfig{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for code, path := range map[string]string{"nehrbridge-verify": "rp", "nehrbridge-phn": "phn"} {
		id := dhis2.MustUID(map[string]string{"rp": "SbxRoutRp01", "phn": "SbxRoutPhn1"}[path])
		demo.Routes = append(demo.Routes, sandbox.Route{ID: id, Name: code, Code: code, URL: behind.URL + "/" + path + "/**"})
	}
	if err := server.Load(demo); err != nil {
		t.Fatal(err)
	}
	w.dhis2.Close()
	w.dhis2 = httptest.NewServer(server.Handler())
	base := w.dhis2.URL

	install := func(method, path, kind string, body io.Reader, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
		req.Header.Set("Content-Type", kind)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); resp.StatusCode != want {
			t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
		}
	}
	packed, err := plugin.Zip()
	if err != nil {
		t.Fatal(err)
	}
	var upload bytes.Buffer
	form := multipart.NewWriter(&upload)
	part, err := form.CreateFormFile("file", "nehrbridge.zip")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(packed)
	_ = form.Close()
	install(http.MethodPost, "/api/apps", form.FormDataContentType(), &upload, http.StatusCreated)
	install(http.MethodPut, "/api/dataStore/capture/dataEntryForms", "application/json", strings.NewReader(fmt.Sprintf(hostedForms, base+"/"+plugin.PagePath)), http.StatusCreated)

	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := browser.Do(w.ctx, steps...); err != nil {
			t.Fatalf("%v\n%s", err, eval[string](w, "document.body.innerText"))
		}
	}
	const verifyFrame, phnFrame = "[data-plugin=verify] iframe", "[data-plugin=phn] iframe"
	field := func(id string) string { return eval[string](w, "document.getElementById('f-"+id+"').value") }
	do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base+"/dhis-web-login/?lang=en"), chromedp.SendKeys(chromedp.ID("username"), sandbox.DefaultUsername),
		chromedp.SendKeys(chromedp.ID("password"), sandbox.DefaultPassword), chromedp.Click(chromedp.CSS("main form button")))
	w.await("location.pathname === '/dhis-web-dashboard/'")
	do(chromedp.Navigate(base + "/dhis-web-capture/"))
	w.await("document.querySelector('#unit')")
	w.js(`(() => { const e = document.querySelector('#unit'); Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), 'value').set.call(e, '` + clinic + `'); e.dispatchEvent(new Event('change', {bubbles: true})) })()`)
	do(chromedp.Click(chromedp.Search("//*[(self::button or self::a) and normalize-space()='New: Mother']")))

	w.signIn(map[string]string{ancName: kamala, ancBirth: "1994-05-17"})
	w.finds()
	w.gives("issue", map[string]any{"phn": hers, "provisional": false, "receipt": "receipt-1"})
	w.standing(issuedToHer)

	w.frame = verifyFrame
	w.await("d.querySelector('[data-key=window]:not(:disabled)')")
	do(chromedp.SendKeys(chromedp.ID("f-"+ancName), "Kamla Perera"), chromedp.SendKeys(chromedp.ID("f-"+ancPhone), "+94771234567"))
	w.click("window")
	w.awaitText("other window")
	w.agree("state-1")
	w.await("d.querySelector('[data-state=differs]')")
	w.await("document.getElementById('f-" + ancBirth + "').value === '1994-05-17'")
	if got := field(ancName); got != "Kamla Perera" {
		t.Errorf("the typed name became %q without being asked", got)
	}
	w.awaitBadge("warning")
	w.click("take-" + ancName)
	w.await("document.getElementById('f-" + ancName + "').value === " + quote(kamala))
	w.awaitBadge("valid")
	browser.Picture(w.t, w.ctx, "hosted-verified")

	w.frame = phnFrame
	w.click("find")
	w.awaitText("No record was found")
	w.click("issue")
	w.await("document.getElementById('f-" + ancPHN + "').value === " + quote(hers))
	w.awaitBadge("valid")
	browser.Picture(w.t, w.ctx, "hosted-phn")
	if got := w.awaitCall("start", 1); got.user != sandbox.DefaultUsername || got.body["orgUnit"] != clinic || got.body["program"] != ancProgram {
		t.Errorf("start was asked by %q with %v", got.user, got.body)
	}

	// She is edited afterwards: the badge says so at once.
	do(chromedp.SendKeys(chromedp.ID("f-"+ancName), "x"))
	w.frame = verifyFrame
	w.awaitBadge("warning")
	if !eval[bool](w, "document.querySelector("+quote(verifyFrame)+").clientHeight > 150") {
		t.Error("the frame has not grown to what it shows")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.console {
		if strings.Contains(line, "exception") || strings.Contains(line, kamala) {
			t.Errorf("console: %s", line)
		}
	}
}
