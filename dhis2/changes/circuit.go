package changes

import (
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// circuit tells a server that is down from an entity that fails. It is open
// after several entities in a row have failed for a reason that is not their
// own: then one is tried after each pause, and the first that does not fail
// so closes it.
type circuit struct {
	trip    int
	max     time.Duration
	failing map[dhis2.UID]bool // since the last that did not fail so
	opens   int                // pauses in a row; 0 is closed
	until   time.Time          // end of the pause
}

func (c *circuit) open() bool { return c.opens > 0 }

// left is what is left of the pause.
func (c *circuit) left() time.Duration {
	if !c.open() {
		return 0
	}
	return max(0, time.Until(c.until))
}

// allowed is how many entities may be worked on now; negative is no limit.
func (c *circuit) allowed() int {
	switch {
	case !c.open():
		return -1
	case c.left() > 0:
		return 0
	}
	return 1
}

// result takes in how a try ended, and reports whether work stops here.
func (c *circuit) result(uid dhis2.UID, shared bool, o Outcome) (stop bool) {
	if !shared {
		c.failing, c.opens = nil, 0
		return false
	}
	if c.failing == nil {
		c.failing = map[dhis2.UID]bool{}
	}
	c.failing[uid] = true
	pausing := c.left() > 0
	if !c.open() && len(c.failing) < c.trip && !o.All && o.Wait == 0 {
		return false
	}
	if !pausing {
		// Those that were under way when it opened do not make it longer.
		pause := jitter(min(c.max, time.Second<<min(c.opens, 6)))
		c.opens++
		c.until = time.Now().Add(pause)
	}
	if at := time.Now().Add(min(o.Wait, 10*c.max)); at.After(c.until) {
		c.until = at
	}
	return true
}
