package upload_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/portal/upload"
)

// picture is wider than high, with its top left corner red.
func picture() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			img.Set(x, y, color.RGBA{B: 200, A: 255})
			if x < 8 && y < 8 {
				img.Set(x, y, color.RGBA{R: 255, A: 255})
			}
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts an EXIF segment with an orientation, and a place, into a JPEG.
func withEXIF(data []byte, orientation int) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00")
	tiff = append(tiff, byte(orientation), 0, 0, 0, 0, 0, 0)
	tiff = append(tiff, "GPS 6.9271 79.8612"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, 0}, segment...)
	binary.BigEndian.PutUint16(out[4:], uint16(len(segment)+2))
	return append(out, data[2:]...)
}

func chunk(typ string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(out, typ...)
	out = append(out, data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

// pngSaying is a PNG that says to be of a size, with some content.
func pngSaying(width, height uint32, depth, kind byte, content []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, depth, kind, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n")
	out = append(out, chunk("IHDR", head)...)
	out = append(out, chunk("IDAT", content)...)
	return append(out, chunk("IEND", nil)...)
}

func zipped(t testing.TB) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("evil.html")
	if err == nil {
		_, err = f.Write([]byte("<script>alert(1)</script>"))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pdf makes a PDF of the bodies of its objects.
func pdf(bodies ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i, body := range bodies {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	fmt.Fprintf(&b, "trailer\n<< /Root 1 0 R /Size %d >>\nstartxref\n9\n%%%%EOF\n", len(bodies)+1)
	return b.Bytes()
}

func stream(dict, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(content), content)
}

const catalog = "<< /Type /Catalog /Pages 2 0 R >>"

func TestImages(t *testing.T) {
	for name, data := range map[string][]byte{"jpeg": withEXIF(jpegOf(t, picture()), 1), "png": pngOf(t, picture())} {
		t.Run(name, func(t *testing.T) {
			data = append(append(data, "hidden behind the end "...), zipped(t)...)
			f, err := upload.Check(data)
			if err != nil {
				t.Fatal(err)
			}
			if f.ContentType != "image/"+name || f.Width != 32 || f.Height != 16 {
				t.Errorf("file: %s %d x %d", f.ContentType, f.Width, f.Height)
			}
			for _, hidden := range []string{"GPS", "Exif", "hidden", "PK\x03\x04", "script"} {
				if bytes.Contains(f.Data, []byte(hidden)) {
					t.Errorf("%q is kept", hidden)
				}
			}
			again, err := upload.Check(f.Data)
			if err != nil || again.ContentType != f.ContentType {
				t.Errorf("what is kept is not taken: %v", err)
			}
		})
	}
}

// TestOrientation: where the red corner is, as people who turn their heads see it.
func TestOrientation(t *testing.T) {
	corner := map[int]struct {
		x, y int // 0 is left or top
		high bool
	}{1: {0, 0, false}, 2: {1, 0, false}, 3: {1, 1, false}, 4: {0, 1, false}, 5: {0, 0, true}, 6: {1, 0, true}, 7: {1, 1, true}, 8: {0, 1, true}}
	for orientation, want := range corner {
		f, err := upload.Check(withEXIF(jpegOf(t, picture()), orientation))
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(f.Data))
		if err != nil {
			t.Fatal(err)
		}
		w, h := img.Bounds().Dx(), img.Bounds().Dy()
		if (h > w) != want.high || f.Width != w || f.Height != h {
			t.Errorf("orientation %d: %d x %d", orientation, w, h)
		}
		for y := range 2 {
			for x := range 2 {
				r, _, _, _ := img.At(3+x*(w-7), 3+y*(h-7)).RGBA()
				if red := r > 0x8000; red != (x == want.x && y == want.y) {
					t.Errorf("orientation %d: corner %d %d is red: %v", orientation, x, y, red)
				}
			}
		}
	}
}

func TestPDF(t *testing.T) {
	page := "<< /Type /Page /Annots [ << /Subtype /Link /A << /S /URI /URI (https://moh.example) >> >> ] >>"
	for name, data := range map[string][]byte{
		"plain":           pdf(catalog, page, stream("", "BT (obj and /JS are only words here) Tj ET")),
		"object stream":   pdf(catalog, stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", string(deflated([]byte("5 0 << /Type /Font >>"))))),
		"a random stream": pdf(catalog, stream("/Filter /FlateDecode", string(deflated(bytes.Repeat([]byte("/JS /AA"), 100))))),
		"a space behind":  append(pdf(catalog), "\r\n \x00"...),
	} {
		f, err := upload.Check(data)
		if err != nil || f.ContentType != upload.PDF || !bytes.Equal(f.Data, data) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAttackUploads: what is no picture and no PDF, is too much of one, or is something
// else too.
func TestAttackUploads(t *testing.T) {
	progressive := func() []byte { // thousands of scans
		j := jpegOf(t, picture())
		at := bytes.Index(j, []byte{0xff, 0xda})
		scan := j[at : len(j)-2]
		return append(append(j[:at:at], bytes.Repeat(scan, 2000)...), 0xff, 0xd9)
	}
	hugeJPEG := func() []byte {
		j := bytes.Clone(jpegOf(t, picture()))
		at := bytes.Index(j, []byte{0xff, 0xc0})
		copy(j[at+5:], []byte{0xc3, 0x50, 0xc3, 0x50}) // 50,000 x 50,000
		return j
	}
	object := func(body string) []byte { return pdf(catalog, body) }
	hidden := func(body string) []byte {
		return object(stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", string(deflated([]byte("5 0 "+body)))))
	}
	script := "<< /S /JavaScript /JS (app.alert(1)) >>"
	for _, tt := range []struct {
		name string
		why  upload.Reason
		data []byte
	}{
		{"nothing", upload.Empty, nil},
		{"too large", upload.TooLarge, make([]byte, upload.MaxBytes+1)},
		{"SVG", upload.Unknown, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)},
		{"HTML", upload.Unknown, []byte("<!doctype html><script>alert(1)</script>")},
		{"text", upload.Unknown, []byte("a text")},
		{"GIF", upload.Unknown, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")},
		{"GIF and script", upload.Unknown, []byte("GIF89a/*\x00*/=1;alert(1)")},
		{"HEIC", upload.Unknown, []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")},
		{"WebP", upload.Unknown, []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")},
		{"ZIP", upload.Unknown, zipped(t)},
		{"program", upload.Unknown, []byte("MZ\x90\x00")},
		{"space before a PDF", upload.Unknown, append([]byte("\n"), pdf(catalog)...)},
		{"JPEG, first bytes alone", upload.Damaged, []byte("\xff\xd8\xff")},
		{"JPEG, cut", upload.Damaged, jpegOf(t, picture())[:300]},
		{"JPEG, then HTML", upload.Damaged, []byte("\xff\xd8\xff<script>alert(1)</script>")},
		{"JPEG of 50,000 x 50,000", upload.Pixels, hugeJPEG()},
		{"JPEG of thousands of scans", upload.Pixels, progressive()},
		{"PNG, first bytes alone", upload.Damaged, []byte("\x89PNG\r\n\x1a\n")},
		{"PNG, cut", upload.Damaged, pngOf(t, picture())[:60]},
		{"PNG of 50,000 x 50,000", upload.Pixels, pngSaying(50_000, 50_000, 8, 2, nil)},
		{"PNG of 2^31 x 2^31", upload.Damaged, pngSaying(1<<31-1, 1<<31-1, 8, 2, nil)},
		{"PNG of 16 bits a colour", upload.Pixels, pngSaying(4990, 5000, 16, 6, nil)},
		{"PNG of no pixels", upload.Damaged, pngSaying(0, 10, 8, 2, nil)},
		{"PNG that inflates without an end", upload.Damaged, pngSaying(2, 2, 8, 0, deflated(make([]byte, 50<<20)))},
		{"PDF, first bytes alone", upload.Damaged, []byte("%PDF-1.7")},
		{"PDF, cut", upload.Damaged, pdf(catalog, "<< >>")[:50]},
		{"PDF without objects", upload.Damaged, []byte("%PDF-1.7\nstartxref\n9\n%%EOF")},
		{"PDF with something behind", upload.Damaged, append(pdf(catalog), "<script>alert(1)</script>"...)},
		{"PDF and ZIP", upload.Damaged, append(pdf(catalog), zipped(t)...)},
		{"PDF within a ZIP", upload.Damaged, func() []byte {
			end := "\n%%EOF\n"
			z := "PK\x05\x06" + strings.Repeat("\x00", 16) + string([]byte{byte(len(end)), 0})
			return append(bytes.TrimSuffix(pdf(catalog), []byte("%%EOF\n")), "%"+z+end...)
		}()},
		{"PDF with a script", upload.Active, object(script)},
		{"PDF with a script by escapes", upload.Active, object(`<< /S /Java#53cript /#4a#53 (x) >>`)},
		{"PDF that opens something", upload.Active, object("<< /OpenAction 3 0 R >>")},
		{"PDF with actions", upload.Active, object("<< /AA << >> >>")},
		{"PDF that starts a program", upload.Active, object("<< /S/Launch/F(cmd.exe)>>")},
		{"PDF with a file", upload.Active, object(stream("/Type /EmbeddedFile", "x"))},
		{"PDF with media", upload.Active, object("<< /Subtype /RichMedia >>")},
		{"PDF with XFA", upload.Active, object("<< /XFA 3 0 R >>")},
		{"PDF with a password", upload.Active, object("<< /Encrypt 3 0 R >>")},
		{"PDF that sends a form", upload.Active, object("<< /S /SubmitForm >>")},
		{"PDF with a script in an object stream", upload.Active, hidden(script)},
		{"PDF with an object stream without its type", upload.Active,
			object(stream("/N 1 /First 4 /Filter /FlateDecode", string(deflated([]byte("5 0 "+script)))))},
		{"PDF with an object stream that cannot be looked into", upload.Active, object(stream("/Type /ObjStm /N 1 /First 4 /Filter /LZWDecode", "x"))},
		{"PDF with an object stream without a filter", upload.Active, object(stream("/Type /ObjStm /N 1 /First 4", "5 0 "+script))},
		{"PDF with a damaged object stream", upload.Damaged, object(stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", "no zlib"))},
		{"PDF with an object stream that inflates without an end", upload.TooLarge, object(stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", string(deflated(make([]byte, 40<<20)))))},
		{"PDF with an object in a picture", upload.Damaged, object(stream("/Subtype /Image", "\n9 0 obj "+script+" endobj\n"))},
		{"PDF with an object in a comment", upload.Damaged, object("<< >>\n% 9 0 obj " + script + "\n")},
		{"PDF with an object in a text", upload.Damaged, object("<< /Title (\n9 0 obj " + script + " endobj) >>")},
		{"PDF with an object behind a comment", upload.Damaged, append(bytes.TrimSuffix(pdf(catalog), []byte("%%EOF\n")), "9 0 %\nobj << >> endobj\n%%EOF"...)},
		{"PDF with a stream of no object", upload.Damaged, object("stream\n" + script + "\nendstream")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := upload.Check(tt.data)
			refused, ok := errors.AsType[*upload.RefusedError](err)
			if !ok || refused.Reason != tt.why || f.Data != nil {
				t.Errorf("got %v, want %s", err, tt.why)
			}
		})
	}
}

// FuzzCheck: whatever is taken is of a type that is taken, bounded, and taken again.
func FuzzCheck(f *testing.F) {
	f.Add(withEXIF(jpegOf(f, picture()), 6))
	f.Add(pngOf(f, picture()))
	f.Add(pdf(catalog, stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", string(deflated([]byte("5 0 << /Type /Font >>"))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := upload.Check(data)
		if err != nil {
			if _, ok := errors.AsType[*upload.RefusedError](err); !ok {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if len(file.Data) == 0 || len(file.Data) > upload.MaxBytes {
			t.Fatalf("%d bytes", len(file.Data))
		}
		if again, err := upload.Check(file.Data); err != nil || again.ContentType != file.ContentType {
			t.Fatalf("what was taken is not taken again: %v", err)
		}
	})
}
