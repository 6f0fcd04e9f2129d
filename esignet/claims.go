package esignet

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Claims are what the person consented to share, as the identity system wrote
// it. A claim may stand under its name, or once per language under name#lang, the
// members of an address likewise; the language has two letters or three. It prints
// without what they say.
type Claims struct {
	raw    []byte
	values map[string]jsontext.Value
}

// registered are members of a token that say nothing about the person.
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "acr", "auth_time", "nonce", "azp", "at_hash", "c_hash"}

// ParseClaims reads a JSON object of at most 200 members, each once.
func ParseClaims(payload []byte) (*Claims, error) {
	c := &Claims{raw: payload}
	if !object(payload, &c.values) {
		return nil, errors.New("the claims are no JSON object")
	}
	if len(c.values) > 200 {
		return nil, errors.New("more claims than any person has")
	}
	return c, nil
}

// JSON gives the whole object as it was signed, sub and iss with it.
func (c *Claims) JSON() []byte { return slices.Clone(c.raw) }

// String says that they are not shown.
func (c *Claims) String() string { return "claims of a person (not shown)" }

// GoString is String, so that %#v shows no value.
func (c *Claims) GoString() string { return c.String() }

// Names gives the names of the claims that have a value, without language, each
// once, sorted: what the person consented to, as far as the identity system has it.
func (c *Claims) Names() (names []string) {
	for member, value := range c.values {
		name, _, _ := strings.Cut(member, "#")
		if !slices.Contains(registered, name) && !slices.Contains(names, name) && !empty(value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Value gives a claim in the first of the languages (ISO 639-1 or -3, a region is
// passed over) that it has; else without a language; else, of those left, the one
// whose tag sorts first. An empty string counts as no value, since identity
// systems write it for a language they lack. It gives false when there is none.
func (c *Claims) Value(name string, languages ...string) (jsontext.Value, bool) {
	v, _, ok := c.choose(name, languages)
	return v, ok
}

// Text is [Claims.Value] for a string, trimmed, together with its language in
// ISO 639-1 where the claim names one.
func (c *Claims) Text(name string, languages ...string) (text, lang string, ok bool) {
	v, lang, ok := c.choose(name, languages)
	if !ok || v.Kind() != '"' || json.Unmarshal(v, &text) != nil {
		return "", "", false
	}
	return strings.TrimSpace(text), lang, true
}

// Address gives the members of the address claim (OpenID Connect Core section
// 5.1.1) by name without language, each chosen as [Claims.Value] does; nil when
// there is none. Any may be missing; some identity systems give formatted alone.
func (c *Claims) Address(languages ...string) map[string]string {
	v, _, ok := c.choose("address", languages)
	if !ok || v.Kind() != '{' {
		return nil
	}
	inner := &Claims{}
	if json.Unmarshal(v, &inner.values) != nil {
		return nil
	}
	var out map[string]string
	for _, name := range inner.Names() {
		if text, _, ok := inner.Text(name, languages...); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = text
		}
	}
	return out
}

// choose finds a member name or name#lang by the languages wanted.
func (c *Claims) choose(name string, languages []string) (value jsontext.Value, lang string, ok bool) {
	tags := map[string]string{} // language → member
	var rest []string
	for member, v := range c.values {
		base, tag, _ := strings.Cut(member, "#")
		if base != name || empty(v) {
			continue
		}
		rest = append(rest, member)
		// Two tags of one language (en and eng): the shorter, so that it is always
		// the same one.
		if l := language(tag); tags[l] == "" || len(member) < len(tags[l]) || len(member) == len(tags[l]) && member < tags[l] {
			tags[l] = member
		}
	}
	if len(rest) == 0 {
		return nil, "", false
	}
	slices.Sort(rest) // the bare name sorts before every tagged one
	pick := rest[0]
	for _, wanted := range languages {
		if member, ok := tags[language(wanted)]; ok && wanted != "" {
			pick = member
			break
		}
	}
	_, tag, _ := strings.Cut(pick, "#")
	return c.values[pick], language(tag), true
}

func empty(v jsontext.Value) bool {
	switch v.Kind() {
	case 'n':
		return true
	case '"':
		var s string
		return json.Unmarshal(v, &s) != nil || strings.TrimSpace(s) == ""
	}
	return false
}

// language reduces a tag to ISO 639-1 where this package knows how: MOSIP writes
// three letters inside, two outside. Others stay as they are, in lower case.
func language(tag string) string {
	tag, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if short, ok := shortTags[tag]; ok {
		return short
	}
	return tag
}

// shortTags are the languages of the countries that run MOSIP, and its samples'.
var shortTags = map[string]string{
	"eng": "en", "sin": "si", "tam": "ta", "fra": "fr", "fre": "fr", "ara": "ar", "hin": "hi", "kan": "kn", "spa": "es", "por": "pt",
	"fil": "tl", "tgl": "tl", "amh": "am", "orm": "om", "tir": "ti", "som": "so", "khm": "km", "nep": "ne", "ben": "bn", "urd": "ur", "tel": "te", "mal": "ml",
}
