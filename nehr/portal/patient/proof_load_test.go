package patient_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

const crowd = 100

// loadPages are read in each round; all of them ask the gate.
var loadPages = []string{"/home", "/results", "/timeline", "/access", "/consents"}

// loadReader is one of many mothers: a session of her own, and a marker that stands in her
// record and in nobody else's.
type loadReader struct {
	marker  string
	cookies []*http.Cookie
}

// readersOf signs many mothers in, each with a record of her own, at a portal with the
// gate itself.
func readersOf(tb testing.TB, many int) (*world, []loadReader) {
	tb.Helper()
	w := startAt(tb, nil, func(w *world) patient.Gate {
		gate, err := access.New(access.Config{DB: w.db, NEHR: w.nehr, Now: w.clock.Now})
		if err != nil {
			tb.Fatal(err)
		}
		return patient.Through(gate)
	})
	readers := make([]loadReader, many)
	for n := range readers {
		marker := fmt.Sprintf("marker%03dx", n)
		person := fmt.Sprintf("98%08d", n)
		one := esignetsandbox.People()[0]
		one.ID = person
		if err := w.people.AddIdentity(one); err != nil {
			tb.Fatal(err)
		}
		record := w.another("Mother " + marker)
		w.own(record, person)
		entries := fhirjson.List()
		for _, text := range []string{
			fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"text":"Note %s"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"subject":{"reference":%q},"effectiveDateTime":"2025-08-01","valueString":%[1]q}`, marker, record),
			fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":%q},"effectiveDateTime":"2025-08-01","valueQuantity":{"value":11.2,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}}`, record),
			fmt.Sprintf(`{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{"reference":%q},"period":{"start":"2025-08-01"}}`, record),
		} {
			r, err := fhirjson.Parse([]byte(text))
			if err != nil {
				tb.Fatal(err)
			}
			entries.Append(fhirjson.Fields(fhirjson.F("resource", r), fhirjson.F("request", fhirjson.Fields(fhirjson.F("method", fhirjson.Text("POST")), fhirjson.F("url", r.Get("resourceType"))))))
		}
		if _, err := w.nehr.Transaction(context.Background(), fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Bundle")), fhirjson.F("type", fhirjson.Text("transaction")), fhirjson.F("entry", entries)).Encode()); err != nil {
			tb.Fatal(err)
		}
		w.clock.forward(4 * time.Second) // one source signs in twenty times a minute at most
		b := w.visitor()
		if p := b.signIn(person); p.header.Get("Location") != "/home" {
			tb.Fatalf("reader %d: %d to %q", n, p.status, p.header.Get("Location"))
		}
		r, err := http.NewRequest(http.MethodGet, b.url+"/home", nil)
		if err != nil {
			tb.Fatal(err)
		}
		readers[n] = loadReader{marker, b.Jar.Cookies(r.URL)}
	}
	return w, readers
}

// read asks for a page as a reader, and gives the answer and how long it took.
func (w *world) read(r loadReader, path string) (*httptest.ResponseRecorder, time.Duration) {
	request := httptest.NewRequest(http.MethodGet, w.url+path, nil)
	for _, c := range r.cookies {
		request.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	start := time.Now()
	w.handler.ServeHTTP(answer, request)
	return answer, time.Since(start)
}

// round has every reader read each page, all at once, and gives the times.
func (w *world) round(readers []loadReader, pages []string) []time.Duration {
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var wrong atomic.Int64
	for _, r := range readers {
		all.Go(func() {
			for _, path := range pages {
				answer, d := w.read(r, path)
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
				body := answer.Body.String()
				hers := strings.Count(body, r.marker)
				others := strings.Count(body, "marker") - hers
				if answer.Code == http.StatusOK && others == 0 && (hers > 0 || path != "/home" && path != "/results") {
					continue
				}
				if wrong.Add(1) <= 5 {
					w.t.Errorf("%s: status %d, %d times her own, %d times another's", path, answer.Code, hers, others)
				}
			}
		})
	}
	all.Wait()
	return took
}

// heap is what is in use after everything that can be given back was.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLoad: a hundred mothers read at once, each her own record: no error, nothing of
// another's in any answer, and no memory that stays.
func TestLoad(t *testing.T) {
	rounds, pages, many := 4, loadPages, crowd
	if testing.Short() || raceDetector {
		rounds, pages, many = 2, loadPages[:2], crowd/4
	}
	w, readers := readersOf(t, many)
	var took []time.Duration
	middle := int64(0)
	start := time.Now()
	for n := range rounds {
		took = append(took, w.round(readers, pages)...)
		if n == rounds/2-1 {
			middle = heap()
		}
	}
	wall := time.Since(start)
	end := heap()
	// What the log and the sandbox keep of a page is on the disk, or a few bytes.
	if bound := middle + middle/4 + 8<<20; end > bound {
		t.Errorf("%d bytes in use at the end, %d in the middle", end, middle)
	}
	slices.Sort(took)
	t.Logf("%d pages by %d readers at once in %v: p50 %v, p95 %v; heap %.1f MB in the middle, %.1f MB at the end",
		len(took), many, wall.Round(time.Millisecond), took[len(took)/2].Round(time.Millisecond), took[len(took)*95/100].Round(time.Millisecond), float64(middle)/1e6, float64(end)/1e6)
	entries := int64(0)
	gate, err := access.New(access.Config{DB: w.db, NEHR: w.nehr})
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := gate.Verify(t.Context())
	if entries = verdict.Entries; err != nil || verdict.Broken != 0 || entries < int64(len(took)) {
		t.Errorf("the log: %+v, %v after %d pages", verdict, err, len(took))
	}
}

// BenchmarkReaders is a hundred readers at once at the gate itself and a NEHR in the
// same process; what is reported is of one page.
func BenchmarkReaders(b *testing.B) {
	w, readers := readersOf(b, crowd)
	for _, path := range loadPages {
		b.Run(strings.TrimPrefix(path, "/"), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				took = append(took, w.round(readers, []string{path})...)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "pages/s")
		})
	}
}
