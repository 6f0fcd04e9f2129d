package patient_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// warm answers each read with the same record, so that what is measured is the portal.
type warm struct {
	*gate
	once   sync.Once
	record *access.Record
}

// Record gives the golden case filled up to 200 resources.
func (g *warm) Record(ctx context.Context, who access.Actor, of string) (*access.Record, error) {
	var err error
	g.once.Do(func() {
		if g.record, err = g.gate.Record(ctx, who, of); err != nil {
			return
		}
		for i, n := 0, len(g.record.Resources); len(g.record.Resources) < 200; i++ {
			if r := g.record.Resources[i%n]; r.Get("resourceType").Str() == "Observation" {
				more := r.Clone()
				more.Set("id", fhirjson.Text(fmt.Sprintf("more-%d", i)))
				g.record.Resources = append(g.record.Resources, more)
			}
		}
	})
	return g.record, err
}

func readers(tb testing.TB) (visit func() int) {
	tb.Helper()
	w := startAt(tb, nil, func(w *world) patient.Gate { return &warm{gate: w.gate} })
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	r, err := http.NewRequest(http.MethodGet, b.url+"/home", nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return func() int {
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r.Clone(context.Background()))
		return answer.Code
	}
}

// BenchmarkHome is the home page of a record of 200 resources that was read already: the
// bound of the portal is 10 ms.
func BenchmarkHome(b *testing.B) {
	visit := readers(b)
	visit()
	b.ReportAllocs()
	for b.Loop() {
		if status := visit(); status != http.StatusOK {
			b.Fatal(status)
		}
	}
}

// TestManyReaders: a hundred at once, none of them fails.
func TestManyReaders(t *testing.T) {
	visit := readers(t)
	visit()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			for range 5 {
				if status := visit(); status != http.StatusOK {
					t.Errorf("%d", status)
				}
			}
		})
	}
	all.Wait()
}
