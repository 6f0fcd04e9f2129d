package sandbox

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// systemInfo is GET /api/system/info, without the members that DHIS2 shows to
// superusers only.
func (s *Server) systemInfo(u *User, r *http.Request) (any, *problem) {
	zone := s.cfg.Zone.String()
	if zone == "UTC" {
		zone = "Etc/UTC"
	}
	doc := map[string]any{
		"contextPath":               contextPath(r),
		"userAgent":                 r.UserAgent(),
		"calendar":                  "iso8601",
		"dateFormat":                "yyyy-mm-dd",
		"serverDate":                string(s.stamp()),
		"serverTimeZoneId":          zone,
		"serverTimeZoneDisplayName": zone,
		"version":                   s.cfg.Version,
		"revision":                  "sandbox",
		"systemId":                  s.cfg.SystemID,
		"systemName":                Name,
		"instanceBaseUrl":           contextPath(r),
		"encryption":                false,
		"emailConfigured":           false,
	}
	return filtered(doc, r.URL.Query().Get("fields"))
}

func contextPath(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// firstPage says to people what this server is and how much it holds.
func (s *Server) firstPage(w http.ResponseWriter, r *http.Request) {
	type program struct {
		Name, UID string
		People    int
	}
	page := struct {
		Name, Version, Zone string
		People, Routes      int
		Programs            []program
	}{Name: Name, Version: s.cfg.Version, Zone: s.cfg.Zone.String()}
	s.mu.Lock()
	page.People, page.Routes = len(s.store.records), len(s.routes)
	for _, p := range s.meta.programs {
		row := program{Name: p.Name, UID: p.ID.String()}
		for _, rec := range s.store.records {
			if rec.enrolledIn(p.ID, false) {
				row.People++
			}
		}
		page.Programs = append(page.Programs, row)
	}
	s.mu.Unlock()
	writePage(w, "first.html", page)
}

func writePage(w http.ResponseWriter, name string, data any) { writePageWith(w, name, data, "'none'") }

// writePageWith allows pictures of these sources.
func writePageWith(w http.ResponseWriter, name string, data any, images ...string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; img-src "+strings.Join(images, " "))
	// The templates are part of the program and take what they are given.
	_ = pages.ExecuteTemplate(w, name, data)
}

func stylesheet(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "pages/sandbox.css")
}

// proxyPage is how a proxy says that it failed.
func proxyPage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html><head><title>%[1]d %[2]s</title></head><body><h1>%[1]d %[2]s</h1></body></html>\n", status, http.StatusText(status))
}
