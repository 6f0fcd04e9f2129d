package mapper_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// The demands on one tracked entity with 30 data values in 2 events (README):
// at most this many allocations for decode, map, validate and encode together,
// and at most 2.5 times a plain JSON decode of the input and encode of the
// output; go-jsonnet at least 10 times slower.
const maxAllocations = 1500

// benchValues are 15 answers of the registration and 15 of a visit.
var benchValues = [2][]dhis2.DataValue{
	{
		value("vuDExM32SZ6", "2025-07-02"), value("r5TIiovGHdi", "2026-04-08"), value("No3jJWIR7bn", "9"), value("TRkCMVFhrmr", "3"),
		value("NPnDmeGBLsl", "2"), value("OMe6LMsusv4", "2"), value("BqkEw3MQDNI", "4"), value("YuZEbIjLLKZ", "false"),
		value("n2rSTrjRQ8O", "false"), value("R4EnBNPKblS", "true"), value("D5khklwbOPt", "false"), value("plTkCmySMzT", "true"),
		value("J3eLUAZkM6M", "true"), value("RpRCMceQhks", "true"), value("MQ2Hi22F8Uj", "false"),
	},
	{
		value("gu4sr8eOZcT", "13"), value("Y3xF4qecAVw", "120"), value("QMCuOLLRHHD", "80"), value("aDaoKP0DB1c", "14"),
		value("Sx8XEKmdhFf", "false"), value("k7K4aO0RXew", "true"), value("mLZ4hxy2pGQ", "false"), value("Ei55u2kvdzm", "true"),
		value("xTsKEMPT2so", "true"), value("yQk0w6KiXHJ", "false"), value("VlLlBQbxmE5", "false"), value("CbZCIisQAzv", "96"),
		value("cw35l7X4hnV", "11.2"), value("p7yWXAO6ag7", "true"), value("la93qSXMNCI", "false"),
	},
}

// benchDocument is a document as DHIS2 prints it: a registration and visits.
func benchDocument(t testing.TB, events int) []byte {
	t.Helper()
	midwife := dhis2.User{UID: uid(midwifeUID), Username: "kumari", FirstName: "Kumari", Surname: "Silva"}
	te := mother()
	te.CreatedAt, te.CreatedBy, te.UpdatedBy = stamp, midwife, midwife
	enrollment := &te.Enrollments[0]
	enrollment.CreatedAt, enrollment.CreatedBy, enrollment.UpdatedBy = stamp, midwife, midwife
	set(set(set(te, addressAttribute, "123 Main Street, Akurana, Kandy, Central Province, LK"), nicAttribute, "200012345678"), phoneAttribute, "+94712345678")
	for i := range enrollment.Attributes {
		enrollment.Attributes[i].CreatedAt, enrollment.Attributes[i].ValueType = stamp, dhis2.Text
		enrollment.Attributes[i].DisplayName = "Attribute of the program"
	}
	for i := range events {
		e := event(fmt.Sprintf("Vbb%08d", i), visitStage, fmt.Sprintf("20%02d-%02d-04", 26+i/12, 1+i%12), benchValues[min(i, 1)]...)
		if i == 0 {
			e = event("Vbb00000000", registrationStage, "2025-09-04", benchValues[0]...)
		}
		e.CreatedAt = stamp
		e.DataValues = append([]dhis2.DataValue(nil), e.DataValues...)
		for j := range e.DataValues {
			dv := &e.DataValues[j]
			dv.CreatedAt, dv.StoredBy, dv.CreatedBy, dv.UpdatedBy = stamp, "kumari", midwife, midwife
		}
		enrollment.Events = append(enrollment.Events, e)
	}
	out, err := json.Marshal(te)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// work is decode, map, validate and encode, with what a program keeps between
// documents.
type work struct {
	mapper    *mapper.Mapper
	validator *validate.Validator
	ctx       *dhis2.Context
	out       []byte
}

func newWork(t testing.TB) *work {
	t.Helper()
	m, err := mapper.New(mapper.Config{Maps: embeddedMaps})
	if err != nil {
		t.Fatal(err)
	}
	v, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &work{mapper: m, validator: v, ctx: server()}
}

func (w *work) do(t testing.TB, document []byte) []byte {
	te, err := dhis2.DecodeTrackedEntity(document)
	if err != nil {
		t.Fatal(err)
	}
	result, err := w.mapper.Map(te, w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if w.out, err = result.Bundle.AppendJSON(w.out[:0]); err != nil {
		t.Fatal(err)
	}
	if outcome := w.validator.Validate(w.out); !outcome.OK() {
		t.Fatalf("%d errors in the bundle: %+v", outcome.Errors(), outcome.Issues[0])
	}
	return w.out
}

// BenchmarkTrackedEntity is decode, map, validate and encode of one document;
// the sub-benchmarks say how the cost grows with the number of events.
func BenchmarkTrackedEntity(b *testing.B) {
	for _, events := range []int{2, 1, 10, 50, 200} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			document, w := benchDocument(b, events), newWork(b)
			out := w.do(b, document)
			b.SetBytes(int64(len(document)))
			b.ReportMetric(float64(len(out)), "bytes-out")
			b.ReportAllocs()
			for b.Loop() {
				w.do(b, document)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
		})
	}
	document, w := benchDocument(b, 2), newWork(b)
	w.do(b, document)
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dhis2.DecodeTrackedEntity(document); err != nil {
				b.Fatal(err)
			}
		}
	})
	te, _ := dhis2.DecodeTrackedEntity(document)
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.mapper.Map(te, w.ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	result, _ := w.mapper.Map(te, w.ctx)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.out, _ = result.Bundle.AppendJSON(w.out[:0])
		}
	})
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.validator.Validate(w.out)
		}
	})
}

// plain is the yardstick: encoding/json decodes the same input into the same
// types and encodes the same output from a generic value (maps and slices).
func plain(t testing.TB, document []byte, output any) {
	var te dhis2.TrackedEntity
	if err := json.Unmarshal(document, &te); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(output); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkPlainJSON measures the yardstick, and in the same run how many
// times longer the whole work takes (demand: 2.5).
func BenchmarkPlainJSON(b *testing.B) {
	document, w := benchDocument(b, 2), newWork(b)
	var output any
	if err := json.Unmarshal(w.do(b, document), &output); err != nil {
		b.Fatal(err)
	}
	var whole time.Duration
	b.ReportAllocs()
	for b.Loop() {
		plain(b, document, output)
		// In turn with the yardstick, so that a busy machine slows both.
		b.StopTimer()
		start := time.Now()
		w.do(b, document)
		whole += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(whole)/float64(b.Elapsed()), "times-for-all")
}

// TestAllocations holds the demand; the number of allocations is the same in
// every run.
func TestAllocations(t *testing.T) {
	document, w := benchDocument(t, 2), newWork(t)
	w.do(t, document)
	got := testing.AllocsPerRun(20, func() { w.do(t, document) })
	t.Logf("%.0f allocations for decode, map, validate and encode", got)
	if got > maxAllocations {
		t.Errorf("%.0f allocations, at most %d are allowed", got, maxAllocations)
	}
}

// TestAllocationsAreLinear: 200 events cost no more than 200 times one.
func TestAllocationsAreLinear(t *testing.T) {
	w := newWork(t)
	per := func(events int) float64 {
		document := benchDocument(t, events)
		w.do(t, document)
		return testing.AllocsPerRun(3, func() { w.do(t, document) })
	}
	small, large := per(50)-per(10), per(200)-per(160)
	t.Logf("40 more events: %.0f allocations at 10, %.0f at 160", small, large)
	if large > 1.2*small {
		t.Errorf("40 more events cost %.0f allocations at 160 and %.0f at 10", large, small)
	}
}
