package authored_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

// refusing is a gate whose record has something else meanwhile.
type refusing struct{ *access.Gate }

func (refusing) Write(context.Context, access.Actor, string, access.Purpose, []access.Writing) (access.Written, error) {
	return access.Written{}, &access.DeniedError{Reason: access.ReasonState}
}

// TestSealed: the database holds neither words, values, names nor references of an entry
// in clear, and another key opens nothing.
func TestSealed(t *testing.T) {
	w := start(t)
	v, id := w.draft(authored.Content{Kind: authored.Note, Day: "2026-03-02", Text: "Invented words of a note"})
	w.signed(haemoglobin("13.37"))
	_, scan := w.draft(document("Scan", []byte("bytes of a picture")))
	if e := w.entry(v, scan, authored.Draft); string(e.Content.File.Data) != "bytes of a picture" {
		t.Errorf("the file of a draft: %q", e.Content.File.Data)
	}
	list, err := w.desk.Entries(t.Context(), v)
	w.must(err)
	for _, e := range list {
		if len(e.Content.File.Data) > 0 || e.ID == scan && e.Content.File.Size == 0 {
			t.Errorf("a list reads files: %+v", e)
		}
	}
	w.must(w.db.Read(t.Context(), func(tx database.Tx) error {
		return tx.Each(`SELECT id, author, patient, body, file FROM portal_entry`, nil, func(scan func(...any) error) error {
			var name string
			var author, patient, body, file []byte
			if err := scan(&name, &author, &patient, &body, &file); err != nil {
				return err
			}
			all := name + string(author) + string(patient) + string(body) + string(file)
			for _, clear := range []string{"Invented", "13.37", "asha", "pera", "718-7", "Practitioner", "picture"} {
				if strings.Contains(all, clear) {
					t.Errorf("%q stands in clear", clear)
				}
			}
			return nil
		})
	}))
	w.config.Key = bytes.Repeat([]byte{8}, 32)
	other, err := authored.New(w.config)
	w.must(err)
	if e, err := other.Entry(t.Context(), v, id); !errors.Is(err, authored.ErrNotFound) {
		t.Errorf("with another key: %+v %v", e, err)
	}
}

// TestSignAtOnce: many signatures of one draft at the same time are one.
func TestSignAtOnce(t *testing.T) {
	w := start(t)
	v, id := w.draft(haemoglobin("9.8"))
	before := w.writes.Load()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.desk.Sign(context.Background(), v, id); err != nil && !errors.Is(err, authored.ErrState) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.entry(v, id, authored.Signed)
	if n := w.writes.Load() - before; n != 1 || len(w.replies) != 1 {
		t.Errorf("%d transactions and %d replies, want one of each", n, len(w.replies))
	}
}

// TestManyDrafts: what one author has not signed is bounded.
func TestManyDrafts(t *testing.T) {
	w := start(t)
	v, id := w.draft(note("x"))
	for range 39 {
		w.draft(note("x"))
	}
	more, err := w.desk.NewID()
	w.must(err)
	if _, err := w.desk.Draft(t.Context(), v, more, note("x")); !errors.Is(err, authored.ErrFull) {
		t.Errorf("one more: %v", err)
	}
	w.sign(v, id, authored.Signed)
	if _, err := w.desk.Draft(t.Context(), v, more, note("x")); err != nil {
		t.Errorf("after signing one: %v", err)
	}
}

// TestOnPostgreSQL: the same on the other database: a signature that waits, taken up by
// several processes at once, is carried out once.
func TestOnPostgreSQL(t *testing.T) {
	w := startOn(t, postgrestest.Start(t).Database(t))
	v, id := w.draft(haemoglobin("9.8"))
	w.cutAfterReading(func(w *world) { w.down.Store(true) })
	w.sign(v, id, authored.Signing)
	w.down.Store(false)
	w.now = w.now.Add(time.Hour)
	var all sync.WaitGroup
	var tried atomic.Int64
	before := w.writes.Load()
	for range 4 {
		desk, err := authored.New(w.config)
		w.must(err)
		all.Go(func() {
			n, err := desk.Once(context.Background())
			if err != nil {
				t.Error(err)
			}
			tried.Add(int64(n))
		})
	}
	all.Wait()
	if tried.Load() != 1 || w.writes.Load()-before != 1 || len(w.replies) != 1 {
		t.Errorf("tried %d, %d transactions, %d replies; want one of each", tried.Load(), w.writes.Load()-before, len(w.replies))
	}
	w.entry(v, id, authored.Signed)
}

func TestContent(t *testing.T) {
	pressure := func(values ...string) authored.Content {
		return authored.Content{Kind: authored.Observation, Day: "2026-03-02", Measure: "85354-9", Values: values}
	}
	day := func(day string) authored.Content {
		c := haemoglobin("9.8")
		c.Day = day
		return c
	}
	for _, tt := range []struct {
		name, problem string // "" for none
		content       authored.Content
	}{
		{"haemoglobin", "", haemoglobin("9.80")},
		{"pressure", "", pressure("120", "80")},
		{"a year ago", "", day("2025-03-03")},
		{"the upper below the lower", "problem_value", pressure("80", "120")},
		{"both the same", "problem_value", pressure("90", "90")},
		{"one of two", "problem_value", pressure("120")},
		{"three of two", "problem_value", pressure("120", "80", "1")},
		{"too low", "problem_value", haemoglobin("1.9")},
		{"too high", "problem_value", haemoglobin("98")},
		{"with a comma", "problem_value", haemoglobin("9,8")},
		{"with a unit", "problem_value", haemoglobin("9.8 g")},
		{"negative", "problem_value", haemoglobin("-9.8")},
		{"with an exponent", "problem_value", haemoglobin("98e-1")},
		{"not a number", "problem_value", haemoglobin("NaN")},
		{"nothing", "problem_value", haemoglobin("")},
		{"tomorrow", "problem_day", day("2026-03-03")},
		{"long ago", "problem_day", day("2024-12-31")},
		{"no day", "problem_day", day("")},
		{"no measure", "problem_measure", authored.Content{Kind: authored.Observation, Day: "2026-03-02", Measure: "x"}},
		{"another kind", "problem_kind", authored.Content{Kind: "Consent", Day: "2026-03-02"}},
		{"an empty note", "problem_text", note(" ")},
		{"a long note", "problem_long", note(strings.Repeat("අ", 5001))},
		{"a note that turns around", "problem_long", note("safe \u202e gnihtemos")},
		{"a note with a bell", "problem_long", note("ring\x07")},
		{"a note with bytes", "problem_long", note("\xff")},
		{"a document", "", document("A scan", []byte("x"))},
		{"without a title", "problem_title", document(" ", []byte("x"))},
		{"without a file", "problem_file", authored.Content{Kind: authored.Document, Day: "2026-03-02", Type: "18748-4", Title: "x"}},
		{"another type", "problem_type", authored.Content{Kind: authored.Document, Day: "2026-03-02", Type: "1", Title: "x", File: authored.File{ContentType: "image/png", Size: 1}}},
		{"another's referral", "problem_referral", authored.Content{Kind: authored.Note, Day: "2026-03-02", Text: "x", Referral: "Patient/1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong := tt.content.Check(today)
			found := ""
			for _, p := range wrong {
				if p.Text == tt.problem || found == "" {
					found = p.Text
				}
			}
			if found != tt.problem {
				t.Errorf("problems %+v, want %q", wrong, tt.problem)
			}
		})
	}
}

// TestWordsOfDHIS2: what DHIS2 is told is a sentence in the language of the server.
func TestWordsOfDHIS2(t *testing.T) {
	pressure := authored.Content{Kind: authored.Observation, Day: "2026-03-02", Measure: "85354-9", Values: []string{"148", "96"}}
	for lang, want := range map[string]string{"en": "2 Mar 2026: Blood pressure: 148/96 mmHg", "si": "2 මාර්තු 2026: රුධිර පීඩනය: 148/96 mmHg", "ta": "2 மார். 2026: இரத்த அழுத்தம்: 148/96 mmHg"} {
		if got := authored.Sentence(pressure, lang, colombo); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	for _, m := range authored.Measures {
		for _, lang := range []string{"si", "ta"} {
			if authored.NameOf(m, lang) == m.Display || authored.NameOf(m, lang) == authored.NameOf(m, "en") {
				t.Errorf("%s has no words in %s", m.Code, lang)
			}
		}
	}
}

func TestConfigNamesAll(t *testing.T) {
	_, err := authored.New(authored.Config{})
	for _, field := range []string{"DB", "Key", "Gate", "Validate", "Linked", "Zone"} {
		if err == nil || !strings.Contains(err.Error(), field+" is required") {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
}
