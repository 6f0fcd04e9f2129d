package authored

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// Kind is what somebody writes.
type Kind string

// The kinds of content.
const (
	Observation Kind = "observation"
	Note        Kind = "note"
	Document    Kind = "document"
)

// Content is what a clinician says.
type Content struct {
	Kind Kind `json:"kind"`
	// Day is when it was so, such as 2026-03-02, in Config.Zone.
	Day string `json:"day"`
	// Measure is the LOINC code of an observation, Values those of its parts.
	Measure string   `json:"measure,omitzero"`
	Values  []string `json:"values,omitempty"`
	// Type is the LOINC code of a document, Title what it is called.
	Type  string `json:"type,omitzero"`
	Title string `json:"title,omitzero"`
	// Text is a note, or a remark on an observation or a document.
	Text string `json:"text,omitzero"`
	// File is the checked content of a document.
	File File `json:"file,omitzero"`
	// Referral is what it answers, ServiceRequest/…; empty for none.
	Referral string `json:"referral,omitzero"`
}

// File is an image or a PDF, as nehr/portal/upload gives it.
type File struct {
	ContentType string `json:"contentType,omitzero"`
	Data        []byte `json:"data,omitempty"`
	Size        int    `json:"size,omitzero"`
	SHA1        []byte `json:"sha1,omitempty"` // of Data, which FHIR's attachment names
}

// DocumentType is a kind of document.
type DocumentType struct{ Code, Display string }

// DocumentTypes are the LOINC codes that a document may have.
var DocumentTypes = []DocumentType{
	{"11488-4", "Consult note"}, {"18748-4", "Diagnostic imaging study"}, {"11502-2", "Laboratory report"}, {"57133-1", "Referral note"},
}

func documentType(code string) (DocumentType, bool) {
	for _, t := range DocumentTypes {
		if t.Code == code {
			return t, true
		}
	}
	return DocumentType{}, false
}

// Bounds of what is written, in characters and bytes.
const (
	mostText   = 5000
	mostRemark = 500
	mostTitle  = 120
	mostReason = 300
	mostFile   = 10 << 20
	// longAgo is how far back something may be dated.
	longAgo = 366 * 24 * time.Hour
)

// Problem says what is wrong with a content: the field, and the key of a sentence.
type Problem struct{ Field, Text string }

var referralForm = regexp.MustCompile(`^ServiceRequest/[A-Za-z0-9\-.]{1,64}$`)

// Check tells everything that is wrong with a content, in the order of its fields; now is
// in the zone of Day.
func (c Content) Check(now time.Time) (wrong []Problem) {
	add := func(field, text string, ok bool) {
		if !ok {
			wrong = append(wrong, Problem{field, text})
		}
	}
	at, err := time.ParseInLocation(time.DateOnly, c.Day, now.Location())
	add("day", "problem_day", err == nil && !at.After(now) && now.Sub(at) <= longAgo)
	add("referral", "problem_referral", c.Referral == "" || referralForm.MatchString(c.Referral))
	switch c.Kind {
	case Observation:
		m, known := MeasureOf(c.Measure)
		add("measure", "problem_measure", known)
		add("value", "problem_value", known && m.holds(c.Values))
		add("text", "problem_long", bounded(c.Text, mostRemark))
	case Note:
		add("text", "problem_text", strings.TrimSpace(c.Text) != "")
		add("text", "problem_long", bounded(c.Text, mostText))
	case Document:
		_, known := documentType(c.Type)
		add("type", "problem_type", known)
		add("title", "problem_title", strings.TrimSpace(c.Title) != "" && bounded(c.Title, mostTitle) && !strings.ContainsAny(c.Title, "\r\n"))
		add("text", "problem_long", bounded(c.Text, mostRemark))
		add("file", "problem_file", c.File.ContentType != "" && c.File.Size > 0 && c.File.Size <= mostFile)
	default:
		add("kind", "problem_kind", false)
	}
	return wrong
}

// holds tells whether the values are decimals that such a measure can have. The upper
// pressure is the higher one.
func (m Measure) holds(values []string) bool {
	if len(values) != len(m.Parts) {
		return false
	}
	numbers := make([]float64, len(values))
	for i, v := range values {
		if _, err := nehr.ParseDecimal(v); err != nil || len(v) > 8 || strings.ContainsAny(v, "eE") {
			return false
		}
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || n < m.Parts[i].Low || n > m.Parts[i].High {
			return false
		}
		numbers[i] = n
	}
	return len(numbers) < 2 || numbers[0] > numbers[1]
}

// bounded tells whether people can read a text: bounded, and without what controls a
// screen or turns the direction of writing around.
func bounded(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	})
}

// tidy makes line ends those of the record, and cuts what surrounds the words.
func (c Content) tidy() Content {
	clean := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	c.Text, c.Title = clean(c.Text), clean(c.Title)
	values := make([]string, 0, len(c.Values))
	for _, v := range c.Values {
		values = append(values, strings.TrimSpace(v))
	}
	c.Values = values
	return c
}
