package patient

import (
	"io"
	"net/http"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// news answers what a page asks by itself: a text that is another one when something
// of her record has changed, and that says nothing of it.
func (p *Portal) news(v *portal.Visit) error {
	if v.Session.Record == "" {
		v.W.WriteHeader(http.StatusNoContent)
		return nil
	}
	version, err := p.config.Gate.Version(v.R.Context(), reader(v), v.Session.Record)
	if err != nil {
		v.W.Header().Set("Retry-After", "30")
		v.W.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	v.W.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(v.W, version) // the browser may have left
	return nil
}
