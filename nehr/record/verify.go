package record

import (
	"regexp"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// place is what one entry of an answer says: where, and how.
type place struct {
	typ, id, version string
	status           string
	used             bool
}

var locationForm = regexp.MustCompile(`(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?$`)

// verify looks for each request in the answer of the transaction, by type and
// id. HAPI drops an entry that repeats a condition and closes the gap, so the
// place in the list proves nothing by itself; it only decides between creations
// of one type, which nothing else tells apart, and only where every other entry
// is in its place.
func verify(requests []*request, answer *fhirjson.Value) error {
	if got := answer.Get("type").Str(); got != "transaction-response" {
		return &AnswerError{Reason: "it is no transaction-response"}
	}
	entries := answer.Get("entry").Items()
	places := make([]place, len(entries))
	for i, e := range entries {
		places[i] = read(e)
	}
	aligned := len(places) == len(requests)
	var open []int // requests whose id the server chose
	var missing []string
	for i, r := range requests {
		if r.id == "" {
			open = append(open, i)
			continue
		}
		at := find(places, r.Type, r.id, i)
		if at < 0 {
			missing = append(missing, r.Type+"/"+r.id)
			continue
		}
		aligned = aligned && at == i
		places[at].used = true
		if !r.accept(places[at]) {
			missing = append(missing, r.Type+"/"+r.id)
		}
	}
	missing = append(missing, assign(requests, open, places, aligned)...)
	if len(missing) > 0 {
		return &AnswerError{Reason: "entries are missing, rejected or cannot be told apart", Entries: missing}
	}
	if len(places) != len(requests) {
		return &AnswerError{Reason: "it has more entries than the request"}
	}
	for _, i := range open {
		if r := requests[i]; r.method == "POST" && !r.created {
			return &ConflictError{Type: r.Type, ID: r.id}
		}
	}
	return nil
}

// assign gives the answers that are left to the requests that are left.
func assign(requests []*request, open []int, places []place, aligned bool) (missing []string) {
	left := map[string][]int{}
	for i, p := range places {
		if !p.used {
			left[p.typ] = append(left[p.typ], i)
		}
	}
	wanted := map[string]int{}
	for _, i := range open {
		wanted[requests[i].Type]++
	}
	for _, i := range open {
		r := requests[i]
		at := -1
		switch free := left[r.Type]; {
		case len(free) == 1 && wanted[r.Type] == 1:
			at = free[0]
		case len(free) == wanted[r.Type] && aligned && places[i].typ == r.Type:
			at = i
		}
		if at < 0 || places[at].used || places[at].id == "" || !r.accept(places[at]) {
			missing = append(missing, r.Type)
			continue
		}
		places[at].used = true
		r.id = places[at].id
	}
	return missing
}

// accept takes over what the answer says, if it says that the entry was written.
func (r *request) accept(p place) bool {
	switch p.status {
	case "200":
	case "201":
		r.created = true
	default:
		return false
	}
	r.gotVersion = p.version
	return true
}

// read finds type, id and version in an entry's location, else in its resource.
func read(entry *fhirjson.Value) place {
	response := entry.Get("response")
	p := place{}
	p.status, _, _ = strings.Cut(strings.TrimSpace(response.Get("status").Str()), " ")
	if m := locationForm.FindStringSubmatch(response.Get("location").Str()); m != nil {
		p.typ, p.id, p.version = m[1], m[2], m[3]
	} else if resource := entry.Get("resource"); resource.Get("resourceType").Str() != "OperationOutcome" {
		p.typ, p.id = resource.Get("resourceType").Str(), resource.Get("id").Str()
	}
	if p.version == "" {
		p.version = entry.Get("resource", "meta", "versionId").Str()
	}
	return p
}

// find gives the answer for a resource: preferably in its place.
func find(places []place, typ, id string, at int) int {
	is := func(i int) bool { return !places[i].used && places[i].typ == typ && places[i].id == id }
	if at < len(places) && is(at) {
		return at
	}
	for i := range places {
		if is(i) {
			return i
		}
	}
	return -1
}
