package sandbox

import (
	"embed"
	"net/http"
	"strings"
)

//go:generate go run ../internal/webbuild -licences built/LICENCES.txt -compress built/capture.js capture src/main.tsx --bundle --minify --target=es2020 --format=iife --jsx=automatic --charset=utf8 --legal-comments=none "--define:process.env.NODE_ENV=\"production\"" --entry-names=capture --outdir=built

// captureFiles are the forms in which people enrol and record. capture holds
// their source; go generate bundles it.
//
//go:embed capture/built capture/page.html
var captureFiles embed.FS

// capturePolicy lets a plugin of this server into a frame, as Capture does, and
// nothing of another place into the page.
const capturePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// capture is the page of the forms, for who signed in. Its addresses are those
// of DHIS2's Capture app.
func (s *Server) capture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u := s.sessionUser(r)
	s.mu.Unlock()
	if u == nil {
		http.Redirect(w, r, s.loginPath(), http.StatusFound)
		return
	}
	w.Header().Set("Content-Security-Policy", capturePolicy)
	http.ServeFileFS(w, r, captureFiles, "capture/page.html")
}

// captureFile serves script, styles and licences of the page.
func captureFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if name == "capture.js" {
		captureScript(w, r)
		return
	}
	if strings.HasSuffix(name, ".txt") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.ServeFileFS(w, r, captureFiles, "capture/built/"+name)
}

// captureScript serves the script as it is kept, in gzip, which every browser
// reads.
func captureScript(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Content-Encoding", "gzip")
	http.ServeFileFS(w, r, captureFiles, "capture/built/capture.js.gz")
}
