package validate

// isUnit says whether a text is a unit of UCUM, case sensitive: terms joined by
// points and slashes, of symbols with an optional prefix and exponent, numbers,
// annotations in braces, and groups in parentheses (UCUM sections 2 and 3).
func isUnit(s []byte) bool {
	u := unitReader{s: s}
	return len(s) > 0 && u.expression(0) && u.at == len(s)
}

// unitReader reads a unit by recursive descent.
type unitReader struct {
	s  []byte
	at int
}

// maxGroups bounds parentheses inside parentheses.
const maxGroups = 16

func (u *unitReader) peek() byte {
	if u.at < len(u.s) {
		return u.s[u.at]
	}
	return 0
}

// expression: an optional slash, then components with . or / between.
func (u *unitReader) expression(depth int) bool {
	// More than one slash in front is accepted by the libraries in use.
	for u.peek() == '/' {
		u.at++
	}
	for {
		if !u.component(depth) {
			return false
		}
		if c := u.peek(); c != '.' && c != '/' {
			return true
		}
		u.at++
	}
}

func (u *unitReader) component(depth int) bool {
	switch c := u.peek(); {
	case c == '(':
		if depth == maxGroups {
			return false
		}
		u.at++
		if !u.expression(depth+1) || u.peek() != ')' {
			return false
		}
		u.at++
		return true
	case c == '{':
		return u.annotation()
	case digit(c) && !u.power():
		u.at = digits(u.s, u.at)
		return u.peek() != '{' || u.annotation()
	}
	return u.symbol() && u.exponent() && (u.peek() != '{' || u.annotation())
}

// power: 10* and 10^ are symbols that begin with a number.
func (u *unitReader) power() bool {
	return u.at+2 < len(u.s) && u.s[u.at] == '1' && u.s[u.at+1] == '0' && (u.s[u.at+2] == '*' || u.s[u.at+2] == '^')
}

// annotation: printable ASCII in braces.
func (u *unitReader) annotation() bool {
	for u.at++; u.at < len(u.s); u.at++ {
		switch c := u.s[u.at]; {
		case c == '}':
			u.at++
			return true
		case c == '{' || c < ' ' || c > '~':
			return false
		}
	}
	return false
}

// symbol reads a unit symbol: to the first sign that cannot be part of one.
func (u *unitReader) symbol() bool {
	start := u.at
	if u.power() {
		u.at += 3
		return true
	}
	for inside := false; u.at < len(u.s); u.at++ {
		c := u.s[u.at]
		if c == '[' {
			inside = true
		} else if c == ']' {
			inside = false
		} else if !inside && (c == '.' || c == '/' || c == '(' || c == ')' || c == '{' || c == '+' || c == '-' || digit(c)) {
			break
		}
	}
	return known(u.s[start:u.at])
}

// known says whether a symbol is a unit, alone or behind a prefix.
func known(symbol []byte) bool {
	if ucumMetric[string(symbol)] || ucumPlain[string(symbol)] {
		return true
	}
	for _, p := range ucumPrefixes {
		if len(symbol) > len(p) && string(symbol[:len(p)]) == p && ucumMetric[string(symbol[len(p):])] {
			return true
		}
	}
	return false
}

// exponent: an optional sign and digits; a sign needs digits.
func (u *unitReader) exponent() bool {
	signed := false
	if c := u.peek(); c == '+' || c == '-' {
		signed = true
		u.at++
	}
	end := digits(u.s, u.at)
	if signed && end == u.at {
		return false
	}
	u.at = end
	return true
}
