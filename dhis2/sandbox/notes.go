package sandbox

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// noteText is a note as it is sent.
type noteText struct {
	Note  dhis2.UID `json:"note"`
	Value string    `json:"value"`
}

// leaveNote is POST /api/tracker/{enrollments,events}/{uid}/note (since 2.42,
// DefaultNoteService): a note whose UID exists is refused. As in DHIS2 it marks
// nothing as updated: no poll sees it.
func (s *Server) leaveNote(u *User, r *http.Request) (any, *problem) {
	if s.minor < 42 {
		return nil, notFound("no such resource in this version")
	}
	var note noteText
	notes, p := s.notesOf(u, r, &note)
	if p != nil {
		return nil, p
	}
	if note.Value == "" {
		return nil, bad("Value cannot be empty")
	}
	if !s.addNote(u, notes, note) {
		return nil, bad("Note `" + note.Note.String() + "` already exists.")
	}
	return note, nil
}

// leaveNotes is POST /api/{enrollments,events}/{uid}/note (until 2.41): notes
// that exist, and empty ones, are left out without a word.
func (s *Server) leaveNotes(u *User, r *http.Request) (any, *problem) {
	if s.minor >= 42 {
		return nil, notFound("no such resource in this version")
	}
	var document struct {
		Notes []noteText `json:"notes"`
	}
	notes, p := s.notesOf(u, r, &document)
	if p != nil {
		return nil, p
	}
	for _, note := range document.Notes {
		if note.Value != "" {
			s.addNote(u, notes, note)
		}
	}
	return map[string]any{"httpStatus": "OK", "httpStatusCode": 200, "status": "OK"}, nil
}

// notesOf reads a body and finds the notes of the object that a request names.
func (s *Server) notesOf(u *User, r *http.Request, document any) (*[]dhis2.Note, *problem) {
	body, err := io.ReadAll(io.LimitReader(r.Body, dhis2.MaxDocument+1))
	if err != nil || dhis2.Decode(body, document) != nil {
		return nil, bad("the body is not a note")
	}
	uid, _ := dhis2.ParseUID(r.PathValue("uid"))
	if _, en, ev, err := s.store.findEvent(uid); err == nil && !ev.Deleted && u.reads(en.Program) && strings.Contains(r.URL.Path, "/events/") {
		return &ev.Notes, nil
	}
	if _, en, err := s.store.findEnrollment(uid); err == nil && !en.Deleted && u.reads(en.Program) && strings.Contains(r.URL.Path, "/enrollments/") {
		return &en.Notes, nil
	}
	return nil, notFound("no such object: " + uid.String())
}

// addNote reports whether the note is new. UIDs of notes are unique among all.
func (s *Server) addNote(u *User, notes *[]dhis2.Note, note noteText) bool {
	if note.Note.IsZero() {
		note.Note = s.newUID()
	}
	same := func(n dhis2.Note) bool { return n.Note == note.Note }
	for _, r := range s.store.records {
		for _, en := range r.te.Enrollments {
			if slices.ContainsFunc(en.Notes, same) || slices.ContainsFunc(en.Events, func(ev dhis2.Event) bool { return slices.ContainsFunc(ev.Notes, same) }) {
				return false
			}
		}
	}
	*notes = append(slices.Clone(*notes), dhis2.Note{Note: note.Note, StoredAt: s.stamp(), Value: note.Value, CreatedBy: u.snapshot()})
	return true
}
