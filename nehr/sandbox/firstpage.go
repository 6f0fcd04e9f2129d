package sandbox

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

var firstTemplate = template.Must(template.ParseFS(pageFiles, "pages/first.html"))

// firstPage says to a browser what this server is and how much it holds, by
// type alone. Programs, which do not ask for a page, are told where the FHIR
// base is.
func (s *Server) firstPage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.write(w, r, answer{status: http.StatusNotFound, body: outcome("error", "not-found", "the FHIR base is "+s.config.Prefix)})
		return
	}
	type count struct {
		Name  string
		Count int
	}
	page := struct {
		Name, Base string
		Types      []count
	}{Name: Banner, Base: s.config.Prefix}
	rows, err := s.db.QueryContext(r.Context(), "SELECT type, count(*) FROM resource WHERE deleted = 0 GROUP BY type ORDER BY type")
	if err == nil {
		defer rows.Close()
		for rows.Next() && err == nil {
			var c count
			err = rows.Scan(&c.Name, &c.Count)
			page.Types = append(page.Types, c)
		}
		if err == nil {
			err = rows.Err()
		}
	}
	var body bytes.Buffer
	if err == nil {
		err = firstTemplate.Execute(&body, page)
	}
	if err != nil {
		s.write(w, r, answer{status: http.StatusInternalServerError, body: outcome("error", "exception", "the sandbox failed")})
		return
	}
	h.Set("X-Sandbox", Banner)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'")
	_, _ = w.Write(body.Bytes())
}

func stylesheet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Sandbox", Banner)
	http.ServeFileFS(w, r, pageFiles, "pages/sandbox.css")
}
