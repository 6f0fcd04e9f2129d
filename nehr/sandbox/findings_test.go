package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// finding is something measured on HAPI FHIR 8.8 that a writer has to know.
type finding struct {
	request string
	run     func(peer) string // what was seen
	hapi    string
	// sandbox is what the sandbox does instead, on purpose; "" for the same.
	sandbox string
}

var findings = []finding{
	{"a transaction of `PUT Type/id` with references to a fullUrl", newRecord, "200: 201, 201; the reference is Type/id", ""},
	{"the same again: other order of fields, other `meta.versionId` and `lastUpdated`", sameRecord, "200: 200, 200; v1, 1 in its history", ""},
	{"PUT that changes `meta.source` alone", newSource, "200, the answer says new; stored v1, old", ""},
	{"PUT that says no `meta.source` where one is stored", noSource, "200; stored v1, old", ""},
	{"PUT that changes `meta.profile` alone", newProfile, "200; stored v2, http://example.org/b", ""},
	{"PUT without a tag that is stored", noTag, "200; stored v1, one", ""},
	{"PUT with another tag than the stored one", otherTag, "200; stored v2, one two", ""},
	{"PUT with a stale `If-Match`", staleUpdate, "409; stored v2", ""},
	{"the same in a transaction", staleEntry, "409; stored v2", ""},
	{"conditional PUT with a stale `If-Match`", staleConditional, "200; stored v3", ""},
	{"the same in a transaction", staleConditionalEntry, "200: 200; stored v3", ""},
	{"DELETE with a stale `If-Match`", staleDelete, "200; then 410", ""},
	{"the same in a transaction", staleDeleteEntry, "200: 204; then 410", ""},
	{"`PUT Type/id` with `If-None-Match: *` of what stands", onlyIfNew, "200; stored v2", ""},
	{"the same in a transaction", onlyIfNewEntry, "200: 200; stored v2", ""},
	{"PUT of a body without an id", bodyWithoutID, "400; then 404", ""},
	{"a reference to what does not stand, in a transaction", danglingEntry, "400; all undone", ""},
	{"a conditional reference that matches nothing, in a transaction", unmatchedReference, "404; all undone", ""},
	{"a conditional reference that matches two, in a transaction", ambiguousReference, "412; all undone", ""},
	{"DELETE of what is referred to", referredTo, "409; then 200", ""},
	{"the same in a transaction", referredToEntry, "409; then 200", ""},
	{"the same together with what refers to it", bothGo, "200: 204, 204; then 410", ""},
	{"DELETE of what never stood, by id and by condition, in a transaction", deleteNothing, "200: 204, 204", ""},
	{"DELETE of what is deleted already, in a transaction", deleteAgain, "200: 204; then 410", ""},
	{"conditional PUT that matches two", updateOneOfTwo, "412", ""},
	{"the same in a transaction", updateOneOfTwoEntry, "412", ""},
	{"conditional DELETE that matches two", deleteOneOfTwo, "412; both stand", ""},
	{"the same in a transaction", deleteOneOfTwoEntry, "412; both stand", ""},
	{"PUT of an id that was deleted", comesBack, "201; stored v3", ""},
	{"the same in a transaction", comesBackEntry, "200: 201; stored v3", ""},
	{"two conditional creates of one identity in a transaction", twoCreates, "200: 201; 1 stands", ""},
	{"two conditional PUTs of one identity in a transaction", twoUpdates, "200: 201; 1 stands", ""},
	{"two PUTs of one id in a transaction, one fullUrl", oneFullURL, "400; all undone", ""},
	{"two PUTs of one id in a transaction, two fullUrls", twoFullURLs, "200: 201, 200; v2 is the last, v1 404", "200: 201, 200; v2 is the last, v1 200"},
	{"8 clients create one identity with `If-None-Exist`", raceCreate, "1 stands", ""},
	{"8 clients put one new id", racePut, "1 version; else 200 or 409", ""},
}

// TestFindings: the sandbox does what HAPI does, row by row, but for the
// differences that its README lists.
func TestFindings(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) {
		s, err := sandbox.New(sandbox.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		web := httptest.NewServer(s.Handler())
		t.Cleanup(web.Close)
		for _, f := range findings {
			t.Run(f.request, func(t *testing.T) {
				want := f.hapi
				if f.sandbox != "" {
					want = f.sandbox
				}
				if got := f.run(peer{t, web.URL + "/fhir"}); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	})
	t.Run("server", func(t *testing.T) {
		base := serverBase(t)
		for _, f := range findings {
			t.Run(f.request, func(t *testing.T) {
				if got := f.run(peer{t, base}); got != f.hapi {
					t.Errorf("got %q, want %q", got, f.hapi)
				}
			})
		}
	})
}

// TestReadmeListsTheFindings: nobody has to read a test to know them.
func TestReadmeListsTheFindings(t *testing.T) {
	const start, end = "<!-- made of findings, held by a test -->\n", "<!-- end of findings -->"
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), start)
	old, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("README.md has no place for the findings")
	}
	var b strings.Builder
	b.WriteString("| request | HAPI | sandbox |\n|---|---|---|\n")
	for _, f := range findings {
		own := f.sandbox
		if own == "" {
			own = "the same"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.request, f.hapi, own)
	}
	if old == b.String() {
		return
	}
	if os.Getenv("UPDATE_README") == "1" {
		if err := os.WriteFile("README.md", []byte(before+start+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the findings differ from README.md: UPDATE_README=1 go test -run TestReadme ./nehr/sandbox")
}

// send posts a transaction, and tells its status and those of its entries.
func (p peer) send(entries ...string) string {
	p.t.Helper()
	r := p.do("POST", "", bundle("transaction", entries...))
	out := fmt.Sprint(r.status)
	for i, e := range r.body.Get("entry").Items() {
		status, _, _ := strings.Cut(e.Get("response", "status").Str(), " ")
		out += map[bool]string{true: ": ", false: ", "}[i == 0] + status
	}
	return out
}

// stored tells version and what else is asked for of a Patient that stands.
func (p peer) stored(id string) reply {
	p.t.Helper()
	return p.expect(p.do("GET", "/Patient/"+id, ""), 200)
}

// then tells the status of a read.
func (p peer) then(id string) string { return fmt.Sprint(p.do("GET", "/Patient/"+id, "").status) }

// given puts a Patient, its identifier its id, and then changes her as often
// as there are more.
func (p peer) given(more ...string) string {
	p.t.Helper()
	id := uuid.NewString()
	for i, m := range append([]string{""}, more...) {
		p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, m)), map[bool]int{true: 201, false: 200}[i == 0])
	}
	return id
}

// two Patients have the identifier.
func (p peer) two() string {
	p.t.Helper()
	key := uuid.NewString()
	for range 2 {
		p.expect(p.do("POST", "/Patient", patient("", key, "")), 201)
	}
	return key
}

func (p peer) standing(key string) int {
	p.t.Helper()
	return len(p.search("Patient", "identifier", system+"|"+key).ids())
}

const (
	woman   = `,"gender":"female"`
	unknown = `,"gender":"unknown"`
)

func put(id, more, request string) string {
	return entry("", "PUT", "Patient/"+id, patient(id, id, more), request)
}

const stale = `,"ifMatch":"W/\"1\""`

func recordOf(p peer, id, o, patientBody string) string {
	her := "urn:uuid:" + id
	return p.send(entry(her, "PUT", "Patient/"+id, patientBody, ""),
		entry("urn:uuid:"+o, "PUT", "Observation/"+o, observation(o, her, ""), ""))
}

func newRecord(p peer) string {
	id, o := uuid.NewString(), uuid.NewString()
	got := recordOf(p, id, o, patient(id, id, woman))
	if p.do("GET", "/Observation/"+o, "").body.Get("subject", "reference").Str() == "Patient/"+id {
		got += "; the reference is Type/id"
	}
	return got
}

func sameRecord(p peer) string {
	id, o := uuid.NewString(), uuid.NewString()
	recordOf(p, id, o, patient(id, id, woman))
	got := recordOf(p, id, o, fmt.Sprintf(`{"gender":"female","meta":{"versionId":"7","lastUpdated":"2001-01-01T00:00:00Z"},"id":"%s","identifier":[{"value":"%s","system":"%s"}],"resourceType":"Patient"}`, id, id, system))
	n := len(p.do("GET", "/Patient/"+id+"/_history", "").body.Get("entry").Items())
	return fmt.Sprintf("%s; v%s, %d in its history", got, p.stored(id).version(), n)
}

func withMeta(p peer, first, then string) (string, reply, reply) {
	id := uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, `,"meta":{`+first+`}`)), 201)
	r := p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, `,"meta":{`+then+`}`)), 200)
	return fmt.Sprint(r.status), r, p.stored(id)
}

func sourceOf(r reply) string {
	s, _, _ := strings.Cut(r.body.Get("meta", "source").Str(), "#")
	return strings.TrimPrefix(s, "urn:")
}

func newSource(p peer) string {
	status, answer, now := withMeta(p, `"source":"urn:old"`, `"source":"urn:new"`)
	return fmt.Sprintf("%s, the answer says %s; stored v%s, %s", status, sourceOf(answer), now.version(), sourceOf(now))
}

func noSource(p peer) string {
	status, _, now := withMeta(p, `"source":"urn:old"`, ``)
	return fmt.Sprintf("%s; stored v%s, %s", status, now.version(), sourceOf(now))
}

func newProfile(p peer) string {
	status, _, now := withMeta(p, `"profile":["http://example.org/a"]`, `"profile":["http://example.org/b"]`)
	got := fmt.Sprintf("%s; stored v%s,", status, now.version())
	for _, v := range now.body.Get("meta", "profile").Items() {
		got += " " + v.Str()
	}
	return got
}

func tagged(p peer, first, then string) string {
	status, _, now := withMeta(p, first, then)
	got := fmt.Sprintf("%s; stored v%s,", status, now.version())
	for _, v := range now.body.Get("meta", "tag").Items() {
		got += " " + v.Get("code").Str()
	}
	return got
}

func tag(code string) string { return `"tag":[{"system":"` + system + `","code":"` + code + `"}]` }

func noTag(p peer) string    { return tagged(p, tag("one"), "") }
func otherTag(p peer) string { return tagged(p, tag("one"), tag("two")) }

func staleUpdate(p peer) string {
	id := p.given(woman)
	r := p.do("PUT", "/Patient/"+id, patient(id, id, unknown), "If-Match", `W/"1"`)
	return fmt.Sprintf("%d; stored v%s", r.status, p.stored(id).version())
}

func staleEntry(p peer) string {
	id := p.given(woman)
	return p.send(put(id, unknown, stale)) + "; stored v" + p.stored(id).version()
}

func staleConditional(p peer) string {
	id := p.given(woman)
	r := p.do("PUT", "/Patient?"+where(id), patient("", id, unknown), "If-Match", `W/"1"`)
	return fmt.Sprintf("%d; stored v%s", r.status, p.stored(id).version())
}

func staleConditionalEntry(p peer) string {
	id := p.given(woman)
	return p.send(entry("", "PUT", "Patient?"+where(id), patient("", id, unknown), stale)) + "; stored v" + p.stored(id).version()
}

func staleDelete(p peer) string {
	id := p.given(woman)
	return fmt.Sprintf("%d; then %s", p.do("DELETE", "/Patient/"+id, "", "If-Match", `W/"1"`).status, p.then(id))
}

func staleDeleteEntry(p peer) string {
	id := p.given(woman)
	return p.send(entry("", "DELETE", "Patient/"+id, "", stale)) + "; then " + p.then(id)
}

func onlyIfNew(p peer) string {
	id := p.given()
	r := p.do("PUT", "/Patient/"+id, patient(id, id, woman), "If-None-Match", "*")
	return fmt.Sprintf("%d; stored v%s", r.status, p.stored(id).version())
}

func onlyIfNewEntry(p peer) string {
	id := p.given()
	return p.send(put(id, woman, `,"ifNoneMatch":"*"`)) + "; stored v" + p.stored(id).version()
}

func bodyWithoutID(p peer) string {
	id := uuid.NewString()
	return fmt.Sprintf("%d; then %s", p.do("PUT", "/Patient/"+id, patient("", id, "")).status, p.then(id))
}

// beside sends a Patient together with what is refused.
func beside(p peer, bad ...string) string {
	id := uuid.NewString()
	got := p.send(append([]string{put(id, "", "")}, bad...)...)
	if p.then(id) == "404" {
		got += "; all undone"
	}
	return got
}

func about(subject string) string {
	o := uuid.NewString()
	return entry("", "PUT", "Observation/"+o, observation(o, subject, ""), "")
}

func danglingEntry(p peer) string      { return beside(p, about("Patient/"+uuid.NewString())) }
func unmatchedReference(p peer) string { return beside(p, about("Patient?"+where(uuid.NewString()))) }
func ambiguousReference(p peer) string { return beside(p, about("Patient?"+where(p.two()))) }

func (p peer) observed() (id, o string) {
	p.t.Helper()
	id, o = p.given(), uuid.NewString()
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, "")), 201)
	return id, o
}

func referredTo(p peer) string {
	id, _ := p.observed()
	return fmt.Sprintf("%d; then %s", p.do("DELETE", "/Patient/"+id, "").status, p.then(id))
}

func referredToEntry(p peer) string {
	id, _ := p.observed()
	return p.send(entry("", "DELETE", "Patient/"+id, "", "")) + "; then " + p.then(id)
}

func bothGo(p peer) string {
	id, o := p.observed()
	return p.send(entry("", "DELETE", "Patient/"+id, "", ""), entry("", "DELETE", "Observation/"+o, "", "")) + "; then " + p.then(id)
}

func deleteNothing(p peer) string {
	return p.send(entry("", "DELETE", "Patient/"+uuid.NewString(), "", ""), entry("", "DELETE", "Patient?"+where(uuid.NewString()), "", ""))
}

func (p peer) gone() string {
	p.t.Helper()
	id := p.given()
	p.expect(p.do("DELETE", "/Patient/"+id, ""), 200, 204)
	return id
}

func deleteAgain(p peer) string {
	id := p.gone()
	return p.send(entry("", "DELETE", "Patient/"+id, "", "")) + "; then " + p.then(id)
}

func updateOneOfTwo(p peer) string {
	key := p.two()
	return fmt.Sprint(p.do("PUT", "/Patient?"+where(key), patient("", key, woman)).status)
}

func updateOneOfTwoEntry(p peer) string {
	key := p.two()
	return p.send(entry("", "PUT", "Patient?"+where(key), patient("", key, woman), ""))
}

func bothStand(p peer, key string) string {
	if p.standing(key) == 2 {
		return "; both stand"
	}
	return "; not both stand"
}

func deleteOneOfTwo(p peer) string {
	key := p.two()
	return fmt.Sprint(p.do("DELETE", "/Patient?"+where(key), "").status) + bothStand(p, key)
}

func deleteOneOfTwoEntry(p peer) string {
	key := p.two()
	return p.send(entry("", "DELETE", "Patient?"+where(key), "", "")) + bothStand(p, key)
}

func comesBack(p peer) string {
	id := p.gone()
	return fmt.Sprintf("%d; stored v%s", p.do("PUT", "/Patient/"+id, patient(id, id, woman)).status, p.stored(id).version())
}

func comesBackEntry(p peer) string {
	id := p.gone()
	return p.send(put(id, woman, "")) + "; stored v" + p.stored(id).version()
}

func twoCreates(p peer) string {
	key := uuid.NewString()
	create := func() string {
		return entry("urn:uuid:"+uuid.NewString(), "POST", "Patient", patient("", key, ""), `,"ifNoneExist":"`+where(key)+`"`)
	}
	return fmt.Sprintf("%s; %d stands", p.send(create(), create()), p.standing(key))
}

func twoUpdates(p peer) string {
	key := uuid.NewString()
	update := func() string {
		return entry("urn:uuid:"+uuid.NewString(), "PUT", "Patient?"+where(key), patient("", key, ""), "")
	}
	return fmt.Sprintf("%s; %d stands", p.send(update(), update()), p.standing(key))
}

func oneFullURL(p peer) string {
	id := uuid.NewString()
	one := entry("urn:uuid:"+id, "PUT", "Patient/"+id, patient(id, id, ""), "")
	return beside(p, one, one)
}

func twoFullURLs(p peer) string {
	id := uuid.NewString()
	got := p.send(entry("urn:uuid:"+id, "PUT", "Patient/"+id, patient(id, id, woman), ""),
		entry("urn:uuid:"+uuid.NewString(), "PUT", "Patient/"+id, patient(id, id, unknown), ""))
	now := p.stored(id)
	last := "the first"
	if now.body.Get("gender").Str() == "unknown" {
		last = "the last"
	}
	return fmt.Sprintf("%s; v%s is %s, v1 %d", got, now.version(), last, p.do("GET", "/Patient/"+id+"/_history/1", "").status)
}

// race has 8 clients send the same at once, and gives the statuses.
func race(p peer, send func() reply) map[int]int {
	statuses := make(chan int, 8)
	var all sync.WaitGroup
	start := make(chan struct{})
	for range cap(statuses) {
		all.Go(func() { <-start; statuses <- send().status })
	}
	close(start)
	all.Wait()
	close(statuses)
	seen := map[int]int{}
	for s := range statuses {
		seen[s]++
	}
	return seen
}

func raceCreate(p peer) string {
	key := uuid.NewString()
	race(p, func() reply { return p.do("POST", "/Patient", patient("", key, ""), "If-None-Exist", where(key)) })
	return fmt.Sprintf("%d stands", p.standing(key))
}

func racePut(p peer) string {
	id := uuid.NewString()
	seen := race(p, func() reply { return p.do("PUT", "/Patient/"+id, patient(id, id, "")) })
	got := "1 version"
	if seen[201] != 1 || p.stored(id).version() != "1" {
		got = fmt.Sprint("versions of ", seen)
	}
	delete(seen, 201)
	delete(seen, 200)
	delete(seen, 409)
	if len(seen) > 0 {
		return fmt.Sprint(got, "; else ", seen)
	}
	return got + "; else 200 or 409"
}
