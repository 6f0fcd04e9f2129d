package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"
)

// TestJourney runs the demo as a new user does and looks at its pages in a
// real browser: what they show, that they keep to WCAG (axe-core), that they
// fit a narrow screen. SCREENSHOTS names a folder for pictures.
func TestJourney(t *testing.T) {
	browser := startBrowser(t)
	addr := startDemo(t)
	axe := axeScript(t)

	look := func(name, address string, width int64) {
		t.Helper()
		if err := chromedp.Do(browser, chromedp.EmulateViewport(width, 900), chromedp.Navigate(address)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		overflow := evaluate[int](t, browser, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
		if overflow > 0 {
			t.Errorf("%s: %d px wider than a screen of %d px", name, overflow, width)
		}
		if axe != "" {
			checkAxe(t, browser, axe, name)
		}
		screenshot(t, browser, fmt.Sprintf("%s-%d", name, width))
	}

	for _, width := range []int64{1280, 320} {
		look("dhis2-sandbox", addr.DHIS2+"/", width)
		look("dhis2-sandbox-login", addr.DHIS2+"/dhis-web-login/", width)
		look("nehr-sandbox", strings.TrimSuffix(addr.NEHR, "/fhir")+"/", width)
		look("start", addr.Start+"/", width)
		rows := evaluate[int](t, browser, "document.querySelectorAll('table')[0].querySelectorAll('tbody tr').length")
		if rows < 20 {
			t.Errorf("start: the page shows %d mothers, want those of the sandbox", rows)
		}
		if banner := evaluate[string](t, browser, "document.querySelector('.banner').textContent"); !strings.Contains(banner, "Sandbox") {
			t.Error("start: the page does not say that it is a sandbox")
		}
		link := evaluate[string](t, browser, "document.querySelector('tbody a').href")
		look("mother", link, width)
		facts := evaluate[int](t, browser, "document.querySelectorAll('tbody tr').length")
		if facts < 5 {
			t.Errorf("mother: the page shows %d facts", facts)
		}
		if text := evaluate[string](t, browser, "document.querySelector('main').textContent"); !strings.Contains(text, "mmHg") || strings.Contains(text, "undefined") {
			t.Error("mother: no blood pressure with its unit is shown")
		}
	}

	// What the first page says to try.
	p := signInPage{t: t, ctx: browser, axe: axe, name: "demo-sign-in", identity: demoMidwifeID}
	p.esignet(addr.DHIS2, "en")
	p.look("dhis2")
	if got := p.text("#signed-in"); got != demoMidwife {
		t.Errorf("signed in as %q", got)
	}
	p.do(chromedp.Click(chromedp.CSS("main form button")))
	p.identity = demoDoctorID
	p.esignet(addr.DHIS2, "en")
	p.look("requested")
	if code := codeForm.FindString(p.text("main")); code == "" {
		t.Error("the page of who is not linked shows no code")
	}
}

func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("evaluate %s: %v", script, err)
	}
	return v
}

// startBrowser starts a headless Chromium with a profile of its own.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		needs(t, "Chromium: apt-get install chromium fonts-noto-core")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// startDemo runs `nehrbridge demo` on free ports and waits for its line.
func startDemo(t *testing.T) demoAddresses {
	t.Helper()
	cmd := exec.Command("nehrbridge", "demo", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("demo, after an interrupt: %v\n%s", err, errs.String())
		}
	})
	line, err := bufio.NewReader(io.LimitReader(out, 1<<16)).ReadBytes('\n')
	if err != nil {
		t.Fatalf("demo printed no address: %v\n%s", err, errs.String())
	}
	var addr demoAddresses
	if err := json.Unmarshal(line, &addr); err != nil {
		t.Fatal(err)
	}
	return addr
}

// axeScript reads axe-core, which is a tool of the tests only.
func axeScript(t *testing.T) string {
	t.Helper()
	file := os.Getenv("AXE_JS")
	if file == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("this test needs axe-core: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js (REQUIRE_ALL=1)")
		}
		t.Log("axe-core is not here, accessibility is not checked: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js")
		return ""
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// checkAxe fails for each violation of WCAG 2.2 A and AA that axe-core finds.
func checkAxe(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML string `json:"html"`
		} `json:"nodes"`
	}
	script := axe + `;axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => r.violations)`
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]violation](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: axe-core: %v", name, err)
	}
	for _, v := range found {
		t.Errorf("%s: %s: %s (%d places, the first: %s)", name, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML)
	}
}

func screenshot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
