package setup

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// TestD091_notes: what an administrator has to do by hand or to know is said, for
// each release and for what was found.
func TestD091_notes(t *testing.T) {
	group, attribute := dhis2.MustUID("aaaaaaaaaa1"), dhis2.MustUID("bbbbbbbbbb2")
	whole := func() (*Wanted, *found) {
		w := &Wanted{BridgeURL: "https://bridge.example.org", Routes: []Route{{Code: "nehrbridge-verify", Path: "/rp", Secret: strings.Repeat("x", 32)}},
			RouteGroups: []dhis2.UID{group}, App: App{Version: "1.0.0", Zip: []byte("zip")},
			Forms: []Form{{Program: testProgram, Verify: &Verify{Attributes: []dhis2.UID{attribute}, Subject: attribute}}}}
		f := &found{info: &dhis2.SystemInfo{SystemID: "s", InstanceBaseURL: "https://dhis2.example.org", ContextPath: "https://dhis2.example.org"},
			version: api.Version{Major: 2, Minor: 42, Patch: 1}, programs: map[dhis2.UID]*program{testProgram: {ID: testProgram}}, attributes: map[dhis2.UID]dhis2.DataElement{},
			known: map[string]dhis2.UID{}, groups: []dhis2.UID{group}, roots: []dhis2.UID{group}}
		return w, f
	}
	for _, tt := range []struct {
		name   string
		change func(*Wanted, *found)
		want   string // level and a part of the text; "" for what is always said
		lines  string // of dhis.conf
	}{
		{"as it should be", func(*Wanted, *found) {}, "know eSignet: the client's redirect URI is exactly https://dhis2.example.org/api/apps/nehrbridge/callback.html", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"allowed by default", func(*Wanted, *found) {}, "should dhis.conf: ", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"plain http", func(w *Wanted, _ *found) { w.BridgeURL = "http://rp:8080/x" }, "must dhis.conf: ", "route.remote_servers_allowed = http://rp:8080\n"},
		{"plain http, said", func(w *Wanted, _ *found) { w.BridgeURL = "http://rp:8080/x" }, "should Routes: the services are called over plain http", "route.remote_servers_allowed = http://rp:8080\n"},
		{"2.41 asks nothing of dhis.conf", func(_ *Wanted, f *found) { f.version = api.Version{Major: 2, Minor: 41} }, "know dhis.conf: this release has no", ""},
		{"2.40.4 shows no plugins", func(_ *Wanted, f *found) { f.version = api.Version{Major: 2, Minor: 40, Patch: 4} }, "must DHIS2 2.40.4: ", ""},
		{"2.39 shows no plugins", func(_ *Wanted, f *found) { f.version = api.Version{Major: 2, Minor: 39, Patch: 9} }, "must DHIS2 2.39.9: ", ""},
		{"2.45 is not known", func(_ *Wanted, f *found) { f.version = api.Version{Major: 2, Minor: 45} }, "should DHIS2 2.45.0: ", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"CORS", func(_ *Wanted, f *found) { f.cors = []string{"https://a.example", "http://localhost:*"} }, "should CORS: ", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"no group", func(w *Wanted, _ *found) { w.RouteGroups = nil }, "should Routes: no user group", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"a group that is not there", func(_ *Wanted, f *found) { f.groups = nil }, "must user group aaaaaaaaaa1: ", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"two addresses", func(_ *Wanted, f *found) { f.info.ContextPath = "http://10.0.0.1:8080" }, "should address: the server calls itself by two", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"browsers over http", func(w *Wanted, _ *found) { w.BrowserURL = "http://dhis2.example.org" }, "should address: browsers reach DHIS2 over plain http", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"an HTML form", func(_ *Wanted, f *found) { f.programs[testProgram].HTML.ID = attribute }, "must program eozjj9UivfS: it has a custom HTML form", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"an attribute of the claim map is missing", func(w *Wanted, _ *found) { w.Forms[0].Verify.Attributes = []dhis2.UID{attribute, group} }, "must attribute aaaaaaaaaa1: the claim map", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"no PHN", func(w *Wanted, _ *found) { w.Forms[0].PHN = &PHN{Number: group} }, "must attribute aaaaaaaaaa1: program eozjj9UivfS does not have", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"mandatory and hidden", func(_ *Wanted, f *found) {
			p := f.programs[testProgram]
			row := programRow{Mandatory: true, Attribute: dhis2.DataElement{ID: attribute, ValueType: dhis2.Text}}
			p.Rows = append(p.Rows, row)
			f.attributes[attribute] = row.Attribute
		}, "must attribute bbbbbbbbbb2: it is mandatory", "route.remote_servers_allowed = https://bridge.example.org\n"},
		{"no root is shown", func(w *Wanted, f *found) {
			w.Account, f.roots = &Account{Username: "nehrbridge", Programs: []dhis2.UID{testProgram}}, nil
		}, "must organisation units: ", "route.remote_servers_allowed = https://bridge.example.org\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, f := whole()
			tt.change(w, f)
			_, notes := items(w, f)
			var all []string
			for _, n := range notes {
				all = append(all, n.Level+" "+n.About+": "+n.Text)
			}
			if !strings.Contains("\n"+strings.Join(all, "\n"), "\n"+tt.want) {
				t.Errorf("not said: %s\nsaid:\n%s", tt.want, strings.Join(all, "\n"))
			}
			if got := dhisConf(w, f); got != tt.lines {
				t.Errorf("dhis.conf: %q", got)
			}
		})
	}
}

// TestInitialLayout: the sections of the program in their order, or all attributes
// in theirs, without what the plugin alone fills.
func TestInitialLayout(t *testing.T) {
	a, b, c := dhis2.MustUID("aaaaaaaaaa1"), dhis2.MustUID("bbbbbbbbbb2"), dhis2.MustUID("cccccccccc3")
	p := &program{}
	for _, id := range []dhis2.UID{b, a, c} {
		p.Rows = append(p.Rows, programRow{Attribute: dhis2.DataElement{ID: id}})
	}
	const element = `{"id":"%","type":"TrackedEntityAttribute"}`
	of := func(id dhis2.UID) string { return strings.Replace(element, "%", id.String(), 1) }
	if got, want := string(initialLayout(p, []dhis2.UID{a})), `[{"id":"nehrbridge","elements":[`+of(b)+`,`+of(c)+`]}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.Sections = append(p.Sections, programSection{ID: c, Attributes: []dhis2.Object{{ID: c}, {ID: a}}})
	if got, want := string(initialLayout(p, []dhis2.UID{a})), `[{"id":"cccccccccc3","elements":[`+of(c)+`]}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
