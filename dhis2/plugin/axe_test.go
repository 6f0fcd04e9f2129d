package plugin_test

import (
	"os"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeScript reads axe-core, which is a tool of the tests only.
func axeScript(t *testing.T) string {
	t.Helper()
	file := os.Getenv("AXE_JS")
	if file == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("this test needs axe-core: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js (REQUIRE_ALL=1)")
		}
		return ""
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// axe fails for each violation of WCAG 2.2 A and AA that axe-core finds in the
// plugin's page. It runs in a world of its own, where the page's CSP leaves it
// alone.
func (w *world) axe(name string) {
	w.t.Helper()
	script := axeScript(w.t)
	if script == "" {
		w.t.Log("axe-core is not here, accessibility is not checked: npm install axe-core@4.14.1, and AXE_JS=…/axe.min.js")
		return
	}
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML string `json:"html"`
		} `json:"nodes"`
	}
	tree, err := chromedp.Call(w.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	isolated, err := chromedp.Call(w.ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.ChildFrames[0].Frame.ID})
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	run := script + `;axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => r.violations)`
	found, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]violation](run, chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) { p.ContextID = isolated.ExecutionContextID }))
	if err != nil {
		w.t.Fatalf("%s: axe-core: %v", name, err)
	}
	for _, v := range found {
		w.t.Errorf("%s: %s: %s (%d places, the first: %s)", name, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML)
	}
}
