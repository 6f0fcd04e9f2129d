package sandbox_test

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func sorted(s ...string) []string { slices.Sort(s); return s }

func (p peer) finds(want []string, typ string, params ...string) {
	p.t.Helper()
	r := p.expect(p.search(typ, params...), 200)
	if diff := cmp.Diff(want, r.ids()); diff != "" {
		p.t.Errorf("%s %v: %s", typ, params, diff)
	}
}

func searches(p peer) {
	run := strings.ReplaceAll(uuid.NewString(), "-", "")
	a, b, enc, o1, o2 := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+a, patient(a, run+"a", `,"name":[{"text":"Zz`+run+` One","family":"Fam`+run+`"}],"telecom":[{"system":"phone","value":"+94`+run[:9]+`"}],"birthDate":"1990-05-01"`)), 201)
	p.expect(p.do("PUT", "/Patient/"+b, patient(b, run+"b", `,"name":[{"text":"zz`+run+` Two"}],"birthDate":"1991-05-01"`)), 201)
	p.expect(p.do("PUT", "/Encounter/"+enc, `{"resourceType":"Encounter","id":"`+enc+`","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/`+a+`"}}`), 201)
	p.expect(p.do("PUT", "/Observation/"+o1, observation(o1, "Patient/"+a, `,"encounter":{"reference":"Encounter/`+enc+`"},"identifier":[{"system":"urn:a,b|c","value":"x,`+run+`"}]`)), 201)
	p.expect(p.do("PUT", "/Observation/"+o2, strings.Replace(observation(o2, "Patient/"+a, ""), `"final"`, `"entered-in-error"`, 1)), 201)

	// What the portals read a record by.
	media, order := uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Media/"+media, `{"resourceType":"Media","id":"`+media+`","status":"completed","subject":{"reference":"Patient/`+a+`"},"content":{"url":"Binary/x"}}`), 201)
	p.expect(p.do("PUT", "/MedicationRequest/"+order, `{"resourceType":"MedicationRequest","id":"`+order+`","status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/`+a+`"}}`), 201)
	p.finds(sorted(media), "Media", "patient", "Patient/"+a)
	p.finds(sorted(order), "MedicationRequest", "patient", "Patient/"+a, "status", "active")

	none := []string{}
	p.finds(sorted(a), "Patient", "identifier", system+"|"+run+"a")
	p.finds(sorted(a), "Patient", "identifier", run+"a")
	p.finds(none, "Patient", "identifier", "|"+run+"a")
	p.finds(none, "Patient", "identifier", "http://example.org/other|"+run+"a")
	p.finds(sorted(a, b), "Patient", "identifier", system+"|"+run+"a,"+system+"|"+run+"b")
	p.finds(none, "Patient", "identifier", system+"|"+run)
	p.finds(sorted(a, b), "Patient", "name", "ZZ"+run)
	p.finds(sorted(a), "Patient", "name", "fam"+run)
	p.finds(sorted(a), "Patient", "family", "Fam"+run, "birthdate", "1990-05-01")
	p.finds(none, "Patient", "name", "zz"+run, "birthdate", "1992-05-01")
	p.finds(sorted(a), "Patient", "phone", "+94"+run[:9], "identifier", run+"a")
	p.finds(sorted(a, b), "Patient", "_id", a+","+b+","+uuid.NewString())
	p.finds(sorted(o1, o2), "Observation", "subject", "Patient/"+a)
	p.finds(sorted(o1, o2), "Observation", "patient", a)
	p.finds(sorted(o1), "Observation", "patient", "Patient/"+a, "status", "final")
	p.finds(sorted(o1), "Observation", "encounter", "Encounter/"+enc)
	p.finds(sorted(o1, o2), "Observation", "patient", a, "code", "http://loinc.org|718-7")
	p.finds(sorted(o1, o2), "Observation", "patient", a, "code", "718-7,8480-6")
	p.finds(none, "Observation", "patient", a, "code", "http://loinc.org|8480-6")
	// Separators inside a value are escaped by a backslash.
	p.finds(sorted(o1), "Observation", "identifier", `urn:a\,b\|c|x\,`+run)

	r := p.expect(p.search("Patient", "name", "zz"+run, "_summary", "count"), 200)
	if r.body.Get("total").Scalar() != "2" || r.body.Get("entry") != nil {
		p.t.Errorf("_summary=count gave %s", r.raw)
	}
	// GET and POST are one search.
	if got := p.expect(p.do("GET", "/Patient?name=zz"+run, ""), 200).ids(); !slices.Equal(got, sorted(a, b)) {
		p.t.Errorf("GET found %v", got)
	}
}

func dates(p peer) {
	run := uuid.NewString()
	day, month, instant := uuid.NewString(), uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Patient/"+day, patient(day, run, `,"birthDate":"1990-05-10"`)), 201)
	p.expect(p.do("PUT", "/Patient/"+month, patient(month, run, `,"birthDate":"1990-06"`)), 201)
	key := []string{"identifier", system + "|" + run}
	find := func(want []string, params ...string) {
		p.t.Helper()
		p.finds(want, "Patient", append(slices.Clone(key), params...)...)
	}
	find(sorted(day), "birthdate", "1990-05-10")
	find(sorted(day), "birthdate", "1990-05")
	find(sorted(day, month), "birthdate", "1990")
	find(sorted(day, month), "birthdate", "ge1990-05-10")
	find(sorted(month), "birthdate", "gt1990-05-10")
	find(sorted(day), "birthdate", "le1990-05-10")
	find([]string{}, "birthdate", "lt1990-05-10")
	find(sorted(day), "birthdate", "ge1990-01-01", "birthdate", "lt1990-06-01")

	p.expect(p.do("PUT", "/Observation/"+instant, observation(instant, "Patient/"+day, `,"effectiveDateTime":"2026-03-01T23:30:00+05:30"`)), 201)
	p.finds(sorted(instant), "Observation", "patient", day, "date", "ge2026-03-01T18:00:00Z")
	p.finds([]string{}, "Observation", "patient", day, "date", "gt2026-03-01T18:00:00Z")
	p.finds(sorted(instant), "Observation", "patient", day, "date", "lt2026-03-01T18:00:01Z")
	p.finds(sorted(day, month), "Patient", append(key, "_lastUpdated", "gt2020-01-01")...)
	p.finds([]string{}, "Patient", append(key, "_lastUpdated", "lt2020-01-01")...)
}

func paging(p peer) {
	run := uuid.NewString()
	var all []string
	for range 5 {
		id := uuid.NewString()
		p.expect(p.do("PUT", "/Patient/"+id, patient(id, run, "")), 201)
		all = append(all, id)
	}
	r := p.expect(p.search("Patient", "identifier", system+"|"+run, "_count", "2", "_sort", "_lastUpdated", "_total", "accurate"), 200)
	if got := r.body.Get("total").Scalar(); got != "5" {
		p.t.Errorf("total %s, want 5", got)
	}
	var seen []string
	for range 4 {
		var page []string
		for _, e := range r.body.Get("entry").Items() {
			page = append(page, e.Get("resource", "id").Str())
		}
		if len(page) > 2 {
			p.t.Errorf("a page of %d, want at most 2", len(page))
		}
		seen = append(seen, page...)
		next := ""
		for _, l := range r.body.Get("link").Items() {
			if l.Get("relation").Str() == "next" {
				next = l.Get("url").Str()
			}
			if strings.Contains(l.Get("url").Str(), run) {
				p.t.Errorf("a link of a search by POST holds what was searched for")
			}
		}
		if next == "" {
			break
		}
		r = p.expect(p.do("GET", next, ""), 200)
	}
	if diff := cmp.Diff(all, seen); diff != "" {
		p.t.Errorf("pages in the order of _lastUpdated: %s", diff)
	}
	r = p.expect(p.search("Patient", "identifier", system+"|"+run, "_sort", "-_lastUpdated", "_count", "1"), 200)
	if got := r.ids(); !slices.Equal(got, all[4:]) {
		p.t.Errorf("newest first gave %v, want %v", got, all[4:])
	}
}

func everything(p peer) {
	a, b, o, enc, org := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	p.expect(p.do("PUT", "/Organization/"+org, `{"resourceType":"Organization","id":"`+org+`","name":"Clinic"}`), 201)
	p.expect(p.do("PUT", "/Patient/"+a, patient(a, a, "")), 201)
	p.expect(p.do("PUT", "/Patient/"+b, patient(b, b, "")), 201)
	p.expect(p.do("PUT", "/Encounter/"+enc, `{"resourceType":"Encounter","id":"`+enc+`","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/`+a+`"},"serviceProvider":{"reference":"Organization/`+org+`"}}`), 201)
	p.expect(p.do("PUT", "/Observation/"+o, observation(o, "Patient/"+a, `,"encounter":{"reference":"Encounter/`+enc+`"}`)), 201)
	other := uuid.NewString()
	p.expect(p.do("PUT", "/Observation/"+other, observation(other, "Patient/"+b, "")), 201)
	r := p.expect(p.do("GET", "/Patient/"+a+"/$everything", ""), 200)
	if diff := cmp.Diff(sorted(a, o, enc, org), r.ids()); diff != "" {
		p.t.Errorf("everything of a patient: %s", diff)
	}
	p.expect(p.do("GET", "/Patient/"+uuid.NewString()+"/$everything", ""), 404)
}
