package setup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
)

var (
	subject  = dhis2.MustUID("CJLJmmp8r9g")
	fullName = dhis2.MustUID("VQl0wK3eqiw")
	born     = dhis2.MustUID("Yie7mOY913J")
	phone    = dhis2.MustUID("gGAQeOr1Pgu")
	gender   = dhis2.MustUID("p7zizFkC6Lv")
	phn      = dhis2.MustUID("IrUmPkFMDU5")
	verified = dhis2.MustUID("JTKAPrAGCai")
	midwives = dhis2.MustUID("SbxMidwives")
	clerk    = dhis2.MustUID("SbxClerk001")
)

const verifySecret = "the secret of the Route nehrbridge-verify"

// world is a sandbox and the way of an administrator to it.
type world struct {
	t      *testing.T
	server *sandbox.Server
	url    string
	client *api.Client
	wanted setup.Wanted
	record setup.File
}

func newWorld(t *testing.T, version string) *world {
	t.Helper()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	server, err := sandbox.New(sandbox.Config{Version: version, Now: func() time.Time { return now }, RemoteServersAllowed: []string{"https://bridge.example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Now: now, Mothers: 3})
	if err != nil {
		t.Fatal(err)
	}
	data.UserGroups = []dhis2.Object{{ID: midwives, Name: "Midwives"}}
	// The program is not everybody's.
	data.Users = append(data.Users, sandbox.User{User: dhis2.User{ID: clerk, Username: "clerk"}, Programs: []dhis2.UID{}})
	data.Public = map[dhis2.UID]string{sandbox.ANCVisit: "r-------", sandbox.ANCType: "r-------"}
	if err := server.Load(data); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	w := &world{t: t, server: server, url: web.URL, record: setup.File(filepath.Join(t.TempDir(), "setup-dhis2.json"))}
	w.client = w.as(api.Config{Token: sandbox.DefaultToken})
	w.wanted = setup.Wanted{
		BridgeURL:   "https://bridge.example.org/",
		Routes:      []setup.Route{{Code: "nehrbridge-verify", Name: "nehrbridge verify", Path: "/rp", Secret: verifySecret}},
		RouteGroups: []dhis2.UID{midwives},
		App:         setup.App{Version: "1.2.0", Zip: packed(t, "1.2.0")},
		Account:     &setup.Account{Username: "nehrbridge", Programs: []dhis2.UID{sandbox.ANCProgram}},
		Forms: []setup.Form{{
			Program:    sandbox.ANCProgram,
			Verify:     &setup.Verify{Attributes: []dhis2.UID{subject, fullName, born}, Subject: subject},
			PHN:        &setup.PHN{Number: phn, Verified: verified, Search: map[string]dhis2.UID{"name": fullName, "birthDate": born, "phone": phone, "gender": gender}},
			Parameters: url.Values{"phone": {"off"}},
		}},
	}
	return w
}

func (w *world) as(cfg api.Config) *api.Client {
	w.t.Helper()
	cfg.BaseURL = w.url
	c, err := api.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// packed is an app that holds the plugin's page.
func packed(t *testing.T, version string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"manifest.webapp": `{"name":"nehrbridge","version":"` + version + `","plugin_launch_path":"plugin.html","plugin_type":"CAPTURE"}`,
		"plugin.html":     "<!doctype html><title>Plugin</title>",
	} {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) setup() *setup.Setup {
	w.t.Helper()
	return w.setupAs(w.client)
}

func (w *world) setupAs(a setup.Administrator) *setup.Setup {
	w.t.Helper()
	s, err := setup.New(setup.Config{Server: a, URL: w.url, Record: w.record, Wanted: w.wanted,
		SignIn: func(username, password string) (setup.TokenMaker, error) {
			return w.as(api.Config{Username: username, Password: password}), nil
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) apply() *setup.Plan {
	w.t.Helper()
	p, err := w.setup().Apply(w.t.Context())
	if err != nil {
		w.t.Fatalf("apply: %v", err)
	}
	return p
}

func (w *world) undo() *setup.Plan {
	w.t.Helper()
	p, err := w.setup().Undo(w.t.Context())
	if err != nil {
		w.t.Fatalf("undo: %v", err)
	}
	return p
}

// read gives a document of the server, nil where it is not there.
func (w *world) read(path string) jsontext.Value {
	w.t.Helper()
	path, query, _ := strings.Cut(path, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := w.client.Read(w.t.Context(), path, q)
	if e, ok := err.(*api.Error); ok && e.NotFound() {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) change(method, path, body string) {
	w.t.Helper()
	if _, err := w.client.Change(w.t.Context(), method, path, nil, jsontext.Value(body)); err != nil {
		w.t.Fatal(err)
	}
}

// everything is all that setup may touch.
func (w *world) everything() map[string]any {
	w.t.Helper()
	all := map[string]any{}
	for _, path := range []string{
		"/api/programs/" + sandbox.ANCProgram.String() + "?fields=*",
		"/api/programStages/" + sandbox.ANCVisit.String() + "?fields=*", "/api/programStages/" + sandbox.ANCReferral.String() + "?fields=*",
		"/api/trackedEntityTypes/" + sandbox.ANCType.String() + "?fields=*",
		"/api/trackedEntityAttributes?paging=false&fields=*", "/api/dataStore", "/api/dataStore/capture", "/api/dataStore/capture/dataEntryForms",
		"/api/apps", "/api/routes?paging=false&fields=*", "/api/users?paging=false&fields=*", "/api/userRoles?paging=false&fields=*",
	} {
		var v any
		if doc := w.read(path); doc != nil {
			if err := json.Unmarshal(doc, &v); err != nil {
				w.t.Fatal(err)
			}
		}
		all[path] = v
	}
	return all
}

func done(p *setup.Plan) (out []string) {
	for _, st := range p.Steps {
		out = append(out, st.Does+" "+st.Item)
		if !st.Done {
			out[len(out)-1] = "not " + out[len(out)-1]
		}
	}
	return out
}

// layout is the program's form in the data store, in short: ids, and of plugins the
// field and what it maps.
func (w *world) layout() string {
	w.t.Helper()
	var forms map[string][]struct {
		ID       string `json:"id"`
		Elements []struct {
			ID, Type string
			Source   string `json:"pluginSource"`
			Fields   []struct {
				IdFromApp, IdFromPlugin, ObjectType string
			} `json:"fieldMap"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(w.read("/api/dataStore/capture/dataEntryForms"), &forms, json.MatchCaseInsensitiveNames(true)); err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, s := range forms[sandbox.ANCProgram.String()] {
		lines = append(lines, "# "+s.ID)
		for _, e := range s.Elements {
			line := e.Type + " " + e.ID
			if e.Type == "plugin" {
				line = strings.TrimPrefix(e.Source, w.url)
				for _, f := range e.Fields {
					line += " " + f.IdFromPlugin + "=" + f.IdFromApp
				}
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

var releases = []string{"2.40.5", "2.41.1", "2.42.1", "2.43.0", "2.44-SNAPSHOT"}

// TestD105_setup: from an empty server to one that is ready, and back. The second
// run changes nothing; undo leaves the server as it was.
func TestD105_setup(t *testing.T) {
	for _, version := range releases {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, version)
			before := w.everything()
			plan, err := w.setup().Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.everything()); diff != "" {
				t.Fatalf("a plan changes the server:\n%s", diff)
			}
			applied := w.apply()
			var planned []string
			for _, st := range plan.Steps {
				planned = append(planned, st.Does+" "+st.Item)
			}
			if diff := cmp.Diff(planned, done(applied)); diff != "" {
				t.Errorf("what is done is not what was planned:\n%s", diff)
			}
			if again := w.apply(); len(again.Steps) != 0 || again.Token != nil {
				t.Errorf("the second run does %v", done(again))
			}
			w.isReady(applied)
			w.undo()
			if diff := cmp.Diff(before, w.everything()); diff != "" {
				t.Errorf("undo leaves:\n%s", diff)
			}
			if again := w.undo(); len(again.Steps) != 0 {
				t.Errorf("the second undo does %v", done(again))
			}
		})
	}
}

// isReady looks at the server as those do who use it.
func (w *world) isReady(applied *setup.Plan) {
	w.t.Helper()
	ctx := w.t.Context()
	if applied.Token == nil {
		w.t.Fatal("no token")
	}
	service := w.as(api.Config{Token: applied.Token.Key})
	me, err := service.Me(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	if me.Username != "nehrbridge" || !me.CapturesRoot() || !slices.Equal(me.Authorities, []string{"F_USER_VIEW"}) || !slices.Contains(me.Programs, sandbox.ANCProgram) {
		w.t.Errorf("the service's user is %+v", me)
	}
	if _, err := service.Account(ctx, "clerk"); err != nil {
		w.t.Errorf("the service cannot ask who somebody is: %v", err)
	}
	if _, err := service.Change(ctx, http.MethodPost, "/api/tracker", nil, jsontext.Value(`{}`)); err == nil || !err.(*api.Error).Unauthorized() {
		w.t.Errorf("the token writes: %v", err)
	}
	evidence := ""
	for _, a := range w.list("trackedEntityAttributes", "id,code,valueType") {
		if a["code"] == setup.EvidenceCode {
			evidence = a["id"].(string)
		}
	}
	want := `# nehrbridge
/api/apps/nehrbridge/plugin.html?field=verify&phone=off&program=eozjj9UivfS CJLJmmp8r9g=CJLJmmp8r9g VQl0wK3eqiw=VQl0wK3eqiw Yie7mOY913J=Yie7mOY913J evidence=` + evidence + `
/api/apps/nehrbridge/plugin.html?field=phn&phone=off&program=eozjj9UivfS phn=IrUmPkFMDU5 phnVerified=JTKAPrAGCai birthDate=Yie7mOY913J gender=p7zizFkC6Lv name=VQl0wK3eqiw phone=gGAQeOr1Pgu
TrackedEntityAttribute IrUmPkFMDU5
TrackedEntityAttribute VQl0wK3eqiw
TrackedEntityAttribute M6NNPC3hNrb
TrackedEntityAttribute CSZevH4P5yV
TrackedEntityAttribute Yie7mOY913J
TrackedEntityAttribute u5AESfSOhIG
TrackedEntityAttribute p7zizFkC6Lv
TrackedEntityAttribute gGAQeOr1Pgu
TrackedEntityAttribute EOMGwaUTMrU`
	if diff := cmp.Diff(want, w.layout()); diff != "" {
		w.t.Errorf("the form (-want +got):\n%s", diff)
	}
	p, err := w.client.Program(ctx, sandbox.ANCProgram)
	if err != nil {
		w.t.Fatal(err)
	}
	if last := p.Attributes[len(p.Attributes)-1]; last.Attribute.ID.String() != evidence || last.Mandatory || last.Attribute.ValueType != dhis2.Text {
		w.t.Errorf("the program's last attribute is %+v, want the evidence %s", last, evidence)
	}
	routes := w.list("routes", "*")
	if len(routes) != 1 || routes[0]["url"] != "https://bridge.example.org/rp/**" {
		w.t.Fatalf("Routes: %v", routes)
	}
	sharing := routes[0]["sharing"].(map[string]any)
	if sharing["public"] != "--------" || !slices.Equal(slices.Collect(maps.Keys(sharing["userGroups"].(map[string]any))), []string{midwives.String()}) {
		w.t.Errorf("the Route is shared %v", sharing)
	}
	if text := fmt.Sprint(applied); strings.Contains(text, verifySecret) {
		w.t.Error("the plan shows a secret")
	}
}

func (w *world) list(collection, fields string) (out []map[string]any) {
	w.t.Helper()
	var page map[string][]map[string]any
	if err := json.Unmarshal(w.read("/api/"+collection+"?paging=false&fields="+fields), &page); err != nil {
		w.t.Fatal(err)
	}
	return page[collection]
}

// customised is a form that somebody has laid out, with a plugin of another maker.
const customised = `{"other":[{"id":"x","elements":[{"id":"y","type":"dataElement","n":1.50}]}],"eozjj9UivfS":[
 {"id":"one","name":"Who she is","extra":{"kept":true},"elements":[
  {"id":"CSZevH4P5yV","type":"TrackedEntityAttribute"},
  {"id":"VQl0wK3eqiw","type":"TrackedEntityAttribute","hint":"theirs"},
  {"id":"theirs","type":"PLUGIN","pluginSource":"https://elsewhere.example/plugin.html?field=verify","fieldMap":[]}]},
 {"id":"two","elements":[{"id":"IrUmPkFMDU5","type":"TrackedEntityAttribute"}]}]}`

// TestSetup_customisedForm: a layout that is there is kept, the fields placed
// beside those that they fill, and undo gives it back to the letter.
func TestSetup_customisedForm(t *testing.T) {
	w := newWorld(t, "2.42.1")
	w.change(http.MethodPost, "/api/dataStore/capture/dataEntryForms", customised)
	before := w.everything()
	w.apply()
	lines := strings.Split(w.layout(), "\n")
	var short []string
	for _, l := range lines {
		l, _, _ = strings.Cut(l, "&")
		short = append(short, strings.TrimPrefix(l, "TrackedEntityAttribute "))
	}
	want := []string{"# one", "CSZevH4P5yV", "/api/apps/nehrbridge/plugin.html?field=verify", "VQl0wK3eqiw", "PLUGIN theirs", "# two", "/api/apps/nehrbridge/plugin.html?field=phn", "IrUmPkFMDU5"}
	if diff := cmp.Diff(want, short); diff != "" {
		t.Errorf("the form:\n%s", diff)
	}
	if text := string(w.read("/api/dataStore/capture/dataEntryForms")); !strings.Contains(text, `"n":1.50`) || !strings.Contains(text, `"hint":"theirs"`) || !strings.Contains(text, `"extra":{"kept":true}`) {
		t.Errorf("what others wrote is lost: %s", text)
	}
	if again := w.apply(); len(again.Steps) != 0 {
		t.Errorf("the second run does %v", done(again))
	}
	w.undo()
	if diff := cmp.Diff(before, w.everything()); diff != "" {
		t.Errorf("undo leaves:\n%s", diff)
	}
}

// TestSetup_changedSince: what others changed between apply and undo stays; only
// what setup added goes.
func TestSetup_changedSince(t *testing.T) {
	w := newWorld(t, "2.42.1")
	w.change(http.MethodPost, "/api/dataStore/capture/dataEntryForms", customised)
	applied := w.apply()

	// Somebody adds a section to the form, maps a further field, gives another user
	// access, shares the Route with a second group, and widens the service's access.
	text := string(w.read("/api/dataStore/capture/dataEntryForms"))
	text = strings.Replace(text, `{"id":"two"`, `{"id":"three","elements":[]},{"id":"two"`, 1)
	if !strings.Contains(text, `"three"`) {
		text = strings.Replace(text, `{"elements":[`, `{"id":"three","elements":[]},{"elements":[`, 1)
	}
	text = strings.Replace(text, `"fieldMap":[{`, `"fieldMap":[{"IdFromApp":"M6NNPC3hNrb","IdFromPlugin":"nic","objectType":"TrackedEntityAttribute"},{`, 1)
	w.change(http.MethodPut, "/api/dataStore/capture/dataEntryForms", text)
	service := w.as(api.Config{Token: applied.Token.Key})
	me, err := service.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	visit := "/api/programStages/" + sandbox.ANCVisit.String()
	w.change(http.MethodPatch, visit, `[{"op":"add","path":"/sharing/users/`+clerk.String()+`","value":{"id":"`+clerk.String()+`","access":"r-------"}},
		{"op":"add","path":"/sharing/users/`+me.ID.String()+`","value":{"id":"`+me.ID.String()+`","access":"rwr-----"}}]`)
	w.change(http.MethodPatch, "/api/userRoles/"+w.list("userRoles", "id")[0]["id"].(string), `[{"op":"add","path":"/authorities/-","value":"F_THEIRS"}]`)

	if again := w.apply(); len(again.Steps) != 0 {
		t.Errorf("a run after it does %v", done(again))
	}
	undone := w.undo()
	got := string(w.read("/api/dataStore/capture/dataEntryForms"))
	if strings.Contains(got, "/api/apps/nehrbridge/") || !strings.Contains(got, `"three"`) || !strings.Contains(got, `"hint":"theirs"`) || !strings.Contains(got, "https://elsewhere.example/") {
		t.Errorf("the form after undo: %s", got)
	}
	if got := string(w.read(visit)); !strings.Contains(got, clerk.String()) {
		t.Errorf("what another user was granted is lost: %s", got)
	}
	if roles := w.list("userRoles", "*"); len(roles) != 1 {
		t.Errorf("a role that somebody changed is removed: %v", roles)
	}
	if !slices.ContainsFunc(undone.Notes, func(n setup.Note) bool { return strings.HasPrefix(n.About, "role ") }) {
		t.Errorf("nothing is said of the role that stays: %+v", undone.Notes)
	}
}

// TestSetup_rewritten: our field was taken out of the form by somebody who changed
// it further; a run places it again, and undo gives their form back.
func TestSetup_rewritten(t *testing.T) {
	w := newWorld(t, "2.41.0")
	w.change(http.MethodPost, "/api/dataStore/capture/dataEntryForms", customised)
	w.apply()
	const theirs = `{"eozjj9UivfS":[{"id":"new","elements":[{"id":"VQl0wK3eqiw","type":"TrackedEntityAttribute"}]}]}`
	w.change(http.MethodPut, "/api/dataStore/capture/dataEntryForms", theirs)
	if got := done(w.apply()); len(got) != 1 || !strings.HasPrefix(got[0], "change form") {
		t.Errorf("done: %v", got)
	}
	w.undo()
	same(t, theirs, w.read("/api/dataStore/capture/dataEntryForms"))
}

func same(t *testing.T, want string, got jsontext.Value) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSetup_rights: what the administrator may not do is said before anything is
// changed.
func TestSetup_rights(t *testing.T) {
	w := newWorld(t, "2.42.1")
	w.server.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxHalfAdm1"), Username: "half"}, Tokens: []string{"d2p_half"},
		Authorities: []string{"F_USER_ADD", "F_USER_VIEW", "F_PROGRAM_PUBLIC_ADD", "F_USERROLE_PUBLIC_ADD"}})
	before := w.everything()
	p, err := w.setupAs(w.as(api.Config{Token: "d2p_half"})).Apply(t.Context())
	lacking, ok := err.(*setup.RightsError)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := []string{"F_CAPTURE_DATASTORE_UPDATE", "F_ROUTE_PRIVATE_ADD", "F_TRACKED_ENTITY_ATTRIBUTE_PUBLIC_ADD", "M_dhis-web-app-management"}
	slices.Sort(lacking.Authorities)
	if diff := cmp.Diff(want, lacking.Authorities); diff != "" || len(p.Steps) == 0 {
		t.Errorf("lacking:\n%s", diff)
	}
	if diff := cmp.Diff(before, w.everything()); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}

// failing is a server at which one change, counted from 0, does not work: it is
// not done, or it is done and the answer is lost.
type failing struct {
	*api.Client
	at, calls int
	lost      bool
}

var errCut = &api.UnreachableError{Method: "POST", Path: "/api", Err: fmt.Errorf("cut")}

func (f *failing) fails(do func() error) error {
	f.calls++
	if f.calls-1 != f.at {
		return do()
	}
	if f.lost {
		if err := do(); err != nil {
			return err
		}
	}
	return errCut
}

func (f *failing) Change(ctx context.Context, method, path string, q url.Values, body jsontext.Value) (v jsontext.Value, err error) {
	return v, f.fails(func() error { v, err = f.Client.Change(ctx, method, path, q, body); return err })
}

func (f *failing) InstallApp(ctx context.Context, zip []byte) error {
	return f.fails(func() error { return f.Client.InstallApp(ctx, zip) })
}

// TestSetup_interrupted: whichever change fails, before or after it was done, a
// further run completes the work, and an undo at that point takes everything back.
func TestSetup_interrupted(t *testing.T) {
	w := newWorld(t, "2.42.1")
	plan, err := w.setup().Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changes := len(plan.Steps) - 1 // all but the token go through Change and InstallApp
	for _, lost := range []bool{false, true} {
		for at := range changes {
			for _, then := range []string{"again", "undo"} {
				t.Run(fmt.Sprintf("%d %s lost=%v", at, then, lost), func(t *testing.T) {
					w := newWorld(t, "2.42.1")
					before := w.everything()
					_, err := w.setupAs(&failing{Client: w.client, at: at, lost: lost}).Apply(t.Context())
					if _, ok := err.(*setup.StepError); !ok {
						t.Fatalf("got %v, want a *StepError", err)
					}
					if then == "again" {
						w.isReady(w.apply())
						if third := w.apply(); len(third.Steps) != 0 {
							t.Errorf("a third run does %v", done(third))
						}
					}
					w.undo()
					if diff := cmp.Diff(before, w.everything()); diff != "" {
						t.Errorf("undo leaves:\n%s", diff)
					}
				})
			}
		}
	}
	// The same for undo: whichever change fails, a second one completes it.
	for _, lost := range []bool{false, true} {
		for at := 0; ; at++ {
			w := newWorld(t, "2.42.1")
			before := w.everything()
			w.apply()
			f := &failing{Client: w.client, at: at, lost: lost}
			_, err := w.setupAs(f).Undo(t.Context())
			if err == nil {
				break
			}
			w.undo()
			if diff := cmp.Diff(before, w.everything()); diff != "" {
				t.Errorf("undo, change %d, lost=%v, leaves:\n%s", at, lost, diff)
			}
		}
	}
}
