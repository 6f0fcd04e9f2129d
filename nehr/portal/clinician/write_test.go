package clinician_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// says demands that a page is there and says each of the words.
func (b *writer) says(at string, words ...string) shown {
	b.t.Helper()
	p := b.get(at)
	if p.status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", at, p.status, p.header.Get("Location"))
	}
	for _, w := range words {
		if !strings.Contains(text(p.body), w) {
			b.t.Errorf("%s does not say %q: %s", at, w, text(p.body))
		}
	}
	return p
}

// TestWriteObservation: what the preview shows is what is written, once, and only when it
// is signed; then it is amended, and withdrawn.
func TestWriteObservation(t *testing.T) {
	w := startDesk(t)
	b := w.open(pen)
	b.draft("9.8")
	if n := len(w.byEntry("Observation")); n != 0 {
		t.Fatalf("a draft is in the record")
	}
	b.says("/write/entry", "Check before you sign", "9.8 g/dL", "LOINC 718-7", "1 Sep 2025", "Dr Perera", "General Hospital", "Venous blood")
	b.says("/write", "9.8 g/dL Draft")
	form := b.form("/write/entry", "/write/sign")
	b.goesTo("/write/entry", b.post("/write/sign", form))
	list := w.byEntry("Observation")
	if len(list) != 1 || list[0].Get("valueQuantity", "value").Scalar() != "9.8" || list[0].All("performer.reference")[0].Str() != "Practitioner/perera" {
		t.Fatalf("written: %v", list)
	}
	b.says("/write/entry", "What stands in the record", "Signed")
	b.post("/write/sign", form) // the same form again
	if n := len(w.byEntry("Observation")); n != 1 {
		t.Errorf("%d after the form was sent again", n)
	}

	b.goesTo("/write/entry", b.post("/write/observation", b.fillIn("/write/change", "/write/observation", "value", "10.2", "day", penDay, "text", "", "reason", "Read wrongly")))
	b.says("/write/entry", "An amendment is not signed yet", "10.2 g/dL", "Read wrongly")
	b.sign()
	b.says("/write/entry", "Amended", "10.2 g/dL")
	if o := w.byEntry("Observation")[0]; o.Get("status").Str() != "corrected" || o.Get("valueQuantity", "value").Scalar() != "10.2" {
		t.Errorf("amended: %s", o.Encode())
	}

	if p := b.post("/write/withdraw", b.fillIn("/write/withdraw", "/write/withdraw", "reason", " ")); p.status != http.StatusUnprocessableEntity || !strings.Contains(text(p.body), "Reason: please give one") {
		t.Errorf("without a reason: %d", p.status)
	}
	b.goesTo("/write/entry", b.post("/write/withdraw", b.fillIn("/write/withdraw", "/write/withdraw", "reason", "The wrong woman")))
	b.says("/write/entry", "Withdrawn", "The wrong woman")
	if o := w.byEntry("Observation")[0]; o.Get("status").Str() != "entered-in-error" {
		t.Errorf("withdrawn: %s", o.Encode())
	}
	if len(w.told) != 0 { // the golden case has no identifier of DHIS2 for her
		for _, r := range w.told {
			if r.TrackedEntity == "" {
				t.Errorf("told: %+v", r)
			}
		}
	}
}

func TestWriteNoteAndDocument(t *testing.T) {
	w := startDesk(t)
	b := w.open(pen)
	b.goesTo("/write/entry", b.post("/write/note", b.fillIn("/write/note", "/write/note", "day", penDay, "text", "Rest.\r\nIron twice a day.")))
	b.says("/write/entry", "Rest. Iron twice a day.")
	b.sign()
	b.goesTo("/write/entry", b.send("/write/document", b.fillIn("/write/document", "/write/document", "day", penDay, "title", "Scan <1>", "type", "18748-4", "text", ""),
		part{"file", "../../scan.png.exe", append(smallPNG(t), "behind the end"...)}))
	b.says("/write/entry", "Scan &lt;1&gt;", "PNG, 1 kB", "Imaging study")
	file := b.get("/write/file")
	if file.header.Get("Content-Type") != "image/png" || strings.Contains(file.body, "behind") || !strings.Contains(file.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("file: %v", file.header)
	}
	b.sign()
	if n := len(w.byEntry("DocumentReference")); n != 2 {
		t.Errorf("%d documents, want 2", n)
	}
	b.says("/documents", "Scan &lt;1&gt;", "Consult note")
	// It is in the record now; the draft's copy is gone.
	if p := b.get("/write/file"); p.status != http.StatusNotFound {
		t.Errorf("file after signing: %d", p.status)
	}
	for _, d := range w.byEntry("DocumentReference") {
		if strings.Contains(string(d.Encode()), ".exe") {
			t.Errorf("the name of the file is kept: %s", d.Encode())
		}
	}
}

// TestWriteWhileAway: the record is away while somebody signs; nothing is lost.
func TestWriteWhileAway(t *testing.T) {
	w := startDesk(t)
	b := w.open(pen)
	b.draft("9.8")
	form := b.form("/write/entry", "/write/sign")
	w.down.Store(true)
	b.goesTo("/write/entry", b.post("/write/sign", form))
	w.down.Store(false)
	b.says("/write/entry", "Signed, on its way", "You have signed it")
	w.forward(5 * time.Minute)
	if n, err := w.work.Once(t.Context()); n != 1 || err != nil {
		t.Fatalf("brought %d: %v", n, err)
	}
	b.says("/write/entry", "Signed", "What stands in the record")
	if n := len(w.byEntry("Observation")); n != 1 {
		t.Errorf("%d in the record", n)
	}
}

// TestWriteForm: what is wrong is said beside each field, and what was typed is kept.
func TestWriteForm(t *testing.T) {
	w := startDesk(t)
	b := w.open(pen)
	p := b.post("/write/observation", b.fillIn("/write/observation?measure=85354-9", "/write/observation", "value", "90", "value", "140", "day", "2026-01-01", "text", "kept"))
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, `value="140"`) || !strings.Contains(p.body, ">kept</textarea>") ||
		!strings.Contains(p.body, `id="value-problem"`) || !strings.Contains(p.body, `id="day-problem"`) {
		t.Errorf("%d %s", p.status, text(p.body))
	}
	p = b.send("/write/document", b.fillIn("/write/document", "/write/document", "day", penDay, "title", "", "type", "18748-4", "text", ""), part{"file", "a.svg", []byte("<svg/>")})
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(text(p.body), "only JPEG, PNG and PDF are taken") {
		t.Errorf("%d %s", p.status, text(p.body))
	}
	// A draft that is changed keeps its file.
	b.goesTo("/write/entry", b.send("/write/document", b.fillIn("/write/document", "/write/document", "day", penDay, "title", "One", "type", "18748-4", "text", ""), part{"file", "a.png", smallPNG(t)}))
	b.goesTo("/write/entry", b.send("/write/document", b.fillIn("/write/change", "/write/document", "day", penDay, "title", "Two", "type", "18748-4", "text", ""), part{"file", "", nil}))
	b.says("/write/entry", "Two", "PNG, 1 kB")
	b.goesTo("/write", b.post("/write/discard", b.form("/write/entry", "/write/discard")))
	b.says("/write", "Nothing yet.")
}
