package portal

import (
	"crypto/rand"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
)

func TestStore(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testStore(t, filepath.Join(t.TempDir(), "portal.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { testStore(t, postgrestest.Start(t).Database(t)) })
}

func testStore(t *testing.T, url string) {
	db, err := database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{Migrations}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	st := store{db, func() time.Time { return now }}
	ctx := t.Context()
	s, err := newSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(st.put(ctx, s, "session", &Session{Subject: "a-subject", Record: "Patient/77"}, now.Add(time.Hour)))
	var got Session
	if _, found, err := st.get(ctx, s, "session", time.Minute, &got); !found || err != nil || got.Subject != "a-subject" {
		t.Fatalf("%v %v %+v", found, err, got)
	}
	for _, kind := range []string{"attempt", ""} {
		if _, found, _ := st.get(ctx, s, kind, time.Minute, &got); found {
			t.Errorf("found as %q", kind)
		}
	}
	// What lies in the database opens nothing and names nobody.
	must(db.Read(ctx, func(tx database.Tx) error {
		return tx.Each(`SELECT id, data FROM portal_sealed`, nil, func(scan func(...any) error) error {
			var id, data []byte
			if err := scan(&id, &data); err != nil {
				return err
			}
			for _, value := range []string{"a-subject", "Patient/77", string(s[:]), s.String()} {
				if strings.Contains(string(data), value) || strings.Contains(string(id), value) {
					t.Error("a value stands in the database")
				}
			}
			other, err := newSecret(rand.Reader)
			must(err)
			if other.open("session", data, &got) == nil || s.open("attempt", data, &got) == nil {
				t.Error("another secret opens it")
			}
			data[len(data)-1] ^= 1
			if s.open("session", data, &got) == nil {
				t.Error("opened although it was changed")
			}
			return nil
		})
	}))
	now = now.Add(2 * time.Minute)
	if _, found, _ := st.get(ctx, s, "session", time.Minute, &got); found {
		t.Error("found though idle")
	}
	must(st.touch(ctx, s))
	if _, found, _ := st.get(ctx, s, "session", time.Minute, &got); !found {
		t.Error("not found though used")
	}
	// A session that was ended is not brought back by a request under way.
	must(st.drop(ctx, s))
	must(st.change(ctx, s, "session", &got))
	if _, found, _ := st.get(ctx, s, "session", time.Hour, &got); found {
		t.Error("an ended session came back")
	}
	must(st.put(ctx, s, "attempt", "once", now.Add(time.Hour)))
	var text string
	if found, err := st.take(ctx, s, "attempt", &text); !found || err != nil || text != "once" {
		t.Errorf("take: %v %v", found, err)
	}
	if found, _ := st.take(ctx, s, "attempt", &text); found {
		t.Error("taken twice")
	}
	must(st.put(ctx, s, "session", &got, now.Add(time.Second)))
	now = now.Add(time.Minute)
	more, err := newSecret(rand.Reader)
	must(err)
	must(st.put(ctx, more, "session", &got, now.Add(time.Hour)))
	rows := 0
	must(db.Read(ctx, func(tx database.Tx) error {
		return tx.Each(`SELECT seen FROM portal_sealed`, nil, func(scan func(...any) error) error { rows++; var n int64; return scan(&n) })
	}))
	if rows != 1 {
		t.Errorf("%d rows: what is over is kept", rows)
	}
}

// TestTexts: each text of the frame is there in three languages with the same places for
// values.
func TestTexts(t *testing.T) {
	for key, text := range frameTexts {
		if problem := text.wrong(); problem != "" {
			t.Errorf("%s: %s", key, problem)
		}
	}
	for _, half := range []Text{{"a", "b", "c"}, {"a %d", "අ", "அ"}, {"a", "", "அ"}, {"", "අ", "அ"}} {
		if _, err := frameTexts.join(Texts{"half": half}); err == nil {
			t.Errorf("%q is taken", half)
		}
	}
	if _, err := frameTexts.join(Texts{"brand": {}}); err == nil {
		t.Error("a key that stands twice is taken")
	}
	used := regexp.MustCompile(`\$?\.Tf? "([a-z0-9_]+)"`)
	for _, name := range []string{"layout.html", "error.html"} {
		page, err := framePages.ReadFile("pages/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(page), -1) {
			if _, known := frameTexts[m[1]]; !known {
				t.Errorf("%s uses %s, which is no text", name, m[1])
			}
		}
	}
}

func TestLimiterForgets(t *testing.T) {
	l := NewLimiter(60)
	for i := range maxSources + 10 {
		l.Allow(string(rune(i))+"x", time.Unix(0, 0))
	}
	if len(l.sources) > maxSources {
		t.Errorf("%d sources", len(l.sources))
	}
}
