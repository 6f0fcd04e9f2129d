package summary_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

const ask = `{"recipient":"r"}`

func guess(passcode string) string {
	b, _ := json.Marshal(map[string]string{"recipient": "r", "passcode": passcode})
	return string(b)
}

func TestAttackLinks(t *testing.T) {
	h := newHouse(t)
	base := h.server.URL + "/shl/"
	t.Run("guessed ids", func(t *testing.T) {
		made := h.create(summary.NewLink{})
		name := strings.TrimPrefix(scan(t, made.Link).URL, base)
		if raw, err := base64.RawURLEncoding.DecodeString(name); err != nil || len(raw) != 32 {
			t.Errorf("the name has %d bytes (%v)", len(raw), err)
		}
		for _, other := range []string{made.ID, strings.ToUpper(name), name[:42], name + "A", "..%2f" + name, "%00", "' OR 1=1 --"} {
			if got := do(t, "POST", base+strings.ReplaceAll(other, " ", "%20"), "application/json", ask); got.status != 404 {
				t.Errorf("%q: %d", other, got.status)
			}
			if got := do(t, "GET", base+"file/"+strings.ReplaceAll(other, " ", "%20"), "", ""); got.status != 404 {
				t.Errorf("file %q: %d", other, got.status)
			}
		}
	})
	t.Run("manifest of a direct link, file of another", func(t *testing.T) {
		direct, plain := h.create(summary.NewLink{Direct: true}), h.create(summary.NewLink{Passcode: "123456"})
		if got := scan(t, direct.Link).ask(t, ask); got.status != 404 {
			t.Errorf("manifest: %d", got.status)
		}
		if got := do(t, "GET", scan(t, plain.Link).URL+"?recipient=r", "", ""); got.status != 404 {
			t.Errorf("around the passcode: %d", got.status)
		}
	})
	t.Run("nobody asks", func(t *testing.T) {
		made := h.create(summary.NewLink{})
		for _, body := range []string{`{}`, `{"recipient":""}`, `{"recipient":"\u202e \u0000"}`, `null`, `[]`, ``, `{"recipient":"r","recipient":"s"}`, `{"recipient":"r","embeddedLengthMax":-1}`} {
			if got := scan(t, made.Link).ask(t, body); got.status != 400 {
				t.Errorf("%s: %d", body, got.status)
			}
		}
		if got := do(t, "GET", scan(t, h.create(summary.NewLink{Direct: true}).Link).URL, "", ""); got.status != 400 {
			t.Errorf("direct: %d", got.status)
		}
	})
	t.Run("form of another site", func(t *testing.T) {
		for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
			if got := do(t, "POST", scan(t, h.create(summary.NewLink{}).Link).URL, contentType, ask); got.status != 415 {
				t.Errorf("%q: %d", contentType, got.status)
			}
		}
	})
	t.Run("oversize bodies", func(t *testing.T) {
		made := h.create(summary.NewLink{Passcode: "123456"})
		if got := scan(t, made.Link).ask(t, guess(strings.Repeat("x", 1<<20))); got.status != 413 {
			t.Errorf("%d", got.status)
		}
		if got := scan(t, made.Link).ask(t, guess(strings.Repeat("x", 300))); got.status != 400 {
			t.Errorf("long passcode: %d", got.status)
		}
		if s := h.shared(made.ID); s.TriesLeft != 5 || s.Opened != 0 {
			t.Errorf("%+v", s)
		}
		if _, err := h.links.Create(t.Context(), owner, summary.NewLink{Content: make([]byte, 9<<20), Until: at.Add(time.Hour)}); !errors.Is(err, summary.ErrContent) {
			t.Errorf("content: %v", err)
		}
	})
	t.Run("passcode brute force", func(t *testing.T) {
		made := h.create(summary.NewLink{Passcode: "123456"})
		if got := scan(t, made.Link).ask(t, ask); got.status != 401 || string(got.body) != `{"remainingAttempts":5}` {
			t.Errorf("without: %d %s", got.status, got.body)
		}
		for left := 4; left >= 0; left-- {
			if got := scan(t, made.Link).ask(t, guess(fmt.Sprint("wrong", left))); got.status != 401 || string(got.body) != fmt.Sprintf(`{"remainingAttempts":%d}`, left) {
				t.Errorf("%d left: %d %s", left, got.status, got.body)
			}
		}
		if got := scan(t, made.Link).ask(t, guess("123456")); got.status != 404 {
			t.Errorf("the right one after all: %d", got.status)
		}
	})
	t.Run("concurrent tries", func(t *testing.T) {
		made := h.create(summary.NewLink{Passcode: "123456"})
		r := scan(t, made.Link)
		var mu sync.Mutex
		got := map[int]int{}
		var group sync.WaitGroup
		for n := range 25 {
			group.Go(func() {
				a := r.ask(t, guess(fmt.Sprint("guess-", n)))
				mu.Lock()
				defer mu.Unlock()
				got[a.status]++
			})
		}
		group.Wait()
		if got[401] != 5 || got[404] != 20 || h.shared(made.ID).TriesLeft != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("right passcodes do not use tries up", func(t *testing.T) {
		made := h.create(summary.NewLink{Passcode: "123456"})
		for range 7 {
			scan(t, made.Link).manifest(t, guess("123456"))
		}
		if s := h.shared(made.ID); s.TriesLeft != 5 || s.Opened != 7 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("revoked", func(t *testing.T) {
		made := h.create(summary.NewLink{})
		location := scan(t, made.Link).manifest(t, `{"recipient":"r","embeddedLengthMax":0}`).Files[0].Location
		if err := h.links.Revoke(t.Context(), "Patient/other", made.ID); !errors.Is(err, summary.ErrGone) {
			t.Errorf("by another: %v", err)
		}
		if err := h.links.Revoke(t.Context(), owner, made.ID); err != nil {
			t.Fatal(err)
		}
		if got := scan(t, made.Link).ask(t, ask); got.status != 404 {
			t.Errorf("manifest: %d", got.status)
		}
		if got := do(t, "GET", location, "", ""); got.status != 404 {
			t.Errorf("location from before: %d", got.status)
		}
		if h.shared(made.ID).Revoked.IsZero() {
			t.Error("the owner is not told")
		}
	})
	t.Run("links of another", func(t *testing.T) {
		if list, err := h.links.List(t.Context(), "Patient/other"); err != nil || len(list) != 0 {
			t.Errorf("%d links (%v)", len(list), err)
		}
	})
	t.Run("label injection", func(t *testing.T) {
		for _, label := range []string{strings.Repeat("x", 81), "a\nb", "a\u202eb", "a\x00", "\xff"} {
			if _, err := h.links.Create(t.Context(), owner, summary.NewLink{Content: []byte("x"), Until: at.Add(time.Hour), Label: label}); !errors.Is(err, summary.ErrLabel) {
				t.Errorf("%q: %v", label, err)
			}
		}
		const label = `","url":"https://evil.example","x":"<script>`
		if r := scan(t, h.create(summary.NewLink{Label: label}).Link); r.Label != label || !strings.HasPrefix(r.URL, base) {
			t.Errorf("%+v", r)
		}
		if r := scan(t, h.create(summary.NewLink{Label: strings.Repeat("ක", 80)}).Link); len([]rune(r.Label)) != 80 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("weak or impossible links", func(t *testing.T) {
		for name, n := range map[string]summary.NewLink{
			"short passcode": {Passcode: "12345"}, "direct with passcode": {Passcode: "123456", Direct: true},
			"past": {Until: at.Add(-time.Second)}, "for ever": {Until: at.Add(366 * 24 * time.Hour)},
		} {
			n.Content = []byte("x")
			if n.Until.IsZero() {
				n.Until = at.Add(time.Hour)
			}
			if _, err := h.links.Create(t.Context(), owner, n); err == nil {
				t.Errorf("%s: made", name)
			}
		}
	})
	t.Run("recipient spoof", func(t *testing.T) {
		made := h.create(summary.NewLink{})
		body, err := json.Marshal(map[string]string{"recipient": "Clinic\n\u202e<b>" + strings.Repeat("x", 900)})
		if err != nil {
			t.Fatal(err)
		}
		scan(t, made.Link).manifest(t, string(body))
		if who := h.shared(made.ID).Openings[0].Recipient; len([]rune(who)) != 200 || !strings.HasPrefix(who, "Clinic <b>xx") {
			t.Errorf("%q", who)
		}
	})
	t.Run("answers are for nobody's cache", func(t *testing.T) {
		r := scan(t, h.create(summary.NewLink{}).Link)
		for _, got := range []answer{r.ask(t, ask), r.ask(t, `{}`), do(t, "OPTIONS", r.URL, "", ""), do(t, "GET", base+"file/x", "", "")} {
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" || got.header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%d: %v", got.status, got.header)
			}
		}
		if got := do(t, "OPTIONS", r.URL, "", ""); got.status != 204 || got.header.Get("Access-Control-Allow-Headers") != "Content-Type" {
			t.Errorf("preflight: %d %v", got.status, got.header)
		}
	})
	t.Run("expired", func(t *testing.T) {
		made, direct := h.create(summary.NewLink{Until: at.Add(time.Hour)}), h.create(summary.NewLink{Direct: true, Until: at.Add(time.Hour)})
		location := scan(t, made.Link).manifest(t, `{"recipient":"r","embeddedLengthMax":0}`).Files[0].Location
		h.pass(11 * time.Minute)
		if got := do(t, "GET", location, "", ""); got.status != 404 {
			t.Errorf("an old location: %d", got.status)
		}
		h.pass(49 * time.Minute)
		if got := scan(t, made.Link).ask(t, ask); got.status != 404 {
			t.Errorf("manifest: %d", got.status)
		}
		if got := do(t, "GET", scan(t, direct.Link).URL+"?recipient=r", "", ""); got.status != 404 {
			t.Errorf("file: %d", got.status)
		}
	})
	if len(h.told) > 0 {
		t.Errorf("reported: %q", h.told)
	}
}

// TestAttackKeyInLog: neither the key nor the name of a link nor a passcode is in the
// database, in what is reported, or in what the owner is shown.
func TestAttackKeyInLog(t *testing.T) {
	h := newHouse(t)
	made := h.create(summary.NewLink{Passcode: "correct horse", LongTerm: true, Content: []byte("invented-clinical-value")})
	r := scan(t, made.Link)
	r.manifest(t, guess("correct horse"))
	if err := h.links.Refresh(t.Context(), owner, made.Link, []byte("invented-clinical-value 2")); err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%+v", h.shared(made.ID))
	h.db.Close()
	r.ask(t, guess("correct horse"))
	if len(h.told) == 0 {
		t.Fatal("nothing is reported: the test looks at nothing")
	}
	seen := []byte(strings.Join(h.told, "\n") + shown)
	files, err := filepath.Glob(h.file + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no database (%v)", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, b...)
	}
	if !bytes.Contains(seen, []byte(made.ID)) {
		t.Fatal("the link is not in the database: the test looks at nothing")
	}
	key, err := base64.RawURLEncoding.DecodeString(r.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"the key": r.Key, "the key's bytes": string(key), "the key in hexadecimal": hex.EncodeToString(key),
		"the name": r.URL[strings.LastIndex(r.URL, "/")+1:], "the passcode": "correct horse", "the content": "invented-clinical-value"} {
		if bytes.Contains(seen, []byte(secret)) {
			t.Errorf("%s is kept or told", name)
		}
	}
	// A server is told what stands before the fragment.
	if before, _, _ := strings.Cut(made.Link, "#"); before != "https://viewer.example/open" {
		t.Errorf("%s goes to a server", before)
	}
}

// TestAttackNarrative: no text of the record is markup in a narrative, whatever field
// it stands in, nor turns what follows it.
func TestAttackNarrative(t *testing.T) {
	const evil = "</div><script>alert(1)</script><img src=x onerror=alert(1)>&\u202e\x00\"'"
	for _, language := range []string{"en", "si", "ta"} {
		for name, resources := range mothers(t) {
			if name != "lk-whole-journey" && name != "who-contacts" && name != "lk-diseases-true" {
				continue
			}
			t.Run(language+" "+name, func(t *testing.T) {
				var list []*fhirjson.Value
				for _, r := range resources {
					c := r.Clone()
					c.Strings(func(field, text string) string {
						switch field {
						case "text", "display", "family", "given", "unit", "valueString", "name", "occurrenceString", "birthDate", "start", "end", "effectiveDateTime", "description":
							return evil
						}
						return text
					})
					c.Set("note", fhirjson.List(fhirjson.Fields(fhirjson.F("text", fhirjson.Text(evil)))))
					c.Set("text", fhirjson.Fields(fhirjson.F("status", fhirjson.Text("additional")), fhirjson.F("div", fhirjson.Text(`<div><script>hidden</script>`+evil+`spoken</div>`))))
					list = append(list, c)
				}
				made := document(t, summary.Record{Resources: list}, summary.Options{Language: language, Display: func(string, string) string { return evil }})
				divs := 0
				made.Bundle.Strings(func(field, text string) string {
					if field == "div" {
						divs++
						check(t, text)
					}
					return text
				})
				for _, s := range made.Sections {
					check(t, s.Narrative)
				}
				if divs < 10 {
					t.Errorf("%d narratives: the test looks at too few", divs)
				}
			})
		}
	}
}

// check holds a narrative to well-formed XHTML of a few elements and attributes.
func check(t *testing.T, div string) {
	t.Helper()
	if strings.ContainsAny(div, "\u202e\x00") {
		t.Errorf("a control character: %q", div)
	}
	dec := xml.NewDecoder(strings.NewReader(div))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%v: %s", err, div)
			return
		}
		if start, ok := token.(xml.StartElement); ok {
			if !strings.Contains(" div p ul li table thead tbody tr th td ", " "+start.Name.Local+" ") {
				t.Errorf("element %s", start.Name.Local)
			}
			for _, a := range start.Attr {
				if !strings.Contains(" xmlns lang scope ", " "+a.Name.Local+" ") {
					t.Errorf("attribute %s", a.Name.Local)
				}
			}
		}
	}
}
