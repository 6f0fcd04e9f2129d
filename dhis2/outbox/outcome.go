package outbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// outcome is what an error amounts to.
type outcome struct {
	dead   bool          // no waiting mends it
	shared bool          // the server is the reason, or our credentials: every order meets it
	wait   time.Duration // that the server asked for
	cause  string        // short and countable
}

// judge reads an error of a delivery by its type alone.
func judge(err error) outcome {
	var refused interface {
		Permanent() bool
		Cause() string
	}
	var named interface{ Cause() string }
	var permanent interface{ Permanent() bool }
	var retryable interface{ Retryable() bool }
	answered, ok := errors.AsType[*api.Error](err)
	unreachable, away := errors.AsType[*api.UnreachableError](err)
	switch {
	case errors.As(err, &refused) && refused.Permanent():
		return outcome{dead: true, cause: refused.Cause()}
	case errors.As(err, &permanent) && permanent.Permanent():
		return outcome{dead: true, cause: "broken"}
	case away && unreachable.Retryable():
		return outcome{shared: true, cause: "unreachable"}
	case ok:
		cause := strconv.Itoa(answered.Status)
		if answered.Code != "" && !answered.NotFound() { // its code then says something else (E1005)
			cause = answered.Code
		}
		switch {
		case answered.Unauthorized(), answered.Retryable():
			return outcome{shared: true, wait: answered.RetryAfter, cause: cause}
		case answered.Forbidden():
			return outcome{cause: cause} // a right may come back
		}
		return outcome{dead: true, cause: cause}
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{shared: true, cause: "unreachable"}
	case errors.As(err, &retryable) && retryable.Retryable():
		if errors.As(err, &named) {
			return outcome{cause: named.Cause()}
		}
		return outcome{cause: "unsettled"}
	}
	return outcome{cause: "unknown"}
}

// joined sorts codes and drops those that repeat.
func joined(codes []string) string {
	sorted := slices.Sorted(slices.Values(codes))
	return strings.Join(slices.Compact(sorted), ",")
}

// backoff doubles with each attempt.
func (o *Outbox) backoff(attempts int) time.Duration {
	d := o.cfg.Backoff
	for range attempts {
		if d *= 2; d >= o.cfg.MaxBackoff {
			d = o.cfg.MaxBackoff
			break
		}
	}
	return jitter(d)
}

// jitter is between half of d and d, so that those who failed together do not
// come again together.
func jitter(d time.Duration) time.Duration {
	if d <= 1 {
		return d
	}
	return d/2 + rand.N(d/2)
}
