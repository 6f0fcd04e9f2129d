package sandbox

import (
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// search answers a search with its first page.
func (x *session) search(typ string, params url.Values, self string) (*fhirjson.Value, error) {
	q, err := parseQuery(typ, params)
	if err != nil {
		return nil, err
	}
	ids, err := x.find(q)
	if err != nil {
		return nil, err
	}
	if q.summary {
		return x.envelope("searchset", len(ids), self), nil
	}
	l := list{total: q.total, count: x.server.pageSize(q.count)}
	for _, id := range ids {
		l.keys = append(l.keys, [2]string{typ, id})
	}
	return x.page(l, 0, self)
}

// list is a search result from which pages are cut. The pages of one search
// see the same ids in the same order, whatever is written in between.
type list struct {
	token string
	keys  [][2]string // type and id
	total bool
	count int
}

// page makes one page, and remembers the list when there are more. The link to
// the next page holds a random token and nothing of what was searched for.
func (x *session) page(l list, from int, self string) (*fhirjson.Value, error) {
	from = min(max(from, 0), len(l.keys))
	to := min(from+l.count, len(l.keys))
	total := -1
	if l.total {
		total = len(l.keys)
	}
	b := x.envelope("searchset", total, self)
	if l.token == "" && to < len(l.keys) {
		l.token = uuid.NewString()
		x.server.pages.put(l)
	}
	if to < len(l.keys) {
		b.Get("link").Append(link("next", x.pageURL(l, to)))
	}
	if from > 0 {
		b.Get("link").Append(link("previous", x.pageURL(l, max(0, from-l.count))))
	}
	entries := fhirjson.List()
	for _, k := range l.keys[from:to] {
		now, err := x.load(k[0], k[1])
		if err != nil {
			return nil, err
		}
		if now == nil || now.deleted { // gone since the search
			continue
		}
		entries.Append(fhirjson.Fields(
			fhirjson.F("fullUrl", fhirjson.Text(x.base+"/"+k[0]+"/"+k[1])),
			fhirjson.F("resource", now.body),
			fhirjson.F("search", fhirjson.Fields(fhirjson.F("mode", fhirjson.Text("match")))),
		))
	}
	if len(entries.Items()) > 0 {
		b.Set("entry", entries)
	}
	return b, nil
}

func (x *session) pageURL(l list, from int) string {
	return fmt.Sprintf("%s?_getpages=%s&_getpagesoffset=%d&_count=%d&_bundletype=searchset", x.base, l.token, from, l.count)
}

// envelope is a Bundle without entries; total -1 leaves the total out.
func (x *session) envelope(kind string, total int, self string) *fhirjson.Value {
	b := fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("id", fhirjson.Text(uuid.NewString())),
		fhirjson.F("meta", fhirjson.Fields(fhirjson.F("lastUpdated", fhirjson.Text(instant(x.now))))),
		fhirjson.F("type", fhirjson.Text(kind)),
	)
	if total >= 0 {
		b.Set("total", fhirjson.Literal(strconv.Itoa(total)))
	}
	b.Set("link", selfLink(self))
	return b
}

func link(relation, url string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("relation", fhirjson.Text(relation)), fhirjson.F("url", fhirjson.Text(url)))
}

func selfLink(url string) *fhirjson.Value { return fhirjson.List(link("self", url)) }

func (s *Server) pageSize(asked int) int {
	if asked < 0 {
		return s.config.PageSize
	}
	return min(max(asked, 1), 10_000)
}

// pages remembers the results from which further pages are cut, the last 200.
type pages struct {
	mu    sync.Mutex
	order []string
	lists map[string]list
}

func (p *pages) put(l list) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lists == nil {
		p.lists = map[string]list{}
	}
	p.lists[l.token] = l
	p.order = append(p.order, l.token)
	if len(p.order) > 200 {
		delete(p.lists, p.order[0])
		p.order = p.order[1:]
	}
}

func (p *pages) get(token string) (list, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lists[token]
	return l, ok
}
