package dhis2

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ValueType is the type that DHIS2 metadata gives a data element or an
// attribute (org.hisp.dhis.common.ValueType).
type ValueType string

// The value types of 2.40 to 2.44.
const (
	Text                  ValueType = "TEXT"
	LongText              ValueType = "LONG_TEXT"
	MultiText             ValueType = "MULTI_TEXT"
	Letter                ValueType = "LETTER"
	PhoneNumber           ValueType = "PHONE_NUMBER"
	Email                 ValueType = "EMAIL"
	Boolean               ValueType = "BOOLEAN"
	TrueOnly              ValueType = "TRUE_ONLY"
	DateType              ValueType = "DATE"
	DateTimeType          ValueType = "DATETIME"
	TimeType              ValueType = "TIME"
	Age                   ValueType = "AGE"
	Number                ValueType = "NUMBER"
	UnitInterval          ValueType = "UNIT_INTERVAL"
	Percentage            ValueType = "PERCENTAGE"
	Integer               ValueType = "INTEGER"
	IntegerPositive       ValueType = "INTEGER_POSITIVE"
	IntegerNegative       ValueType = "INTEGER_NEGATIVE"
	IntegerZeroOrPositive ValueType = "INTEGER_ZERO_OR_POSITIVE"
	TrackerAssociate      ValueType = "TRACKER_ASSOCIATE"
	Username              ValueType = "USERNAME"
	Coordinate            ValueType = "COORDINATE"
	OrganisationUnitType  ValueType = "ORGANISATION_UNIT"
	Reference             ValueType = "REFERENCE"
	URL                   ValueType = "URL"
	FileResource          ValueType = "FILE_RESOURCE"
	Image                 ValueType = "IMAGE"
	GeoJSON               ValueType = "GEOJSON"
)

// wants says of each value type what a value must look like; it is also the
// list of the types that exist.
var wants = map[ValueType]string{
	Text: "a text", LongText: "a text", MultiText: "option codes joined by commas", Letter: "one letter",
	PhoneNumber: "a phone number", Email: "an e-mail address", Boolean: "true or false", TrueOnly: "true",
	DateType: "a calendar date yyyy-MM-dd", DateTimeType: "a date-time yyyy-MM-ddTHH:mm", TimeType: "a time HH:mm",
	Age: "a birth date yyyy-MM-dd", Number: "a decimal number", UnitInterval: "a number from 0 to 1",
	Percentage: "a number from 0 to 100", Integer: "a whole number", IntegerPositive: "a whole number above 0",
	IntegerNegative: "a whole number below 0", IntegerZeroOrPositive: "a whole number from 0",
	TrackerAssociate: "the UID of a tracked entity", Username: "a user name", Coordinate: "[longitude,latitude]",
	OrganisationUnitType: "the UID of an organisation unit", Reference: "a reference", URL: "a URL",
	FileResource: "the UID of a file resource", Image: "the UID of a file resource", GeoJSON: "a GeoJSON text",
}

// Known reports whether DHIS2 has the type.
func (t ValueType) Known() bool { _, ok := wants[t]; return ok }

// Want describes a valid value in words, for messages.
func (t ValueType) Want() string { return wants[t] }

// Value is a text that its value type allows. Only ParseValue makes one.
type Value struct {
	typ     ValueType
	text    string
	integer int64
	boolean bool
	date    Date
	at      DateTime
	uid     UID
}

// ValueError says that a value is not what its type allows. It never holds
// the value.
type ValueError struct{ Type ValueType }

func (e *ValueError) Error() string { return "want " + e.Type.Want() + " (" + string(e.Type) + ")" }

// ParseValue checks s, which is what Clean returned, against the rules that
// DHIS2 itself applies (ValidationUtils.valueIsValid). Of types that are texts,
// such as PHONE_NUMBER, it only demands that there is one: what to do with an
// odd one is for whoever maps it. server is the zone of a DATETIME without
// offset.
func ParseValue(t ValueType, s string, server *time.Location) (Value, error) {
	v := Value{typ: t, text: s}
	ok := s != ""
	switch t {
	case Boolean:
		v.boolean = isWord(s, "true")
		ok = v.boolean || isWord(s, "false")
	case TrueOnly:
		v.boolean = isWord(s, "true")
		ok = v.boolean
	case Integer, IntegerPositive, IntegerNegative, IntegerZeroOrPositive:
		v.integer, ok = parseInteger(s)
		ok = ok && (t != IntegerPositive || v.integer > 0) && (t != IntegerNegative || v.integer < 0) &&
			(t != IntegerZeroOrPositive || v.integer >= 0)
	case Number:
		ok = isNumber(s)
	case Percentage:
		ok = isNumber(s) && within(s, 100)
	case UnitInterval:
		ok = isNumber(s) && within(s, 1)
	case DateType, Age:
		var err error
		v.date, err = ParseDate(s)
		ok = err == nil
	case DateTimeType:
		var err error
		v.at, err = Timestamp(s).Parse(server)
		v.date = v.at.Day()
		ok = err == nil
	case TimeType:
		ok = isTime(s)
	case Letter:
		r := []rune(s)
		ok = len(r) == 1 && unicode.IsLetter(r[0])
	case OrganisationUnitType, FileResource, Image, TrackerAssociate:
		var err error
		v.uid, err = ParseUID(s)
		ok = err == nil
	default:
		ok = ok && t.Known()
	}
	if !ok {
		return Value{}, &ValueError{t}
	}
	return v, nil
}

// Type is the value type that the value was parsed by.
func (v Value) Type() ValueType { return v.typ }

// Text is the value as written, digits included: 10.50 stays 10.50.
func (v Value) Text() string { return v.text }

// Integer is the number of an INTEGER type, within 32 bits.
func (v Value) Integer() int { return int(v.integer) }

// Bool is the answer of a BOOLEAN or TRUE_ONLY.
func (v Value) Bool() bool { return v.boolean }

// Date is the day of a DATE, AGE or DATETIME.
func (v Value) Date() Date { return v.date }

// DateTime is the point in time of a DATETIME.
func (v Value) DateTime() DateTime { return v.at }

// UID is the reference of an ORGANISATION_UNIT or file type.
func (v Value) UID() UID { return v.uid }

// Number is the value as floating point, for comparisons only.
func (v Value) Number() float64 { f, _ := strconv.ParseFloat(v.text, 64); return f }

// Clean drops control characters other than tab and line breaks, and outer
// blanks. A blank value is no value.
func Clean(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			s = strings.Map(dropControl, s)
			break
		}
	}
	return strings.TrimSpace(s)
}

func dropControl(r rune) rune {
	if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' {
		return -1
	}
	return r
}

// isWord compares without regard to case, as DHIS2 does. strings.EqualFold
// would take ſ for s.
func isWord(s, word string) bool { return len(s) == len(word) && strings.ToLower(s) == word }

// parseInteger: 0, or an optional minus and digits without a leading zero,
// within int32 (MathUtils.isInteger).
func parseInteger(s string) (int64, bool) {
	d := strings.TrimPrefix(s, "-")
	if d == "" || (d[0] == '0' && len(s) > 1) || !allDigits(d) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil
}

// isNumber: an optional minus, digits without a leading zero, a fraction; no
// exponent. The length is bounded because FHIR decimals are.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(s, ".")
	if len(s) > 18 || !allDigits(whole) || (len(whole) > 1 && whole[0] == '0') {
		return false
	}
	return !dotted || allDigits(fraction)
}

func within(s string, limit float64) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && f >= 0 && f <= limit
}

func isTime(s string) bool {
	h, m, ok := strings.Cut(s, ":")
	hours, okH := digits(h)
	minutes, okM := digits(m)
	return ok && okH && okM && len(h) <= 2 && len(m) == 2 && hours < 24 && minutes < 60
}

func allDigits(s string) bool { _, ok := digits(s); return ok }
