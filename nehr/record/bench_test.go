package record_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// replay is a server that repeats the look-ups of an earlier run, so that the
// benchmark times the writer and not a server.
type replay struct {
	record.Server
	searches map[string]*client.Found
	batches  map[string]*client.Answer
}

func (r replay) Search(ctx context.Context, typ string, p url.Values) (*client.Found, error) {
	key := typ + p.Encode()
	if r.searches[key] == nil {
		found, err := r.Server.Search(ctx, typ, p)
		if err != nil {
			return nil, err
		}
		r.searches[key] = found
	}
	return r.searches[key], nil
}

func (r replay) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	key := string(bundle)
	if r.batches[key] == nil {
		a, err := r.Server.Transaction(ctx, bundle)
		if err != nil {
			return nil, err
		}
		r.batches[key] = a
	}
	return r.batches[key], nil
}

// BenchmarkWrite is the writer's own work on a mother with 36 resources, all
// unchanged, and with one value corrected.
func BenchmarkWrite(b *testing.B) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir"})
	if err != nil {
		b.Fatal(err)
	}
	desired := func(hb string) record.Desired {
		w := &world{run: "bench"}
		d := w.mother(hb, "")
		p, e := d.Entries[atPatient].FullURL, d.Entries[atEncounter].FullURL
		for i := range 30 {
			d.Entries = append(d.Entries, entry(true, "Observation", "urn:dhis2:dataelement:uid", fmt.Sprint("b-", i),
				`,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7","display":"Haemoglobin"},{"system":"urn:dhis2:dataElement","code":"cw35l7X4hnV"}],"text":"`+strings.Repeat("x", 30)+`"},"subject":{"reference":"`+p+`"},"encounter":{"reference":"`+e+`"},"effectiveDateTime":"2026-03-01","valueQuantity":{"value":10.50,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}`))
		}
		return d
	}
	ok := func([]byte) error { return nil }
	plain, err := record.New(record.Config{Server: c, Validate: ok})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := plain.Write(b.Context(), desired("10.5")); err != nil {
		b.Fatal(err)
	}
	for name, d := range map[string]record.Desired{"unchanged": desired("10.5"), "corrected": desired("11.5")} {
		b.Run(name, func(b *testing.B) {
			r := replay{c, map[string]*client.Found{}, map[string]*client.Answer{}}
			w, err := record.New(record.Config{Server: r, Validate: ok})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Write(b.Context(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPlan is the same with memory: what an unchanged entity costs when its
// state is read, held against what stands, and written again.
func BenchmarkPlan(b *testing.B) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir"})
	if err != nil {
		b.Fatal(err)
	}
	w := &world{run: "bench"}
	d := w.mother("10.5", "")
	for i := range 30 {
		d.Entries = append(d.Entries, entry(true, "Observation", "urn:dhis2:dataelement:uid", fmt.Sprint("b-", i), `,"status":"final","code":{"text":"Haemoglobin"},"subject":{"reference":"`+d.Entries[atPatient].FullURL+`"}`))
	}
	writer, err := record.New(record.Config{Server: replay{c, map[string]*client.Found{}, map[string]*client.Answer{}}, Validate: func([]byte) error { return nil }})
	if err != nil {
		b.Fatal(err)
	}
	_, state, err := writer.Replace(b.Context(), d, record.State{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	if writer, err = record.New(record.Config{Server: replay{c, map[string]*client.Found{}, map[string]*client.Answer{}}, Validate: func([]byte) error { return nil }}); err != nil {
		b.Fatal(err)
	}
	stored, err := record.EncodeState(state)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		before, err := record.DecodeState(stored)
		if err != nil {
			b.Fatal(err)
		}
		plan, err := writer.Plan(b.Context(), d, before)
		if err != nil || !plan.Empty() {
			b.Fatalf("%v; empty: %v", err, plan != nil && plan.Empty())
		}
		_, after, err := plan.Send(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := record.EncodeState(after); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(stored)), "state-bytes")
}
