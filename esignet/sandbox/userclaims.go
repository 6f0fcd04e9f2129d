package sandbox

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// localized gives a claim that is kept in several languages, as the mock
// identity system of the version does: by name#language where several values
// fit, by name alone where one does. What none fits is left out up to 1.6, and
// empty since.
func (s *Server) localized(name string, texts []Text, locales []string, empty bool) []any {
	var fit []Text
	for _, t := range texts {
		for _, l := range locales {
			if t.Language == l {
				fit = append(fit, t)
				break
			}
		}
	}
	suffixed := len(fit) > 1
	if s.v == V16 {
		suffixed = len(locales) > 1
	}
	if len(fit) == 0 {
		if s.v > V16 && empty && len(texts) > 0 {
			return []any{name, ""}
		}
		return nil
	}
	var pairs []any
	for _, t := range fit {
		key := name
		if suffixed {
			lang := t.Language
			if s.v >= V20 {
				lang = toISO2(lang)
			}
			key += "#" + lang
		}
		pairs = append(pairs, key, t.Value)
	}
	return pairs
}

// userClaims are the accepted claims as far as the person has them.
func (s *Server) userClaims(t *transaction) []any {
	var locales []string
	for _, tag := range strings.Fields(t.request.ClaimsLocales) {
		locales = append(locales, toISO3(tag))
	}
	if len(locales) == 0 {
		locales = []string{"eng"}
	}
	p := t.person
	var doc []any
	plain := func(name, value string) {
		if value != "" {
			doc = append(doc, name, value)
		}
	}
	for _, claim := range t.accepted {
		if s.on(UserinfoNoEssential) && slices.Contains(t.essential, claim) {
			continue
		}
		switch claim {
		case "name":
			if s.on(UserinfoEmptyName) {
				doc = append(doc, "name", "")
				continue
			}
			doc = append(doc, s.localized("name", p.FullName, locales, true)...)
		case "gender":
			doc = append(doc, s.localized("gender", p.Gender, locales, true)...)
		case "birthdate":
			plain("birthdate", p.DateOfBirth)
		case "email":
			plain("email", p.Email)
		case "phone_number":
			plain("phone_number", p.Phone)
		case "picture":
			plain("picture", p.Photo)
		case "address":
			var members []any
			for _, m := range []struct {
				name  string
				texts []Text
			}{{"street_address", p.StreetAddress}, {"locality", p.Locality}, {"region", p.Region}, {"country", p.Country}} {
				members = append(members, s.localized(m.name, m.texts, locales, false)...)
			}
			if s.v == V16 && p.PostalCode != "" { // later versions lose what has no language
				members = append(members, "postal_code", p.PostalCode)
			}
			if len(members) > 0 {
				doc = append(doc, "address", jsontext.Value(object(members...)))
			}
		}
	}
	return doc
}

// signUserinfo makes the userinfo JWS. The identity system signs it, not
// eSignet, and its key is not in the key set; in 2.0 the server signs.
func (s *Server) signUserinfo(t *transaction, origin, sub string) (string, error) {
	issuer, audience := s.userinfoIssuer(origin), t.client.ClientID
	if s.on(UserinfoOtherSubject) {
		sub = subjectOf("0000000000", t.client.RelyingParty)
	}
	if s.on(UserinfoOtherAudience) {
		audience = "another-client"
	}
	if s.on(UserinfoOtherIssuer) {
		issuer = "https://other-issuer.invalid"
	}
	doc := append(s.userClaims(t), "sub", sub)
	if !s.on(UserinfoNoIssuer) {
		doc = append(doc, "iss", issuer, "aud", audience)
	}
	if s.on(UserinfoHuge) {
		doc = append(without(doc, "picture"), "picture", "data:image/jpeg;base64,"+strings.Repeat("AAAA", 3<<20))
	}
	payload := object(doc...)
	if s.on(UserinfoUnsigned) {
		return unsigned(payload), nil
	}
	if s.on(UserinfoPlain) {
		return string(payload), nil
	}
	if s.v >= V20 {
		if s.on(UserinfoOtherKey) {
			f, err := forged(s.keys[0].kid)
			if err != nil {
				return "", err
			}
			return f.sign(payload, "PS256", nil)
		}
		return s.keys[0].sign(payload, "PS256", nil)
	}
	k := s.userinfoKey
	if s.on(UserinfoOtherKey) {
		f, err := forged(k.kid)
		if err != nil {
			return "", err
		}
		k = f
	}
	return k.sign(payload, "RS256", nil)
}

// without leaves a member out of a list of pairs.
func without(pairs []any, name string) []any {
	var kept []any
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != name {
			kept = append(kept, pairs[i], pairs[i+1])
		}
	}
	return kept
}
