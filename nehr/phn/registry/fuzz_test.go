package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

var (
	escaped = regexp.MustCompile(`\\[\\|,$]`)
	numberQ = regexp.MustCompile(`^http://fhir\.health\.gov\.lk/ips/identifier/phn\|[A-Za-z0-9-]{4,32}$`)
	dateQ   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	phoneQ  = regexp.MustCompile(`^\+94[0-9]+(,[0-9]+)?$`)
)

// FuzzSearch: whatever a form sends, the record is asked one of the two questions.
func FuzzSearch(f *testing.F) {
	f.Add("1234BBBBBB3", "Nilmini Perera", "1991-04-05", "0771234567")
	f.Add("phn|1,2", "නිල්මිණී", "gt1991-04-05", "+94771234567|x")
	f.Add(`\`, `Perera\, N`, "1991-04-05", "0771234567,0")
	h := newHouse(f, func(c *registry.Config) {
		c.Limits = registry.Limits{Searches: 1 << 40, Misses: 1 << 40}
		c.Telephone = func(text string) (string, bool) {
			if rest, ok := strings.CutPrefix(text, "0"); ok && len(rest) >= 9 {
				return "+94771234567", true // as the mapper's, which leaves out what stands behind a number
			}
			return text, false
		}
	})
	var complaints []string // of the record, which knows no test
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	h.record.set(func(params url.Values) (*client.Found, error) {
		keys := slices.Sorted(maps.Keys(params))
		switch strings.Join(keys, " ") {
		case "_count identifier":
			if !numberQ.MatchString(params.Get("identifier")) {
				complain("identifier=%q", params.Get("identifier"))
			}
		case "_count birthdate name phone":
			if name := escaped.ReplaceAllString(params.Get("name"), ""); strings.ContainsAny(name, `\|,$&:`) || !dateQ.MatchString(params.Get("birthdate")) || !phoneQ.MatchString(params.Get("phone")) {
				complain("%q", params)
			}
		default:
			complain("asked %q", params)
		}
		for _, k := range keys {
			if len(params[k]) != 1 {
				complain("%s stands %d times", k, len(params[k]))
			}
		}
		return &client.Found{Total: "0"}, nil
	})
	who := registry.Caller{User: midwife, Route: "route-1"}
	f.Fuzz(func(t *testing.T, number, name, born, phone string) {
		for _, r := range []registry.SearchRequest{{Place: here, PHN: number}, {Place: here, Demographics: &registry.Demographics{Name: name, BirthDate: born, Phone: phone}}} {
			if _, err := h.service.Search(t.Context(), who, r); err != nil {
				wantTyped(t, err)
			}
		}
		for _, c := range complaints {
			t.Error(c)
		}
		complaints = nil
	})
}

func wantTyped(t *testing.T, err error) {
	t.Helper()
	if r, ok := errors.AsType[*registry.Refusal](err); !ok || r.Code == registry.CodeInternal || r.Code == registry.CodeUnavailable {
		t.Errorf("a refusal of another kind: %v", err)
	}
}
