package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Code is a QR code for a drawing of Size by Size units.
type Code struct {
	// Size counts modules, the margin on each side with them.
	Size int `json:"size"`
	// Path is the d of an SVG path that fills the dark modules: of each row its runs.
	Path string `json:"path"`
}

// Quiet is the margin that scanners need, in modules (section 5.3.8), for codes that
// are not printed on a card with a margin of its own.
const Quiet = 4

// Draw draws a text with medium correction of errors, which screens and clean paper
// need no more of. It fails for what does not fit: 2,331 bytes do.
func Draw(text string, margin int) (Code, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("draw a QR code of %d bytes: %w", len(text), err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+margin, y+margin, x-from, x-from)
			}
		}
	}
	return Code{Size: code.Size + 2*margin, Path: path.String()}, nil
}
