package client

import (
	"errors"
	"net/url"
	"strings"
)

// ErrEmptyCondition is given for a condition that would match more than it
// says: HAPI reads identifier=system| as any identifier of the system, and
// overwrites the one record that has one.
var ErrEmptyCondition = errors.New("a conditional request has a parameter without a value")

// Condition makes the query of a conditional create, update or reference,
// percent-encoded. It refuses a parameter without a value.
func Condition(params url.Values) (string, error) {
	if len(params) == 0 {
		return "", ErrEmptyCondition
	}
	for name, values := range params {
		if name == "" || len(values) == 0 {
			return "", ErrEmptyCondition
		}
		for _, v := range values {
			code := v[strings.LastIndexByte(v, '|')+1:]
			if strings.TrimSpace(code) == "" {
				return "", ErrEmptyCondition
			}
		}
	}
	return strings.ReplaceAll(params.Encode(), "+", "%20"), nil
}

// Token writes system|value for a token search, with the separators of search
// escaped inside both (search.html#escaping).
func Token(system, value string) string { return escape(system) + "|" + escape(value) }

var separators = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)

func escape(s string) string { return separators.Replace(s) }
