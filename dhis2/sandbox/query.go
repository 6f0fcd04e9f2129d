package sandbox

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// listQuery is what the three tracker lists have in common.
type listQuery struct {
	program        *dhis2.Program
	scope          scope
	after, before  dhis2.Timestamp // wall time, inclusive; "" is open
	includeDeleted bool
	order          []orderKey
	page, size     int
	paged, totals  bool
}

type orderKey struct {
	field string
	desc  bool
}

// readList reads the common parameters. fields are what the list can be
// ordered by.
func (s *Server) readList(u *User, q url.Values, fields []string, unitNames ...string) (lq listQuery, p *problem) {
	if text := q.Get("program"); text != "" {
		id, err := dhis2.ParseUID(text)
		if err != nil {
			return lq, bad("Value is not a valid UID for parameter program")
		}
		if lq.program = s.meta.program(id); lq.program == nil {
			return lq, bad("Program is specified but does not exist: " + id.String())
		}
		if !u.reads(id) {
			return lq, forbidden("Current user is not authorized to read data from selected program: " + id.String())
		}
	}
	if lq.scope, p = s.scopeOf(u, q, unitNames...); p != nil {
		return lq, p
	}
	if lq.after, p = s.timeParam(q, "updatedAfter", false); p != nil {
		return lq, p
	}
	if lq.before, p = s.timeParam(q, "updatedBefore", true); p != nil {
		return lq, p
	}
	if within := q.Get("updatedWithin"); within != "" {
		if lq.after != "" || lq.before != "" {
			return lq, bad("updatedAfter or updatedBefore and updatedWithin cannot be specified simultaneously")
		}
		if lq.after, p = s.updatedWithin(within); p != nil {
			return lq, p
		}
	}
	lq.includeDeleted = strings.EqualFold(q.Get("includeDeleted"), "true")
	if lq.order, p = readOrder(q.Get("order"), fields); p != nil {
		return lq, p
	}
	if lq.page, lq.size, p = s.pageOf(q); p != nil {
		return lq, p
	}
	lq.paged = true
	if s.minor >= 41 && q.Get("paging") == "false" || s.minor <= 41 && q.Get("skipPaging") == "true" {
		lq.paged = false
	}
	lq.totals = q.Get("totalPages") == "true"
	return lq, nil
}

// timeParam turns a parameter into wall time. A date alone means its
// beginning, or for an upper bound its end.
func (s *Server) timeParam(q url.Values, name string, upper bool) (dhis2.Timestamp, *problem) {
	text := q.Get(name)
	if text == "" {
		return "", nil
	}
	at, err := dhis2.Timestamp(text).Parse(s.cfg.Zone)
	if err != nil {
		return "", bad("Value is not a valid date for parameter " + name)
	}
	if upper && len(text) == len("2006-01-02") {
		return dhis2.Timestamp(text + "T23:59:59.999"), nil
	}
	return dhis2.Timestamp(at.Time().In(s.cfg.Zone).Format(wall)), nil
}

var duration = regexp.MustCompile(`^(\d{1,6})([dhms])$`)

// updatedWithin is computed in GMT up to 2.42 and compared with local wall
// time: wrong in every other zone, as in DHIS2.
func (s *Server) updatedWithin(text string) (dhis2.Timestamp, *problem) {
	m := duration.FindStringSubmatch(text)
	if m == nil {
		return "", bad("Duration is not valid: updatedWithin")
	}
	n, _ := strconv.Atoi(m[1])
	unit := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}[m[2]]
	at := s.now().Add(-time.Duration(n) * unit)
	if s.minor <= 42 {
		at = at.UTC()
	}
	return dhis2.Timestamp(at.Format(wall)), nil
}

func readOrder(text string, fields []string) ([]orderKey, *problem) {
	var keys []orderKey
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		field, direction, _ := strings.Cut(part, ":")
		desc := strings.EqualFold(direction, "desc")
		if !slices.Contains(fields, field) || (direction != "" && !desc && !strings.EqualFold(direction, "asc")) {
			return nil, bad("order: want field:asc or field:desc of " + strings.Join(fields, ", "))
		}
		keys = append(keys, orderKey{field, desc})
	}
	return keys, nil
}

// sortBy orders rows by the keys and then by primary key, as DHIS2 does.
func sortBy[T any](rows []T, keys []orderKey, value func(T, string) string, seq func(T) int) {
	slices.SortStableFunc(rows, func(a, b T) int {
		for _, k := range keys {
			c := cmp.Compare(value(a, k.field), value(b, k.field))
			if k.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(seq(a), seq(b))
	})
}

func (lq *listQuery) covers(updated dhis2.Timestamp, deleted bool) bool {
	return (lq.includeDeleted || !deleted) &&
		(lq.after == "" || updated >= lq.after) && (lq.before == "" || updated <= lq.before)
}

// answer cuts the page out of rows, prints it and wraps it in the shape of
// the version: 2.40 flat with "instances", 2.41 a pager and the flat members
// too, 2.42 and later a pager with the addresses of the neighbours.
func answer[T any](s *Server, lq *listQuery, base string, q url.Values, key string, rows []T, print func(T) any) any {
	total := len(rows)
	if lq.paged {
		rows = slice(rows, lq.page, lq.size)
	}
	docs := make([]any, len(rows))
	for i, r := range rows {
		docs[i] = print(r)
	}
	if s.minor <= 40 {
		key = "instances"
	}
	out := map[string]any{key: docs}
	if !lq.paged {
		return out
	}
	pager := map[string]any{"page": lq.page, "pageSize": lq.size}
	if lq.totals {
		pager["total"], pager["pageCount"] = total, max(1, (total+lq.size-1)/lq.size)
	}
	if s.minor <= 41 {
		for name, v := range pager {
			out[name] = v
		}
	}
	if s.minor >= 42 {
		neighbour := func(page int) string {
			n := url.Values{}
			for k, v := range q {
				n[k] = v
			}
			n.Set("page", strconv.Itoa(page))
			return base + "?" + n.Encode()
		}
		if lq.page > 1 {
			pager["prevPage"] = neighbour(lq.page - 1)
		}
		if lq.page*lq.size < total {
			pager["nextPage"] = neighbour(lq.page + 1)
		}
	}
	if s.minor >= 41 {
		out["pager"] = pager
	}
	return out
}
