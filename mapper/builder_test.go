package mapper_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	beside "github.com/nehrbridge/nehrbridge/golden/reference"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// Documents of invented women in the Sri Lankan program, and what they
// become. Every bundle that a test here sees was encoded and decoded again,
// and satisfied what every bundle must: unique entries, references that
// resolve, an id that follows from the identifier.

const (
	motherUID     = "Kaa00000001"
	enrollmentUID = "Eaa00000001"
	clinicUID     = "Tnl7qgZh7zL"
	hospitalUID   = "GYBZ1og9bk7"
	countryUID    = "Raa00000001"
	midwifeUID    = "M5zQapPyTZI"
	doctorUID     = "Daa00000001"

	registrationStage = "LWJcStrI6kM"
	visitStage        = "GX0z9IXFaso"
	referralStage     = "aQYZkIhWzeJ"

	phnAttribute     = "IrUmPkFMDU5"
	subjectAttribute = "CJLJmmp8r9g"
	nicAttribute     = "M6NNPC3hNrb"
	regnoAttribute   = "CSZevH4P5yV"
	nameAttribute    = "VQl0wK3eqiw"
	birthAttribute   = "Yie7mOY913J"
	genderAttribute  = "p7zizFkC6Lv"
	phoneAttribute   = "gGAQeOr1Pgu"
	addressAttribute = "EOMGwaUTMrU"

	registrationEvent = "Vaa00000001"
	visitEvent        = "Vaa00000002"
	referralEvent     = "Vaa00000003"

	stamp = "2025-09-04T07:00:00.000"
)

var uid = dhis2.MustUID

// value is a data value; an empty text is an element that was cleared.
func value(element, text string) dhis2.DataValue {
	return dhis2.DataValue{DataElement: uid(element), Value: text, UpdatedAt: stamp}
}

func attribute(of, text string) dhis2.Attribute {
	return dhis2.Attribute{Attribute: uid(of), Value: text, UpdatedAt: stamp}
}

// event is a completed event in a stage of the Sri Lankan program.
func event(id, stage, occurred string, values ...dhis2.DataValue) dhis2.Event {
	midwife := dhis2.User{UID: uid(midwifeUID), Username: "kumari", FirstName: "Kumari", Surname: "Silva"}
	return dhis2.Event{
		Event: uid(id), Status: dhis2.EventCompleted, Program: uid("eozjj9UivfS"), ProgramStage: uid(stage),
		Enrollment: uid(enrollmentUID), TrackedEntity: uid(motherUID), OrgUnit: uid(clinicUID),
		OccurredAt: dhis2.Timestamp(occurred), UpdatedAt: stamp,
		CompletedBy: "kumari", CompletedAt: dhis2.Timestamp(occurred[:10] + "T09:30:00.000"),
		CreatedBy: midwife, UpdatedBy: midwife, DataValues: values,
	}
}

func registration(values ...dhis2.DataValue) dhis2.Event {
	return event(registrationEvent, registrationStage, "2025-09-04T00:00:00.000", values...)
}

func visit(values ...dhis2.DataValue) dhis2.Event {
	return event(visitEvent, visitStage, "2025-10-02T00:00:00.000", values...)
}

func referral(values ...dhis2.DataValue) dhis2.Event {
	return event(referralEvent, referralStage, "2025-10-16T00:00:00.000", values...)
}

// mother is a woman with a PHN, enrolled on 3 September 2025, and her events.
func mother(events ...dhis2.Event) *dhis2.TrackedEntity {
	return &dhis2.TrackedEntity{
		TrackedEntity: uid(motherUID), TrackedEntityType: uid("MxdEsVAegt5"), UpdatedAt: stamp, OrgUnit: uid(clinicUID),
		Enrollments: []dhis2.Enrollment{{
			Enrollment: uid(enrollmentUID), TrackedEntity: uid(motherUID), Program: uid("eozjj9UivfS"),
			Status: dhis2.EnrollmentActive, OrgUnit: uid(clinicUID), EnrolledAt: "2025-09-03T00:00:00.000", UpdatedAt: stamp,
			Attributes: []dhis2.Attribute{
				attribute(phnAttribute, "4054123456A"),
				attribute(nameAttribute, "Nilanthi Perera"),
				attribute(birthAttribute, "1997-08-01"),
				attribute(genderAttribute, "Female"),
			},
			Events: events,
		}},
	}
}

// with changes a document before it is mapped.
func with(te *dhis2.TrackedEntity, change func(*dhis2.TrackedEntity)) *dhis2.TrackedEntity {
	change(te)
	return te
}

// set replaces an attribute of the enrollment; an empty text takes it out.
func set(te *dhis2.TrackedEntity, of, text string) *dhis2.TrackedEntity {
	e := &te.Enrollments[0]
	e.Attributes = slices.DeleteFunc(e.Attributes, func(a dhis2.Attribute) bool { return a.Attribute == uid(of) })
	if text != "" {
		e.Attributes = append(e.Attributes, attribute(of, text))
	}
	return te
}

// server is what DHIS2 says about itself, two organisation units and a doctor.
func server() *dhis2.Context {
	return &dhis2.Context{
		SystemInfo: dhis2.SystemInfo{SystemID: "5b21b377-f424-48c1-8c24-1980b4d00059", SystemName: "DHIS 2", Version: "2.42.1", ServerTimeZoneID: "Etc/UTC"},
		OrganisationUnits: []dhis2.OrganisationUnit{
			{ID: uid(countryUID), Name: "Sri Lanka", Code: "LKA", Path: "/" + countryUID, Level: 1},
			{ID: uid(clinicUID), Name: "Akurana Clinic", Code: "HIN00017", Path: "/" + countryUID + "/" + clinicUID, Level: 2},
			{ID: uid(hospitalUID), Name: "Kandy Hospital", Path: "/" + countryUID + "/" + hospitalUID, Level: 2},
		},
		Users: []dhis2.User{{ID: uid(doctorUID), Username: "fernando", FirstName: "Ruwan", Surname: "Fernando", PhoneNumber: "0771234567"}},
	}
}

// embeddedMaps are the maps of the binary, parsed once.
var embeddedMaps = func() []*mapper.Map {
	maps, err := config.Maps(nil)
	if err != nil {
		panic(err)
	}
	return maps
}()

// lkMap gives a copy of the Sri Lankan map that a test may change.
func lkMap(t testing.TB) *mapper.Map {
	t.Helper()
	return copyOfMap(t, "lk-anc")
}

// copyOfMap copies what tests change of an embedded map.
func copyOfMap(t testing.TB, name string) *mapper.Map {
	t.Helper()
	for _, m := range embeddedMaps {
		if m.Name != name {
			continue
		}
		c := *m
		c.Attributes, c.Stages = slices.Clone(m.Attributes), slices.Clone(m.Stages)
		for i := range c.Stages {
			c.Stages[i].Elements = slices.Clone(c.Stages[i].Elements)
		}
		return &c
	}
	t.Fatalf("no map %s", name)
	return nil
}

// element finds an element of a map by stage and UID.
func element(t testing.TB, m *mapper.Map, stage, of string) *mapper.StageElement {
	t.Helper()
	for i := range m.Stages {
		for j := range m.Stages[i].Elements {
			if e := &m.Stages[i].Elements[j]; m.Stages[i].UID == uid(stage) && e.UID == uid(of) {
				return e
			}
		}
	}
	t.Fatalf("the map has no element %s in stage %s", of, stage)
	return nil
}

// defaultMapper is made once: most tests change nothing.
var defaultMapper = sync.OnceValues(func() (*mapper.Mapper, error) {
	return mapper.New(mapper.Config{Maps: embeddedMaps, Explain: true})
})

func newMapper(t testing.TB, change ...func(*mapper.Config)) *mapper.Mapper {
	t.Helper()
	if len(change) == 0 {
		m, err := defaultMapper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	cfg := mapper.Config{Maps: embeddedMaps, Explain: true}
	for _, c := range change {
		c(&cfg)
	}
	m, err := mapper.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// record is what a document became, as a server would read it.
type record struct {
	t        testing.TB
	result   *mapper.Result
	json     []byte
	Bundle   bundle
	byURL    map[string]nehr.Resource
	requests map[string]string // fullUrl → method and URL
}

type bundle struct {
	ResourceType string `json:"resourceType"`
	Type         string `json:"type"`
	Meta         struct {
		Profile []string `json:"profile"`
	} `json:"meta"`
	Identifier struct{ System, Value string } `json:"identifier"`
	Timestamp  string                         `json:"timestamp"`
	Entry      []struct {
		FullURL  string                       `json:"fullUrl"`
		Resource json.RawMessage              `json:"resource"`
		Request  struct{ Method, URL string } `json:"request"`
	} `json:"entry"`
}

// mapped maps a document that must give a bundle.
func mapped(t testing.TB, te *dhis2.TrackedEntity, change ...func(*mapper.Config)) *record {
	t.Helper()
	return mappedIn(t, te, server(), change...)
}

func mappedIn(t testing.TB, te *dhis2.TrackedEntity, ctx *dhis2.Context, change ...func(*mapper.Config)) *record {
	t.Helper()
	result, err := newMapper(t, change...).Map(te, ctx)
	if err != nil {
		t.Fatalf("Map: %v", err)
	}
	return read(t, result)
}

// read encodes and decodes a result and checks what every bundle must be.
func read(t testing.TB, result *mapper.Result) *record {
	t.Helper()
	out, err := result.Bundle.AppendJSON(nil)
	if err != nil {
		t.Fatalf("AppendJSON: %v", err)
	}
	r := &record{t: t, result: result, json: out, byURL: map[string]nehr.Resource{}, requests: map[string]string{}}
	if err := json.Unmarshal(out, &r.Bundle); err != nil {
		t.Fatalf("the bundle is no JSON: %v", err)
	}
	for i, e := range r.Bundle.Entry {
		res, err := nehr.Decode(e.Resource)
		if err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		if _, twice := r.byURL[e.FullURL]; twice {
			t.Errorf("entry %d: fullUrl %s stands twice", i, e.FullURL)
		}
		if want := nehr.FullURL(res.ResourceType(), result.Bundle.Entries[i].Key); e.FullURL != want {
			t.Errorf("entry %d: fullUrl %s, the key gives %s", i, e.FullURL, want)
		}
		if id := res.Common().Id; id != "" && "urn:uuid:"+id != e.FullURL {
			t.Errorf("entry %d: id %s beside fullUrl %s", i, id, e.FullURL)
		}
		r.byURL[e.FullURL] = res
		r.requests[e.FullURL] = e.Request.Method + " " + e.Request.URL
	}
	for i, e := range r.Bundle.Entry {
		for _, ref := range references(t, e.Resource) {
			if _, ok := r.byURL[ref]; !ok {
				t.Errorf("entry %d: reference %s leads nowhere", i, ref)
			}
		}
	}
	return r
}

// references are the values of all members "reference" in a document.
func references(t testing.TB, doc []byte) (out []string) {
	t.Helper()
	var any any
	if err := json.Unmarshal(doc, &any); err != nil {
		t.Fatal(err)
	}
	walk(any, func(name, text string) {
		if name == "reference" {
			out = append(out, text)
		}
	})
	return out
}

// walk calls f with the member name and text of every string in a document.
func walk(v any, f func(name, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if s, ok := inner.(string); ok {
				f(name, s)
			} else {
				walk(inner, f)
			}
		}
	case []any:
		for _, inner := range v {
			walk(inner, f)
		}
	}
}

// all gives the resources of one type in the order of the bundle.
func all[R nehr.Resource](r *record) (out []R) {
	for _, e := range r.Bundle.Entry {
		if res, ok := r.byURL[e.FullURL].(R); ok {
			out = append(out, res)
		}
	}
	return out
}

// one gives the only resource of a type.
func one[R nehr.Resource](r *record) R {
	r.t.Helper()
	found := all[R](r)
	if len(found) != 1 {
		var none R
		r.t.Fatalf("want one %T, got %d", none, len(found))
	}
	return found[0]
}

// at gives the resource of a type with a business identifier; ok is false
// where there is none.
func at[R nehr.Resource](r *record, k nehr.Key) (res R, ok bool) {
	var none R
	res, ok = r.byURL[nehr.FullURL(none.ResourceType(), k)].(R)
	return res, ok
}

// made gives the resource that a data element of an event became.
func made[R nehr.Resource](r *record, event, element string) R {
	r.t.Helper()
	res, ok := at[R](r, ofElement(event, element))
	if !ok {
		r.t.Fatalf("element %s of event %s became no %s", element, event, res.ResourceType())
	}
	return res
}

func ofElement(event, element string) nehr.Key {
	return nehr.Key{System: "urn:dhis2:dataelement:uid", Value: event + "-" + element}
}

func ofEvent(event string) nehr.Key { return nehr.Key{System: "urn:dhis2:eventId", Value: event} }

func ofCourse(element string) nehr.Key {
	return nehr.Key{System: "urn:dhis2:course", Value: enrollmentUID + "-" + element}
}

var bloodPressureOfVisit = nehr.Key{System: "urn:dhis2:observation", Value: visitEvent + "-blood-pressure"}

// resource follows a reference.
func (r *record) resource(ref *nehr.Reference) nehr.Resource {
	r.t.Helper()
	if ref == nil {
		r.t.Fatal("the reference is missing")
	}
	res := r.byURL[ref.Reference]
	if res == nil {
		r.t.Fatalf("the reference leads to no entry: %+v", ref)
	}
	return res
}

// issues are the rules of the issues on an event or attribute element, "" any.
func (r *record) issues(rule mapper.Rule) (out []mapper.Issue) {
	for _, i := range r.result.Issues {
		if i.Rule == rule {
			out = append(out, i)
		}
	}
	return out
}

// contents are the resources by fullUrl, as bytes, for comparison.
func (r *record) contents() map[string]string {
	out := map[string]string{}
	for _, e := range r.Bundle.Entry {
		out[e.FullURL] = string(e.Resource)
	}
	return out
}

// coded is "system|code" of each coding, with short names of the systems.
func coded(c *nehr.CodeableConcept) []string {
	if c == nil {
		return nil
	}
	short := strings.NewReplacer("http://loinc.org", "loinc", "http://snomed.info/sct", "sct",
		"http://www.whocc.no/atc", "atc", "urn:dhis2:dataElement", "dhis2")
	var out []string
	for _, c := range c.Coding {
		out = append(out, short.Replace(c.System)+"|"+c.Code)
	}
	return out
}

// absentReason is the data-absent-reason of a list of extensions.
func absentReason(ext []nehr.Extension) string {
	for _, e := range ext {
		if e.Url == nehr.ExtensionDataAbsent {
			return e.ValueCode
		}
	}
	return ""
}

func absentElement(e *nehr.Element) string {
	if e == nil {
		return ""
	}
	return absentReason(e.Extension)
}

func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(dhis2.UID{}, nehr.Decimal{})); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// shared reads a file of the folder beside the repository.
func shared(t testing.TB, name string) []byte { return beside.Read(t, name) }

func document(t testing.TB, name string) *dhis2.TrackedEntity {
	t.Helper()
	te, err := dhis2.DecodeTrackedEntity(shared(t, "data/dhis2/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return te
}

func systemInfo(t testing.TB) *dhis2.Context {
	t.Helper()
	ctx, err := dhis2.DecodeContext(shared(t, "data/dhis2/system-info.json"))
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func colombo(t testing.TB) *time.Location { return zone(t, "Asia/Colombo") }

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
