package setup

import (
	"net/url"
	"strconv"
	"strings"
)

// Note is something that an administrator has to do by hand, or to know.
type Note struct {
	Level string `json:"level"` // must, should, know
	About string `json:"about"`
	Text  string `json:"text"`
}

func (b *builder) must(about, text string) { b.notes = append(b.notes, Note{"must", about, text}) }
func (b *builder) should(about, text string) {
	b.notes = append(b.notes, Note{"should", about, text})
}
func (b *builder) know(about, text string) { b.notes = append(b.notes, Note{"know", about, text}) }

// Releases of DHIS2: form-field plugins came with the first, nothing was tried
// beyond the last.
const (
	oldestMinor, oldestPatch = 40, 5
	newestMinor              = 44
)

// checkServer says what the release and the settings of the server mean.
func (b *builder) checkServer() {
	v := b.f.version
	if v.Major != 2 || v.Minor < oldestMinor || (v.Minor == oldestMinor && v.Patch < oldestPatch && v.Patch > 0) {
		b.must("DHIS2 "+v.String(), "Capture of this release shows no plugins in forms: 2.40.5 is the first that does")
	}
	if v.Major > 2 || v.Minor > newestMinor {
		b.should("DHIS2 "+v.String(), "this release is newer than what setup knows: try it on a copy first")
	}
	if len(b.w.Routes) > 0 {
		if v.AtLeast(2, 42) {
			const text = "Routes lead only where route.remote_servers_allowed says (https://* unless it is set): set it to the line below, or add the address to the line that is there, and restart DHIS2"
			if strings.HasPrefix(b.w.BridgeURL, "https:") {
				b.should("dhis.conf", text)
			} else {
				b.must("dhis.conf", text)
			}
		} else {
			b.know("dhis.conf", "this release has no route.remote_servers_allowed: whoever may add Routes reaches whatever DHIS2 reaches")
		}
		if u, err := url.Parse(b.w.BridgeURL); err == nil && u.Scheme == "http" {
			b.should("Routes", "the services are called over plain http: secret and names of users travel unencrypted; use https outside one machine")
		}
	}
	for _, origin := range b.f.cors {
		if strings.Contains(origin, "*") || strings.Contains(origin, "localhost") || strings.Contains(origin, "127.0.0.1") {
			b.should("CORS", "the whitelist lets pages of unknown or local hosts call this server as its users: remove such entries; nehrbridge needs none")
			break
		}
	}
	if len(b.w.App.Zip) > 0 && len(b.w.Forms) > 0 {
		address := browserURL(b.w, b.f)
		if ctx := strings.TrimSuffix(b.f.info.ContextPath, "/"); b.w.BrowserURL == "" && ctx != "" && ctx != address {
			b.should("address", "the server calls itself by two addresses (server.base.url, and how it was asked): say which one browsers use (--browser-url)")
		}
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" {
			b.should("address", "browsers reach DHIS2 over plain http: people cannot be verified safely")
		}
		b.know("eSignet", "the client's redirect URI is exactly "+CallbackURL(address))
		b.know("Android", "the Android app of DHIS2 shows no plugins: who is enrolled there is on the work list of enrolments without a PHN")
	}
}

// CallbackURL is the redirect URI of the plugin at a DHIS2 server.
func CallbackURL(browserURL string) string {
	return strings.TrimSuffix(browserURL, "/") + "/api/apps/" + AppKey + "/callback.html"
}

// dhisConf are the lines for dhis.conf.
func dhisConf(w *Wanted, f *found) string {
	u, err := url.Parse(w.BridgeURL)
	if len(w.Routes) == 0 || err != nil || !f.version.AtLeast(2, 42) {
		return ""
	}
	return "route.remote_servers_allowed = " + u.Scheme + "://" + u.Host + "\n"
}

// newer reports whether version a is later than b, by their numbers.
func newer(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		n, m := part(x, i), part(y, i)
		if n != m {
			return n > m
		}
	}
	return false
}

func part(p []string, i int) int {
	if i >= len(p) {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimLeft(p[i], "v"))
	return n
}

// printable keeps what a server sent from writing on a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789.-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", r) {
			return r
		}
		return '?'
	}, s[:min(len(s), 40)])
}
