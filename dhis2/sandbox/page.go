package sandbox

import (
	"fmt"
	"html"
	"net/http"
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

func (s *Server) firstPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	people, programs := len(s.store.records), len(s.meta.programs)
	s.mu.Unlock()
	writeHTML(w, http.StatusOK, fmt.Sprintf(`<h1>%s</h1>
<p><strong>This is not DHIS2.</strong> It is a sandbox that answers as DHIS2 %s does, for trying and testing.
All people in it are invented; nothing is kept when it stops.</p>
<p>%d tracked entities, %d programs. API: <code>/api</code></p>`, Name, html.EscapeString(s.cfg.Version), people, programs))
}

const loginHTML = `<h1>Sign in</h1><p>` + Name + `: this page stands where DHIS2 shows its login form.</p>`

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	writeHTML(w, http.StatusOK, loginHTML)
}

func writeHTML(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title></head><body>\n%s\n</body></html>\n", Name, body)
}
