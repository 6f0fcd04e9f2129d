package authored_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/golden/oracle"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

func note(text string) authored.Content {
	return authored.Content{Kind: authored.Note, Day: "2026-03-02", Text: text}
}

func document(title string, data []byte) authored.Content {
	sum := sha1.Sum(data)
	return authored.Content{Kind: authored.Document, Day: "2026-03-01", Type: "18748-4", Title: title, Text: "Taken at the ward",
		File: authored.File{ContentType: "image/png", Data: data, Size: len(data), SHA1: sum[:]}}
}

// amend amends and signs.
func (w *world) amend(c authored.Content) (id string) {
	w.t.Helper()
	v, id := w.signed(c)
	changed := c
	changed.Text = strings.TrimSpace(c.Text + " Seen again.")
	if c.Kind == authored.Observation {
		changed.Values = []string{"10.1"}
	}
	changed.File = authored.File{} // as it was
	e, err := w.desk.Amendment(w.t.Context(), v, id, changed, "  A slip\nof the pen ")
	w.must(err)
	if e.State != authored.Signed || e.Next == nil || e.Content.Text != c.Text {
		w.t.Fatalf("amendment: %+v", e)
	}
	e = w.sign(v, id, authored.Amended)
	if e.Version != 2 || e.Next != nil || e.Content.Text != changed.Text || e.Reason != "A slip of the pen" {
		w.t.Fatalf("amended: %+v", e)
	}
	return id
}

func TestAmendObservation(t *testing.T) {
	w := start(t)
	w.amend(haemoglobin("9.8"))
	o := w.only("Observation")
	if o.Get("status").Str() != "corrected" || o.Get("valueQuantity", "value").Scalar() != "10.1" || o.Get("meta", "versionId").Str() != "2" {
		t.Errorf("amended: %s", o.Encode())
	}
	versions, err := w.client.History(t.Context(), "Observation", o.Get("id").Str())
	w.must(err)
	if len(versions) != 2 || versions[1].Get("valueQuantity", "value").Scalar() != "9.8" || versions[1].Get("status").Str() != "final" {
		t.Errorf("history: %d", len(versions))
	}
	var reasons []string
	for _, p := range w.found("Provenance") {
		if len(p.Get("reason").Items()) > 0 {
			reasons = append(reasons, p.All("reason.text")[0].Str())
		}
	}
	if !slices.Equal(reasons, []string{"A slip of the pen"}) || len(w.found("Provenance")) != 2 || len(w.found("Encounter")) != 1 {
		t.Errorf("reasons %q", reasons)
	}
	if len(w.replies) != 2 || w.replies[1].Version != 2 || w.replies[1].Text != "Corrected. 2 Mar 2026: Haemoglobin (iron in the blood): 10.1 g/dL. Seen again. (reason: A slip of the pen)" {
		t.Errorf("replies: %+v", w.replies)
	}
}

func TestAmendDocument(t *testing.T) {
	for name, c := range map[string]authored.Content{"note": note("Rest is advised."), "document": document("Scan", []byte("a picture"))} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.amend(c)
			byStatus := map[string]*fhirjson.Value{}
			for _, d := range w.found("DocumentReference") {
				byStatus[d.Get("status").Str()] = d
			}
			old, now := byStatus["superseded"], byStatus["current"]
			if len(byStatus) != 2 || old == nil || now == nil {
				t.Fatalf("documents: %v", byStatus)
			}
			if now.Get("docStatus").Str() != "amended" || now.All("relatesTo.code")[0].Str() != "replaces" || now.All("relatesTo.target.reference")[0].Str() != "DocumentReference/"+old.Get("id").Str() {
				t.Errorf("amended: %s", now.Encode())
			}
			if name == "note" {
				text, err := base64.StdEncoding.DecodeString(now.All("content.attachment.data")[0].Str())
				if w.must(err); string(text) != "Rest is advised. Seen again." {
					t.Errorf("text %q", text)
				}
				return
			}
			if now.Get("description").Str() != "Scan. Taken at the ward Seen again." || now.All("content.attachment.title")[0].Str() != "Scan" || now.Get("type", "text").Str() != "Diagnostic imaging study" {
				t.Errorf("amended: %s", now.Encode())
			}
			if got := old.All("content.attachment.url")[0].Str(); got != now.All("content.attachment.url")[0].Str() {
				t.Errorf("another content: %s", got)
			}
			binary, err := w.view(pera, "Patient/asha").Binary(t.Context(), w.only("Binary").Get("id").Str())
			if w.must(err); !bytes.Equal(binary.Data, []byte("a picture")) || binary.ContentType != "image/png" {
				t.Errorf("content %q", binary.Data)
			}
		})
	}
}

func TestWithdraw(t *testing.T) {
	for name, c := range map[string]authored.Content{"observation": haemoglobin("9.8"), "note": note("Rest."), "document": document("Scan", []byte("x"))} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			v, id := w.signed(c)
			if _, err := w.desk.Withdraw(t.Context(), v, id, " \n"); !errors.Is(err, authored.ErrReason) {
				t.Errorf("without a reason: %v", err)
			}
			for range 2 { // the same form twice
				e, err := w.desk.Withdraw(t.Context(), v, id, "The wrong woman")
				if w.must(err); e.State != authored.Withdrawn || e.Version != 2 {
					t.Fatalf("withdrawn: %+v %v", e, w.failed)
				}
			}
			typ := "DocumentReference"
			if name == "observation" {
				typ = "Observation"
			}
			if got := w.only(typ).Get("status").Str(); got != "entered-in-error" {
				t.Errorf("status %s", got)
			}
			if len(w.replies) != 2 || w.replies[1].Version != 2 {
				t.Errorf("replies: %+v", w.replies)
			}
			for _, do := range []func() error{
				func() error { _, err := w.desk.Amendment(t.Context(), v, id, c, "x"); return err },
				func() error { return w.desk.Discard(t.Context(), v, id) },
			} {
				if err := do(); !errors.Is(err, authored.ErrState) {
					t.Errorf("after withdrawing: %v", err)
				}
			}
		})
	}
}

// TestOracle: HL7's validator finds no error in what is written, amended and withdrawn,
// with the profiles of the national guide and without.
func TestOracle(t *testing.T) {
	judge := oracle.Ask(t)
	for name, national := range map[string]bool{"national": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.config.National = national
			desk, err := authored.New(w.config)
			w.must(err)
			w.desk = desk
			pressure := haemoglobin("9.8")
			pressure.Measure, pressure.Values = "85354-9", []string{"148", "96"}
			for _, c := range []authored.Content{pressure, note("Rest is advised."), document("Scan", []byte("a picture"))} {
				v, id := w.view(pera, "Patient/asha"), ""
				if c.Kind == authored.Observation {
					_, id = w.signed(c)
				} else {
					id = w.amend(c)
				}
				_, err := w.desk.Withdraw(t.Context(), v, id, "The wrong woman")
				w.must(err)
			}
			for _, m := range authored.Measures {
				if m.Code != "85354-9" {
					c := haemoglobin("60")
					if c.Measure = m.Code; m.Parts[0].High < 60 || m.Parts[0].Low > 60 {
						c.Values = []string{"36.5"}
					}
					if m.Code == "718-7" {
						c.Values = []string{"11.20"}
					}
					w.signed(c)
				}
			}
			for _, b := range w.bundles {
				for _, e := range judge.Errors(t, b) {
					t.Error(e)
				}
			}
		})
	}
}
