package portal

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter bounds how often each source comes. It knows so many sources at most, and
// forgets them all when there are more: memory is bounded, and who is many is not
// stopped by counting each alone.
type Limiter struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	sources map[string]*rate.Limiter
}

const maxSources = 20_000

// NewLimiter allows so many a minute, a quarter of them at once.
func NewLimiter(perMinute int) *Limiter {
	return &Limiter{every: time.Minute / time.Duration(perMinute), burst: max(1, perMinute/4), sources: map[string]*rate.Limiter{}}
}

func (l *Limiter) Allow(source string, now time.Time) bool {
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
