package patient

import "testing"

// TestByDay: what somebody does again and again on a day is one line with its number;
// another day, person, act or outcome is a line of its own.
func TestByDay(t *testing.T) {
	at := func(day, hour, who, what string, permitted bool) sight {
		return sight{Time: day + "T" + hour + ":00+05:30", At: day + " " + hour, Who: who, Action: what, Permitted: permitted}
	}
	got := byDay([]sight{
		at("2026-03-02", "11:00", "A", "looked", true),
		at("2026-03-02", "10:59", "A", "permissions", true),
		at("2026-03-02", "10:58", "A", "looked", true),
		at("2026-03-02", "10:57", "B", "looked", true),
		at("2026-03-02", "10:56", "A", "looked", false),
		at("2026-03-02", "10:55", "A", "looked", true),
		at("2026-03-01", "23:59", "A", "looked", true),
	})
	want := []struct {
		at, first string
		times     int
	}{{"2026-03-02 11:00", "2026-03-02 10:55", 3}, {"2026-03-02 10:59", "", 1}, {"2026-03-02 10:57", "", 1}, {"2026-03-02 10:56", "", 1}, {"2026-03-01 23:59", "", 1}}
	if len(got) != len(want) {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	for i, w := range want {
		if g := got[i]; g.At != w.at || g.First != w.first || g.Times != w.times {
			t.Errorf("line %d: %+v, want %+v", i, g, w)
		}
	}
}
