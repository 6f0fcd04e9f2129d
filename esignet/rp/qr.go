package rp

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// QR is a QR code (ISO/IEC 18004) for a drawing of Size by Size units.
type QR struct {
	// Size counts modules, the quiet zone of four on each side with them.
	Size int `json:"size"`
	// Path is the d of an SVG path that fills the dark modules.
	Path string `json:"path"`
}

// quiet is the margin that scanners need, in modules (section 5.3.8).
const quiet = 4

// drawQR draws a text with medium correction of errors: screens are scanned, which
// do not wear.
func drawQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}, err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return QR{Size: code.Size + 2*quiet, Path: path.String()}, nil
}
