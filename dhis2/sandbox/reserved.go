package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// segment is a part of the pattern of a generated attribute, such as
// ORG_UNIT_CODE(...) + "-" + SEQUENTIAL(####).
type segment struct{ method, format string }

var segmentForm = regexp.MustCompile(`^\s*(?:"([^"]*)"|(ORG_UNIT_CODE|RANDOM|SEQUENTIAL|CURRENT_DATE)\(([^)]*)\))\s*`)

// parsePattern takes a pattern apart; ok is false for what is none.
func parsePattern(pattern string) (segments []segment, ok bool) {
	for rest := pattern; ; {
		m := segmentForm.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		if m[2] == "" {
			segments = append(segments, segment{"TEXT", m[1]})
		} else {
			segments = append(segments, segment{m[2], m[3]})
		}
		if rest = rest[len(m[0]):]; rest == "" {
			return segments, true
		}
		if rest, ok = strings.CutPrefix(rest, "+"); !ok {
			return nil, false
		}
	}
}

func (s *Server) patternOf(r *http.Request) (dhis2.UID, []segment, *problem) {
	id, _ := dhis2.ParseUID(r.PathValue("uid"))
	e, ok := s.attributeElement(id)
	if !ok {
		return id, nil, notFound("TrackedEntityAttribute with id " + id.String() + " could not be found.")
	}
	segments, ok := parsePattern(e.Pattern)
	if !e.Generated || !ok {
		return id, nil, bad("This attribute has no pattern")
	}
	return id, segments, nil
}

// requiredValues says what a caller has to give for a value, and what he may.
func (s *Server) requiredValues(_ *User, r *http.Request) (any, *problem) {
	_, segments, p := s.patternOf(r)
	if p != nil {
		return nil, p
	}
	answer := map[string][]string{"REQUIRED": {}, "OPTIONAL": {}}
	for _, seg := range segments {
		switch seg.method {
		case "ORG_UNIT_CODE":
			answer["REQUIRED"] = append(answer["REQUIRED"], seg.method)
		case "RANDOM", "SEQUENTIAL":
			answer["OPTIONAL"] = append(answer["OPTIONAL"], seg.method)
		}
	}
	return answer, nil
}

// generate reserves one value for three days.
func (s *Server) generate(_ *User, r *http.Request) (any, *problem) {
	values, p := s.reserve(r, 1, 3)
	if p != nil {
		return nil, p
	}
	return values[0], nil
}

// generateAndReserve reserves up to a thousand.
func (s *Server) generateAndReserve(_ *User, r *http.Request) (any, *problem) {
	count, days := 1, 60
	for name, into := range map[string]*int{"numberToReserve": &count, "expiration": &days} {
		if text := r.URL.Query().Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || (name == "numberToReserve" && n > 1000) {
				return nil, bad(name + " is no number that can be")
			}
			*into = n
		}
	}
	return s.reserve(r, count, days)
}

func (s *Server) reserve(r *http.Request, count, days int) ([]any, *problem) {
	id, segments, p := s.patternOf(r)
	if p != nil {
		return nil, p
	}
	now := s.now()
	taken := map[string]bool{}
	for _, rec := range s.store.records {
		for _, a := range rec.te.Attributes {
			if a.Attribute == id {
				taken[a.Value] = true
			}
		}
	}
	for value, until := range s.reserved[id] {
		if now.Before(until) {
			taken[value] = true
		}
	}
	if s.reserved[id] == nil {
		s.reserved[id] = map[string]time.Time{}
	}
	var out []any
	for next := 1; len(out) < count; next++ {
		value, full, p := s.fill(segments, r, next, now)
		if p != nil {
			return nil, p
		}
		if full || next > 200_000 {
			return nil, conflict("", "Not enough values left to generate")
		}
		if taken[value] {
			continue
		}
		taken[value] = true
		until := now.AddDate(0, 0, days)
		s.reserved[id][value] = until
		key := ""
		for _, seg := range segments {
			key += seg.method + "(" + seg.format + ")"
		}
		out = append(out, map[string]any{"ownerObject": "TRACKEDENTITYATTRIBUTE", "ownerUid": id.String(), "key": key,
			"value": value, "created": now.Format(wall), "expiryDate": until.Format(wall)})
	}
	return out, nil
}

// fill makes a value; full says that the pattern has no further one.
func (s *Server) fill(segments []segment, r *http.Request, next int, now time.Time) (value string, full bool, p *problem) {
	fixed := !slices.ContainsFunc(segments, func(seg segment) bool { return seg.method == "RANDOM" || seg.method == "SEQUENTIAL" })
	for _, seg := range segments {
		switch seg.method {
		case "TEXT":
			value += seg.format
		case "ORG_UNIT_CODE":
			code := r.URL.Query().Get("ORG_UNIT_CODE")
			if code == "" || len(code) < len(seg.format) {
				return "", false, conflict("", "Missing required value: ORG_UNIT_CODE")
			}
			if seg.format != "" {
				code = code[:len(seg.format)] // "..." takes three characters
			}
			value += code
		case "CURRENT_DATE":
			value += now.Format(strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15", "mm", "04").Replace(seg.format))
		case "SEQUENTIAL":
			text := strconv.Itoa(next)
			if len(text) > len(seg.format) {
				return "", true, nil
			}
			value += strings.Repeat("0", len(seg.format)-len(text)) + text
		case "RANDOM":
			value += s.randomIn(seg.format)
		}
	}
	return value, fixed && next > 1, nil
}

// randomIn fills a format: # is a digit, X and x a capital and a small letter, *
// any of them.
func (s *Server) randomIn(format string) string {
	const digits, upper, lower = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, len(format))
	for i := range b {
		from := map[byte]string{'#': digits, 'X': upper, 'x': lower, '*': digits + upper + lower}[format[i]]
		if from == "" {
			from = format[i : i+1]
		}
		b[i] = from[s.rand.IntN(len(from))]
	}
	return string(b)
}
