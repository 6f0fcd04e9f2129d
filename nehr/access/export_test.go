package access

import "testing"

// SmallPages makes what is read in steps and pages small for a test, so that a few
// resources are many of them. No other test runs at that time.
func SmallPages(t testing.TB) {
	page, entries, ids, events := pageSize, perCompare, perLookup, perEvents
	pageSize, perCompare, perLookup, perEvents = 50, 50, 20, 40
	t.Cleanup(func() { pageSize, perCompare, perLookup, perEvents = page, entries, ids, events })
}
