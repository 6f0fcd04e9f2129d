package nehr_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/nehrbridge/nehrbridge/nehr"
	"pgregory.net/rapid"
)

var (
	phnKey   = nehr.Key{System: nehr.SystemPHN, Value: "405423CDFG7"}
	visitKey = nehr.Key{System: nehr.SystemDHIS2Event, Value: "aBcDeFgHiJ1"}
)

// mother is a small bundle of a shared and an owned resource.
func mother() *nehr.Bundle {
	all := map[string]nehr.Resource{}
	for _, i := range instances(absolute()) {
		all[i.name] = i.resource
	}
	return &nehr.Bundle{
		Profile:    nehr.ProfileLKTransaction,
		Identifier: nehr.Key{System: nehr.SystemHIMSTransaction, Value: "PQfMcpmXeFE"},
		Timestamp:  instant,
		Entries: []nehr.Entry{
			{FullURL: nehr.FullURL("Patient", phnKey), Resource: all["NewPatientLK"], Key: phnKey},
			{FullURL: nehr.FullURL("Encounter", visitKey), Resource: all["NewEncounterLK"], Key: visitKey, Owned: true},
		},
	}
}

// written is what a bundle looks like to its reader.
type written struct {
	ResourceType string
	Meta         struct{ Profile []string }
	Identifier   struct{ System, Value string }
	Type         string
	Timestamp    string
	Entry        []struct {
		FullURL  string `json:"fullUrl"`
		Resource struct {
			ResourceType, ID string
			Meta             any
		}
		Request struct{ Method, URL, IfMatch, IfNoneExist string }
	}
}

func read(t *testing.T, b *nehr.Bundle) (written, []byte) {
	t.Helper()
	doc, err := b.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var w written
	if err := json.Unmarshal(doc, &w); err != nil {
		t.Fatal(err)
	}
	return w, doc
}

func TestBundleEnvelope(t *testing.T) {
	w, doc := read(t, mother())
	if w.ResourceType != "Bundle" || w.Type != "transaction" || w.Timestamp != instant ||
		w.Identifier.Value != "PQfMcpmXeFE" || len(w.Meta.Profile) != 1 || w.Meta.Profile[0] != nehr.ProfileLKTransaction {
		t.Errorf("envelope of %s", doc)
	}
	patient, visit := w.Entry[0], w.Entry[1]
	id := nehr.ID("Encounter", visitKey)
	if visit.Request.Method != "PUT" || visit.Request.URL != "Encounter/"+id || visit.Resource.ID != id || visit.FullURL != "urn:uuid:"+id {
		t.Errorf("owned: %+v", visit)
	}
	if patient.Request.Method != "PUT" || patient.Resource.ID != "" {
		t.Errorf("shared: %+v", patient)
	}
	if strings.ContainsAny(string(doc), "\n\t") {
		t.Error("a line break or tab")
	}
}

func TestBundleWithoutAnything(t *testing.T) {
	got, err := new(nehr.Bundle).AppendJSON([]byte("before"))
	if want := `before{"resourceType":"Bundle","type":"transaction"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestBundleConditional(t *testing.T) {
	b := mother()
	b.Write = nehr.Conditional
	w, _ := read(t, b)
	if got, want := w.Entry[1].Request.URL, "Encounter?identifier=urn%3Adhis2%3AeventId%7CaBcDeFgHiJ1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if id := w.Entry[1].Resource.ID; id != "" {
		t.Errorf("an id that the server did not assign: %s", id)
	}
}

func TestBundleOwnRequests(t *testing.T) {
	b := mother()
	b.Entries[0].Request = nehr.Request{Method: "PUT", URL: "Patient/17", IfMatch: `W/"3"`}
	b.Entries[1].Request = nehr.Request{Method: "POST", URL: "Encounter", IfNoneExist: nehr.IdentifierQuery(visitKey)}
	b.Entries[1].Key = nehr.Key{}
	b.Entries = append(b.Entries, nehr.Entry{Request: nehr.Request{Method: "DELETE", URL: "Observation/9"}})
	w, doc := read(t, b)
	if r := w.Entry[0].Request; r.URL != "Patient/17" || r.IfMatch != `W/"3"` {
		t.Errorf("PUT: %+v", r)
	}
	if r := w.Entry[1].Request; r.Method != "POST" || !strings.HasPrefix(r.IfNoneExist, "identifier=") || w.Entry[1].Resource.ID != "" {
		t.Errorf("POST: %+v", w.Entry[1])
	}
	if !strings.HasSuffix(string(doc), `,{"request":{"method":"DELETE","url":"Observation/9"}}]}`) {
		t.Errorf("DELETE: %s", doc)
	}
}

// TestD036NoKeyNoBundle: a conditional write without a value matches anybody.
func TestD036NoKeyNoBundle(t *testing.T) {
	for _, c := range []struct {
		name string
		spot func(*nehr.Bundle)
		want error
		at   int
	}{
		{"no value, shared", func(b *nehr.Bundle) { b.Entries[0].Key.Value = "" }, nehr.ErrNoKey, 0},
		{"blank value, shared", func(b *nehr.Bundle) { b.Entries[0].Key.Value = " \t" }, nehr.ErrNoKey, 0},
		{"no system, shared", func(b *nehr.Bundle) { b.Entries[0].Key.System = "" }, nehr.ErrNoKey, 0},
		{"no value, owned", func(b *nehr.Bundle) { b.Entries[1].Key.Value = "" }, nehr.ErrNoKey, 1},
		{"no value, conditional", func(b *nehr.Bundle) { b.Entries[1].Key.Value = ""; b.Write = nehr.Conditional }, nehr.ErrNoKey, 1},
		{"no resource", func(b *nehr.Bundle) { b.Entries[1].Resource = nil }, nehr.ErrNoResource, 1},
		{"another id", func(b *nehr.Bundle) { b.Entries[1].Resource.Common().Id = "17" }, nehr.ErrID, 1},
		{"key that is no UTF-8", func(b *nehr.Bundle) { b.Entries[1].Key.Value = "\xff" }, nehr.ErrUTF8, 1},
		{"empty name", func(b *nehr.Bundle) {
			p := b.Entries[0].Resource.(*nehr.Patient)
			p.Name = append(p.Name, nehr.HumanName{})
		}, nehr.ErrEmptyNode, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := mother()
			c.spot(b)
			got, err := b.AppendJSON([]byte("before"))
			e, ok := errors.AsType[*nehr.EntryError](err)
			if !ok || !errors.Is(err, c.want) || e.Index != c.at {
				t.Fatalf("got %v", err)
			}
			if string(got) != "before" {
				t.Errorf("got %q beside an error", got)
			}
			if strings.Contains(err.Error(), phnKey.Value) {
				t.Error("the error holds the number of a person")
			}
		})
	}
}

func TestBundleKeepsTheIDThatItGives(t *testing.T) {
	b := mother()
	_, first := read(t, b)
	b.Entries[1].Resource.Common().Id = nehr.ID("Encounter", visitKey)
	_, second := read(t, b)
	if string(first) != string(second) {
		t.Errorf("an id that was there already is written otherwise:\n%s\n%s", first, second)
	}
}

// TestD042FullURLIsUUIDv5 compares with another implementation of RFC 9562.
func TestD042FullURLIsUUIDv5(t *testing.T) {
	space := uuid.NewSHA1(uuid.NameSpaceDNS, []byte("github.com/nehrbridge/nehrbridge"))
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(resourceTypes).Draw(t, "type")
		k := nehr.Key{System: rapid.String().Draw(t, "system"), Value: rapid.StringN(0, 400, -1).Draw(t, "value")}
		want := uuid.NewSHA1(space, []byte(typ+"\n"+k.System+"\n"+k.Value)).String()
		if got := nehr.ID(typ, k); got != want {
			t.Fatalf("ID %s, want %s", got, want)
		}
		if got := nehr.FullURL(typ, k); got != "urn:uuid:"+want {
			t.Fatalf("FullURL %s", got)
		}
	})
	// The namespace is for good: what was written once is found by it.
	if got, want := nehr.ID("Encounter", visitKey), "32c7a493-daac-5b7d-a775-cbcf7b7c4ba1"; got != want {
		t.Errorf("the namespace has changed: %s, want %s", got, want)
	}
}

// TestD043QueryIsPercentEncoded: what a server takes apart is the key again.
func TestD043QueryIsPercentEncoded(t *testing.T) {
	if got, want := nehr.IdentifierQuery(phnKey), "identifier=http%3A%2F%2Ffhir.health.gov.lk%2Fips%2Fidentifier%2Fphn%7C405423CDFG7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	unescape := strings.NewReplacer(`\\`, `\`, `\|`, `|`, `\,`, `,`, `\$`, `$`)
	rapid.Check(t, func(t *rapid.T) {
		k := nehr.Key{System: "urn:x", Value: rapid.String().Draw(t, "value")}
		q := nehr.IdentifierQuery(k)
		if i := strings.IndexFunc(q, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>|\^{}#+&,$`, r) }); i >= 0 {
			t.Fatalf("%q stands in the query", q[i])
		}
		values, err := url.ParseQuery(q)
		if err != nil || len(values) != 1 {
			t.Fatal(err)
		}
		token, ok := strings.CutPrefix(values.Get("identifier"), "urn:x|")
		if !ok || unescape.Replace(token) != k.Value {
			t.Fatalf("got %q", token)
		}
	})
}

func TestBundleIsStableToTheByte(t *testing.T) {
	_, first := read(t, manyEntries())
	_, second := read(t, manyEntries())
	if string(first) != string(second) {
		t.Error("the same bundle gives other bytes")
	}
}

// TestBundleEncode: the resources that Encode gives are those of the document.
func TestBundleEncode(t *testing.T) {
	b := mother()
	b.Entries = append(b.Entries, nehr.Entry{Request: nehr.Request{Method: "DELETE", URL: "Task/1"}})
	_, want := read(t, b)
	document, resources, err := b.Encode()
	if err != nil || string(document) != string(want) {
		t.Fatalf("got %s, %v, want %s", document, err, want)
	}
	var entries struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(document, &entries); err != nil {
		t.Fatal(err)
	}
	for i, e := range entries.Entry {
		if string(resources[i]) != string(e.Resource) {
			t.Errorf("resource %d: got %s, want %s", i, resources[i], e.Resource)
		}
	}
	if len(resources) != 3 || resources[2] != nil {
		t.Errorf("got %d resources, the last of an entry without one", len(resources))
	}
	b.Entries[0].Key = nehr.Key{}
	if _, _, err := b.Encode(); !errors.Is(err, nehr.ErrNoKey) {
		t.Errorf("got %v, want ErrNoKey", err)
	}
}
