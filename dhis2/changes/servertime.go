package changes

import (
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// wallMoment is a moment by the clock of a DHIS2 server. The server tells
// wall time without an offset, so in the hour that a zone repeats it may be
// either of two instants.
type wallMoment struct{ earliest, latest time.Time }

// moment reads serverDate of /api/system/info.
func moment(info *dhis2.SystemInfo) (wallMoment, *time.Location, error) {
	zone, err := time.LoadLocation(info.ServerTimeZoneID)
	if err != nil || info.ServerTimeZoneID == "" {
		return wallMoment{}, nil, fmt.Errorf("dhis2/changes: the server's time zone %q is unknown here: install tzdata", info.ServerTimeZoneID)
	}
	at, err := info.ServerDate.Parse(zone)
	if err != nil {
		return wallMoment{}, nil, fmt.Errorf("dhis2/changes: the server's date: %w", err)
	}
	return bothInstants(at.Time(), zone), zone, nil
}

// bothInstants finds the other instant with the same wall time, if there is
// one. Zones move by at most a day (Samoa, 2011).
func bothInstants(at time.Time, zone *time.Location) wallMoment {
	m := wallMoment{at, at}
	wall := at.In(zone)
	for _, day := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, here := wall.Zone()
		_, there := wall.Add(day).Zone()
		other := wall.Add(time.Duration(here-there) * time.Second)
		if sameWall(wall, other) {
			if other.Before(m.earliest) {
				m.earliest = other
			}
			if other.After(m.latest) {
				m.latest = other
			}
		}
	}
	return m
}

// wallLayout is how DHIS2 prints a time (dhis2.Timestamp).
const wallLayout = "2006-01-02T15:04:05.000"

func sameWall(a, b time.Time) bool {
	return a.Format(wallLayout) == b.Format(wallLayout)
}

// since is where a sweep begins, so that no row is older which was written
// after low: an overlap before it, for transactions that commit later than
// their rows say. Rows are compared by wall time; where clocks were put back
// meanwhile, what was written afterwards looks older by that much. A server
// whose clock was set back writes rows that look older than low.
func since(low time.Time, now wallMoment, overlap time.Duration, zone *time.Location) time.Time {
	if low.IsZero() {
		return low
	}
	if now.earliest.Before(low) {
		low = now.earliest
	}
	from := low.Add(-overlap)
	_, before := from.In(zone).Zone()
	_, after := now.latest.In(zone).Zone()
	if before > after {
		from = from.Add(-time.Duration(before-after) * time.Second)
	}
	return from
}
