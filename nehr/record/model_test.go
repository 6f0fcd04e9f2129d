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
func drawMother(t *rapid.T, entity, event string) mother {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	return mother{
		entity:    entity,
		event:     event,
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
	configs := map[string]record.Config{
		"by id":       {},
		"conditional": {Mode: record.Conditional},
		"delete":      {Retract: record.Delete},
	}
	rapid.Check(t, func(rt *rapid.T) {
		config := rapid.SampledFrom([]string{"by id", "conditional", "delete"}).Draw(rt, "config")
		modelRun(t, rt, configs[config])
	})
}

// modelWorld is a server of its own that fails, and a writer to it.
func modelWorld(t *testing.T, rt *rapid.T, config record.Config) (*world, *sandbox.Server, *record.Writer) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		rt.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	rt.Cleanup(func() { web.Close(); s.Close() })
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir", Timeout: 5 * time.Second})
	if err != nil {
		rt.Fatal(err)
	}
	w := &world{T: t, ctx: t.Context(), client: c, spy: &spy{Server: c}, run: "x"}
	s.Break(rapid.Uint64().Draw(rt, "seed"), modelFaults...)
	return w, s, w.with(config)
}

func modelRun(t *testing.T, rt *rapid.T, config record.Config) {
	w, s, writer := modelWorld(t, rt, config)
	l := &ledger{w: w}
	var last record.Desired
	changes := rapid.IntRange(1, 8).Draw(rt, "changes")
	for i := range changes {
		last = w.desired(drawMother(rt, "T", "E"))
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
	w.holdsExactly(rt, written{last, r})
}

// Two women whose numbers are confused with each other's: as long as two claim
// one number, one of them waits; in the end each has her own facts alone.
func TestD038_ModelOfTwoWomenUnderFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, s, writer := modelWorld(t, rt, record.Config{})
		women := []struct {
			*ledger
			entity, event string
		}{{&ledger{w: w}, "T", "E"}, {&ledger{w: w}, "U", "F"}}
		for range rapid.IntRange(1, 10).Draw(rt, "changes") {
			who := women[rapid.IntRange(0, 1).Draw(rt, "who")]
			d := w.desired(drawMother(rt, who.entity, who.event))
			for range rapid.IntRange(1, 3).Draw(rt, "tries") {
				if _, err := who.try(writer, d); err == nil {
					break
				}
			}
		}
		s.Break(0)
		// Numbers that were exchanged wait for each other until one is set aside.
		for _, numbers := range [][2]string{{"Y", "Z"}, {"P", "Q"}} {
			var all []written
			for i, who := range women {
				m := drawMother(rt, who.entity, who.event)
				m.phn = numbers[i]
				d := w.desired(m)
				r, err := who.try(writer, d)
				if err != nil {
					rt.Fatal(err, outcome(err))
				}
				all = append(all, written{d, r})
			}
			w.holdsExactly(rt, all...)
		}
	})
}

// written is what was desired, and what became of it.
type written struct {
	desired record.Desired
	result  record.Result
}

// holdsExactly compares the server with what is desired, resource by resource.
func (w *world) holdsExactly(t *rapid.T, all ...written) {
	desired := map[string]*fhirjson.Value{}
	places := map[string]string{}
	for _, one := range all {
		for i, o := range one.result.Entries {
			v, err := fhirjson.Parse(one.desired.Entries[i].Resource)
			if err != nil {
				t.Fatal(err)
			}
			desired[o.Type+"/"+o.ID] = v
			places[o.FullURL] = o.Type + "/" + o.ID
		}
	}
	named := 0
	for _, typ := range append(slices.Clone(ownedTypes), "Appointment", "Patient") {
		found, err := w.client.Search(w.ctx, typ, url.Values{"_count": {"100"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, stands := range found.Resources {
			place := typ + "/" + stands.Get("id").Str()
			if stands.Get("name") != nil {
				named++
			}
			want := desired[place]
			delete(desired, place)
			if why := wrong(stands, want, places); why != "" {
				t.Fatalf("%s %s: %s", place, why, stands.Encode())
			}
		}
	}
	if named > len(all) {
		t.Fatalf("%d records have the name of one of %d women", named, len(all))
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
