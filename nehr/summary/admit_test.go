package summary

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// TestTryThatWasNotMade: who gives up while a passcode waits to be compared has not
// tried it: the few wrong ones that a link bears in its whole life are not used up by a
// bad connection.
func TestTryThatWasNotMade(t *testing.T) {
	db, err := database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "links.db"), Migrations: []database.Migrations{Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := NewLinks(LinksConfig{DB: db, URL: "https://record.example/shl", Tries: 2})
	if err != nil {
		t.Fatal(err)
	}
	made, err := l.Create(t.Context(), "Patient/1", NewLink{Content: []byte("{}"), Until: time.Now().Add(time.Hour), Passcode: "tomato 7"})
	if err != nil {
		t.Fatal(err)
	}
	link, err := l.find(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	left := func() int {
		list, err := l.List(t.Context(), "Patient/1")
		if err != nil || len(list) != 1 {
			t.Fatal(err)
		}
		return list[0].TriesLeft
	}
	for range cap(l.hashing) { // as if others were being compared
		l.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() { answered <- l.admit(ctx, link, "tomato 7") }()
	for left() != 1 { // until the try is taken
	}
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if left() != 2 {
		t.Errorf("%d tries are left of a link that nobody tried", left())
	}
	for range cap(l.hashing) {
		<-l.hashing
	}
	if err := l.admit(t.Context(), link, "tomato 8"); err == nil || left() != 1 {
		t.Errorf("a wrong one: %v, %d left", err, left())
	}
	if err := l.admit(t.Context(), link, "tomato 7"); err != nil || left() != 1 {
		t.Errorf("the right one: %v, %d left", err, left())
	}
}
