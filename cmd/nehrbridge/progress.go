package main

import (
	"math"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress is a JSON line of a long command.
type progress struct {
	Done  int     `json:"done"`
	Total int     `json:"total"`
	Rate  float64 `json:"rate"`         // a second
	Left  float64 `json:"left_seconds"` // 0 while it is not known
}

// progressEvery is the time between two lines.
const progressEvery = 5 * time.Second

// showProgress shows a bar with rate and time left on a terminal (stderr), and
// elsewhere JSON lines on stdout: one at the beginning, and then from time to
// time. last ends it.
func (a *app) showProgress(total int) func(p progress, last bool) {
	if f, ok := a.err.(*os.File); ok && isTerminal(f) {
		bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetDescription("tracked entities"), progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		return func(p progress, last bool) {
			if last {
				_ = bar.Clear()
				return
			}
			if bar.GetMax() != p.Total {
				bar.ChangeMax(p.Total)
			}
			_ = bar.Set(min(p.Done, p.Total))
		}
	}
	var next time.Time
	return func(p progress, last bool) {
		if last || time.Now().Before(next) {
			return
		}
		next = time.Now().Add(progressEvery)
		p.Rate, p.Left = math.Round(10*p.Rate)/10, math.Ceil(p.Left)
		_ = a.printJSON(p)
	}
}
