package qr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/qr"
)

func Example() {
	code, err := qr.Draw("ABCD-EFGH", qr.Quiet)
	if err != nil {
		panic(err)
	}
	fmt.Println(code.Size, code.Path[:11])
	// Output: 29 M4 4h7v1h-7
}

// TestDraw: the margin is on each side, and the finder patterns stand in the corners
// (ISO/IEC 18004 section 5.3.2.1).
func TestDraw(t *testing.T) {
	for _, margin := range []int{0, qr.Quiet} {
		code, err := qr.Draw("https://record.example.lk/shl", margin)
		if err != nil {
			t.Fatal(err)
		}
		last := code.Size - margin - 7
		for _, corner := range []string{fmt.Sprintf("M%d %dh7v1h-7z", margin, margin), fmt.Sprintf("M%d %dh7v1h-7z", last, margin), fmt.Sprintf("M%d %dh7v1h-7z", margin, last)} {
			if !strings.Contains(code.Path, corner) {
				t.Errorf("margin %d: no %s", margin, corner)
			}
		}
	}
	if _, err := qr.Draw(strings.Repeat("x", 3000), 0); err == nil || strings.Contains(err.Error(), "xx") {
		t.Errorf("too much is drawn, or told: %v", err)
	}
}
