package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/dhis2/plugin"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

const (
	program  = "WSGAb5XwJ3Y"
	orgUnit  = "oQlmngiVAes"
	nameUID  = "sB1IHYu2xQT"
	birthUID = "NI0QRzJvQ0k"
	phoneUID = "ciCR6BBvIT4"
	placeUID = "A6Hb0Kvg4vb"
)

// answer is what a Route gives back.
type answer struct {
	status int
	kind   string // content type; JSON when empty
	body   any    // a string goes out as it is
	cut    bool   // the connection ends without an answer
	wait   chan struct{}
}

// call is one that a Route received.
type call struct {
	route, path string
	user        string // where a real Route names her
	body        map[string]any
}

// world is a DHIS2 that hosts the plugin, the Routes behind it, and eSignet on
// an origin of its own.
type world struct {
	t        *testing.T
	ctx      context.Context // a browser profile of its own
	dhis2    *httptest.Server
	esignet  *httptest.Server
	mu       sync.Mutex
	calls    []call
	answers  map[string]func(call) answer // by route/path
	locale   string
	requests []string    // of the plugin's origin: method and address
	decide   chan string // what the person does at eSignet: a query string
	opened   []string    // addresses of the sign-in page
	console  []string    // what the form's tab wrote, exceptions too
	frame    string      // selector of the plugin's frame
}

// chromium is started once for the package: one at a time.
var chromium struct {
	sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("this test needs %s (REQUIRE_ALL=1)", what)
	}
	t.Skipf("this test needs %s", what)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is not started with -short")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		needs(t, "Chromium: apt-get install chromium fonts-noto-core")
	}
	chromium.Do(func() {
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-GB"))
		alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
		ctx, stop := chromedp.NewContext(alloc)
		chromium.ctx, chromium.stop = ctx, func() { stop(); cancel() }
		chromium.err = browser.Do(ctx, chromedp.Navigate("about:blank"))
	})
	if chromium.err != nil {
		t.Fatalf("start Chromium: %v", chromium.err)
	}
	w := &world{t: t, answers: map[string]func(call) answer{}, locale: "en", decide: make(chan string, 1), frame: "iframe"}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	w.ctx = ctx
	if err := browser.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			w.mu.Lock()
			w.console = append(w.console, m.String())
			w.mu.Unlock()
		}
	}()
	w.dhis2 = httptest.NewServer(http.HandlerFunc(w.serveDHIS2))
	w.esignet = httptest.NewServer(http.HandlerFunc(w.serveESignet))
	t.Cleanup(func() {
		cancel()
		w.dhis2.CloseClientConnections()
		w.esignet.CloseClientConnections()
		w.dhis2.Close()
		w.esignet.Close()
	})
	return w
}

func (w *world) serveDHIS2(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests = append(w.requests, r.Method+" "+r.URL.String())
	locale := w.locale
	w.mu.Unlock()
	switch path := r.URL.Path; {
	case path == "/" || path == "/host.js":
		http.ServeFile(rw, r, filepath.Join("testdata/host", map[string]string{"/": "host.html", "/host.js": "host.js"}[path]))
	case strings.HasPrefix(path, "/"+strings.TrimSuffix(plugin.PagePath, "plugin.html")):
		rw.Header().Set("Content-Security-Policy", "default-src 'self'")
		rw.Header().Set("X-Frame-Options", "SAMEORIGIN")
		http.StripPrefix("/api/apps/"+plugin.Name+"/", http.FileServerFS(plugin.FS())).ServeHTTP(rw, r)
	case path == "/api/userSettings":
		if locale == "" {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]string{"keyUiLocale": locale})
	case path == "/favicon.ico":
		rw.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(path, "/api/routes/"):
		w.serveRoute(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

func (w *world) serveRoute(rw http.ResponseWriter, r *http.Request) {
	route, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/routes/"), "/run/")
	w.serveCall(rw, r, route, path)
}

// serveCall is what stands behind a Route.
func (w *world) serveCall(rw http.ResponseWriter, r *http.Request, route, path string) {
	c := call{route: route, path: path, user: r.Header.Get("X-Forwarded-User")}
	if text, _ := io.ReadAll(r.Body); len(text) > 0 {
		_ = json.Unmarshal(text, &c.body)
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	answers := w.answers[path]
	w.mu.Unlock()
	a := answer{status: http.StatusNotFound, kind: "application/json", body: map[string]any{"httpStatus": "Not Found"}}
	if answers != nil {
		a = answers(c)
	}
	if a.wait != nil {
		<-a.wait
	}
	if a.cut {
		panic(http.ErrAbortHandler)
	}
	if a.kind == "" {
		a.kind = "application/json"
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	rw.Header().Set("Content-Type", a.kind)
	if a.status == http.StatusFound {
		rw.Header().Set("Location", "/dhis-web-login/")
	}
	rw.WriteHeader(a.status)
	if text, ok := a.body.(string); ok {
		_, _ = io.WriteString(rw, text)
	} else {
		_ = json.NewEncoder(rw).Encode(a.body)
	}
}

// serveESignet is a sign-in page that cuts itself off from its opener, as real
// ones do, and goes back with what the test decides.
func (w *world) serveESignet(rw http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/authorize":
		w.mu.Lock()
		w.opened = append(w.opened, r.URL.String())
		w.mu.Unlock()
		rw.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, `<!doctype html><title>eSignet</title><p>Sign in<script>
fetch("/decision").then(r => r.text()).then(query => { if (query) location.replace(`+"`"+w.dhis2.URL+"/"+plugin.CallbackPath+"?${query}`"+`) })</script>`)
	case "/decision":
		select {
		case query := <-w.decide:
			_, _ = io.WriteString(rw, query)
		case <-r.Context().Done():
		}
	}
}

// on scripts what a path of a Route answers.
func (w *world) on(path string, give func(call) answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[path] = give
}

func (w *world) gives(path string, body any) {
	w.on(path, func(call) answer { return answer{body: body} })
}

func (w *world) refuses(path string, status int, code string) {
	w.on(path, func(call) answer { return refusal(status, code) })
}

func refusal(status int, code string) answer {
	return answer{status: status, body: map[string]any{"error": map[string]any{"code": code, "message": map[string]any{"key": code,
		"text": map[string]string{"en": "Refused: " + code, "si": "si " + code, "ta": "ta " + code}}}}}
}

// called gives the calls of a path so far.
func (w *world) called(path string) []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.calls), func(c call) bool { return c.path != path })
}

// awaitCall waits until a path was called n times.
func (w *world) awaitCall(path string, n int) call {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if calls := w.called(path); len(calls) >= n {
			return calls[n-1]
		}
		w.js("new Promise(r => setTimeout(r, 50))")
	}
	w.t.Fatalf("%s was called %d times, want %d", path, len(w.called(path)), n)
	return call{}
}

// eval runs a script in the form's page, where f is the plugin's window and d its document.
func eval[T any](w *world, script string) T {
	w.t.Helper()
	v, err := browser.Run(w.ctx, chromedp.Evaluate[T]("(() => { const f = document.querySelector("+quote(w.frame)+")?.contentWindow, d = f?.document; return "+script+" })()",
		chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) { p.UserGesture = new(true) }))
	if err != nil {
		w.t.Fatalf("evaluate %s: %v", script, err)
	}
	return v
}

func (w *world) js(script string) {
	w.t.Helper()
	eval[bool](w, "Promise.resolve("+script+").then(() => true)")
}

// await waits until an expression is true, and tells what the plugin shows when it does not become so.
func (w *world) await(condition string) {
	w.t.Helper()
	script := "(() => { try { const f = document.querySelector(" + quote(w.frame) + ")?.contentWindow, d = f?.document; return Boolean(" + condition + ") } catch { return false } })()"
	err := browser.Until(w.ctx, script)
	if err == nil {
		return
	}
	shown := w.text()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t.Fatalf("%v\nconsole: %q\nthe plugin shows: %s", err, w.console, shown)
}

func (w *world) awaitText(text string) {
	w.t.Helper()
	w.await(fmt.Sprintf("d.getElementById('page').textContent.includes(%s)", quote(text)))
}

func (w *world) text() string {
	w.t.Helper()
	return eval[string](w, "d?.getElementById('page')?.innerText ?? ''")
}

func (w *world) has(key string) bool {
	w.t.Helper()
	return eval[bool](w, "Boolean(d.querySelector("+quote(`[data-key="`+key+`"]:not(:disabled)`)+"))")
}

// click waits for a control that can be used, and presses it.
func (w *world) click(key string) {
	w.t.Helper()
	at := quote(`[data-key="` + key + `"]:not(:disabled)`)
	w.await("d.querySelector(" + at + ")")
	eval[bool](w, "(d.querySelector("+at+").focus(), d.querySelector("+at+").click(), true)")
}

// value is what the form holds in a field.
func (w *world) value(field string) string {
	w.t.Helper()
	return eval[string](w, "String(host.props.values["+quote(field)+"] ?? '')")
}

func (w *world) awaitValue(field, value string) {
	w.t.Helper()
	w.await(fmt.Sprintf("(JSON.parse(document.body.dataset.values ?? '{}')[%s] ?? '') === %s", quote(field), quote(value)))
}

func (w *world) badge() string {
	w.t.Helper()
	return eval[string](w, "d.querySelector('[data-badge]')?.dataset.badge ?? ''")
}

func (w *world) awaitBadge(tone string) {
	w.t.Helper()
	w.await("d.querySelector('[data-badge]')?.dataset.badge === " + quote(tone))
}

func quote(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// anotherTab does something in a second tab of the same browser profile.
func (w *world) anotherTab(do func()) {
	w.t.Helper()
	first := w.ctx
	ctx, cancel := chromedp.NewContext(first)
	w.ctx = ctx
	defer func() { w.ctx = first; cancel() }()
	do()
}

// comesBack is a window that eSignet sends back with a query string; it gives
// what the page says in the end.
func (w *world) comesBack(query string) string {
	w.t.Helper()
	said := ""
	w.anotherTab(func() {
		if err := browser.Do(w.ctx, chromedp.Navigate(w.dhis2.URL+"/"+plugin.CallbackPath+"?"+query)); err != nil {
			w.t.Fatal(err)
		}
		var err error
		said, err = browser.Run(w.ctx, chromedp.Poll[string](`(() => { const text = document.getElementById("words").textContent; return !text.endsWith("…") && text })()`,
			chromedp.WithPollingTimeout(time.Minute)))
		if err != nil {
			w.t.Fatal(err)
		}
		if left := eval[string](w, "location.href"); left != w.dhis2.URL+"/"+plugin.CallbackPath {
			w.t.Errorf("D-058: the address keeps what came back: %s", left)
		}
	})
	return said
}

// speaks sets the user's language in DHIS2; "" makes the server not say.
func (w *world) speaks(locale string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.locale = locale
}

// update changes props of the form, as Capture does while somebody types.
func (w *world) update(with props) {
	w.t.Helper()
	w.js("host.update(" + quote(with) + ")")
}

// quiet fails when a page wrote to the console, stored something, or when a text stands in an address.
func (w *world) quiet(secrets ...string) {
	w.t.Helper()
	if kept := eval[string](w, "JSON.stringify([Object.keys(f.localStorage), Object.keys(f.sessionStorage), f.document.cookie])"); kept != `[[],[],""]` {
		w.t.Errorf("the browser keeps %s", kept)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.console) > 0 {
		w.t.Errorf("console: %q", w.console)
	}
	for _, address := range w.requests {
		for _, secret := range secrets {
			if strings.Contains(address, url.QueryEscape(secret)) {
				w.t.Errorf("a value stands in an address: %s", address)
			}
		}
	}
}

type props map[string]any

// fields are those of a form that has all that the plugin can use.
func fields() map[string]any {
	all := map[string]any{}
	for id, name := range map[string]string{nameUID: "Name", birthUID: "Date of birth", phoneUID: "Phone", placeUID: "Address", "evidence": "Verification",
		"phn": "PHN", "phnVerified": "PHN verified", "name": "Name", "birthDate": "Date of birth", "phone": "Phone"} {
		all[id] = map[string]any{"id": id, "name": name, "formName": name, "type": "TEXT"}
	}
	return all
}

// openForm shows a form with a field of the plugin, in the present browser tab.
func (w *world) openForm(query string, with props) {
	w.t.Helper()
	if err := browser.Do(w.ctx, chromedp.EmulateViewport(900, 700), chromedp.Navigate(w.dhis2.URL+"/")); err != nil {
		w.t.Fatal(err)
	}
	all := props{"orgUnitId": orgUnit, "fieldsMetadata": fields(), "values": map[string]any{}}
	for name, value := range with {
		all[name] = value
	}
	w.js("host.start(" + quote("/"+plugin.PagePath+"?"+query) + ", " + quote(all) + ")")
	w.await("d.querySelector('h1')")
}

func (w *world) openVerify(with props) {
	w.t.Helper()
	w.openForm("field=verify&program="+program, with)
}

func (w *world) openPHN(with props) {
	w.t.Helper()
	w.openForm("field=phn&program="+program, with)
}

// signIn scripts a relying party that verifies a woman of these values.
func (w *world) signIn(values map[string]string, missing ...map[string]string) {
	n := 0
	w.on("start", func(c call) answer {
		w.mu.Lock()
		n++
		id := fmt.Sprintf("%d", n)
		w.mu.Unlock()
		expires := time.Now().Add(5 * time.Minute).UTC().Format(time.RFC3339)
		if c.body["device"] == "phone" {
			return answer{body: map[string]any{"transaction": "transaction-" + id, "expires": expires,
				"phone": map[string]any{"url": w.esignet.URL + "/verify/phone/ticket-" + id, "expires": expires, "qr": map[string]any{"size": 21, "path": "M0 0h7v7h-7zM14 0h7v7h-7zM0 14h7v7h-7zM9 9h3v3h-3z"}}}}
		}
		return answer{body: map[string]any{"transaction": "transaction-" + id, "state": "state-" + id, "expires": expires,
			"url": w.esignet.URL + "/authorize?" + url.Values{"state": {"state-" + id}}.Encode()}}
	})
	if missing == nil {
		missing = []map[string]string{}
	}
	w.gives("complete", map[string]any{"values": filled(values), "missing": missing, "evidence": map[string]string{"id": "evidence-1", "at": "2026-11-22T08:30:00Z"}, "acr": []string{"otp"}})
	w.gives("cancel", map[string]any{})
	w.vault("evidence-1", values)
}

// vault scripts the evidence of a verification.
func (w *world) vault(id string, values map[string]string) {
	names := []string{}
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	w.gives("evidence/"+id, map[string]any{"id": id, "verified": true, "at": "2026-11-22T08:30:00Z", "attributes": names})
	w.on("evidence/"+id+"/compare", func(c call) answer {
		told := map[string]string{}
		given, _ := c.body["values"].(map[string]any)
		for field, value := range given {
			switch verified, known := values[field]; {
			case !known:
				told[field] = "unverified"
			case verified == value:
				told[field] = "same"
			default:
				told[field] = "changed"
			}
		}
		return answer{body: map[string]any{"attributes": told}}
	})
}

// agree is the woman at eSignet who signs in and shares.
func (w *world) agree(state string) {
	w.decide <- url.Values{"code": {"code-of-" + state}, "state": {state}}.Encode()
}

// look checks the plugin's page with axe-core and takes a picture where SCREENSHOTS names a folder.
func (w *world) look(name string) {
	w.t.Helper()
	w.axe(name)
	browser.Picture(w.t, w.ctx, name)
}

// filled are values as the relying party answers them: a list, each with the claim
// that it came from (claims.Result).
func filled(values map[string]string) []map[string]string {
	list := []map[string]string{}
	for attribute, value := range values {
		list = append(list, map[string]string{"attribute": attribute, "value": value, "claim": "claim"})
	}
	return list
}
