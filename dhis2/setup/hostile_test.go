package setup_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
)

// lying is a server that gives another answer to what begins with a path.
type lying struct {
	*api.Client
	path   string
	answer jsontext.Value
	wrote  int
}

func (l *lying) Read(ctx context.Context, path string, q url.Values) (jsontext.Value, error) {
	if strings.HasPrefix(path, l.path) {
		return l.answer, nil
	}
	return l.Client.Read(ctx, path, q)
}

func (l *lying) Change(ctx context.Context, method, path string, q url.Values, body jsontext.Value) (jsontext.Value, error) {
	if strings.HasPrefix(path, l.path) {
		l.wrote++
	}
	return l.Client.Change(ctx, method, path, q, body)
}

// TestSetup_hostileAnswers: whatever a server answers in the place of what was
// asked for, setup ends, without a panic and without a secret in its error, and
// writes a form only where it understood the one that is there.
func TestSetup_hostileAnswers(t *testing.T) {
	for _, path := range []string{"/api/programs/", "/api/trackedEntityTypes/", "/api/programStages/", "/api/trackedEntityAttributes", "/api/routes", "/api/userRoles", "/api/users",
		"/api/organisationUnits", "/api/userGroups", "/api/apps", "/api/dataStore/capture/dataEntryForms", "/api/configuration/"} {
		for _, answer := range []string{`null`, `[]`, `{}`, `"text"`, `1e400`, `[[[]]]`, `{"id":7,"sharing":[],"programStages":{},"eozjj9UivfS":"x"}`,
			`{"id":"eozjj9UivfS","programTrackedEntityAttributes":[{"trackedEntityAttribute":null}],"programStages":[{"id":"x"}],"sharing":{"public":"` + strings.Repeat("rw", 1000) + `"},"eozjj9UivfS":[{"elements":[{"type":"plugin","pluginSource":"::"}]}]}`,
			`[{"key":"nehrbridge","version":"` + "\u001b[31m" + `9"}]`,
		} {
			w := newWorld(t, "2.42.1")
			w.change(http.MethodPost, "/api/dataStore/capture/dataEntryForms", customised)
			liar := &lying{Client: w.client, path: path, answer: jsontext.Value(answer)}
			_, err := w.setupAs(liar).Apply(t.Context())
			if err != nil && (strings.Contains(err.Error(), verifySecret) || strings.Contains(err.Error(), "\u001b")) {
				t.Errorf("%s %s: %v", path, answer, err)
			}
			if strings.Contains(path, "dataStore") && strings.HasPrefix(answer, `{`) {
				continue // a layout like others: that it is not the server's, nobody can see
			}
			if strings.Contains(path, "dataStore") && liar.wrote > 0 && answer != `null` { // null tries to create, which is refused
				t.Errorf("%s %s: the form was written", path, answer)
			}
			if _, err := w.setup().Undo(t.Context()); err != nil {
				t.Errorf("%s %s: undo: %v", path, answer, err)
			}
			same(t, customised, w.read("/api/dataStore/capture/dataEntryForms"))
		}
	}
}

// racing is a server on which somebody else writes the form right after setup did,
// as often as it is told.
type racing struct {
	*api.Client
	times  int
	theirs func(after jsontext.Value) string
}

func (r *racing) Change(ctx context.Context, method, path string, q url.Values, body jsontext.Value) (jsontext.Value, error) {
	report, err := r.Client.Change(ctx, method, path, q, body)
	if err == nil && strings.HasPrefix(path, "/api/dataStore/") && r.times > 0 {
		r.times--
		_, err = r.Client.Change(ctx, http.MethodPut, path, nil, jsontext.Value(r.theirs(body)))
	}
	return report, err
}

// TestSetup_race: the data store has no condition on a write. Who overwrites what
// setup wrote is noticed, and both have their way in the end.
func TestSetup_race(t *testing.T) {
	w := newWorld(t, "2.42.1")
	r := &racing{Client: w.client, times: 2, theirs: func(jsontext.Value) string { return customised }}
	if _, err := w.setupAs(r).Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := string(w.read("/api/dataStore/capture/dataEntryForms")); !strings.Contains(got, "/api/apps/nehrbridge/plugin.html") || !strings.Contains(got, `"hint":"theirs"`) {
		t.Errorf("the form: %s", got)
	}
	w.undo()
	same(t, customised, w.read("/api/dataStore/capture/dataEntryForms"))

	// Somebody who writes without end is not fought.
	w = newWorld(t, "2.42.1")
	_, err := w.setupAs(&racing{Client: w.client, times: 100, theirs: func(jsontext.Value) string { return customised }}).Apply(t.Context())
	if !errors.Is(err, setup.ErrNotDone) {
		t.Errorf("got %v", err)
	}
}

// TestSetup_token: where the token could not be made, a further run gives the user
// another password and makes it.
func TestSetup_token(t *testing.T) {
	w := newWorld(t, "2.42.1")
	cfg := setup.Config{Server: w.client, URL: w.url, Record: w.record, Wanted: w.wanted,
		SignIn: func(string, string) (setup.TokenMaker, error) { return nil, errors.New("no way in") }}
	s, err := setup.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Apply(t.Context()); err == nil || p.Token != nil {
		t.Fatalf("a token without signing in: %v", err)
	}
	p := w.apply()
	w.isReady(p)
	if again := w.apply(); len(again.Steps) != 0 {
		t.Errorf("the third run does %v", done(again))
	}
	w.wanted.Account.NewToken = true
	renewed := w.apply()
	w.isReady(renewed)
	if _, err := w.as(api.Config{Token: p.Token.Key}).Me(t.Context()); err == nil {
		t.Error("the older token is still good")
	}
	if d := time.Until(renewed.Token.Expires); d < 364*24*time.Hour || d > 366*24*time.Hour {
		t.Errorf("good until %s", renewed.Token.Expires)
	}
}

// TestSetup_otherServer: a record is not used for another server, nor one that was
// damaged.
func TestSetup_otherServer(t *testing.T) {
	w := newWorld(t, "2.42.1")
	w.apply()
	other := newWorld(t, "2.42.1")
	before := other.everything()
	text, err := os.ReadFile(string(w.record))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text string
		is         error
	}{
		{"another server", strings.Replace(string(text), `"system_id": "5a4db0c5`, `"system_id": "00000000`, 1), setup.ErrOtherServer},
		{"cut", string(text[:len(text)/2]), nil},
	} {
		if err := os.WriteFile(string(other.record), []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for verb, do := range map[string]func(context.Context) (*setup.Plan, error){"plan": other.setup().Plan, "apply": other.setup().Apply, "undo": other.setup().Undo} {
			if _, err := do(t.Context()); err == nil || (tt.is != nil && !errors.Is(err, tt.is)) {
				t.Errorf("%s, %s: %v", tt.name, verb, err)
			}
		}
	}
	if diff := cmp.Diff(before, other.everything()); diff != "" {
		t.Errorf("the other server was changed:\n%s", diff)
	}
}

// TestD063_routesStayPrivate: a Route that somebody opened to everybody is closed
// by the next run; the groups that were added stay.
func TestD063_routesStayPrivate(t *testing.T) {
	w := newWorld(t, "2.42.1")
	w.apply()
	route := w.list("routes", "id")[0]["id"].(string)
	w.change(http.MethodPut, "/api/routes/"+route, fmt.Sprintf(`{"name":"opened","code":"nehrbridge-verify","url":"https://bridge.example.org/elsewhere","disabled":false,
		"authorities":[],"auth":{"type":"api-token","token":%q},"sharing":{"public":"r-------","users":{},"userGroups":{"SbxDoctors1":{"id":"SbxDoctors1","access":"r-------"}}}}`, verifySecret))
	if got := done(w.apply()); len(got) != 1 || got[0] != "change Route nehrbridge-verify" {
		t.Errorf("done: %v", got)
	}
	mended := w.list("routes", "*")[0]
	sharing := mended["sharing"].(map[string]any)
	groups := sharing["userGroups"].(map[string]any)
	if mended["url"] != "https://bridge.example.org/rp/**" || sharing["public"] != "--------" || groups[midwives.String()] == nil || groups["SbxDoctors1"] == nil {
		t.Errorf("the Route: %v", mended)
	}
	w.undo()
	if left := w.list("routes", "id"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestSetup_attributesOfOthers: an attribute that is there is never changed, and
// one with values is never deleted.
func TestSetup_attributesOfOthers(t *testing.T) {
	w := newWorld(t, "2.42.1")
	w.change(http.MethodPost, "/api/trackedEntityAttributes", `{"id":"TheirsEvid1","code":"`+setup.EvidenceCode+`","name":"Theirs","shortName":"Theirs","valueType":"NUMBER","aggregationType":"NONE"}`)
	p, err := w.setup().Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(fmt.Sprint(p.Notes), "another value type") {
		t.Errorf("notes: %v", p.Notes)
	}
	w = newWorld(t, "2.42.1")
	w.apply()
	var id string
	for _, a := range w.list("trackedEntityAttributes", "id,code") {
		if a["code"] == setup.EvidenceCode {
			id = a["id"].(string)
		}
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Mothers: 1})
	if err != nil {
		t.Fatal(err)
	}
	te := data.TrackedEntities[0]
	te.Attributes = append(te.Attributes[:0:0], te.Attributes...)
	te.Attributes = append(te.Attributes, te.Attributes[0])
	if err := te.Attributes[len(te.Attributes)-1].Attribute.UnmarshalText([]byte(id)); err != nil {
		t.Fatal(err)
	}
	if err := w.server.Put(te); err != nil {
		t.Fatal(err)
	}
	undone := w.undo()
	if !strings.Contains(fmt.Sprint(undone.Notes), "is in use") {
		t.Errorf("notes: %v", undone.Notes)
	}
	if v := w.read("/api/trackedEntityAttributes/" + id); v == nil {
		t.Error("an attribute with values was deleted")
	}
	if again := w.undo(); len(again.Steps) != 1 { // asked about again: it may be free by now
		t.Errorf("a second undo does %v", done(again))
	}
}
