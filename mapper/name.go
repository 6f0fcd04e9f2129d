package mapper

import (
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// name is her name: the text as it was written, family and given only where
// DHIS2 keeps them apart. Sri Lankan names put initials, patronymics and ge
// names in orders that no rule takes apart (D-033).
func (r *run) name(lk bool) nehr.HumanName {
	url := r.subject.Reference
	n := nehr.HumanName{Use: nehr.NameOfficial}
	if a, v, ok := r.attr(AttrFullName); ok {
		n.Text = v.Text()
		r.trace.attribute(url, "name[0]", a.UID)
	}
	// Where there is no full name, the text is put together from both parts and
	// explained by the given name, or by the family name alone.
	if a, v, ok := r.attr(AttrGivenName); ok {
		n.Given = nehr.Strings(words(v.Text()))
		r.trace.attribute(url, "name[0].given", a.UID)
		r.trace.attribute(url, "name[0]", a.UID)
	}
	if a, v, ok := r.attr(AttrFamilyName); ok {
		n.Family = v.Text()
		r.trace.attribute(url, "name[0].family", a.UID)
		r.trace.attribute(url, "name[0]", a.UID)
	}
	if n.Family == "" && len(n.Given) == 0 && r.cfg.Names == NamesSplitLast {
		n.Family, n.Given = splitLast(n.Text)
	}
	if n.Text == "" {
		n.Text = strings.TrimSpace(strings.Join(n.Given, " ") + " " + n.Family)
	}
	return completeName(n, lk)
}

// splitLast guesses as the reference implementation did: the last word is the
// family name, the others are given names; one word is the family name.
func splitLast(text string) (family string, given nehr.Strings) {
	w := words(text)
	if len(w) == 0 {
		return "", nil
	}
	return w[len(w)-1], nehr.Strings(w[:len(w)-1])
}

// completeName fills what a profile demands with the reason of its absence.
// IPS demands text, family or given (ips-pat-1); the national guide both
// family and given.
func completeName(n nehr.HumanName, lk bool) nehr.HumanName {
	if lk || n.Text == "" {
		n.Family, n.FamilyExt = orAbsent(n.Family)
	}
	if lk && len(n.Given) == 0 {
		n.Given, n.GivenExt = nehr.AbsentStrings(nehr.AbsentUnknown)
	}
	return n
}
