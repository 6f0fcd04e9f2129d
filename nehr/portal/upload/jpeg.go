package upload

import (
	"bytes"
	"encoding/binary"
)

// Markers of a JPEG (ITU-T T.81, table B.1).
const (
	markerSOF2 = 0xc2 // a progressive one
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP1 = 0xe1
)

// scanJPEG goes over the segments of a JPEG up to its end, counts the scans, and gives
// the orientation of its EXIF, 1 where it has none. What follows the end is not looked
// at, and is not in what is kept.
func scanJPEG(data []byte) (orientation int, err error) {
	orientation = 1
	scans := 0
	for i := 2; ; {
		for i < len(data) && data[i] != 0xff { // entropy-coded data, or garbage that decoders pass over
			i++
		}
		for i < len(data) && data[i] == 0xff {
			i++
		}
		if i >= len(data) {
			return 0, refuse(Damaged) // cut off
		}
		marker := data[i]
		i++
		switch {
		case marker == markerEOI:
			if scans == 0 {
				return 0, refuse(Damaged)
			}
			return orientation, nil
		case marker == 0, marker == 0x01, marker >= 0xd0 && marker <= markerSOI: // stuffed, or without content
			continue
		}
		if i+2 > len(data) {
			return 0, refuse(Damaged)
		}
		n := int(binary.BigEndian.Uint16(data[i:]))
		if n < 2 || i+n > len(data) {
			return 0, refuse(Damaged)
		}
		switch marker {
		case markerSOF2: // its decoder keeps 4 bytes for each pixel of each component
			if n < 8 {
				return 0, refuse(Damaged)
			}
			height, width := int(binary.BigEndian.Uint16(data[i+3:])), int(binary.BigEndian.Uint16(data[i+5:]))
			if width*height*int(data[i+7])*4 > maxMemory {
				return 0, refuse(Pixels)
			}
		case markerSOS:
			if scans++; scans > maxScans {
				return 0, refuse(Pixels)
			}
		case markerAPP1:
			if o := exifOrientation(data[i+2 : i+n]); o != 0 {
				orientation = o
			}
		}
		i += n
	}
}

// exifOrientation reads tag 274 of the first directory of an EXIF segment; 0 for none.
func exifOrientation(segment []byte) int {
	tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(tiff[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
	default:
		return 0
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 0
	}
	n := int(order.Uint16(tiff[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > len(tiff) {
			return 0
		}
		if order.Uint16(tiff[e:]) == 274 && order.Uint16(tiff[e+2:]) == 3 {
			if o := int(order.Uint16(tiff[e+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}
