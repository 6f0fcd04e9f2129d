package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// TestD104_OnlyWhatIsMappedIsAskedFor records what the agent asks of DHIS2
// while it writes, corrects and takes back: of a tracked entity no more than
// the fields that are mapped, in the program of the map; in lists no value at
// all.
func TestD104_OnlyWhatIsMappedIsAskedFor(t *testing.T) {
	b := newFaultBench(t, 3)
	mustLook(t, b)
	event, _ := b.correctHaemoglobin(t, b.held(t))
	mustLook(t, b)
	mustDo(t, b.dhis2.DeleteEvent(dhis2.MustUID(event)))
	mustDo(t, b.dhis2.Delete(dhis2.MustUID("SbxMother02")))
	mustLook(t, b)

	single := 0
	for _, r := range b.dhis2Gate.requests() {
		query, err := url.ParseQuery(r.query)
		mustDo(t, err)
		fields := query.Get("fields")
		switch {
		case strings.HasPrefix(r.path, "/api/tracker/trackedEntities/"):
			single++
			if fields != mapper.Fields || query.Get("program") == "" {
				t.Errorf("%s asks for fields %q of program %q", r.path, fields, query.Get("program"))
			}
		case strings.HasPrefix(r.path, "/api/tracker/"):
			for _, name := range []string{"*", "attributes", "dataValues", "notes", "relationships", ":all"} {
				if strings.Contains(fields, name) {
					t.Errorf("%s asks for %s", r.path, name)
				}
			}
			if fields == "" {
				t.Errorf("%s asks for everything", r.path)
			}
		case r.path != "/api/system/info" && fields == "":
			t.Errorf("%s asks for everything", r.path)
		}
		if r.method != "GET" {
			t.Errorf("%s %s", r.method, r.path)
		}
	}
	if single < 5 {
		t.Errorf("%d single reads were looked at", single)
	}
	for _, name := range []string{"notes", "relationships", "programOwners", "geometry", "displayName", "storedBy", "*", ":all"} {
		if strings.Contains(mapper.Fields, name) {
			t.Errorf("the fields that are mapped hold %s", name)
		}
	}
}

// TestD104_NothingThatIsMappedIsLeftOut: every golden document maps to the
// same bundle and issues when it is cut down to those fields, and so does what
// a server cuts down.
func TestD104_NothingThatIsMappedIsLeftOut(t *testing.T) {
	maps, err := config.Maps(nil)
	mustDo(t, err)
	m, err := mapper.New(mapper.Config{Maps: maps})
	mustDo(t, err)
	said := func(te *dhis2.TrackedEntity, ctx *dhis2.Context) string {
		r, err := m.Map(te, ctx)
		var out strings.Builder
		if err != nil {
			out.WriteString(err.Error())
		}
		if r != nil {
			for _, i := range r.Issues {
				out.WriteString(string(i.Rule) + " " + i.Event.String() + " " + i.Element.String() + i.Attribute.String() + "\n")
			}
			if r.Bundle != nil {
				text, err := r.Bundle.AppendJSON(nil)
				mustDo(t, err)
				out.Write(text)
			}
		}
		return out.String()
	}
	same := func(t *testing.T, name string, whole, cut *dhis2.TrackedEntity, ctx *dhis2.Context) {
		t.Helper()
		if diff := cmp.Diff(said(whole, ctx), said(cut, ctx)); diff != "" {
			t.Errorf("%s: cut down to the fields it maps to something else:\n%.2000s", name, diff)
		}
	}
	t.Run("golden", func(t *testing.T) {
		files, err := filepath.Glob("../../golden/*/in.json")
		mustDo(t, err)
		seen := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			mustDo(t, err)
			whole, err := dhis2.DecodeTrackedEntity(text)
			if err != nil {
				continue // a document that is none
			}
			var doc any
			mustDo(t, json.Unmarshal(text, &doc))
			text, err = json.Marshal(kept(doc, mapper.Fields))
			mustDo(t, err)
			cut, err := dhis2.DecodeTrackedEntity(text)
			mustDo(t, err)
			ctx := &dhis2.Context{}
			if text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "context.json")); err == nil {
				mustDo(t, dhis2.Decode(text, ctx))
			}
			seen++
			same(t, filepath.Dir(file), whole, cut, ctx)
		}
		if seen < 150 {
			t.Errorf("%d documents were looked at", seen)
		}
	})
	t.Run("server", func(t *testing.T) {
		_, address := startDHIS2(t, 25)
		c, err := api.New(api.Config{BaseURL: address, Token: defaultToken})
		mustDo(t, err)
		contexts, err := api.NewContextSource(api.ContextConfig{Reader: c, OrgUnitElements: orgUnitElements(maps)})
		mustDo(t, err)
		seen := 0
		for te, err := range c.AllTrackedEntities(t.Context(), api.Query{Program: maps[0].Program, Fields: "trackedEntity"}) {
			mustDo(t, err)
			whole, err := c.TrackedEntity(t.Context(), te.TrackedEntity, maps[0].Program, api.AllFields)
			mustDo(t, err)
			cut, err := c.TrackedEntity(t.Context(), te.TrackedEntity, maps[0].Program, mapper.Fields)
			mustDo(t, err)
			ctx, err := contexts.Context(t.Context(), whole)
			mustDo(t, err)
			less, err := contexts.Context(t.Context(), cut)
			mustDo(t, err)
			if diff := cmp.Diff(ctx, less, cmp.AllowUnexported(dhis2.UID{})); diff != "" {
				t.Errorf("%s: the context differs:\n%s", te.TrackedEntity, diff)
			}
			seen++
			same(t, te.TrackedEntity.String(), whole, cut, ctx)
		}
		if seen < 20 {
			t.Errorf("%d documents were looked at", seen)
		}
	})
}

// kept cuts a document down to a field filter, as DHIS2 does.
func kept(v any, fields string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = kept(v[i], fields)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for rest := fields; rest != ""; {
			end := strings.IndexAny(rest, ",[")
			if end < 0 {
				end = len(rest)
			}
			name, below := rest[:end], ""
			rest = rest[end:]
			if strings.HasPrefix(rest, "[") {
				depth, at := 0, 0
				for i, c := range rest {
					if c == '[' {
						depth++
					} else if c == ']' {
						if depth--; depth == 0 {
							at = i
							break
						}
					}
				}
				below, rest = rest[1:at], rest[at+1:]
			}
			rest = strings.TrimPrefix(rest, ",")
			if member, ok := v[name]; ok && below != "" {
				out[name] = kept(member, below)
			} else if ok {
				out[name] = member
			}
		}
		return out
	}
	return v
}
