package clinician_test

import (
	"bytes"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal/upload"
)

// writeForms are the forms on which something is written, with the page each is on.
var writeForms = []struct{ at, action string }{
	{"/write/observation?measure=718-7", "/write/observation"}, {"/write/note", "/write/note"}, {"/write/document", "/write/document"},
	{"/write", "/write/open"}, {"/write/entry", "/write/sign"}, {"/write/entry", "/write/discard"}, {"/write/withdraw", "/write/withdraw"},
}

// TestAttackWriteForged: each form without its token, with that of another form or of
// another session, and from elsewhere; with a file, too.
func TestAttackWriteForged(t *testing.T) {
	w := startDesk(t)
	b, other := w.open(pen), w.open(otherPen)
	b.draft("9.8")
	b.sign() // so that it can be withdrawn
	signed := idsOf(b)[0]
	b.draft("9.9")
	other.draft("8.8")
	for _, f := range writeForms {
		if f.action == "/write/withdraw" { // of the first
			b.goesTo("/write/entry", b.post("/write/open", b.choose(signed)))
		}
		form := b.fillIn(f.at, f.action, "value", "9.1", "day", penDay, "text", "forged", "title", "forged", "type", "11488-4", "reason", "forged")
		// A token of another session, of the same form where it has one, else of any.
		foreign := other.token("/write", "/write/open")
		if f.action != "/write/withdraw" && f.action != "/write/open" {
			foreign = other.token(f.at, f.action)
		}
		for name, token := range map[string]string{"no token": "", "a wrong token": "AAAA", "another form's": b.token("/write", "/exit"), "another session's": foreign} {
			t.Run(f.action+"/"+name, func(t *testing.T) {
				changed := url.Values{}
				for k, v := range form {
					changed[k] = v
				}
				changed.Set("token", token)
				if p := b.post(f.action, changed); p.status != http.StatusForbidden {
					t.Errorf("%d", p.status)
				}
				if p := b.send(f.action, changed, part{"file", "a.png", smallPNG(t)}); p.status != http.StatusForbidden {
					t.Errorf("with a file: %d", p.status)
				}
			})
		}
		t.Run(f.action+"/from elsewhere", func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+f.action, strings.NewReader(form.Encode()))
			w.must(err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			if p := b.do(r); p.status != http.StatusForbidden {
				t.Errorf("%d", p.status)
			}
		})
		t.Run(f.action+"/about another patient", func(t *testing.T) {
			changed := url.Values{}
			for k, v := range form {
				changed[k] = v
			}
			changed.Set("of", "AAAA")
			if p := b.post(f.action, changed); p.status != http.StatusConflict {
				t.Errorf("%d", p.status)
			}
		})
	}
	if n := len(w.byEntry("Observation")) + len(w.byEntry("DocumentReference")); n != 1 {
		t.Errorf("%d resources in the record, want the one that was signed", n)
	}
}

// idsOf are the entries in the list, the newest first.
func idsOf(b *writer) (ids []string) {
	for _, m := range inputTag.FindAllStringSubmatch(b.get("/write").body, -1) {
		if m[1] == "entry" && !slices.Contains(ids, m[2]) {
			ids = append(ids, m[2])
		}
	}
	return ids
}

// choose is the form that opens an entry.
func (b *writer) choose(id string) url.Values {
	form := b.form("/write", "/write/open")
	form.Set("entry", id)
	return form
}

// TestAttackAnothersEntry: another author's draft and signed entry, through every form;
// and one's own about another patient.
func TestAttackAnothersEntry(t *testing.T) {
	w := startDesk(t)
	b, other := w.open(pen), w.open(otherPen)
	other.draft("8.8")
	draft := idsOf(other)[0]
	other.draft("8.9")
	other.sign()
	signed := idsOf(other)[0]
	if signed == draft {
		signed = idsOf(other)[1]
	}
	b.draft("9.8")
	own := idsOf(b)
	if len(own) != 1 || slices.Contains(own, draft) || slices.Contains(own, signed) {
		t.Fatalf("entries of another are listed: %q", own)
	}
	try := func(t *testing.T, id string) {
		t.Helper()
		for _, f := range []struct{ at, action string }{{"/write/entry", "/write/sign"}, {"/write/entry", "/write/discard"}, {"/write", "/write/open"},
			{"/write/observation?measure=718-7", "/write/observation"}, {"/write/note", "/write/note"}} {
			form := b.fillIn(f.at, f.action, "value", "7.7", "day", penDay, "text", "stolen", "reason", "x")
			form.Set("entry", id)
			for _, amend := range []string{"", "yes"} {
				form.Set("amend", amend)
				if p := b.post(f.action, form); p.status != http.StatusNotFound {
					t.Errorf("%s of %s: %d", f.action, id, p.status)
				}
			}
		}
	}
	t.Run("draft", func(t *testing.T) { try(t, draft) })
	t.Run("signed", func(t *testing.T) { try(t, signed) })
	t.Run("no id", func(t *testing.T) { try(t, "../../etc") })

	// About another patient: Dr Perera opens her in the same session.
	id, err := w.gate.Standing(t.Context(), access.Actor{Kind: access.KindPatient, Issuer: w.issuer, Subject: "o", Person: "Patient/other"},
		access.Party{Role: "PractitionerRole/perera"}, access.Scope{Until: w.clock().Add(3600e9)})
	if err != nil || id == "" {
		t.Fatal(err)
	}
	sign := b.form("/write/entry", "/write/sign")
	b.find("8888MPQRTV8")
	t.Run("a form of the patient before", func(t *testing.T) {
		if p := b.post("/write/sign", sign); p.status != http.StatusConflict {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("a draft about another patient", func(t *testing.T) {
		if p := b.get("/write/entry"); p.status != http.StatusSeeOther || p.header.Get("Location") != "/write" {
			t.Errorf("shown: %d", p.status)
		}
		if got := idsOf(b); len(got) != 0 {
			t.Errorf("listed: %q", got)
		}
		sign.Set("of", b.form("/write", "/find/leave").Get("of"))
		if p := b.post("/write/sign", sign); p.status != http.StatusNotFound {
			t.Errorf("signed: %d", p.status)
		}
	})
	if n := len(w.byEntry("Observation")); n != 1 {
		t.Errorf("%d in the record, want the one of Dr Silva", n)
	}
}

// TestAttackSign: what may not be written at the moment of signing is not.
func TestAttackSign(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*desk)
		status int
		says   string // on the entry's page afterwards
	}{
		"permission taken back": {func(w *desk) { w.revoke("perera") }, http.StatusSeeOther, ""},
		"role unlinked": {func(w *desk) {
			w.must(w.roles.Unlink(w.t.Context(), w.hash(pen), "PractitionerRole/perera"))
		}, http.StatusForbidden, ""},
		"role ended in the record": {func(w *desk) {
			_, err := w.nehr.Update(w.t.Context(), "PractitionerRole", "perera", []byte(`{"resourceType":"PractitionerRole","id":"perera","active":false,
				"practitioner":{"reference":"Practitioner/perera"},"organization":{"reference":"Organization/general"}}`), "")
			w.must(err)
		}, http.StatusForbidden, ""},
		"a class that is not permitted any more": {func(w *desk) {
			w.allow("perera", access.Scope{Types: []access.Class{access.Vitals}})
		}, http.StatusSeeOther, "the patient does not allow you to see this kind of data"},
	} {
		t.Run(name, func(t *testing.T) {
			w := startDesk(t)
			b := w.open(pen)
			b.draft("9.8")
			form := b.form("/write/entry", "/write/sign")
			tt.change(w)
			if p := b.post("/write/sign", form); p.status != tt.status {
				t.Errorf("%d", p.status)
			}
			if n := len(w.byEntry("Observation")); n != 0 {
				t.Errorf("%d in the record", n)
			}
			if tt.says != "" {
				b.says("/write/entry", tt.says)
			}
		})
	}
	t.Run("changed in another window", func(t *testing.T) {
		w := startDesk(t)
		b := w.open(pen)
		b.draft("9.8")
		read := b.form("/write/entry", "/write/sign")
		b.goesTo("/write/entry", b.post("/write/observation", b.fillIn("/write/change", "/write/observation", "value", "19.8", "day", penDay, "text", "")))
		if p := b.post("/write/sign", read); p.status != http.StatusConflict {
			t.Errorf("%d", p.status)
		}
		read.Del("read")
		if p := b.post("/write/sign", read); p.status != http.StatusConflict {
			t.Errorf("without what was read: %d", p.status)
		}
		if n := len(w.byEntry("Observation")); n != 0 {
			t.Errorf("%d in the record", n)
		}
	})
	t.Run("the form of the draft again", func(t *testing.T) {
		w := startDesk(t)
		b := w.open(pen)
		form := b.fillIn("/write/observation?measure=718-7", "/write/observation", "value", "9.8", "day", penDay)
		for range 3 {
			b.goesTo("/write/entry", b.post("/write/observation", form))
		}
		if n := len(idsOf(b)); n != 1 {
			t.Errorf("%d drafts", n)
		}
		b.sign()
		form.Set("value", "11.8")
		if p := b.post("/write/observation", form); p.status != http.StatusConflict {
			t.Errorf("after signing: %d", p.status)
		}
		if n := len(w.byEntry("Observation")); n != 1 {
			t.Errorf("%d in the record", n)
		}
	})
	t.Run("a referral of another", func(t *testing.T) {
		w := startDesk(t)
		b := w.open(pen)
		for _, referral := range []string{"ServiceRequest/1", "AAAA", "Task/1"} {
			form := b.fillIn("/write/observation?measure=718-7", "/write/observation", "value", "9.8", "day", penDay)
			form.Set("referral", referral)
			if p := b.post("/write/observation", form); p.status != http.StatusBadRequest {
				t.Errorf("%s: %d", referral, p.status)
			}
		}
	})
}

// TestAttackWriteScripts: script in every text of a clinician stays text.
func TestAttackWriteScripts(t *testing.T) {
	w := startDesk(t)
	b := w.open(pen)
	const script = `"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}`
	check := func(name string, p shown) {
		t.Helper()
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "<img src=x") || p.status >= 500 {
			t.Errorf("%s: %d shows the script", name, p.status)
		}
	}
	check("note", b.post("/write/note", b.fillIn("/write/note", "/write/note", "day", script, "text", script)))
	b.goesTo("/write/entry", b.post("/write/note", b.fillIn("/write/note", "/write/note", "day", penDay, "text", script)))
	for _, at := range []string{"/write/entry", "/write/change", "/write"} {
		check(at, b.get(at))
	}
	b.sign()
	check("signed", b.get("/write/entry"))
	check("reason", b.post("/write/note", b.fillIn("/write/change", "/write/note", "day", penDay, "text", script, "reason", "")))
	check("reason", b.post("/write/withdraw", b.fillIn("/write/withdraw", "/write/withdraw", "reason", strings.Repeat(script, 9))))
	b.goesTo("/write/entry", b.post("/write/withdraw", b.fillIn("/write/withdraw", "/write/withdraw", "reason", script)))
	check("withdrawn", b.get("/write/entry"))
	b.goesTo("/write/entry", b.send("/write/document", b.fillIn("/write/document", "/write/document", "day", penDay, "title", script, "type", "18748-4", "text", script), part{"file", script, smallPNG(t)}))
	for _, at := range []string{"/write/entry", "/write/change", "/write"} {
		check(at, b.get(at))
	}
	check("value", b.post("/write/observation", b.fillIn("/write/observation?measure=718-7", "/write/observation", "value", script, "day", penDay, "text", script)))
	check("measure", b.get("/write/observation?measure="+url.QueryEscape(script)))
}

// TestAttackWriteUploads: what is no image and no PDF, hides something or is too much.
// What each kind of file is refused for, nehr/portal/upload tests.
func TestAttackWriteUploads(t *testing.T) {
	w := startDesk(t)
	b := w.open(pen)
	form := func() url.Values {
		return b.fillIn("/write/document", "/write/document", "day", penDay, "title", "A title", "type", "18748-4", "text", "")
	}
	good := smallPNG(t)
	for name, data := range map[string][]byte{
		"SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "HTML": []byte("<!doctype html><script>alert(1)</script>"),
		"empty PNG": good[:8], "PDF with a script": []byte("%PDF-1.7\n1 0 obj << /S /JavaScript /JS (x) >> endobj\nstartxref\n0\n%%EOF"), "ZIP": []byte("PK\x03\x04"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{"scan.png", "scan.jpg.html", "../../../etc/passwd", "scan.pdf%00.png"} {
				if p := b.send("/write/document", form(), part{"file", file, data}); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, `id="file-problem"`) {
					t.Errorf("%q: %d", file, p.status)
				}
			}
		})
	}
	t.Run("larger than a file may be", func(t *testing.T) {
		if p := b.send("/write/document", form(), part{"file", "a.png", make([]byte, upload.MaxBytes+1)}); p.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("larger than a form may be", func(t *testing.T) {
		// The server may answer, or close the connection while it is still sent.
		if p := b.send("/write/document", form(), part{"file", "a.png", make([]byte, 4*upload.MaxBytes)}); p.status != http.StatusRequestEntityTooLarge && p.status != 0 {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("two files", func(t *testing.T) {
		if p := b.send("/write/document", form(), part{"file", "a.png", good}, part{"file", "b.png", good}); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("a file in another field", func(t *testing.T) {
		if p := b.send("/write/document", form(), part{"title", "a.png", good}); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("many parts", func(t *testing.T) {
		var parts []part
		for i := range 30 {
			parts = append(parts, part{fmt.Sprintf("f%d", i), "", nil})
		}
		if p := b.send("/write/document", form(), parts...); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("a long field", func(t *testing.T) {
		long := form()
		long.Set("text", strings.Repeat("x", 9000))
		if p := b.send("/write/document", long, part{"file", "a.png", good}); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("cut off", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, b.url+"/write/document", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\x89PNG"))
		r.RequestURI = ""
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if p := b.do(r.WithContext(t.Context())); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("a file where none is taken", func(t *testing.T) {
		note := b.fillIn("/write/note", "/write/note", "day", penDay, "text", "x")
		if p := b.send("/write/note", note, part{"file", "a.png", good}); p.status != http.StatusForbidden { // it is not read, nor its token
			t.Errorf("%d", p.status)
		}
	})
	if n := len(idsOf(b)); n != 0 {
		t.Errorf("%d drafts were kept", n)
	}
	t.Run("taken whole", func(t *testing.T) { // a check of the above: such a form is taken
		var behind bytes.Buffer
		behind.Write(good)
		behind.WriteString("<script>alert(1)</script>")
		b.goesTo("/write/entry", b.send("/write/document", form(), part{"file", "a.png", behind.Bytes()}))
		if f := b.get("/write/file"); strings.Contains(f.body, "script") || f.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("what is kept: %v", f.header)
		}
		if _, _, err := image.DecodeConfig(strings.NewReader(b.get("/write/file").body)); err != nil {
			t.Error(err)
		}
	})
}
