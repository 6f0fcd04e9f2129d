package nehr

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// WriteMode says how the resources that this system owns are written.
type WriteMode int

const (
	// ByID writes an owned resource to the id that is its UUID: no search
	// runs on the server, so two writers at once cannot make two of it.
	ByID WriteMode = iota
	// Conditional writes every entry by its identifier, for servers that
	// refuse ids which clients assign.
	Conditional
)

// Request is the request line of an entry (R4, Bundle.entry.request).
type Request struct {
	Method      string // PUT, POST, DELETE
	URL         string // relative to the server's base, percent-encoded
	IfMatch     string // W/"3": only if the version is still that
	IfNoneExist string // query without "?": only if nothing matches
}

// Entry is one resource of a transaction.
type Entry struct {
	FullURL  string   // urn:uuid:… made by FullURL(type, key)
	Resource Resource // nil only where Request.Method is DELETE
	Key      Key      // what identifies it at the server
	Owned    bool     // true: PUT Type/{uuid}; false: shared, PUT Type?identifier=system|value
	Request  Request  // the zero Request is made from Key, Owned and the bundle's mode
}

// Bundle is a transaction: all of it is written or nothing (R4, section
// 3.1.0.11).
type Bundle struct {
	Profile    string // canonical URL that the bundle claims, or empty
	Identifier Key    // written where it is not zero
	Timestamp  string // instant; written where it is not empty
	Entries    []Entry
	Write      WriteMode // defaults to ByID
}

// Errors of AppendJSON; EntryError names the entry.
var (
	ErrNoKey      = errors.New("no business identifier")
	ErrNoResource = errors.New("no resource")
	ErrID         = errors.New("resource has another id than its key gives")
)

// EntryError says which entry of a bundle could not be written, by position
// and type, and why; it holds no value of the resource.
type EntryError struct {
	Index int
	Type  string
	Err   error
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("encode bundle entry %d (%s): %v", e.Index, e.Type, e.Err)
}

// Unwrap gives the cause.
func (e *EntryError) Unwrap() error { return e.Err }

// AppendJSON appends the bundle as one JSON document without line break. An
// owned resource is given its id (ByID), the others none. An entry without a
// key, unless it brings its own request, is ErrNoKey: a conditional write
// without a value matches anybody (D-036). On error dst is returned as it was.
func (b *Bundle) AppendJSON(dst []byte) ([]byte, error) { return b.append(dst, nil) }

// Encode gives the bundle as [Bundle.AppendJSON] writes it, and in it the
// resource of each entry, nil where an entry has none.
func (b *Bundle) Encode() (document []byte, resources [][]byte, err error) {
	places := make([]span, len(b.Entries))
	const usual = 5 << 8 // bytes of an entry: a little more than it most often has
	if document, err = b.append(make([]byte, 0, usual*(1+len(places))), places); err != nil {
		return nil, nil, err
	}
	resources = make([][]byte, len(places))
	for i, p := range places {
		if p.end > 0 {
			resources[i] = document[p.start:p.end:p.end]
		}
	}
	return document, resources, nil
}

// span is where a resource stands in a document.
type span struct{ start, end int }

func (b *Bundle) append(dst []byte, places []span) ([]byte, error) {
	if !utf8.ValidString(b.Identifier.Value) {
		return dst, ErrUTF8
	}
	buf := bytes.NewBuffer(dst)
	buf.WriteString(`{"resourceType":"Bundle"`)
	if b.Profile != "" {
		buf.WriteString(`,"meta":{"profile":[`)
		writeString(buf, b.Profile)
		buf.WriteString(`]}`)
	}
	if !b.Identifier.IsZero() {
		buf.WriteString(`,"identifier":{"system":`)
		writeString(buf, b.Identifier.System)
		buf.WriteString(`,"value":`)
		writeString(buf, b.Identifier.Value)
		buf.WriteString(`}`)
	}
	buf.WriteString(`,"type":"transaction"`)
	if b.Timestamp != "" {
		buf.WriteString(`,"timestamp":`)
		writeString(buf, b.Timestamp)
	}
	for i := range b.Entries {
		if i == 0 {
			buf.WriteString(`,"entry":[`)
		} else {
			buf.WriteByte(',')
		}
		at, err := b.writeEntry(buf, &b.Entries[i])
		if err != nil {
			typ := ""
			if r := b.Entries[i].Resource; r != nil {
				typ = r.ResourceType()
			}
			return dst, &EntryError{Index: i, Type: typ, Err: err}
		}
		if places != nil {
			places[i] = at
		}
	}
	if len(b.Entries) > 0 {
		buf.WriteByte(']')
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// writeEntry writes an entry and gives the place of its resource, the zero span
// where it has none.
func (b *Bundle) writeEntry(buf *bytes.Buffer, e *Entry) (resource span, err error) {
	own := e.Request.Method == ""
	if e.Resource == nil && (own || e.Request.Method != "DELETE") {
		return span{}, ErrNoResource
	}
	if own && e.Key.IsZero() {
		return span{}, ErrNoKey
	}
	if !utf8.ValidString(e.Key.System) || !utf8.ValidString(e.Key.Value) || !utf8.ValidString(e.FullURL) {
		return span{}, ErrUTF8
	}
	var room [36]byte
	var id []byte // of an owned resource that is written by id
	if own && e.Owned && b.Write == ByID {
		id = appendID(room[:0], e.Resource.ResourceType(), e.Key)
	}
	buf.WriteByte('{')
	if e.FullURL != "" {
		buf.WriteString(`"fullUrl":`)
		writeString(buf, e.FullURL)
		buf.WriteByte(',')
	}
	if e.Resource != nil {
		buf.WriteString(`"resource":`)
		resource.start = buf.Len()
		if err := writeWithID(buf, e.Resource, id); err != nil {
			return span{}, err
		}
		resource.end = buf.Len()
		buf.WriteByte(',')
	}
	buf.WriteString(`"request":{"method":`)
	if !own {
		e.Request.write(buf)
	} else {
		buf.WriteString(`"PUT","url":"`)
		buf.WriteString(e.Resource.ResourceType())
		if id != nil {
			buf.WriteByte('/')
			buf.Write(id)
		} else {
			buf.WriteByte('?')
			buf.Write(AppendIdentifierQuery(buf.AvailableBuffer(), e.Key))
		}
		buf.WriteByte('"')
	}
	buf.WriteString(`}}`)
	return resource, nil
}

// writeWithID writes a resource and gives it an id, if there is one. The
// resource itself is not changed: the id is put in behind the resourceType,
// which is always the first member.
func writeWithID(buf *bytes.Buffer, r Resource, id []byte) error {
	at := buf.Len()
	if err := writeResource(buf, r); err != nil || id == nil {
		return err
	}
	if have := r.Common().Id; have != "" {
		if have != string(id) {
			return ErrID
		}
		return nil
	}
	at += len(`{"resourceType":"`) + len(r.ResourceType()) + len(`"`)
	end := buf.Len()
	buf.WriteString(`,"id":"`)
	buf.Write(id)
	buf.WriteByte('"')
	n := buf.Len() - end
	all := buf.Bytes()
	copy(all[at+n:], all[at:end])
	put := append(all[:at], `,"id":"`...)
	put = append(put, id...)
	_ = append(put, '"')
	return nil
}

func (r *Request) write(buf *bytes.Buffer) {
	writeString(buf, r.Method)
	buf.WriteString(`,"url":`)
	writeString(buf, r.URL)
	if r.IfMatch != "" {
		buf.WriteString(`,"ifMatch":`)
		writeString(buf, r.IfMatch)
	}
	if r.IfNoneExist != "" {
		buf.WriteString(`,"ifNoneExist":`)
		writeString(buf, r.IfNoneExist)
	}
}

func writeString(buf *bytes.Buffer, s string) {
	// The only error is invalid UTF-8, and what comes from outside was checked
	// for it.
	v, _ := jsontext.AppendQuote(buf.AvailableBuffer(), s)
	buf.Write(v)
}
