package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is a search of one type: SQL that selects resources, and how the answer
// is to be cut and ordered.
type query struct {
	typ     string
	where   []string
	args    []any
	order   string
	count   int  // entries per page, -1 when not asked for
	summary bool // _summary=count
	total   bool
	used    int // parameters that restrict the result
}

// controls are parameters about the answer that are accepted and mean nothing here.
var controls = map[string]bool{"_format": true, "_pretty": true}

// parseQuery reads search parameters (search.html). What is not known is an
// error: a search that silently ignores a condition finds other people.
func parseQuery(typ string, params url.Values) (*query, error) {
	q := &query{typ: typ, count: -1, total: true, where: []string{"r.type = ?", "r.deleted = 0"}, args: []any{typ}, order: "r.seq"}
	for _, name := range sortedKeys(params) {
		for _, value := range params[name] {
			if value == "" || controls[name] {
				continue
			}
			if err := q.add(name, value); err != nil {
				return nil, err
			}
		}
	}
	return q, nil
}

func (q *query) add(name, value string) error {
	switch name {
	case "_count":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return badRequest("_count must be a number")
		}
		q.count = n
		if n == 0 {
			q.summary = true
		}
		return nil
	case "_summary":
		if value != "count" && value != "false" {
			return badRequest("_summary=%s is not supported, only count and false", value)
		}
		q.summary = value == "count"
		return nil
	case "_total":
		if !slices.Contains([]string{"none", "estimate", "accurate"}, value) {
			return badRequest("_total must be none, estimate or accurate")
		}
		q.total = value != "none"
		return nil
	case "_sort":
		return q.sort(value)
	}
	q.used++
	if name == "_lastUpdated" {
		return q.dates(value, "r.updated", "r.updated", "")
	}
	name, modifier, _ := strings.Cut(name, ":")
	if name == "_id" && modifier == "" {
		var ids []any
		for _, id := range splitEscaped(value, ',') {
			ids = append(ids, unescape(id))
		}
		q.where = append(q.where, "r.id IN ("+marks(len(ids))+")")
		q.args = append(q.args, ids...)
		return nil
	}
	p, ok := parameterOf(q.typ, name)
	if !ok {
		return badRequest("unknown search parameter %q for resource type %q", name, q.typ)
	}
	if modifier == "missing" {
		not := map[string]string{"true": "NOT ", "false": ""}
		word, ok := not[value]
		if !ok {
			return badRequest("%s:missing must be true or false", name)
		}
		q.where = append(q.where, "r.id "+word+"IN (SELECT id FROM search WHERE type = ? AND name = ?)")
		q.args = append(q.args, q.typ, name)
		return nil
	}
	if p.kind == date && modifier == "" {
		return q.dates(value, "low", "high", name)
	}
	word := ""
	if p.kind == token && modifier == "not" {
		word, modifier = "NOT ", ""
	}
	var conditions []string
	args := []any{q.typ, name}
	for _, v := range splitEscaped(value, ',') {
		sql, a, err := condition(p, name, modifier, v)
		if err != nil {
			return err
		}
		conditions, args = append(conditions, sql), append(args, a...)
	}
	q.where = append(q.where, "r.id "+word+"IN (SELECT id FROM search WHERE type = ? AND name = ? AND ("+strings.Join(conditions, " OR ")+"))")
	q.args = append(q.args, args...)
	return nil
}

// condition is one alternative of one parameter as SQL on a row of search.
func condition(p parameter, name, modifier, v string) (string, []any, error) {
	switch {
	case p.kind == token && modifier == "":
		parts := splitEscaped(v, '|')
		switch {
		case len(parts) == 1:
			return "value = ?", []any{unescape(parts[0])}, nil
		case parts[1] == "": // system| is every value of the system
			return "system = ?", []any{unescape(parts[0])}, nil
		}
		return "(value = ? AND system = ?)", []any{unescape(strings.Join(parts[1:], "|")), unescape(parts[0])}, nil
	case p.kind == text && modifier == "":
		return `value LIKE ? ESCAPE '\'`, []any{likeText(fold(unescape(v))) + "%"}, nil
	case p.kind == text && modifier == "contains":
		return `value LIKE ? ESCAPE '\'`, []any{"%" + likeText(fold(unescape(v))) + "%"}, nil
	case p.kind == text && modifier == "exact":
		return "system = ?", []any{unescape(v)}, nil
	case p.kind == uri && modifier == "":
		return "value = ?", []any{unescape(v)}, nil
	case p.kind == reference:
		v = unescape(v)
		if modifier != "" && resourceTypes[modifier] && !strings.Contains(v, "/") {
			v, modifier = modifier+"/"+v, ""
		}
		if modifier == "" && strings.Contains(v, "/") {
			parts := strings.Split(v, "/")
			return "value = ?", []any{strings.Join(parts[max(0, len(parts)-2):], "/")}, nil
		}
		if modifier == "" {
			return "system = ?", []any{v}, nil
		}
	}
	return "", nil, badRequest("modifier %q of search parameter %q is not supported", modifier, name)
}

// dates adds a date condition on two columns: those of the resource itself, or
// those of a search row when name is given.
func (q *query) dates(value, low, high, name string) error {
	var conditions []string
	for _, v := range splitEscaped(value, ',') {
		prefix := "eq"
		if len(v) > 2 && prefixes[v[:2]] != "" {
			prefix, v = v[:2], v[2:]
		}
		from, to, ok := interval(v)
		if !ok {
			return badRequest("invalid date in a search parameter")
		}
		conditions = append(conditions, fmt.Sprintf(prefixes[prefix], low, high, from, to))
	}
	all := "(" + strings.Join(conditions, " OR ") + ")"
	if name == "" {
		q.where = append(q.where, all)
		return nil
	}
	q.where = append(q.where, "r.id IN (SELECT id FROM search WHERE type = ? AND name = ? AND "+all+")")
	q.args = append(q.args, q.typ, name)
	return nil
}

func (q *query) sort(value string) error {
	var by []string
	last := "" // direction of the last key, which also decides between equals
	for key := range strings.SplitSeq(value, ",") {
		direction := ""
		if rest, ok := strings.CutPrefix(key, "-"); ok {
			key, direction = rest, " DESC"
		}
		last = direction
		switch key {
		case "_lastUpdated":
			by = append(by, "r.updated"+direction)
			continue
		case "_id":
			by = append(by, "r.id"+direction)
			continue
		}
		p, ok := parameterOf(q.typ, key)
		if !ok || p.kind == reference {
			return badRequest("cannot sort %s by %q", q.typ, key)
		}
		column := "min(value)"
		if p.kind == date {
			column = "min(low)"
		}
		// The name stands in the table of parameters, so it is safe in SQL.
		by = append(by, fmt.Sprintf("(SELECT %s FROM search s WHERE s.type = r.type AND s.id = r.id AND s.name = '%s')%s", column, key, direction))
	}
	q.order = strings.Join(by, ", ") + ", r.seq" + last
	return nil
}

// find gives the ids that a query selects, in its order.
func (x *session) find(q *query) ([]string, error) {
	rows, err := x.tx.QueryContext(x.ctx, "SELECT r.id FROM resource r WHERE "+strings.Join(q.where, " AND ")+" ORDER BY "+q.order, q.args...)
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", q.typ, err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// match resolves the query of a conditional interaction (http.html#ccreate) to
// the ids that it selects. A query without a condition would select all.
func (x *session) match(typ, raw string) ([]string, error) {
	params, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("a conditional URL is not well encoded")
	}
	q, err := parseQuery(typ, params)
	if err != nil {
		return nil, err
	}
	if q.used == 0 {
		return nil, badRequest("a conditional URL for %s has no search parameters", typ)
	}
	return x.find(q)
}

func multiple(typ string, n int) *fault {
	return refuse(http.StatusPreconditionFailed, "multiple-matches", "a conditional URL for %s matches %d resources", typ, n)
}

// splitEscaped splits at a separator that no backslash precedes (search.html#escaping).
func splitEscaped(s string, at byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case at:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\|`, `|`, `\$`, `$`).Replace(s)
}

func likeText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func sortedKeys(v url.Values) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
