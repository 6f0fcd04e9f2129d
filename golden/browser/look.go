package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// Violations are what axe-core finds against WCAG 2.2 A and AA and its best practices
// in the page that is shown, a line each. Without its script (see [Axe]) there are
// none.
func Violations(ctx context.Context, axe string, opts ...chromedp.EvaluateOption) ([]string, error) {
	if axe == "" {
		return nil, nil
	}
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML string `json:"html"`
		} `json:"nodes"`
	}
	script := axe + `;axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r => r.violations)`
	found, err := Run(ctx, chromedp.Evaluate[[]violation](script, append(opts, chromedp.EvalAwaitPromise)...))
	if err != nil {
		return nil, fmt.Errorf("axe-core: %w", err)
	}
	lines := make([]string, len(found))
	for i, v := range found {
		lines[i] = fmt.Sprintf("%s: %s (%d places, the first: %s)", v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML)
	}
	return lines, nil
}

// Picture takes a picture of the whole page into the folder that SCREENSHOTS names,
// if it names one.
func Picture(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := Run(ctx, chromedp.FullScreenshot(100))
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
