package summary

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestWords: each language has every word, and each word of a placeholder's kind.
func TestWords(t *testing.T) {
	en := phrases["en"]
	for language, w := range phrases {
		for i, text := range append(append(w.sections[:], w.columns[:]...), append(w.months[:], w.title, w.noInformation, w.withheld, w.partly, w.anything, w.patient, w.born, w.made, w.read, w.yes, w.no)...) {
			if strings.TrimSpace(text) == "" || clean(text) != text {
				t.Errorf("%s: word %d is %q", language, i, text)
			}
		}
		if !slices.Equal(slices.Sorted(maps.Keys(w.status)), slices.Sorted(maps.Keys(en.status))) {
			t.Errorf("%s: other states than en", language)
		}
		for code, text := range w.status {
			if text == "" || language != "en" && text == en.status[code] {
				t.Errorf("%s: %s is not translated", language, code)
			}
		}
	}
	if len(phrases) != 3 {
		t.Errorf("%d languages", len(phrases))
	}
}

// FuzzLink: whatever is pasted as a link is refused or has a key of 32 bytes, and what
// was written is read again.
func FuzzLink(f *testing.F) {
	good, err := payload{URL: "https://a.example/shl/x", Key: strings.Repeat("A", 43), Flag: "L", Exp: 1, V: 1}.link("https://v.example")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{good, "shlink:/", "shlink:/e30", "#shlink:/####", "https://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseLink(s)
		if err != nil {
			return
		}
		again, err := p.link("")
		if err != nil {
			t.Fatal(err)
		}
		if q, err := parseLink(again); err != nil || q != p || len(p.Key) != 43 {
			t.Errorf("%v", err)
		}
	})
}

// FuzzManifestRequest: what passes is bounded and has somebody who asks.
func FuzzManifestRequest(f *testing.F) {
	for _, s := range []string{`{"recipient":"r"}`, `{"recipient":"r","passcode":"123456","embeddedLengthMax":0}`, `{"recipient":1}`, `{}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := parseManifestRequest(document)
		if err == nil && (r.Recipient == "" || recipient(r.Recipient) != r.Recipient || len(r.Passcode) > maxRequest) {
			t.Errorf("%q", r.Recipient)
		}
	})
}

// FuzzPlain: of a foreign narrative nothing is left that XML reads as markup.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{`<div>a<b>c</b></div>`, `<script>x</script>y`, `</script>z`, `&lt;b&gt;`, `<div`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := escape(plain(s)); strings.ContainsAny(got, "<>\"'") || len(plain(s)) > plainBound+8 {
			t.Errorf("%q", got)
		}
	})
}
