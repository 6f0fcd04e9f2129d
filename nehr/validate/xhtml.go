package validate

import (
	"bytes"
	"strconv"
	"strings"
)

// Elements and attributes that a narrative may have (R4 2.4.0, txt-1).
var (
	xhtmlElements = symbols("a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em " +
		"h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt " +
		"ul var")
	xhtmlAttributes = symbols("abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing " +
		"cellvalign char charoff charset cite class colspan compact coords dir frame headers height href hreflang " +
		"hspace id lang longdesc name nowrap rel rev rowspan rules scope shape span src start style summary tabindex " +
		"title type valign value vspace width xml:lang xmlns")
)

const xhtmlNamespace = "http://www.w3.org/1999/xhtml"

// narrative judges Narrative.div: well-formed XHTML, one div in the namespace,
// only the elements and attributes that carry no behaviour, and some content.
func (c *checker) narrative(n int32, s []byte) {
	x := xhtml{s: s}
	why := x.document()
	rule := "txt-1"
	if why == "" && !x.content {
		rule, why = "txt-2", "the narrative has no content"
	}
	if why != "" && c.loud() {
		c.error(n, "invariant", rule, "Not a valid narrative: %s.", why)
	}
}

// xhtml reads a narrative.
type xhtml struct {
	s       []byte
	at      int
	open    [][]byte
	content bool
}

// maxOpen bounds elements inside elements.
const maxOpen = 200

// document gives what is wrong, or "".
func (x *xhtml) document() string {
	x.prolog()
	if x.at >= len(x.s) || x.s[x.at] != '<' {
		return "it has to begin with a div"
	}
	for {
		if x.at >= len(x.s) {
			return "it ends inside an element"
		}
		var why string
		switch rest := x.s[x.at:]; {
		case rest[0] != '<':
			why = x.text()
		case bytes.HasPrefix(rest, []byte("<!--")):
			why = x.skip("-->", "a comment does not end")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			why = x.skip("]]>", "a CDATA section does not end")
		case bytes.HasPrefix(rest, []byte("<?")):
			why = x.skip("?>", "a processing instruction does not end")
		case bytes.HasPrefix(rest, []byte("</")):
			why = x.end()
		default:
			why = x.start()
		}
		if why != "" {
			return why
		}
		if len(x.open) == 0 {
			break
		}
	}
	x.space()
	if x.at != len(x.s) {
		return "something follows the div"
	}
	return ""
}

// prolog skips an XML declaration and a document type.
func (x *xhtml) prolog() {
	x.space()
	for _, p := range [2]string{"<?", "<!DOCTYPE"} {
		if bytes.HasPrefix(x.s[x.at:], []byte(p)) {
			if end := bytes.IndexByte(x.s[x.at:], '>'); end >= 0 {
				x.at += end + 1
			}
			x.space()
		}
	}
}

func (x *xhtml) space() {
	for x.at < len(x.s) && blank(x.s[x.at]) {
		x.at++
	}
}

func (x *xhtml) skip(to, why string) string {
	end := bytes.Index(x.s[x.at:], []byte(to))
	if end < 0 {
		return why
	}
	x.at += end + len(to)
	return ""
}

// text reads to the next tag; what is not white space is content.
func (x *xhtml) text() string {
	for x.at < len(x.s) && x.s[x.at] != '<' {
		if x.s[x.at] == '&' {
			if why := x.entity(); why != "" {
				return why
			}
			x.content = true
			continue
		}
		if !blank(x.s[x.at]) {
			x.content = true
		}
		x.at++
	}
	return ""
}

// entity reads a character reference. XML knows five names; those of HTML are
// not declared in FHIR's JSON (R4 2.4.0).
func (x *xhtml) entity() string {
	end := bytes.IndexByte(x.s[x.at:], ';')
	if end < 2 || end > 12 {
		return "an ampersand stands alone"
	}
	name := string(x.s[x.at+1 : x.at+end])
	x.at += end + 1
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return ""
	}
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		if _, err := strconv.ParseUint(digits, base, 21); err == nil {
			return ""
		}
	}
	return "an entity is not one of XML"
}

// name reads an element's or attribute's name.
func (x *xhtml) name() []byte {
	start := x.at
	for x.at < len(x.s) {
		if b := x.s[x.at]; !letter(b) && !digit(b) && b != ':' && b != '-' && b != '_' && b != '.' {
			break
		}
		x.at++
	}
	return x.s[start:x.at]
}

func (x *xhtml) end() string {
	x.at += 2
	name := x.name()
	x.space()
	if x.at >= len(x.s) || x.s[x.at] != '>' {
		return "an end tag does not end"
	}
	x.at++
	if len(x.open) == 0 || !bytes.Equal(x.open[len(x.open)-1], name) {
		return "an end tag does not belong to the start tag before it"
	}
	x.open = x.open[:len(x.open)-1]
	return ""
}

// start reads a start tag with its attributes.
func (x *xhtml) start() string {
	x.at++
	name := x.name()
	root := len(x.open) == 0
	switch {
	case root && string(name) != "div":
		return "it has to begin with a div"
	case !xhtmlElements[string(name)]:
		return "an element is not allowed in a narrative"
	case len(x.open) == maxOpen:
		return "elements lie too deep in each other"
	}
	namespace := !root
	for {
		before := x.at
		x.space()
		if x.at >= len(x.s) {
			return "a start tag does not end"
		}
		switch x.s[x.at] {
		case '>':
			x.at++
			x.open = append(x.open, name)
			return x.started(name, namespace)
		case '/':
			x.at++
			if x.at >= len(x.s) || x.s[x.at] != '>' {
				return "a start tag does not end"
			}
			x.at++
			return x.started(name, namespace)
		}
		if before == x.at {
			return "white space has to stand before an attribute"
		}
		if why := x.attribute(&namespace); why != "" {
			return why
		}
	}
}

// started is called after a start tag; an image is content.
func (x *xhtml) started(name []byte, namespace bool) string {
	if string(name) == "img" {
		x.content = true
	}
	if !namespace {
		return "the div has to be in the namespace of XHTML"
	}
	return ""
}

func (x *xhtml) attribute(namespace *bool) string {
	name := string(x.name())
	x.space()
	if x.at >= len(x.s) || x.s[x.at] != '=' {
		return "an attribute has no value"
	}
	x.at++
	x.space()
	if x.at >= len(x.s) || x.s[x.at] != '"' && x.s[x.at] != '\'' {
		return "the value of an attribute is not in quotes"
	}
	quote := x.s[x.at]
	x.at++
	start := x.at
	for x.at < len(x.s) && x.s[x.at] != quote {
		switch x.s[x.at] {
		case '<':
			return "the value of an attribute has a <"
		case '&':
			if why := x.entity(); why != "" {
				return why
			}
			continue
		}
		x.at++
	}
	if x.at >= len(x.s) {
		return "the value of an attribute does not end"
	}
	value := string(x.s[start:x.at])
	x.at++
	switch {
	case name == "xmlns":
		if value != xhtmlNamespace {
			return "the namespace is not that of XHTML"
		}
		*namespace = true
	case !xhtmlAttributes[name]:
		return "an attribute is not allowed in a narrative"
	case name == "href" || name == "src":
		return activeLink(value)
	}
	return ""
}

// activeLink refuses links that run something.
func activeLink(value string) string {
	scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(value)), ":")
	switch scheme {
	case "javascript", "vbscript":
		return "a link runs a script"
	}
	return ""
}
