package fonts

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed *.woff2 OFL.txt
var files embed.FS

// Files are sinhala-400.woff2, sinhala-700.woff2, tamil-400.woff2, tamil-700.woff2 and
// the licence, OFL.txt.
func Files() fs.FS { return files }

// Handler serves the files below prefix, such as /sandbox/fonts/, to be kept for a day;
// it lists no folder. A style sheet beside that path names them as fonts/….woff2.
func Handler(prefix string) http.Handler {
	served := http.StripPrefix(prefix, http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, below := strings.CutPrefix(r.URL.Path, prefix)
		if _, err := fs.Stat(files, name); err != nil || !below || name == "." {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		served.ServeHTTP(w, r)
	})
}
