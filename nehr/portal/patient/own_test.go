package patient_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// behind makes a world behind the gate itself, with her signed in.
func behind(t testing.TB) (*world, *access.Gate, *visitor) {
	t.Helper()
	var real *access.Gate
	w := startAt(t, nil, func(w *world) patient.Gate {
		var err error
		if real, err = access.New(access.Config{DB: w.db, NEHR: w.nehr, Now: w.clock.Now}); err != nil {
			t.Fatal(err)
		}
		return patient.Through(real)
	})
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	return w, real, b
}

// put writes a resource, {her} being her id, under its own id.
func (w *world) put(resource string) {
	w.t.Helper()
	r, err := fhirjson.Parse([]byte(strings.ReplaceAll(resource, "{her}", w.record)))
	if err != nil {
		w.t.Fatalf("%v in %s", err, resource)
	}
	if _, err := w.nehr.Update(w.t.Context(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), ""); err != nil {
		w.t.Fatal(err)
	}
}

// specialist is who has written in her record beside the midwife.
var specialist = access.Actor{Kind: access.KindClinician, Issuer: "https://esignet.example", Subject: "somebody", Person: "Practitioner/p1", Role: "PractitionerRole/r1", Facility: "Organization/o1", Session: "s1"}

func (w *world) specialist() access.Actor {
	w.put(`{"resourceType":"Practitioner","id":"p1","name":[{"text":"Arulan Mathiri"}]}`)
	w.put(`{"resourceType":"Organization","id":"o1","name":"Example Hospital"}`)
	w.put(`{"resourceType":"PractitionerRole","id":"r1","practitioner":{"reference":"Practitioner/p1"},"organization":{"reference":"Organization/o1"}}`)
	a := specialist
	a.SignedIn = w.clock.Now()
	return a
}

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 32, 24))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// documents are what a specialist wrote: an observation of no visit, a picture, a note, a
// letter, and what is none of these.
func (w *world) documents() {
	w.t.Helper()
	w.specialist()
	binary := func(id, kind string, data []byte) {
		w.put(fmt.Sprintf(`{"resourceType":"Binary","id":%q,"contentType":%q,"data":%q}`, id, kind, base64.StdEncoding.EncodeToString(data)))
	}
	reference := func(id, title, kind, date string) {
		w.put(fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"status":"current","subject":{"reference":"{her}"},"date":%q,"description":%q,"author":[{"reference":"Practitioner/p1"},{"reference":"Organization/o1"}],
			"content":[{"attachment":{"contentType":%q,"url":"Binary/b-%[1]s"}}]}`, id, date, title, kind))
	}
	w.put(`{"resourceType":"Observation","id":"swelling","status":"final","code":{"text":"Ankle swelling"},"valueString":"mild, on both sides","subject":{"reference":"{her}"},"effectiveDateTime":"2025-08-30","performer":[{"reference":"Practitioner/p1"},{"reference":"Organization/o1"}]}`)
	binary("b-note", "text/plain", []byte("Rest & <b>water</b>\nසුවයි"))
	reference("note", "Advice after the visit", "text/plain", "2025-08-30T05:00:00Z")
	binary("b-letter", "application/pdf", []byte("%PDF-1.4\n%…"))
	reference("letter", "Letter to the midwife", "application/pdf", "2025-08-29T05:00:00Z")
	binary("b-drawing", "image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`))
	reference("drawing", "A drawing", "image/svg+xml", "2025-08-28T05:00:00Z")
	binary("b-liar", "image/png", []byte("<html><script>alert(1)</script>"))
	reference("liar", "No picture", "image/png", "2025-08-27T05:00:00Z")
	binary("b-scan", "image/png", picture(w.t))
	w.put(`{"resourceType":"Media","id":"scan","status":"completed","type":{"text":"Ultrasound picture"},"subject":{"reference":"{her}"},"createdDateTime":"2025-08-31T05:00:00Z","operator":{"reference":"Practitioner/p1"},"content":{"contentType":"image/png","url":"Binary/b-scan"}}`)
	w.put(`{"resourceType":"DocumentReference","id":"inline","status":"current","subject":{"reference":"{her}"},"date":"2025-08-26T05:00:00Z","description":"Note within","content":[{"attachment":{"contentType":"text/plain","data":"d2l0aGlu"}}]}`)
	w.put(`{"resourceType":"DocumentReference","id":"elsewhere","status":"current","subject":{"reference":"{her}"},"date":"2025-08-25T05:00:00Z","description":"Kept elsewhere","content":[{"attachment":{"contentType":"text/plain","url":"https://other.example/x"}}]}`)
}

var links = regexp.MustCompile(`href="(/documents/[a-z]+\?d=[^"]+)"`)

// TestDocuments: each is listed with who wrote it and when; a picture is shown, a note is
// text, all else is a file; her log has each look.
func TestDocuments(t *testing.T) {
	w, real, b := behind(t)
	w.documents()
	list := b.get("/documents").body
	contains(t, "the list", list, "Ultrasound picture", "31 Aug 2025", "Arulan Mathiri, Example Hospital", "Advice after the visit", "Letter to the midwife", "cannot be opened here")
	found := links.FindAllStringSubmatch(list, -1)
	if len(found) != 6 || !(strings.Index(list, "Ultrasound") < strings.Index(list, "Advice") && strings.Index(list, "Advice") < strings.Index(list, "Letter")) {
		t.Fatalf("%d can be opened: %v", len(found), found)
	}
	for _, id := range []string{"b-scan", "scan", "b-note", "letter", "p1"} {
		if strings.Contains(list, `"`+id) || strings.Contains(list, "/"+id) {
			t.Errorf("the page names %s", id)
		}
	}
	file := func(i int) page {
		path := html.UnescapeString(found[i][1])
		return b.get(strings.Replace(path, "/show?", "/file?", 1))
	}
	shown := func(i int) string { return b.get(html.UnescapeString(found[i][1])).body }
	contains(t, "the picture's page", shown(0), `<img class="picture" src="/documents/file?d=`, "Arulan Mathiri")
	if p := file(0); p.header.Get("Content-Type") != "image/png" || p.header.Get("Content-Disposition") != "" || p.body != string(picture(t)) {
		t.Errorf("the picture: %v", p.header)
	}
	contains(t, "the note", shown(1), "Rest &amp; &lt;b&gt;water&lt;/b&gt;\nසුවයි")
	contains(t, "the note within", shown(5), ">within<")
	for i, want := range map[int]string{2: "application/pdf", 3: "application/octet-stream", 4: "application/octet-stream", 5: "text/plain; charset=utf-8"} {
		p := file(i)
		if p.header.Get("Content-Type") != want || !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") || !strings.Contains(p.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("file %d: %v", i, p.header)
		}
	}
	if body := shown(4); strings.Contains(body, "<img") || strings.Contains(body, "alert(1)") {
		t.Error("what is no picture is shown as one")
	}
	entries, err := real.Log(t.Context(), access.Actor{Kind: access.KindPatient, Person: w.record}, access.Filter{WithOwn: true, Action: access.ActionBinary})
	if err != nil || len(entries) != 7 {
		t.Errorf("%d looks are in her log: %v", len(entries), err)
	}
	timeline := b.get("/timeline").body
	contains(t, "the timeline", timeline, "Written outside a visit", "Ankle swelling", "mild, on both sides", "Arulan Mathiri, Example Hospital", "Letter to the midwife")
	contains(t, "results", b.get("/results").body, "Ankle swelling", "Arulan Mathiri")
}

// TestAttackDocuments: a document of another, a handle of another session, of another
// kind, a changed one, and what is no handle, are not there.
func TestAttackDocuments(t *testing.T) {
	w, real, b := behind(t)
	w.documents()
	stranger := w.another("Strange Udaharana")
	w.own(stranger, other)
	w.put(`{"resourceType":"Binary","id":"b-foreign","contentType":"text/plain","data":"c3RyYW5nZQ=="}`)
	w.put(fmt.Sprintf(`{"resourceType":"DocumentReference","id":"foreign","status":"current","subject":{"reference":%q},"date":"2025-08-30T05:00:00Z","content":[{"attachment":{"contentType":"text/plain","url":"Binary/b-foreign"}}]}`, stranger))
	thief := w.visitor()
	thief.signIn(other)
	hers := html.UnescapeString(links.FindStringSubmatch(b.get("/documents").body)[1])
	theirs := html.UnescapeString(links.FindStringSubmatch(thief.get("/documents").body)[1])
	entry := regexp.MustCompile(`value="([^"]{30,})">`).FindStringSubmatch(b.get("/corrections").body)[1]
	changed := []byte(hers)
	changed[len(changed)-5] ^= 1
	for name, path := range map[string]string{
		"another's handle": theirs, "a changed handle": string(changed), "no handle": "/documents/show", "an id": "/documents/show?d=b-scan", "a reference": "/documents/file?d=Binary/b-scan",
		"a handle of another form": "/documents/show?d=" + url.QueryEscape(entry), "a path": "/documents/b-scan", "a path to the server": "/Binary/b-scan",
	} {
		t.Run(name, func(t *testing.T) {
			if p := b.get(path); p.status != http.StatusNotFound || strings.Contains(p.body, "strange") {
				t.Errorf("%d", p.status)
			}
		})
	}
	t.Run("her handle in another session", func(t *testing.T) {
		if p := thief.get(hers); p.status != http.StatusNotFound {
			t.Errorf("%d", p.status)
		}
		again := w.visitor()
		again.signIn(her)
		if p := again.get(hers); p.status != http.StatusNotFound {
			t.Errorf("her own, after another sign-in: %d", p.status)
		}
	})
	t.Run("a document that names another's content", func(t *testing.T) {
		w.put(`{"resourceType":"Binary","id":"b-secured","contentType":"text/plain","securityContext":{"reference":"` + stranger + `"},"data":"c3RyYW5nZQ=="}`)
		w.put(`{"resourceType":"DocumentReference","id":"naming","status":"current","subject":{"reference":"{her}"},"date":"2025-09-01T05:00:00Z","description":"naming","content":[{"attachment":{"contentType":"text/plain","url":"Binary/b-secured"}}]}`)
		path := html.UnescapeString(links.FindStringSubmatch(b.get("/documents").body)[1])
		if p := b.get(path); p.status != http.StatusNotFound || strings.Contains(p.body, "strange") {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("script in what a document says of itself", func(t *testing.T) {
		said, err := json.Marshal(script)
		if err != nil {
			t.Fatal(err)
		}
		w.put(`{"resourceType":"DocumentReference","id":"scripted","status":"current","subject":{"reference":"{her}"},"date":"2025-09-02T06:00:00Z","description":` + string(said) + `,"author":[{"display":` + string(said) + `}],"content":[{"attachment":{"contentType":"image/png","url":"Binary/b-scan"}}]}`)
		list := b.get("/documents").body
		shown := b.get(html.UnescapeString(links.FindStringSubmatch(list)[1])).body
		for name, body := range map[string]string{"the list": list, "the document": shown, "the timeline": b.get("/timeline").body, "what is not right": b.get("/corrections").body} {
			if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
				t.Errorf("%s does not show it as text", name)
			}
		}
		w.put(`{"resourceType":"DocumentReference","id":"scripted","status":"entered-in-error","subject":{"reference":"{her}"},"content":[{"attachment":{"contentType":"image/png","url":"Binary/b-scan"}}]}`)
	})
	t.Run("taken out of her record", func(t *testing.T) {
		note := html.UnescapeString(links.FindAllStringSubmatch(b.get("/documents").body, -1)[2][1])
		if p := b.get(note); p.status != http.StatusOK {
			t.Fatalf("before: %d", p.status)
		}
		w.put(`{"resourceType":"DocumentReference","id":"note","status":"current","subject":{"reference":"` + stranger + `"},"date":"2025-08-30T05:00:00Z","content":[{"attachment":{"contentType":"text/plain","url":"Binary/b-note"}}]}`)
		if p := b.get(note); p.status != http.StatusNotFound {
			t.Errorf("after: %d", p.status)
		}
	})
	if v, err := real.Verify(t.Context()); err != nil || v.Broken != 0 {
		t.Errorf("%+v %v", v, err)
	}
}

var madeLink = regexp.MustCompile(`(?s)<textarea id="made"[^>]*>([^<]+)</textarea>`)

// TestSheShares: on paper, as a file, and by a link that is shown once, opens, is counted,
// renewed and ended.
func TestSheShares(t *testing.T) {
	w, real, b := behind(t)
	contains(t, "the summary", b.get("/share/summary").body, "Nilmini Udaharana", "9 Mar 1996", phn, "Save as PDF", "Diabetes", "No doctor has signed it")
	contains(t, "the page", b.get("/share").body, "Whoever has the link", "also what you have hidden", "No link of yours works now")
	if p := b.submit("/share", "/share/file"); p.header.Get("Content-Type") != "application/fhir+json" || p.header.Get("Content-Disposition") == "" {
		t.Errorf("the file: %d %v", p.status, p.header)
	} else if doc, err := fhirjson.Parse([]byte(p.body)); err != nil || doc.Get("type").Str() != "document" {
		t.Errorf("the file: %v", err)
	}
	p := b.submit("/share", "/share/link", "label", "For Dr Invented", "ends", "24", "passcode", "tomato 7", "kind", "long")
	found := madeLink.FindStringSubmatch(p.body)
	if p.status != http.StatusOK || found == nil {
		t.Fatalf("%d %s", p.status, p.body)
	}
	contains(t, "the link", p.body, `<svg class="qr"`, "only now", "2 Sep 2025, 14:30", "The passcode is not in the link")
	link := html.UnescapeString(found[1])
	manifest := openLink(t, link, `{"recipient":"Ward 7","passcode":"tomato 7"}`)
	if manifest != http.StatusOK {
		t.Fatalf("it does not open: %d", manifest)
	}
	list := b.get("/share").body
	if strings.Contains(list, link) || strings.Contains(list, "shlink:/") {
		t.Error("the link is shown again")
	}
	contains(t, "the list", list, "For Dr Invented", "works", "with a passcode", "can be renewed", "Ward 7", "<dd>1</dd>")
	w.clock.forward(time.Minute)
	if p := b.submit("/share", "/share/refresh", "link", " "+link+" "); p.status != http.StatusOK || !strings.Contains(p.body, "now shows today") || !strings.Contains(p.body, "(renewed ") {
		t.Errorf("renewed: %d", p.status)
	}
	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(list)[1]
	if p := b.submit("/share", "/share/revoke", "id", id); p.status != http.StatusOK || !strings.Contains(p.body, "you have ended it") {
		t.Errorf("revoke: %d", p.status)
	}
	if status := openLink(t, link, `{"recipient":"Ward 7","passcode":"tomato 7"}`); status != http.StatusNotFound {
		t.Errorf("a link that she ended: %d", status)
	}
	entries, err := real.Log(t.Context(), access.Actor{Kind: access.KindPatient, Person: w.record}, access.Filter{WithOwn: true, Action: access.ActionDisclose})
	if err != nil || len(entries) != 3 {
		t.Errorf("%d disclosures are in her log: %v", len(entries), err)
	}
	for _, c := range []struct{ name, label, passcode, want string }{
		{"a passcode too short", "x", "abc", "A passcode has 6"}, {"a label that is long", strings.Repeat("x", 81), "", "80 characters at most"},
		{"a label of pages", strings.Repeat("x", 9000), "", "80 characters at most"}, {"a label that turns", "a\u202eb", "", "80 characters at most"},
	} {
		p := b.submit("/share", "/share/link", "label", c.label, "ends", "24", "passcode", c.passcode, "kind", "once")
		if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, c.want) || !strings.Contains(p.body, `aria-invalid="true"`) {
			t.Errorf("%s: %d", c.name, p.status)
		}
	}
}

// openLink asks for the manifest of a link as a receiver does, and gives the status.
func openLink(t testing.TB, link, body string) int {
	t.Helper()
	_, payload, _ := strings.Cut(link, "shlink:/")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatalf("%q: %v", link, err)
	}
	var p struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// TestAttackShare: another's link is neither listed, ended nor renewed; what is no choice
// of the form makes none; a label is text; the key is in no log and no address.
func TestAttackShare(t *testing.T) {
	w, _, b := behind(t)
	stranger := w.another("Strange Udaharana")
	w.own(stranger, other)
	foreign := w.link(stranger, "Strange link")
	hers := w.link(w.record, `<script>alert(1)</script>"'>{{.}}`)
	t.Run("another's link is listed", func(t *testing.T) {
		body := b.get("/share").body
		if strings.Contains(body, "Strange") || strings.Contains(body, foreign.ID) || !strings.Contains(body, hers.ID) {
			t.Error("the list is not hers alone")
		}
	})
	t.Run("a script in a label", func(t *testing.T) {
		if body := b.get("/share").body; strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
			t.Error("not shown as text")
		}
	})
	t.Run("a script in the name of who opened it", func(t *testing.T) {
		if status := openLink(t, hers.Link, `{"recipient":"<img src=x onerror=alert(1)>\u202e"}`); status != http.StatusOK {
			t.Fatalf("%d", status)
		}
		if body := b.get("/share").body; strings.Contains(body, "<img") || !strings.Contains(body, "&lt;img") {
			t.Error("not shown as text")
		}
	})
	for name, id := range map[string]string{"another's": foreign.ID, "none": "", "the link itself": hers.Link, "a path": "../" + hers.ID} {
		t.Run("revoke "+name, func(t *testing.T) {
			if p := b.submit("/share", "/share/revoke", "id", id); p.status != http.StatusNotFound {
				t.Errorf("%d", p.status)
			}
		})
	}
	if status := openLink(t, foreign.Link, `{"recipient":"x"}`); status != http.StatusOK {
		t.Errorf("another's link was ended: %d", status)
	}
	for name, link := range map[string]string{"another's": foreign.Link, "none": "x", "an address": "https://evil.example/#shlink:/e30", "too long": "shlink:/" + strings.Repeat("A", 9000)} {
		t.Run("renew "+name, func(t *testing.T) {
			if p := b.submit("/share", "/share/refresh", "link", link); p.status != http.StatusUnprocessableEntity || strings.Contains(p.body, "evil.example") {
				t.Errorf("%d", p.status)
			}
		})
	}
	for name, form := range map[string][]string{"an end that is not offered": {"ends", "99999", "kind", "once"}, "no end": {"kind", "once"}, "no kind": {"ends", "24"}, "a kind that is none": {"ends", "24", "kind", "U"}} {
		t.Run(name, func(t *testing.T) {
			if p := b.submit("/share", "/share/link", form...); p.status != http.StatusBadRequest {
				t.Errorf("%d", p.status)
			}
		})
	}
	t.Run("by GET", func(t *testing.T) {
		for _, path := range []string{"/share/link", "/share/revoke", "/share/refresh", "/share/file"} {
			if p := b.get(path); p.status != http.StatusNotFound {
				t.Errorf("%s: %d", path, p.status)
			}
		}
	})
	t.Run("the key in a log", func(t *testing.T) {
		p := b.submit("/share", "/share/link", "label", "", "ends", "1", "kind", "once", "passcode", "open sesame")
		link := html.UnescapeString(madeLink.FindStringSubmatch(p.body)[1])
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(link, "shlink:/"))
		if err != nil {
			t.Fatal(err)
		}
		var made struct {
			Key string `json:"key"`
		}
		if err := json.Unmarshal(raw, &made); err != nil || made.Key == "" {
			t.Fatalf("%v in %s", err, raw)
		}
		b.submit("/share", "/share/refresh", "link", link) // not long-term
		for _, secret := range []string{made.Key, link, "open sesame"} {
			if strings.Contains(w.logged.String(), secret) {
				t.Error("a secret is in the log")
			}
		}
		if page := b.get("/share").body; strings.Contains(page, made.Key) {
			t.Error("the key is shown again")
		}
	})
	t.Run("the log of accesses is down", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		token := b.token("/share", "/share/link")
		w.gate.fail = &access.LogError{Err: fmt.Errorf("disk full")}
		p := b.post("/share/link", url.Values{"token": {token}, "ends": {"24"}, "kind": {"once"}})
		list, err := w.links.List(t.Context(), w.record)
		if p.status != http.StatusServiceUnavailable || err != nil || len(list) != 1 {
			t.Errorf("%d, %d links %v", p.status, len(list), err)
		}
	})
}

// TestShareWithoutLinks: where no links are made, paper and file are offered alone.
func TestShareWithoutLinks(t *testing.T) {
	w := startAt(t, nil, func(w *world) patient.Gate { w.noLinks = true; return w.gate })
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	if body := b.get("/share").body; strings.Contains(body, "/share/link") || !strings.Contains(body, "/share/summary") {
		t.Error("a link is offered")
	}
	if p := b.post("/share/link", url.Values{"token": {b.token("/share", "/share/file")}}); p.status < 400 {
		t.Errorf("%d", p.status)
	}
}

// TestALastCopyIsNotGivenOut: while the record is away she sees her last copy, marked
// with its time, and neither a file nor a link is made of it.
func TestALastCopyIsNotGivenOut(t *testing.T) {
	w, _ := two(t)
	w.gate.stale = true
	b := w.visitor()
	b.signIn(her)
	contains(t, "the summary", b.get("/share/summary").body, "cannot be reached now", "Nilmini Udaharana")
	for action, fields := range map[string][]string{"/share/file": nil, "/share/link": {"ends", "24", "kind", "once"}, "/share/refresh": {"link", "x"}} {
		if p := b.submit("/share", action, fields...); p.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", action, p.status)
		}
	}
	if list, err := w.links.List(t.Context(), w.record); err != nil || len(list) != 1 { // the one of the test's world
		t.Errorf("%d links: %v", len(list), err)
	}
}

// choices are the values of the options and radios of a form by their text.
func choices(body string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)<option value="([^"]+)"[^>]*>([^<]+)</option>|<input type="radio" name="who" value="([^"]+)"[^>]*> <span dir="auto">([^<]+)</span>`).FindAllStringSubmatch(body, -1) {
		found[html.UnescapeString(m[2]+m[4])] = m[1] + m[3]
	}
	return found
}

// TestWhatIsNotRight: of a fact, in general and of an entry of the log; the operator's
// answer comes back to her; the record and the referrals stay as they are.
func TestWhatIsNotRight(t *testing.T) {
	w, real, b := behind(t)
	operator := access.Actor{Kind: access.KindSystem}
	body := b.get("/corrections").body
	offered := choices(body)
	var fact, handle string
	for text, h := range offered {
		if strings.Contains(text, "150") && strings.Contains(text, "98") {
			fact, handle = text, h
		}
	}
	if handle == "" {
		t.Fatalf("the blood pressure is not offered: %v", offered)
	}
	if p := b.submit("/corrections", "/corrections", "about", handle, "words", "It was 130/85, I saw it"); p.status != http.StatusOK || !strings.Contains(p.body, "It is sent") {
		t.Fatalf("%d %s", p.status, p.body)
	}
	contains(t, "the list", b.get("/corrections").body, html.EscapeString(fact), "It was 130/85, I saw it", "sent, not read yet")
	if p := b.submit("/corrections", "/corrections", "words", "My address is old"); p.status != http.StatusOK {
		t.Fatalf("in general: %d", p.status)
	}
	all, err := real.AllCorrections(t.Context(), operator)
	if err != nil || len(all) != 2 || !slices.ContainsFunc(all, func(c access.Correction) bool { return strings.HasPrefix(c.About, "Observation/") }) {
		t.Fatalf("the operator sees %+v %v", all, err)
	}
	for _, c := range all {
		state, reply := access.CorrectionDone, "The clinic has written it anew"
		if c.About == "" {
			state, reply = access.CorrectionRejected, "Please bring a paper with the address"
		}
		if err := real.Reply(t.Context(), operator, c.ID, state, reply); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, "the answers", b.get("/corrections").body, "done", "The clinic has written it anew", "not accepted", "Please bring a paper")
	if _, err := real.Open(t.Context(), w.specialist(), w.record, access.Treatment); err == nil {
		t.Fatal("the specialist is let in")
	}
	log := b.get("/access").body
	asks := regexp.MustCompile(`href="(/corrections\?entry=[^"]+)"`).FindAllStringSubmatch(log, -1)
	var ask string
	for _, m := range asks {
		if page := b.get(html.UnescapeString(m[1])).body; strings.Contains(page, "Arulan Mathiri") {
			ask = html.UnescapeString(m[1])
		}
	}
	if ask == "" {
		t.Fatalf("none of %d entries names who tried", len(asks))
	}
	entry := regexp.MustCompile(`name="entry" value="([^"]+)"`).FindStringSubmatch(b.get(ask).body)[1]
	if p := b.submit(ask, "/corrections", "entry", entry); p.status != http.StatusOK || !strings.Contains(p.body, "Arulan Mathiri") {
		t.Errorf("an entry: %d", p.status)
	}
	if all, err = real.AllCorrections(t.Context(), operator); err != nil || len(all) != 3 || all[0].Entry == 0 {
		t.Errorf("the operator sees %+v %v", all, err)
	}
	if care := b.get("/care").body; strings.Contains(care, "step_done") || strings.Count(care, `class="steps"`) != 1 {
		t.Error("what is not right stands among the referrals")
	}
}

// TestAttackWhatIsNotRight: handles of others and of other forms, texts that are none or
// too long, script, and too many are refused or shown as text.
func TestAttackWhatIsNotRight(t *testing.T) {
	w, real, b := behind(t)
	w.own(w.another("Strange Udaharana"), other)
	thief := w.visitor()
	thief.signIn(other)
	theirs := choices(thief.get("/corrections").body)["who I am: name, birth date, telephone"]
	episode := choices(b.get("/consents/hide").body)
	var visit string
	for text, h := range episode {
		if strings.HasPrefix(text, "visit of") {
			visit = h
		}
	}
	if theirs == "" || visit == "" {
		t.Fatal("the test has no handles")
	}
	for name, c := range map[string]struct {
		fields []string
		status int
	}{
		"another's handle":         {[]string{"about", theirs, "words", "x"}, http.StatusNotFound},
		"an id":                    {[]string{"about", "Observation/1", "words", "x"}, http.StatusNotFound},
		"a handle of another form": {[]string{"about", visit, "words", "x"}, http.StatusNotFound},
		"a number of an entry":     {[]string{"entry", "1", "words", "x"}, http.StatusNotFound},
		"no words":                 {[]string{"words", " \n "}, http.StatusUnprocessableEntity},
		"marks alone":              {[]string{"words", "\u202e\u2066"}, http.StatusUnprocessableEntity},
		"too long":                 {[]string{"words", strings.Repeat("ක", 1001)}, http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			if p := b.submit("/corrections", "/corrections", c.fields...); p.status != c.status {
				t.Errorf("%d", p.status)
			}
		})
	}
	t.Run("an entry in the address", func(t *testing.T) {
		for _, q := range []string{"1", "AAAA", visit, url.QueryEscape(theirs)} {
			if p := b.get("/corrections?entry=" + q); p.status != http.StatusNotFound {
				t.Errorf("%s: %d", q, p.status)
			}
		}
	})
	t.Run("script", func(t *testing.T) {
		p := b.submit("/corrections", "/corrections", "words", script)
		if p.status != http.StatusOK || strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "<img") || !strings.Contains(p.body, "&lt;script&gt;") {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("an operator's script", func(t *testing.T) {
		all, err := real.AllCorrections(t.Context(), access.Actor{Kind: access.KindSystem})
		if err != nil || len(all) != 1 {
			t.Fatalf("%v %v", all, err)
		}
		if err := real.Reply(t.Context(), access.Actor{Kind: access.KindSystem}, all[0].ID, access.CorrectionRejected, script); err != nil {
			t.Fatal(err)
		}
		if body := b.get("/corrections").body; strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
			t.Error("not shown as text")
		}
	})
	t.Run("too many", func(t *testing.T) {
		last := 0
		for range 12 {
			last = b.submit("/corrections", "/corrections", "words", "x").status
		}
		if last != http.StatusConflict {
			t.Errorf("%d", last)
		}
	})
}
