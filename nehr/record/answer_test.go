package record_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// sandboxWorld is for tests that need no real server, because they change what
// it answers.
func sandboxWorld(t *testing.T, mode record.Mode) *world {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); s.Close() })
	return newWorld(t, web.URL+"/fhir", mode)
}

func TestAnswerIsVerifiedByContent(t *testing.T) {
	entries := func(change func([]*fhirjson.Value) []*fhirjson.Value) func(*fhirjson.Value) *fhirjson.Value {
		return func(b *fhirjson.Value) *fhirjson.Value {
			b = b.Clone()
			b.Set("entry", fhirjson.List(change(slices.Clone(b.Get("entry").Items()))...))
			return b
		}
	}
	set := func(e *fhirjson.Value, field, text string) *fhirjson.Value {
		e = e.Clone()
		e.Get("response").Set(field, fhirjson.Text(text))
		return e
	}
	tests := []struct {
		name   string
		answer func(*fhirjson.Value) *fhirjson.Value
		want   string // part of the error, empty for success
	}{
		{"as it is", entries(func(e []*fhirjson.Value) []*fhirjson.Value { return e }), ""},
		{"last missing", entries(func(e []*fhirjson.Value) []*fhirjson.Value { return e[:5] }), "Observation/"},
		{"a created one missing", entries(func(e []*fhirjson.Value) []*fhirjson.Value { return slices.Delete(e, 3, 4) }), "Practitioner"},
		{"empty", entries(func(e []*fhirjson.Value) []*fhirjson.Value { return nil }), "Encounter/"},
		{"an owned one and a shared one exchanged", entries(func(e []*fhirjson.Value) []*fhirjson.Value { e[0], e[1] = e[1], e[0]; return e }), "Practitioner"},
		{"shared of two types exchanged", entries(func(e []*fhirjson.Value) []*fhirjson.Value { e[1], e[2] = e[2], e[1]; return e }), ""},
		{"one rejected", entries(func(e []*fhirjson.Value) []*fhirjson.Value {
			e[5] = set(e[5], "status", "422 Unprocessable Entity")
			return e
		}), "Observation/"},
		{"one without a status", entries(func(e []*fhirjson.Value) []*fhirjson.Value { e[1] = set(e[1], "status", ""); return e }), "Patient"},
		{"another id", entries(func(e []*fhirjson.Value) []*fhirjson.Value {
			e[5] = set(e[5], "location", "Observation/other/_history/1")
			return e
		}), "Observation/"},
		{"another type", entries(func(e []*fhirjson.Value) []*fhirjson.Value { e[1] = set(e[1], "location", "Group/1"); return e }), "Patient"},
		{"one twice", entries(func(e []*fhirjson.Value) []*fhirjson.Value { return append(e, e[5]) }), "Practitioner"},
		{"absolute locations", entries(func(e []*fhirjson.Value) []*fhirjson.Value {
			for i := range e {
				e[i] = set(e[i], "location", "https://nehr.example/fhir/"+e[i].Get("response", "location").Str())
			}
			return e
		}), ""},
		{"a searchset", func(b *fhirjson.Value) *fhirjson.Value {
			b = b.Clone()
			b.Set("type", fhirjson.Text("searchset"))
			return b
		}, "no transaction-response"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := sandboxWorld(t, record.ByID)
			w.spy.answer = tt.answer
			_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			a, ok := errors.AsType[*record.AnswerError](err)
			if !ok || !a.Unknown() || !a.Retryable() || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an AnswerError with %q", err, tt.want)
			}
			// Whatever was doubted, the next run finds it as it is.
			w.spy.answer = nil
			w.counts(w.write(w.mother("10.5", "")), 0, 0, 6)
		})
	}
}

func TestCreatedByAnotherMeanwhile(t *testing.T) {
	worlds(t, func(w *world) {
		w.spy.before = func() {
			w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`],"gender":"male"}`)
		}
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		if c, ok := errors.AsType[*record.ConflictError](err); !ok || !c.Conflict() || !c.Unknown() || c.Type != "Patient" {
			w.Fatalf("got %v, want a ConflictError on the Patient", err)
		}
		w.spy.before = nil
		r := w.write(w.mother("10.5", ""))
		w.counts(r, 0, 1, 5)
		if got := w.read("Patient", r.Entries[atPatient].ID).Get("gender").Str(); got != "female" {
			w.Errorf("gender %s: our part is not merged", got)
		}
	})
}

func TestTwoCreatedMeanwhileIsPrecondition(t *testing.T) {
	worlds(t, func(w *world) {
		w.spy.before = func() {
			for range 2 {
				w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`]}`)
			}
		}
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		if o, ok := errors.AsType[*client.OutcomeError](err); !ok || o.Status != 412 || !o.Conflict() {
			w.Fatalf("got %v, want 412", err)
		}
		w.spy.before = nil
		if _, err = w.writer.Write(w.ctx, w.mother("10.5", "")); !errors.As(err, new(*record.ReviewError)) {
			w.Errorf("after a fresh look-up: got %v, want a review", err)
		}
	})
}

func TestNothingLeavesUnvalidated(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	wrong := errors.New("wrong")
	var judged []string
	writer, err := record.New(record.Config{Server: w.spy, Validate: func(b []byte) error {
		judged = append(judged, string(b))
		return wrong
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = writer.Write(w.ctx, w.mother("10.5", ""))
	if !errors.As(err, new(*record.InvalidError)) || !errors.Is(err, wrong) {
		t.Errorf("got %v, want an InvalidError", err)
	}
	if len(judged) != 1 || len(w.spy.transactions) != 0 {
		t.Errorf("%d judged, %d sent", len(judged), len(w.spy.transactions))
	}
	w.write(w.mother("10.5", ""))
	if judged[0] != w.spy.transactions[0] {
		t.Error("what was judged is not what is sent")
	}
	if _, err := record.New(record.Config{Server: w.spy}); err == nil {
		t.Error("a writer without a validator was made")
	}
}

func TestProfileIsClaimedOnlyByTheWhole(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	envelope := []byte(`{"resourceType":"Bundle","meta":{"profile":["http://example.org/whole"]},"identifier":{"system":"urn:b","value":"1"},"type":"transaction","timestamp":"2026-03-01T00:00:00Z","entry":[]}`)
	d := w.mother("10.5", "")
	d.Bundle = envelope
	w.write(d)
	d = w.mother("11.5", "")
	d.Bundle = envelope
	w.write(d)
	whole, part := parse(t, w.spy.transactions[0]), parse(t, w.spy.transactions[1])
	if len(whole.All("meta.profile")) != 1 || len(part.All("meta.profile")) != 0 {
		t.Errorf("claims: whole %v, part %v", whole.All("meta.profile"), part.All("meta.profile"))
	}
	for _, b := range []*fhirjson.Value{whole, part} {
		if b.Get("identifier", "value").Str() != "1" || b.Get("timestamp").Str() == "" || b.Get("type").Str() != "transaction" {
			t.Errorf("got %s", b.Encode())
		}
	}
	// A reference inside the bundle is by fullUrl, one that leads out by Type/id.
	if got := whole.All("entry.resource.subject.reference")[0].Str(); !strings.HasPrefix(got, "urn:uuid:") {
		t.Errorf("inside: %s", got)
	}
	if got := part.All("entry.resource.subject.reference")[0].Str(); !strings.HasPrefix(got, "Patient/") {
		t.Errorf("outside: %s", got)
	}
}

func TestConditionalMode(t *testing.T) {
	run := func(t *testing.T, w *world) {
		d := func(hb string) record.Desired { return w.mother(hb, "") }
		first := w.write(d("10.50"))
		w.counts(first, 6, 0, 0)
		tx := parse(w.T, w.spy.transactions[0])
		for _, e := range tx.Get("entry").Items() {
			target := e.Get("request", "url").Str()
			if e.Get("resource", "id") != nil || strings.Contains(target, "/") || strings.Contains(target, "|") {
				t.Errorf("request %s %s", e.Get("request", "method").Str(), target)
			}
		}
		w.counts(w.write(d("10.50")), 0, 0, 6)
		r := w.write(d("11.50"))
		w.counts(r, 0, 1, 5)
		if r.Entries[atObservation].ID != first.Entries[atObservation].ID || r.Entries[atObservation].Version != "2" {
			t.Errorf("got %+v", r.Entries[atObservation])
		}
		// A Task that stands is put to its id all the same: If-Match counts only there.
		id := w.write(w.visit("Task", task("requested", ""), nil)).Entries[1].ID
		w.counts(w.write(w.visit("Task", task("entered-in-error", ""), nil)), 0, 1, 1)
		last := w.spy.transactions[len(w.spy.transactions)-1]
		if !strings.Contains(last, `"url":"Task/`+id+`","ifMatch":"W/\"1\""`) {
			t.Errorf("sent %s", last)
		}
		// Two of one identity are nobody's to choose from.
		w.put("Observation", `{"resourceType":"Observation","identifier":[`+ident("urn:dhis2:dataelement:uid", "E"+w.run+"-hb")+`],"status":"final","code":{"text":"x"}}`)
		if _, err := w.writer.Write(w.ctx, d("11.50")); !errors.As(err, new(*record.ReviewError)) {
			t.Errorf("got %v, want a review", err)
		}
	}
	worlds(t, func(w *world) { run(w.T, newWorld(w.T, w.client.Base(), record.Conditional)) })
}

// lonely is a server whose batches fail in part, as some do.
type lonely struct{ *spy }

func (l lonely) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	a, err := l.spy.Transaction(ctx, bundle)
	if err == nil && strings.Contains(string(bundle), `"type":"batch"`) {
		entries := a.Resource.Get("entry").Items()
		entries[0] = parse(l.Server.(testServer).t, `{"response":{"status":"503 Service Unavailable"}}`)
		a.Resource.Set("entry", fhirjson.List(entries...))
	}
	return a, err
}

// testServer is the client with the test it runs in.
type testServer struct {
	record.Server
	t *testing.T
}

func TestPartOfABatchIsAskedAgain(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	w.write(w.mother("10.5", ""))
	w.spy.Server = testServer{w.client, t}
	writer, err := record.New(record.Config{Server: lonely{w.spy}, Validate: func([]byte) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := writer.Write(w.ctx, w.mother("10.5", ""))
	if err != nil {
		t.Fatal(err)
	}
	w.counts(r, 0, 0, 6)
}

// careless is a server that ignores the condition of a search.
type careless struct{ *spy }

func (c careless) Search(ctx context.Context, typ string, _ url.Values) (*client.Found, error) {
	return c.spy.Search(ctx, typ, url.Values{"_count": {"100"}})
}

func TestSearchResultIsTakenByContent(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	other := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "someone-else")+`],"gender":"male"}`)
	writer, err := record.New(record.Config{Server: careless{w.spy}, Validate: func([]byte) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := writer.Write(w.ctx, w.mother("10.5", ""))
	if err != nil {
		t.Fatal(err)
	}
	w.counts(r, 6, 0, 0)
	if got := w.read("Patient", other); got.Get("meta", "versionId").Str() != "1" {
		t.Errorf("another woman was written to: %s", got.Encode())
	}
}

func TestManyEntries(t *testing.T) {
	worlds(t, func(w *world) {
		d := w.mother("10.5", "")
		p := d.Entries[atPatient].FullURL
		for i := range 130 {
			d.Entries = append(d.Entries, entry(true, "Observation", "urn:dhis2:dataelement:uid", fmt.Sprint("E", w.run, "-", i), `,"status":"final","code":{"text":"x"},"subject":{"reference":"`+p+`"}`))
		}
		w.counts(w.write(d), 136, 0, 0)
		w.counts(w.write(d), 0, 0, 136)
	})
}

func TestBadEntries(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	for name, change := range map[string]func(*record.Desired){
		"fullUrl":            func(d *record.Desired) { d.Entries[0].FullURL = "urn:uuid:1" },
		"two of one fullUrl": func(d *record.Desired) { d.Entries[0].FullURL = d.Entries[1].FullURL },
		"two of one identity": func(d *record.Desired) {
			e := d.Entries[1]
			e.FullURL = "urn:uuid:00000000-0000-4000-8000-000000000000"
			d.Entries = append(d.Entries, e)
		},
		"not JSON": func(d *record.Desired) { d.Entries[0].Resource = []byte(`{`) },
		"duplicate field": func(d *record.Desired) {
			d.Entries[0].Resource = []byte(`{"resourceType":"Encounter","status":"a","status":"b"}`)
		},
		"another type": func(d *record.Desired) { d.Entries[0].Type = "Patient" },
		"dangling":     func(d *record.Desired) { d.Entries = d.Entries[:1] },
		"written":      func(d *record.Desired) { d.Entries[0].Written = []byte(`[`) },
	} {
		d := w.mother("10.5", "")
		change(&d)
		_, err := w.writer.Write(w.ctx, d)
		if e, ok := errors.AsType[*record.EntryError](err); !ok || !e.Permanent() {
			t.Errorf("%s: got %v, want an EntryError", name, err)
		}
	}
	if len(w.spy.transactions) != 0 {
		t.Error("something was sent")
	}
	if r, err := w.writer.Write(w.ctx, record.Desired{}); err != nil || len(r.Entries) != 0 {
		t.Errorf("nothing desired: %v, %v", r, err)
	}
}
