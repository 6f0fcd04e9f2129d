package portal

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds how often each source comes. It knows so many sources at most, and
// forgets them all when there are more: memory is bounded, and who is many is not
// stopped by counting each alone.
type limiter struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	sources map[string]*rate.Limiter
}

const maxSources = 20_000

func newLimiter(perMinute int) *limiter {
	return &limiter{every: time.Minute / time.Duration(perMinute), burst: max(1, perMinute/4), sources: map[string]*rate.Limiter{}}
}

func (l *limiter) allow(source string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.sources[source]
	if one == nil {
		if len(l.sources) >= maxSources {
			clear(l.sources)
		}
		one = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.sources[source] = one
	}
	return one.AllowN(now, 1)
}
