package record_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// drawMother is any state that DHIS2 may show of one woman.
func drawMother(t *rapid.T) mother {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	return mother{
		entity:    "T",
		phn:       pick("phn", "P", "Q", "R"),
		user:      pick("user", "N", "M"),
		hb:        pick("hb", "", "9.5", "10.50"),
		cardiac:   rapid.Bool().Draw(t, "cardiac"),
		completed: rapid.Bool().Draw(t, "completed"),
		planned:   pick("planned", "", appointment("proposed", dayWindow), appointment("cancelled", dayWindow)),
		referral:  pick("referral", "", "requested"),
		patient:   pick("patient", "", `,"birthDate":"1990-01-01"`, `,"telecom":[{"system":"phone","value":"+94111"}]`, `,"telecom":[{"system":"phone","value":"+94222"}]`),
	}
}

// modelFaults strike look-ups and writes alike.
var modelFaults = []sandbox.Fault{
	{Kind: sandbox.FailBefore, Probability: 0.06},
	{Kind: sandbox.FailAfter, Probability: 0.08, Match: sandbox.Transactions},
	{Kind: sandbox.CutBody, Probability: 0.08, Match: sandbox.Transactions},
	{Kind: sandbox.CutBody, Probability: 0.03},
	{Kind: sandbox.Conflict, Probability: 0.05, Match: sandbox.Transactions},
	{Kind: sandbox.PreconditionFailed, Probability: 0.03, Match: sandbox.Transactions},
	{Kind: sandbox.TooManyRequests, Probability: 0.03},
	{Kind: sandbox.HTML, Probability: 0.03},
}

// Whatever DHIS2 said in between and however the server failed, in the end it
// holds what is desired last, and beside it only what is entered in error,
// fulfilled Appointments and Patients without anything of hers.
func TestModelOfCorrectionsUnderFaults(t *testing.T) {
	for name, config := range map[string]record.Config{
		"by id":       {},
		"conditional": {Mode: record.Conditional},
		"delete":      {Retract: record.Delete},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) { modelRun(t, rt, config) })
		})
	}
}

func modelRun(t *testing.T, rt *rapid.T, config record.Config) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		rt.Fatal(err)
	}
	defer s.Close()
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir", Timeout: 5 * time.Second})
	if err != nil {
		rt.Fatal(err)
	}
	w := &world{T: t, ctx: t.Context(), client: c, spy: &spy{Server: c}, run: "x"}
	writer := w.with(config)
	l := &ledger{w: w}
	s.Break(rapid.Uint64().Draw(rt, "seed"), modelFaults...)
	var last record.Desired
	changes := rapid.IntRange(1, 8).Draw(rt, "changes")
	for i := range changes {
		last = w.desired(drawMother(rt))
		if i == changes-1 && rapid.IntRange(0, 3).Draw(rt, "deleted") == 0 {
			last = record.Desired{Deleted: true} // for good, as in DHIS2
		}
		for range rapid.IntRange(0, 3).Draw(rt, "tries") {
			if _, err := l.try(writer, last); err == nil {
				break
			} else if _, ok := errors.AsType[*record.ReviewError](err); ok {
				rt.Fatalf("a review of one woman: %v", err)
			}
		}
	}
	s.Break(0)
	if _, err := l.try(writer, last); err != nil {
		rt.Fatal(err, outcome(err))
	}
	r, err := l.try(writer, last)
	if err != nil || r.Changed() {
		rt.Fatalf("written again it changed %+v (%v)", r, err)
	}
	w.holdsExactly(rt, last, r)
}

// holdsExactly compares the server with what is desired, resource by resource.
func (w *world) holdsExactly(t *rapid.T, d record.Desired, r record.Result) {
	desired := map[string]*fhirjson.Value{}
	places := map[string]string{}
	for i, o := range r.Entries {
		v, err := fhirjson.Parse(d.Entries[i].Resource)
		if err != nil {
			t.Fatal(err)
		}
		desired[o.Type+"/"+o.ID] = v
		places[o.FullURL] = o.Type + "/" + o.ID
	}
	for _, typ := range append(slices.Clone(ownedTypes), "Appointment", "Patient") {
		found, err := w.client.Search(w.ctx, typ, url.Values{"_count": {"100"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, stands := range found.Resources {
			place := typ + "/" + stands.Get("id").Str()
			want := desired[place]
			delete(desired, place)
			if why := wrong(stands, want, places); why != "" {
				t.Fatalf("%s %s: %s", place, why, stands.Encode())
			}
		}
	}
	for place := range desired {
		if !strings.HasPrefix(place, "Practitioner/") {
			t.Fatalf("%s is not there", place)
		}
	}
}

// wrong says what is wrong with what stands, when want is desired of it.
func wrong(stands, want *fhirjson.Value, places map[string]string) string {
	if want == nil {
		status := stands.Get("status").Str()
		switch stands.Get("resourceType").Str() {
		case "Patient":
			for _, field := range []string{"birthDate", "telecom"} {
				if stands.Get(field) != nil && len(places) > 0 {
					return "holds a fact of hers"
				}
			}
			for _, i := range stands.Get("identifier").Items() {
				if i.Get("system").Str() != phn {
					return "is still hers"
				}
			}
			return ""
		case "Condition":
			status = stands.All("verificationStatus.coding.code")[0].Str()
		}
		if status != "entered-in-error" && status != "fulfilled" {
			return "is left over"
		}
		return ""
	}
	want = want.Clone()
	want.Strings(func(field, s string) string {
		if to, ok := places[s]; ok && field == "reference" {
			return to
		}
		return s
	})
	for _, m := range want.Members() {
		got := stands.Get(m.Name)
		if m.Name == "identifier" { // a set
			if len(got.Items()) != len(m.Value.Items()) {
				return "has other identifiers"
			}
			continue
		}
		if !fhirjson.Equal(got, m.Value) {
			return fmt.Sprintf("has another %s than %s", m.Name, m.Value.Encode())
		}
	}
	for _, m := range stands.Members() {
		if want.Get(m.Name) == nil && m.Name != "id" && m.Name != "meta" {
			return "has " + m.Name + " left over"
		}
	}
	return ""
}
