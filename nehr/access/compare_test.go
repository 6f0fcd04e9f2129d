package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// compared compares the whole log, and gives what was found as "kind number", in order.
func compared(t testing.TB, g *access.Gate) (access.Comparison, []string) {
	t.Helper()
	found := []string{}
	c, err := g.Compare(context.Background(), access.Place{}, func(f access.Finding) error {
		found = append(found, fmt.Sprintf("%s %02d", f.What, f.Seq))
		return nil
	})
	if err != nil {
		t.Fatalf("compare: %v", err)
	}
	if int64(len(found)) != c.Found {
		t.Errorf("%d differences told, %d counted", len(found), c.Found)
	}
	slices.Sort(found)
	return c, found
}

// sql changes the database behind the gate's back.
func (w *world) sql(statements ...string) {
	w.t.Helper()
	if err := w.db.Write(context.Background(), func(tx database.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

// forwarded sends the log.
func (w *world) forwarded() {
	w.t.Helper()
	if _, err := w.gate.Forward(context.Background()); err != nil {
		w.t.Fatalf("forward: %v", err)
	}
}

func TestCompareSound(t *testing.T) {
	w := newWorld(t)
	w.everything()
	verdict, err := w.gate.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, found := compared(t, w.gate)
	if len(found) > 0 || c.Waiting != verdict.Entries || c.Entries != 0 || c.Events != 0 {
		t.Errorf("before it was sent: %+v %v", c, found)
	}
	w.forwarded()
	c, found = compared(t, w.gate)
	if len(found) > 0 || c.Entries != verdict.Entries || c.Events != verdict.Entries || c.Waiting != 0 || c.Place.Seq != verdict.Entries {
		t.Errorf("after: %+v %v", c, found)
	}
	// Another installation writes to the same NEHR.
	config := w.config
	config.Address, config.Source = "other.example", "another"
	if config.DB, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "other.db"), Migrations: []database.Migrations{access.Migrations()}}); err != nil {
		t.Fatal(err)
	}
	defer config.DB.Close()
	other, err := access.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(t.Context(), beni, "Patient/beni", access.PatientRequest); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, found := compared(t, w.gate); len(found) > 0 || c.Events != verdict.Entries {
		t.Errorf("beside another installation: %+v %v", c, found)
	}
	if c, found := compared(t, other); len(found) > 0 || c.Events != 1 || c.Entries != 1 {
		t.Errorf("the other installation: %+v %v", c, found)
	}
}

// TestCompareFinds has what Verify finds and what it cannot find.
func TestCompareFinds(t *testing.T) {
	all := func(kind string, from, to int) (list []string) {
		for n := from; n <= to; n++ {
			list = append(list, fmt.Sprintf("%s %02d", kind, n))
		}
		return list
	}
	const tail = "UPDATE access_head SET seq = 3, hash = (SELECT hash FROM access_log WHERE seq = 3) WHERE id = 1"
	for _, test := range []struct {
		name   string
		change func(*world)
		want   []string
		sound  bool // Verify finds nothing
	}{
		{"an entry that was changed", func(w *world) { w.sql("UPDATE access_log SET entry = replace(entry, 'pera', 'nobo') WHERE seq = 3") }, []string{"changed 03"}, false},
		{"an entry that is no JSON", func(w *world) { w.sql("UPDATE access_log SET entry = 'x' WHERE seq = 3") }, []string{"changed 03"}, false},
		{"an entry that was taken out", func(w *world) { w.sql("DELETE FROM access_log WHERE seq = 3") }, []string{"cut 03"}, false},
		{"cut off with its head", func(w *world) { w.sql("DELETE FROM access_log WHERE seq > 3", tail) }, all("cut", 4, 6), true},
		{"emptied with its head", func(w *world) {
			w.sql("DELETE FROM access_log", "UPDATE access_head SET seq = 0, hash = ''", "UPDATE access_forward SET seq = 0")
		}, all("cut", 1, 6), true},
		{"written anew as a whole", func(w *world) {
			w.sql("DELETE FROM access_log", "UPDATE access_head SET seq = 0, hash = ''", "UPDATE access_forward SET seq = 0")
			w.now = w.now.Add(time.Second)
			for range 6 {
				w.open(beni, "Patient/beni")
			}
		}, all("rewritten", 1, 6), true},
		{"written anew from an entry on, and sent", func(w *world) {
			w.sql("DELETE FROM access_log WHERE seq > 3", tail, "UPDATE access_forward SET seq = 3")
			w.open(beni, "Patient/beni")
			w.forwarded()
		}, append(all("cut", 5, 6), "rewritten 04"), true},
		{"marked as sent", func(w *world) {
			w.open(beni, "Patient/beni")
			w.sql("UPDATE access_forward SET seq = 7")
		}, []string{"missing 07"}, true},
		{"an event that is gone", func(w *world) {
			if _, err := w.client.Delete(w.t.Context(), "AuditEvent", w.events()["4"].Get("id").Str()); err != nil {
				w.t.Fatal(err)
			}
		}, []string{"missing 04"}, true},
		{"an event that tells of another", func(w *world) {
			w.spoil(4, func(r *fhirjson.Value) {
				for _, a := range r.Get("agent").Items() {
					if a.Get("requestor").Kind() == fhirjson.True {
						a.Set("who", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Practitioner/silva"))))
					}
				}
			})
		}, []string{"changed 04"}, true},
		{"an event that tells of a refusal", func(w *world) { w.spoil(4, func(r *fhirjson.Value) { r.Set("outcome", fhirjson.Text("8")) }) }, []string{"changed 04"}, true},
		{"an event of another time", func(w *world) {
			w.spoil(4, func(r *fhirjson.Value) { r.Set("recorded", fhirjson.Text("2026-03-02T08:00:00Z")) })
		}, []string{"changed 04"}, true},
		{"an event that was invented", func(w *world) {
			r := w.events()["4"].Clone()
			r.Delete("meta")
			r.Set("id", fhirjson.Text("invented"))
			w.put(string(r.Encode()))
		}, []string{"rewritten 04"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.grant(access.Scope{})
			v := w.open(drPera, "Patient/asha")
			for range 4 {
				w.now = w.now.Add(time.Millisecond / 4)
				if _, err := v.Read(t.Context(), "Observation", "asha-bp-2"); err != nil {
					t.Fatal(err)
				}
			}
			w.forwarded()
			test.change(w)
			_, found := compared(t, w.gate)
			if d := cmp.Diff(test.want, found); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			verdict, err := w.gate.Verify(t.Context())
			if err != nil || (verdict.Broken == 0) != test.sound {
				t.Errorf("verify: %+v, %v", verdict, err)
			}
		})
	}
}

// spoil changes the event of an entry in the NEHR.
func (w *world) spoil(number int, change func(*fhirjson.Value)) {
	w.t.Helper()
	r := w.events()[fmt.Sprint(number)]
	r.Delete("meta")
	change(r)
	w.put(string(r.Encode()))
}

// TestCompareGoesOn: a long log is compared in steps, an error ends it, and it goes on
// at the place that it gave; more events of one instant than a page holds are all seen.
func TestCompareGoesOn(t *testing.T) {
	access.SmallPages(t)
	w := newWorld(t)
	v := w.open(asha, "Patient/asha")
	for n := range 130 { // 100 of one instant, which is more than a page, then others
		if n >= 100 {
			w.now = w.now.Add(time.Millisecond)
		}
		if err := v.Audit(t.Context(), access.ActionDisclose, ""); err != nil {
			t.Fatal(err)
		}
	}
	w.forwarded()
	w.sql("DELETE FROM access_log WHERE seq IN (7, 120)")
	var found []string
	told := func(f access.Finding) error {
		found = append(found, fmt.Sprint(f.What, " ", f.Seq))
		return nil
	}
	searches := 0
	w.nehr.Break(1, sandbox.Fault{Kind: sandbox.FailBefore, Match: func(r *http.Request, _ []byte) bool {
		if strings.HasSuffix(r.URL.Path, "/AuditEvent/_search") {
			searches++
		}
		return searches > 7
	}})
	first, err := w.gate.Compare(t.Context(), access.Place{}, told)
	if err == nil || first.Place.Seq == 0 || first.Place.Seq >= 131 {
		t.Fatalf("first: %+v, %v", first, err)
	}
	w.nehr.Break(0)
	rest, err := w.gate.Compare(t.Context(), first.Place, told)
	if err != nil || first.Entries+rest.Entries != 129 || first.Events+rest.Events != 131 || rest.Place.Seq != 131 {
		t.Errorf("first %+v, rest %+v, %v", first, rest, err)
	}
	slices.Sort(found)
	if found = slices.Compact(found); !slices.Equal(found, []string{"cut 120", "cut 7"}) {
		t.Errorf("found %v", found)
	}
	again, err := w.gate.Compare(t.Context(), rest.Place, told)
	if err != nil || again.Entries != 0 || again.Place.Seq != 131 {
		t.Errorf("again from the end: %+v, %v", again, err)
	}
	enough := errors.New("enough")
	if _, err := w.gate.Compare(t.Context(), access.Place{}, func(access.Finding) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("who listens has enough: %v", err)
	}
	found = nil
	if _, err := w.gate.Compare(t.Context(), access.Place{}, told); err != nil || len(found) != 2 {
		t.Errorf("the whole again: %v, %v", found, err)
	}
	if list, err := w.client.Search(t.Context(), "AuditEvent", url.Values{"site": {"bridge.example"}, "_count": {"1000"}}); err != nil || len(list.Resources) != 131 {
		t.Errorf("the NEHR has %d events, %v", len(list.Resources), err)
	}
}
