package route

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a rate: calls in a second in the long run, and at once.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Limits bound the calls of a user, of a Route, and of all.
type Limits struct{ User, Route, All Limit }

func (l Limits) withDefaults() Limits {
	def(&l.User, Limit{2, 20})
	def(&l.Route, Limit{50, 200})
	def(&l.All, Limit{100, 400})
	return l
}

func (l Limit) limiter() *rate.Limiter { return rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst) }

// maxLimited bounds the users whose calls are remembered.
const maxLimited = 10_000

// limiter counts calls.
type limiter struct {
	limits Limits
	all    *rate.Limiter
	mu     sync.Mutex
	routes map[string]*rate.Limiter // as many as there are Routes
	users  map[string]*rate.Limiter
}

func newLimiter(l Limits) *limiter {
	return &limiter{limits: l, all: l.All.limiter(), routes: map[string]*rate.Limiter{}, users: map[string]*rate.Limiter{}}
}

// allow counts one call, the narrowest limit first, so that one user who calls
// without end takes nothing from others.
func (l *limiter) allow(route, user string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	byUser, known := l.users[user]
	if !known {
		l.room(now)
		byUser = l.limits.User.limiter()
		l.users[user] = byUser
	}
	byRoute, known := l.routes[route]
	if !known {
		byRoute = l.limits.Route.limiter()
		l.routes[route] = byRoute
	}
	return byUser.AllowN(now, 1) && byRoute.AllowN(now, 1) && l.all.AllowN(now, 1)
}

// room forgets the users who may call as often as one who is new; if there are
// none, any one.
func (l *limiter) room(now time.Time) {
	if len(l.users) < maxLimited {
		return
	}
	any := ""
	for user, byUser := range l.users {
		if any = user; byUser.TokensAt(now) >= float64(l.limits.User.Burst) {
			delete(l.users, user)
		}
	}
	if len(l.users) >= maxLimited {
		delete(l.users, any)
	}
}
