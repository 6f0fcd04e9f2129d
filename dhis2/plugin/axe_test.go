package plugin_test

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// axe fails for each violation of WCAG 2.2 A and AA that axe-core finds in the
// plugin's page. It runs in a world of its own, where the page's CSP leaves it
// alone.
func (w *world) axe(name string) {
	w.t.Helper()
	script := browser.Axe(w.t)
	if script == "" {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	isolated, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.ChildFrames[0].Frame.ID})
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	found, err := browser.Violations(ctx, script, func(p *runtime.EvaluateParams) { p.ContextID = isolated.ExecutionContextID })
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	for _, v := range found {
		w.t.Errorf("%s: %s", name, v)
	}
}
