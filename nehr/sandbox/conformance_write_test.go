package sandbox_test

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

func lifeOfAResource(p peer) {
	key := uuid.NewString()
	made := p.expect(p.do("POST", "/Patient", patient("ignored", key, "")), 201)
	id := made.body.Get("id").Str()
	if id == "" || id == "ignored" {
		p.t.Fatalf("create gave id %q", id)
	}
	if got, want := made.header.Get("Location"), p.base+"/Patient/"+id+"/_history/1"; got != want {
		p.t.Errorf("Location %q, want %q", got, want)
	}
	read := p.expect(p.do("GET", "/Patient/"+id, ""), 200)
	if got := read.header.Get("ETag"); got != `W/"1"` {
		p.t.Errorf("ETag %q", got)
	}
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, key, `,"birthDate":"1990-05-01"`)), 200)
	if got := p.expect(p.do("GET", "/Patient/"+id, ""), 200).version(); got != "2" {
		p.t.Errorf("version %q after an update, want 2", got)
	}
	old := p.expect(p.do("GET", "/Patient/"+id+"/_history/1", ""), 200)
	if old.version() != "1" || old.body.Get("birthDate") != nil {
		p.t.Errorf("version 1 is not what was created: %s", old.raw)
	}
	p.expect(p.do("GET", "/Patient/"+id+"/_history/9", ""), 404)
	p.expect(p.do("GET", "/Patient/"+uuid.NewString(), ""), 404)
}

func clientIDs(p peer) {
	id := uuid.NewString()
	made := p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, "")), 201)
	if made.body.Get("id").Str() != id || made.version() != "1" {
		p.t.Errorf("got %s", made.raw)
	}
	p.expect(p.do("PUT", "/Patient/"+id, patient("", id, "")), 400)
	p.expect(p.do("PUT", "/Patient/"+id, patient("another", id, "")), 400)
	p.expect(p.do("PUT", "/Patient/a_b", patient("a_b", id, "")), 400)
}

func identical(p peer) {
	id, o := uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, `,"gender":"female","birthDate":"1990-05-01"`)), 201)
	// Other order of fields, and a meta that the server owns.
	again := fmt.Sprintf(`{"resourceType":"Patient","birthDate":"1990-05-01","gender":"female","id":"%s","meta":{"versionId":"7","lastUpdated":"2001-01-01T00:00:00Z"},"identifier":[{"value":"%s","system":"%s"}]}`, id, id, system)
	if r := p.expect(p.do("PUT", "/Patient/"+id, again), 200); r.header.Get("ETag") != `W/"1"` {
		p.t.Errorf("an identical update made version %s", r.header.Get("ETag"))
	}
	if n := len(p.do("GET", "/Patient/"+id+"/_history", "").body.Get("entry").Items()); n != 1 {
		p.t.Errorf("%d versions, want 1", n)
	}
	// 10.5 and 10.50 are different facts (precision), so this is a change.
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, `,"valueQuantity":{"value":10.50}`)), 201)
	if r := p.do("GET", "/Observation/"+o, ""); !strings.Contains(r.raw, "10.50") {
		p.t.Errorf("digits are lost: %s", r.raw)
	}
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, `,"valueQuantity":{"value":10.50}`)), 200)
	if r := p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, `,"valueQuantity":{"value":10.51}`)), 200); r.header.Get("ETag") != `W/"2"` {
		p.t.Errorf("a corrected value gave %s", r.header.Get("ETag"))
	}
}

func metaRules(p peer) {
	id := uuid.NewString()
	with := func(meta string) reply {
		return p.do("PUT", "/Patient/"+id, patient(id, id, `,"meta":`+meta))
	}
	tag := func(code string) string { return `{"system":"` + system + `","code":"` + code + `"}` }
	p.expect(with(`{"source":"urn:one","profile":["http://example.org/a"],"tag":[`+tag("one")+`]}`), 201)
	with(`{"profile":["http://example.org/a"],"tag":[` + tag("one") + `]}`)
	if r := p.do("GET", "/Patient/"+id, ""); r.version() != "1" {
		p.t.Error("a change of meta.source made a version")
	}
	with(`{"profile":["http://example.org/a"]}`)
	r := p.do("GET", "/Patient/"+id, "")
	if r.version() != "1" || len(r.body.Get("meta", "tag").Items()) != 1 {
		p.t.Errorf("a tag that is not repeated must stay without a version: %s", r.raw)
	}
	with(`{"profile":["http://example.org/b"],"tag":[` + tag("two") + `]}`)
	r = p.do("GET", "/Patient/"+id, "")
	if r.version() != "2" || len(r.body.Get("meta", "tag").Items()) != 2 {
		p.t.Errorf("tags must accumulate: %s", r.raw)
	}
	if got := r.body.Get("meta", "profile").Items(); len(got) != 1 || got[0].Str() != "http://example.org/b" {
		p.t.Errorf("profiles must be replaced: %s", r.raw)
	}
}

func ifMatch(p peer) {
	id := uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, "")), 201)
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, `,"gender":"female"`), "If-Match", `W/"1"`), 200)
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, `,"gender":"male"`), "If-Match", `W/"1"`), 409, 412)
	stale := entry("", "PUT", "Patient/"+id, patient(id, id, `,"gender":"male"`), `,"ifMatch":"W/\"1\""`)
	p.expect(p.do("POST", "", bundle("transaction", stale)), 409, 412)
	if got := p.do("GET", "/Patient/"+id, "").body.Get("gender").Str(); got != "female" {
		p.t.Errorf("a stale write went through: gender %q", got)
	}
	fresh := entry("", "PUT", "Patient/"+id, patient(id, id, `,"gender":"other"`), `,"ifMatch":"W/\"2\""`)
	p.expect(p.do("POST", "", bundle("transaction", fresh)), 200)
}

func ifNoneExist(p peer) {
	key := uuid.NewString()
	first := p.expect(p.do("POST", "/Patient", patient("", key, ""), "If-None-Exist", where(key)), 201)
	second := p.expect(p.do("POST", "/Patient", patient("", key, `,"gender":"male"`), "If-None-Exist", where(key)), 200)
	if second.body.Get("id").Str() != first.body.Get("id").Str() || second.body.Get("gender") != nil {
		p.t.Errorf("the second create did something: %s", second.raw)
	}
	p.expect(p.do("POST", "/Patient", patient("", key, "")), 201)
	p.expect(p.do("POST", "/Patient", patient("", key, ""), "If-None-Exist", where(key)), 412)
	p.expect(p.do("POST", "/Patient", patient("", key, ""), "If-None-Exist", "identifier="), 400)
	// What is created by a condition must satisfy it.
	p.expect(p.do("POST", "/Patient", patient("", key, ""), "If-None-Exist", where(uuid.NewString())), 400)
}

func conditionalUpdate(p peer) {
	key := uuid.NewString()
	made := p.expect(p.do("PUT", "/Patient?"+where(key), patient("", key, "")), 201)
	id := made.body.Get("id").Str()
	p.expect(p.do("PUT", "/Patient?"+where(key), patient("", key, `,"gender":"female"`)), 200)
	if r := p.do("GET", "/Patient/"+id, ""); r.version() != "2" || r.body.Get("gender").Str() != "female" {
		p.t.Errorf("got %s", r.raw)
	}
	// Measured: If-Match does not guard a conditional update.
	p.expect(p.do("PUT", "/Patient?"+where(key), patient("", key, `,"gender":"other"`), "If-Match", `W/"1"`), 200)
	p.expect(p.do("POST", "/Patient", patient("", key, "")), 201)
	p.expect(p.do("PUT", "/Patient?"+where(key), patient("", key, "")), 412)
	other := uuid.NewString()
	p.expect(p.do("PUT", "/Patient?"+where(other), patient("", key, "")), 400)
	p.expect(p.do("PUT", "/Patient?"+where(other), patient("", other, "")), 201)
	moved := uuid.NewString()
	p.expect(p.do("PUT", "/Patient?"+where(other), patient("", moved, "")), 200)
	if found := p.search("Patient", "identifier", system+"|"+moved).ids(); len(found) != 1 {
		p.t.Errorf("an update may change what it was found by: found %v", found)
	}
}

func deletion(p peer) {
	id, o := uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, "")), 201)
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, "")), 201)
	p.expect(p.do("DELETE", "/Patient/"+id, ""), 409)
	p.expect(p.do("DELETE", "/Observation/"+o, ""), 200, 204)
	p.expect(p.do("DELETE", "/Observation/"+o, ""), 200, 204)
	p.expect(p.do("GET", "/Observation/"+o, ""), 410)
	if got := p.search("Observation", "_id", o).ids(); len(got) != 0 {
		p.t.Errorf("a deleted resource is found: %v", got)
	}
	// Versions go on; HAPI counts the second deletion, which did nothing, as one.
	if r := p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, "")), 201); r.version() != "3" && r.version() != "4" {
		p.t.Errorf("version %s after the resource came back, want 3 or 4", r.version())
	}
	both := bundle("transaction", entry("", "DELETE", "Patient/"+id, "", ""), entry("", "DELETE", "Observation/"+o, "", ""))
	p.expect(p.do("POST", "", both), 200)
	p.expect(p.do("GET", "/Patient/"+id, ""), 410)
	p.expect(p.do("DELETE", "/Patient?"+where(uuid.NewString()), ""), 200, 204, 404)
}

func histories(p peer) {
	id := uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, "")), 201)
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, id, `,"gender":"female"`)), 200)
	p.expect(p.do("DELETE", "/Patient/"+id, ""), 200, 204)
	r := p.expect(p.do("GET", "/Patient/"+id+"/_history", ""), 200)
	if r.body.Get("type").Str() != "history" || r.body.Get("total").Scalar() != "3" {
		p.t.Errorf("got %s", r.raw)
	}
	var methods []string
	for _, e := range r.body.Get("entry").Items() {
		methods = append(methods, e.Get("request", "method").Str())
	}
	if got := strings.Join(methods, " "); got != "DELETE PUT PUT" && got != "DELETE PUT POST" {
		p.t.Errorf("methods %s, newest first", got)
	}
	if n := len(p.expect(p.do("GET", "/Patient/_history?_count=5", ""), 200).body.Get("entry").Items()); n == 0 || n > 5 {
		p.t.Errorf("the history of a type has %d entries, want 1 to 5", n)
	}
	p.expect(p.do("GET", "/Patient/"+uuid.NewString()+"/_history", ""), 404)
}

func integrity(p peer) {
	id, o, key := uuid.NewString(), uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+id, "")), 400)
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient?"+where(key), "")), 404, 400, 412)
	p.expect(p.do("PUT", "/Patient/"+id, patient(id, key, "")), 201)
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "https://elsewhere.example/fhir/Patient/1", "")), 400)
	r := p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient?"+where(key), "")), 201)
	if got := r.body.Get("subject", "reference").Str(); got != "Patient/"+id {
		p.t.Errorf("conditional reference became %q", got)
	}
}

func capabilities(p peer) {
	r := p.expect(p.do("GET", "/metadata", ""), 200)
	if r.body.Get("resourceType").Str() != "CapabilityStatement" || r.body.Get("fhirVersion").Str() != "4.0.1" {
		p.t.Errorf("got %.200s", r.raw)
	}
	for _, rest := range r.body.All("rest.resource") {
		if rest.Get("type").Str() == "Patient" {
			return
		}
	}
	p.t.Error("the statement has no Patient")
}

func badInput(p peer) {
	p.expect(p.do("GET", "/NoSuchType", ""), 404)
	p.expect(p.do("POST", "/Patient", `{"resourceType":"Patient",`), 400)
	p.expect(p.do("POST", "/Patient", `{"resourceType":"Observation"}`), 400)
	p.expect(p.do("POST", "/Patient", `{"resourceType":"Patient"}`, "Content-Type", "text/plain"), 400, 415)
	p.expect(p.do("POST", "", `{"resourceType":"Patient"}`), 400)
	p.expect(p.do("POST", "", `{"resourceType":"Bundle","type":"collection"}`), 400)
	p.expect(p.do("GET", "/Patient?nosuchparameter=1", ""), 400)
	p.expect(p.do("GET", "/Patient?birthdate=soon", ""), 400)
}
