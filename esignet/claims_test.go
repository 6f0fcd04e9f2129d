package esignet_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestClaims reads claims as identity systems write them.
func TestClaims(t *testing.T) {
	for _, test := range []struct {
		name, why string
		doc       string
		claim     string
		languages []string
		want      string
		lang      string
		ok        bool
	}{
		{name: "bare", doc: `{"name":"A"}`, claim: "name", languages: []string{"si"}, want: "A", ok: true},
		{name: "two letters", why: "MOSIP's own", doc: `{"name#en":"A","name#si":"B"}`, claim: "name", languages: []string{"si"}, want: "B", lang: "si", ok: true},
		{name: "three letters", why: "the mock", doc: `{"name#eng":"A","name#sin":"B"}`, claim: "name", languages: []string{"si", "en"}, want: "B", lang: "si", ok: true},
		{name: "asked in three letters", doc: `{"name#en":"A","name#si":"B"}`, claim: "name", languages: []string{"sin"}, want: "B", lang: "si", ok: true},
		{name: "region and capitals", doc: `{"name#EN_GB":"A","name#ta-LK":"B"}`, claim: "name", languages: []string{"TA"}, want: "B", lang: "ta", ok: true},
		{name: "bare before a language nobody asked for", doc: `{"name#fr":"B","name":"A"}`, claim: "name", languages: []string{"si"}, want: "A", ok: true},
		{name: "asked language before bare", doc: `{"name#si":"B","name":"A"}`, claim: "name", languages: []string{"si"}, want: "B", lang: "si", ok: true},
		{name: "no language fits", why: "a name in any script is better than none", doc: `{"name#hin":"H","name#ara":"A"}`, claim: "name", languages: []string{"si"}, want: "A", lang: "ar", ok: true},
		{name: "empty in the language asked for", why: "0.12 and later write it where there is no value", doc: `{"name#si":" ","name#en":"A"}`, claim: "name", languages: []string{"si", "en"}, want: "A", lang: "en", ok: true},
		{name: "empty", doc: `{"name":""}`, claim: "name"},
		{name: "null", doc: `{"name":null}`, claim: "name"},
		{name: "absent", doc: `{"nickname":"A","name_x":"B"}`, claim: "name"},
		{name: "a number is no text", doc: `{"name":5}`, claim: "name"},
		{name: "trimmed", doc: `{"name":"  A\t"}`, claim: "name", want: "A", ok: true},
		{name: "joiners stay", why: "a zero-width joiner makes another letter in Sinhala", doc: "{\"name\":\"ක්\u200dර\"}", claim: "name", want: "ක්\u200dර", ok: true},
		{name: "both forms of one language", doc: `{"name#eng":"three","name#en":"two"}`, claim: "name", languages: []string{"en"}, want: "two", lang: "en", ok: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := esignet.ParseClaims([]byte(test.doc))
			if err != nil {
				t.Fatal(err)
			}
			for range 20 { // maps have no order
				got, lang, ok := c.Text(test.claim, test.languages...)
				if got != test.want || lang != test.lang || ok != test.ok {
					t.Fatalf("%q %q %v, want %q %q %v", got, lang, ok, test.want, test.lang, test.ok)
				}
			}
		})
	}
	c, err := esignet.ParseClaims([]byte(`{"sub":"s","iss":"i","address":{"locality#si":"B","locality#en":"A","postal_code":"1","region":"","country":null,"street_address":["x"]},"address_x":1,"birthdate":"1994/05/17","email":""}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"locality": "A", "postal_code": "1"}, c.Address("en")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"address", "address_x", "birthdate"}, c.Names()); diff != "" {
		t.Error(diff)
	}
	if v, ok := c.Value("address_x"); !ok || string(v) != "1" {
		t.Errorf("%s", v)
	}
	for _, doc := range []string{`{"address":"one line"}`, `{"address":null}`, `{}`, `{"address":{"formatted":""}}`} {
		c, err := esignet.ParseClaims([]byte(doc))
		if err != nil || c.Address("en") != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
	if c, err := esignet.ParseClaims([]byte(`{"address#fr":{"formatted#fr":"F"}}`)); err != nil || c.Address("fr")["formatted"] != "F" {
		t.Error("address by language")
	}
	for _, bad := range []string{``, `null`, `[]`, `"x"`, `{`, `{"a":1,"a":2}`, `{"a":1}{}`, "{\"a\":\"\xff\"}", `{"` + strings.Join(many(201), `":1,"`) + `":1}`} {
		if _, err := esignet.ParseClaims([]byte(bad)); err == nil {
			t.Errorf("%.40q passes", bad)
		}
	}
	if got := c.JSON(); len(got) == 0 || &got[0] == &c.JSON()[0] {
		t.Error("the signed text can be changed from outside")
	}
}

func many(n int) (out []string) {
	for i := range n {
		out = append(out, strings.Repeat("x", i+1))
	}
	return out
}
