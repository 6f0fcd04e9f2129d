package phn

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// slips counts, over all contents of two neighbouring places and both
// parities, how many slips change the number but not its check character.
// The check characters are sums over the places, so the places that stay the
// same cancel out and the count over short payloads is the count over all.
func slips(alphabet string, check func(string) byte) (substituted, missedSubstituted, swapped, missedSwapped int) {
	for _, tail := range []string{"", alphabet[:1]} { // the parity of the place
		for _, a := range alphabet {
			for _, b := range alphabet {
				if a == b {
					continue
				}
				substituted++
				if check(string(a)+tail) == check(string(b)+tail) {
					missedSubstituted++
				}
				swapped++
				if check(string(a)+string(b)+tail) == check(string(b)+string(a)+tail) {
					missedSwapped++
				}
			}
		}
	}
	return
}

// TestDetection holds the rates fast that doc.go states.
func TestDetection(t *testing.T) {
	for _, c := range []struct {
		name, alphabet string
		check          func(string) byte
		want           string
	}{
		{"ndhgs2 serial part", ndhgsAlphabet, regenstrief, "92.0% 92.8%"},
		{"ndhgs2 digits only", "0123456789", regenstrief, "100.0% 97.8%"},
		{"demo", demoAlphabet, luhn26, "100.0% 99.7%"},
		{"chims serial part", chimsAlphabet, luhn10, "89.5% 92.0%"},
	} {
		s, ms, w, mw := slips(c.alphabet, c.check)
		got := fmt.Sprintf("%.1f%% %.1f%%", 100-100*float64(ms)/float64(s), 100-100*float64(mw)/float64(w))
		if got != c.want {
			t.Errorf("%s: caught %s, want %s (%d/%d, %d/%d missed)", c.name, got, c.want, ms, s, mw, w)
		}
	}
}

// payload draws what stands before the check character.
func payload(t *rapid.T, s *scheme) string {
	issue := s.issue
	if issue == "" {
		issue = rapid.StringMatching(`[0-9]{4}`).Draw(t, "point of issue")
	}
	serial := rapid.SliceOfN(rapid.SampledFrom([]byte(s.serial)), s.lengths[0], s.lengths[0]).Draw(t, "serial")
	return issue + string(serial)
}

// TestDemoCatchesEverySubstitution is what Luhn promises for an even base.
func TestDemoCatchesEverySubstitution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := payload(t, demo)
		good := p + string(demo.check(p))
		i := rapid.IntRange(lenIssue, len(good)-1).Draw(t, "place")
		c := rapid.SampledFrom([]byte(demoAlphabet)).Draw(t, "character")
		bad := good[:i] + string(c) + good[i+1:]
		if bad == good {
			return
		}
		if _, err := Demo.Parse(bad); err == nil {
			t.Fatal("a wrong character passed")
		}
	})
}
