package upload

import (
	"bytes"
	"errors"
)

// Bounds of a file.
const (
	// MaxBytes bounds what comes in and what goes out.
	MaxBytes = 10 << 20
	// maxSide and maxPixels bound an image before it is decoded, maxMemory the bytes of
	// its pixels: a file of some hundred bytes may say that it is 50,000 wide and high.
	maxSide   = 12_000
	maxPixels = 25_000_000
	maxMemory = 160_000_000
	// maxScans bounds a progressive JPEG, whose every scan goes over all of the image.
	// Cameras and programs write about ten.
	maxScans = 64
)

// The types of files that are taken.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	PDF  = "application/pdf"
)

// File is what may be kept.
type File struct {
	ContentType string
	Data        []byte
	// Width and Height are those of an image, in pixels.
	Width, Height int
}

// Reason says why a file is refused.
type Reason string

// The reasons.
const (
	Empty    Reason = "empty"
	TooLarge Reason = "too-large"
	Unknown  Reason = "unknown" // neither a JPEG, a PNG nor a PDF
	Damaged  Reason = "damaged" // it begins as one, and is none
	Pixels   Reason = "pixels"  // more of them than are taken
	Active   Reason = "active"  // a PDF with scripts, actions, attachments or a password
)

// RefusedError is a refusal. It holds nothing of the file.
type RefusedError struct{ Reason Reason }

func (e *RefusedError) Error() string { return "upload refused: " + string(e.Reason) }

func refuse(why Reason) error { return &RefusedError{why} }

// slots bounds how many files are decoded at once, and so the memory.
var slots = make(chan struct{}, 2)

// Check makes of a file what may be kept, or refuses it with a *RefusedError.
func Check(data []byte) (File, error) {
	switch {
	case len(data) == 0:
		return File{}, refuse(Empty)
	case len(data) > MaxBytes:
		return File{}, refuse(TooLarge)
	}
	slots <- struct{}{}
	defer func() { <-slots }()
	var f File
	var err error
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		f, err = checkJPEG(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		f, err = checkPNG(data)
	case bytes.HasPrefix(data, []byte("%PDF-")):
		f, err = checkPDF(data)
	default:
		err = refuse(Unknown)
	}
	if err != nil {
		if _, ok := errors.AsType[*RefusedError](err); !ok {
			err = refuse(Damaged)
		}
		return File{}, err
	}
	if len(f.Data) > MaxBytes {
		return File{}, refuse(TooLarge)
	}
	return f, nil
}
