package dhis2

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxDocument bounds a document in bytes. A record with 200 events takes
// about 2 MB.
const MaxDocument = 32 << 20

// DocumentError says that a text is not the document that was asked for. It
// names the place and never holds a value.
type DocumentError struct {
	Pointer string // JSON pointer (RFC 6901) of the place; "" is the whole document
	Line    int    // 1-based; 0 where the place is the whole document
	Column  int    // 1-based, in bytes
	Reason  string // what was expected, and the cure
	Err     error  // the cause, which may quote the document: not for logs
}

func (e *DocumentError) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d", e.Line, e.Column)
	}
	if e.Pointer != "" {
		fmt.Fprintf(&b, " (%s)", e.Pointer)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	return strings.TrimSpace(b.String() + e.Reason)
}

func (e *DocumentError) Unwrap() error { return e.Err }

// DecodeTrackedEntity reads one tracked entity document strictly: duplicate
// keys, invalid UTF-8, a wrong JSON type, trailing data, nesting of more than
// 10,000 and more than MaxDocument bytes are a *DocumentError. Members that
// the types do not name are left aside: DHIS2 adds some with every version.
func DecodeTrackedEntity(data []byte) (*TrackedEntity, error) {
	te := new(TrackedEntity)
	if err := Decode(data, te); err != nil {
		return nil, err
	}
	if te.TrackedEntity.IsZero() {
		return nil, missingTrackedEntity(data)
	}
	return te, nil
}

func missingTrackedEntity(data []byte) error {
	var list struct {
		Instances       []jsontext.Value `json:"instances"`
		TrackedEntities []jsontext.Value `json:"trackedEntities"`
		Old             string           `json:"trackedEntityInstance"`
	}
	reason := "no trackedEntity with a UID: want one tracked entity of GET /api/tracker/trackedEntities/{uid}?fields=*"
	if json.Unmarshal(data, &list) == nil {
		switch {
		case list.Instances != nil || list.TrackedEntities != nil:
			reason = "this is a list of tracked entities: give one of its elements"
		case list.Old != "":
			reason = "this is a document of the API before 2.38 (trackedEntityInstance): export it with /api/tracker/trackedEntities"
		}
	}
	return &DocumentError{Pointer: "/trackedEntity", Reason: reason}
}

// DecodeContext reads a Context document, as strictly as
// DecodeTrackedEntity. A bare answer of /api/system/info is taken as one
// without organisation units and users.
func DecodeContext(data []byte) (*Context, error) {
	doc := struct {
		Context
		SystemInfo // the members of a bare system info
	}{}
	if err := Decode(data, &doc); err != nil {
		return nil, err
	}
	if doc.Context.SystemInfo == (SystemInfo{}) {
		doc.Context.SystemInfo = doc.SystemInfo
	}
	return &doc.Context, nil
}

// Decode reads any document of this package into v, as strictly as
// DecodeTrackedEntity.
func Decode(data []byte, v any) error {
	if len(data) > MaxDocument {
		return &DocumentError{Reason: fmt.Sprintf("the document has %d bytes, the limit is %d: export fewer at once", len(data), MaxDocument)}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return &DocumentError{Reason: "the document is empty"}
	}
	if err := json.Unmarshal(data, v); err != nil {
		return documentError(data, err)
	}
	return nil
}

// documentError turns an error of the JSON library into one that names place
// and cure and quotes nothing of the document.
func documentError(data []byte, err error) error {
	e := &DocumentError{Reason: "not JSON as DHIS2 writes it", Err: err}
	offset := int64(-1)
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset, e.Pointer = syntactic.ByteOffset, string(syntactic.JSONPointer)
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			e.Reason = "the member stands twice: keep one"
		case strings.Contains(syntactic.Error(), "UTF-8"):
			e.Reason = "invalid UTF-8: save the document as UTF-8"
		case strings.Contains(syntactic.Error(), "EOF"):
			e.Reason = "the document ends in the middle: it was cut off, fetch it again"
		case strings.Contains(syntactic.Error(), "depth"):
			e.Reason = "nested too deeply for a DHIS2 document"
		default:
			e.Reason = "not JSON here: repair or fetch the document again"
		}
	} else if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		offset, e.Pointer = semantic.ByteOffset, string(semantic.JSONPointer)
		e.Reason = "wrong type of value"
		if want := jsonName(semantic); want != "" {
			e.Reason = fmt.Sprintf("wrong type of value: want %s", want)
		}
	} else if strings.Contains(err.Error(), "EOF") {
		e.Reason = "the document ends in the middle: it was cut off, fetch it again"
	}
	e.Pointer = place(e.Pointer)
	if offset >= 0 && offset <= int64(len(data)) {
		before := data[:offset]
		e.Line = 1 + bytes.Count(before, []byte{'\n'})
		e.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	return e
}

// place shortens a JSON pointer to its first members, and hides what is no
// name of a member of DHIS2: in a damaged document a value can stand there.
func place(pointer string) string {
	const most = 12
	var b strings.Builder
	for i, name := range strings.Split(pointer, "/") {
		if i > most {
			b.WriteString("/…")
			break
		}
		if i > 0 {
			b.WriteByte('/')
		}
		if len(name) > 40 || strings.ContainsFunc(name, func(r rune) bool {
			return r > 0x7f || !isLetter(byte(r)) && !isDigit(byte(r))
		}) {
			name = "…"
		}
		b.WriteString(name)
	}
	return b.String()
}

func jsonName(e *json.SemanticError) string {
	if e.GoType == nil {
		return ""
	}
	switch e.GoType.Kind().String() {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "int", "int64":
		return "a whole number"
	case "slice":
		return "an array"
	case "struct":
		if e.GoType.Name() == "UID" {
			return "a string with a UID"
		}
		return "an object"
	}
	return ""
}
