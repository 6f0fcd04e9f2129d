package main

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
)

//go:embed pages
var pages embed.FS

// demoRecord is what the FHIR sandbox holds, for the pages.
type demoRecord struct {
	mu       sync.Mutex
	versions int // of all resources, when it was read
	mothers  []*mother
	types    []typeCount
}

type typeCount struct {
	Name                string
	Resources, Versions int
}

// look gives what the record holds now: what is remembered while nothing was
// written, else what its API answers.
func (d *demo) look(ctx context.Context) (*demoRecord, error) {
	r := &d.now
	r.mu.Lock()
	defer r.mu.Unlock()
	stats, err := d.nehr.Stats(ctx)
	if err != nil {
		return nil, err
	}
	var versions int
	var types []typeCount
	for name, s := range stats {
		versions += s.Versions
		types = append(types, typeCount{name, s.Resources, s.Versions})
	}
	if r.mothers == nil || versions != r.versions {
		c, err := client.New(client.Config{BaseURL: d.NEHR})
		if err != nil {
			return nil, err
		}
		mothers, err := readMothers(ctx, c)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(types, func(a, b typeCount) int { return cmp.Compare(a.Name, b.Name) })
		r.versions, r.mothers, r.types = versions, mothers, types
	}
	return &demoRecord{mothers: r.mothers, types: r.types}, nil
}

// handler serves the pages of the demo.
func (d *demo) handler() http.Handler {
	templates := template.Must(template.ParseFS(pages, "pages/*.html"))
	show := func(w http.ResponseWriter, name string, data any) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := templates.ExecuteTemplate(w, name, data); err != nil {
			// The head of the page is out: only the connection can say so.
			panic(http.ErrAbortHandler)
		}
	}
	mux := http.NewServeMux()
	page := func(pattern string, view func(http.ResponseWriter, *http.Request, *demoRecord)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			now, err := d.look(r.Context())
			if err != nil {
				answerText(w, http.StatusServiceUnavailable, "the record cannot be read now")
				return
			}
			view(w, r, now)
		})
	}
	page("GET /{$}", func(w http.ResponseWriter, _ *http.Request, now *demoRecord) {
		show(w, "start.html", map[string]any{
			"Mothers": now.mothers, "Types": now.types, "Now": time.Now(), "Counts": d.agent.counted(), "Took": d.took.String(), "At": d.demoAddresses,
			"OTP": esignetsandbox.OTP, "Release": d.esignet.Version(),
			"Midwife": demoPerson{demoMidwifeName, demoMidwifeID, demoMidwife},
			"Doctor":  demoPerson{demoDoctorName, demoDoctorID, demoDoctor},
			"Mother":  demoPerson{Name: demoMotherName, ID: demoMotherID}, "Verified": demoVerified,
		})
	})
	page("GET /mothers/{number}", func(w http.ResponseWriter, r *http.Request, now *demoRecord) {
		n, err := strconv.Atoi(r.PathValue("number"))
		if err != nil || n < 1 || n > len(now.mothers) {
			http.NotFound(w, r)
			return
		}
		m := now.mothers[n-1]
		show(w, "mother.html", map[string]any{"Name": m.Name, "Facts": m.Facts(), "Visits": m.VisitList(), "Resources": m.ResourceList()})
	})
	mux.HandleFunc("GET /demo.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pages, "pages/demo.css") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// demoPerson is an invented person and the identity to sign in with.
type demoPerson struct{ Name, ID, Username string }
