package main

import (
	"context"
	"net/url"
	"time"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// openToAnybody reports whether the national record answers who does not sign
// in: then whoever reaches it can read everybody's (D-087). It asks for a count
// and nobody's data; what it is told otherwise, or not at all, is no.
func openToAnybody(ctx context.Context, s *config.Settings) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := client.New(client.Config{BaseURL: s.NEHR.URL, CAFile: s.NEHR.CAFile, UserAgent: "nehrbridge/" + version})
	if err != nil {
		return false
	}
	_, err = c.Search(ctx, "Patient", url.Values{"_summary": {"count"}})
	return err == nil
}

// warnOfOpenRecord says so in the log.
func (g *agent) warnOfOpenRecord(ctx context.Context, s *config.Settings) {
	if openToAnybody(ctx, s) {
		g.log.Warn().Msg("the national record answers who does not sign in: whoever reaches its address can read it. Close it, and give this program credentials (nehr.token, nehr.oauth or nehr.cert_file)")
	}
}
