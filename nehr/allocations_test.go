//go:build !race

package nehr_test

import "testing"

// TestBundleAllocations holds what BenchmarkBundleEncode measures. The race
// detector empties pools at random, so under it the count says nothing.
func TestBundleAllocations(t *testing.T) {
	b := manyEntries()
	dst, err := b.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(50, func() {
		if dst, err = b.AppendJSON(dst[:0]); err != nil {
			t.Fatal(err)
		}
	})
	if n > 8 {
		t.Errorf("%.0f allocations beside the output, want at most 8", n)
	}
}
