package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestJourney runs the demo as a new user does and looks at its pages in a
// real browser: what they show, that they keep to WCAG (axe-core), that they
// fit a narrow screen. SCREENSHOTS names a folder for pictures.
func TestJourney(t *testing.T) {
	window := browser.Start(t)
	addr := startDemo(t)
	axe := browser.Axe(t)

	look := func(name, address string, width int64) {
		t.Helper()
		if err := browser.Do(window, chromedp.Navigate(address)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := browser.Fit(window, width, 900); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checkAxe(t, window, axe, name)
		browser.Picture(t, window, fmt.Sprintf("%s-%d", name, width))
	}

	for _, width := range []int64{1280, 320} {
		look("dhis2-sandbox", addr.DHIS2+"/", width)
		look("dhis2-sandbox-login", addr.DHIS2+"/dhis-web-login/", width)
		look("nehr-sandbox", strings.TrimSuffix(addr.NEHR, "/fhir")+"/", width)
		look("start", addr.Start+"/", width)
		rows := evaluate[int](t, window, "document.querySelectorAll('table')[0].querySelectorAll('tbody tr').length")
		if rows < 20 {
			t.Errorf("start: the page shows %d mothers, want those of the sandbox", rows)
		}
		if banner := evaluate[string](t, window, "document.querySelector('.banner').textContent"); !strings.Contains(banner, "Sandbox") {
			t.Error("start: the page does not say that it is a sandbox")
		}
		link := evaluate[string](t, window, "document.querySelector('tbody a').href")
		look("mother", link, width)
		facts := evaluate[int](t, window, "document.querySelectorAll('tbody tr').length")
		if facts < 5 {
			t.Errorf("mother: the page shows %d facts", facts)
		}
		if text := evaluate[string](t, window, "document.querySelector('main').textContent"); !strings.Contains(text, "mmHg") || strings.Contains(text, "undefined") {
			t.Error("mother: no blood pressure with its unit is shown")
		}
	}

	// What the first page says to try.
	p := signInPage{t: t, ctx: window, axe: axe, name: "demo-sign-in", identity: demoMidwifeID}
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
	v, err := browser.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("evaluate %s: %v", script, err)
	}
	return v
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

// checkAxe fails for each violation of WCAG 2.2 A and AA that axe-core finds.
func checkAxe(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	found, err := browser.Violations(ctx, axe)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, v := range found {
		t.Errorf("%s: %s", name, v)
	}
}
