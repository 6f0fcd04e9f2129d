package upload

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
)

// maxInflated bounds what the object streams of a PDF hold together, in bytes.
const maxInflated = 32 << 20

// acts are the names (ISO 32000-1) of what acts by itself, opens something else, carries
// another file, or hides what is inside.
var acts = map[string]bool{
	"JavaScript": true, "JS": true, "Launch": true, "OpenAction": true, "AA": true, "SubmitForm": true, "ImportData": true, "ResetForm": true,
	"EmbeddedFile": true, "EmbeddedFiles": true, "FileAttachment": true, "Filespec": true, "GoToR": true, "GoToE": true, "GoTo3DView": true,
	"RichMedia": true, "RichMediaContent": true, "Movie": true, "Sound": true, "Screen": true, "Rendition": true, "3D": true,
	"XFA": true, "Encrypt": true, "FFilter": true, "Collection": true,
}

// objects finds what readers take for the beginning of an object, also readers that mend
// a file: wherever the table of a file points to, an object stands there.
var objects = regexp.MustCompile(`[0-9][\x00\t\n\f\r ]+[0-9]+[\x00\t\n\f\r ]+obj`)

// checkPDF takes a PDF in which every object can be looked at, and none acts. A reader
// finds objects by a table of places in the file, which may lead into what looks like a
// comment, a text or a picture: so there must be no object in any such place.
func checkPDF(data []byte) (File, error) {
	if !regexp.MustCompile(`^%PDF-[12]\.[0-9]`).Match(data) {
		return File{}, refuse(Damaged)
	}
	end := bytes.LastIndex(data, []byte("%%EOF"))
	if end < 0 || len(bytes.TrimSpace(bytes.TrimRight(data[end+5:], "\x00"))) > 0 || len(data)-end > 1024 || isZip(data) {
		return File{}, refuse(Damaged)
	}
	p := pdf{data: data, left: maxInflated}
	if err := p.read(); err != nil {
		return File{}, err
	}
	if p.objects == 0 || p.objects != len(objects.FindAllIndex(data, -1)) || !bytes.Contains(data, []byte("startxref")) {
		return File{}, refuse(Damaged)
	}
	return File{ContentType: PDF, Data: data}, nil
}

// isZip tells whether the end of the file is the end of a ZIP archive too: its directory
// ends with a comment that may be anything.
func isZip(data []byte) bool {
	tail := data[max(0, len(data)-(1<<16+22)):]
	for i := bytes.LastIndex(tail, []byte("PK\x05\x06")); i >= 0; i = bytes.LastIndex(tail[:i], []byte("PK\x05\x06")) {
		if i+22 <= len(tail) && i+22+int(tail[i+20])+int(tail[i+21])<<8 == len(tail) {
			return true
		}
	}
	return false
}

// pdf goes over the tokens of a PDF.
type pdf struct {
	data    []byte
	at      int
	objects int
	left    int // bytes that may still be inflated
	// Of the object at hand:
	names map[string]bool
	last  [3]string // the tokens before
}

func isSpace(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func (p *pdf) read() error {
	p.names = map[string]bool{}
	for {
		token, err := p.token()
		if err != nil {
			return err
		}
		switch {
		case token == "":
			return nil
		case token[0] == '/':
			if acts[token[1:]] {
				return refuse(Active)
			}
			p.names[token[1:]] = true
		case token == "obj":
			if !isNumber(p.last[0]) || !isNumber(p.last[1]) {
				return refuse(Damaged)
			}
			p.objects++
			p.names = map[string]bool{}
		case token == "stream":
			if p.last[0] != ">>" {
				return refuse(Damaged)
			}
			if err := p.stream(); err != nil {
				return err
			}
		}
		p.last = [3]string{token, p.last[0], p.last[1]}
	}
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// token gives the next token: a name with its slash and without escapes, a delimiter, a
// word, "(" for any text; "" at the end.
func (p *pdf) token() (string, error) {
	for p.at < len(p.data) {
		c := p.data[p.at]
		switch {
		case isSpace(c):
			p.at++
		case c == '%':
			for p.at < len(p.data) && p.data[p.at] != '\n' && p.data[p.at] != '\r' {
				p.at++
			}
		case c == '(':
			return "(", p.text()
		case c == '/':
			p.at++
			return "/" + unescape(p.word()), nil
		case c == '<' || c == '>':
			p.at++
			if p.at < len(p.data) && p.data[p.at] == c {
				p.at++
				return string([]byte{c, c}), nil
			}
			if c == '<' { // a text in hexadecimal
				for p.at < len(p.data) && p.data[p.at] != '>' {
					p.at++
				}
				p.at++
			}
			return string(c), nil
		case isDelimiter(c):
			p.at++
			return string(c), nil
		default:
			return p.word(), nil
		}
	}
	return "", nil
}

func (p *pdf) word() string {
	from := p.at
	for p.at < len(p.data) && !isSpace(p.data[p.at]) && !isDelimiter(p.data[p.at]) {
		p.at++
	}
	return string(p.data[from:p.at])
}

// text passes over a text in parentheses, which nest.
func (p *pdf) text() error {
	for depth := 0; p.at < len(p.data); p.at++ {
		switch p.data[p.at] {
		case '\\':
			p.at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.at++
				return nil
			}
		}
	}
	return refuse(Damaged)
}

// unescape reads #xx in a name (ISO 32000-1, 7.3.5).
func unescape(name string) string {
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '#' && i+2 < len(name) {
			if hi, lo := hexDigit(name[i+1]), hexDigit(name[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, name[i])
	}
	return string(out)
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// stream passes over the content of a stream, and looks into one that holds objects.
func (p *pdf) stream() error {
	if p.at < len(p.data) && p.data[p.at] == '\r' {
		p.at++
	}
	if p.at < len(p.data) && p.data[p.at] == '\n' {
		p.at++
	}
	n := bytes.Index(p.data[p.at:], []byte("endstream"))
	if n < 0 {
		return refuse(Damaged)
	}
	content := p.data[p.at : p.at+n]
	p.at += n
	if !p.names["ObjStm"] && (!p.names["First"] || !p.names["N"]) {
		return nil
	}
	for _, hides := range []string{"LZWDecode", "LZW", "ASCIIHexDecode", "AHx", "ASCII85Decode", "A85", "RunLengthDecode", "RL", "Crypt", "DecodeParms", "DP"} {
		if p.names[hides] {
			return refuse(Active)
		}
	}
	if p.names["FlateDecode"] || p.names["Fl"] {
		z, err := zlib.NewReader(bytes.NewReader(content))
		if err != nil {
			return err
		}
		if content, err = io.ReadAll(io.LimitReader(z, int64(p.left)+1)); err != nil {
			return err
		}
	} else if p.names["Filter"] || p.names["F"] {
		return refuse(Active)
	}
	if p.left -= len(content); p.left < 0 {
		return refuse(TooLarge)
	}
	inner := pdf{data: content}
	if err := inner.read(); err != nil {
		return err
	}
	if inner.objects > 0 {
		return refuse(Damaged)
	}
	return nil
}
