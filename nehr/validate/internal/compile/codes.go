package compile

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// incomplete are the code systems of which the archive's value sets hold a part
// only, found by comparison with the code systems of R4 4.0.1 and the national
// guide: a code of theirs that is not in the table may well exist.
var incomplete = map[string]bool{
	"http://dicom.nema.org/resources/ontology/DCM": true,
	"http://loinc.org":          true,
	"http://snomed.info/sct":    true,
	"http://unitsofmeasure.org": true,
	"http://terminology.hl7.org/CodeSystem/contractsignertypecodes":      true,
	"http://terminology.hl7.org/CodeSystem/v2-0443":                      true,
	"http://terminology.hl7.org/CodeSystem/v3-ActCode":                   true,
	"http://terminology.hl7.org/CodeSystem/v3-ActReason":                 true,
	"http://terminology.hl7.org/CodeSystem/v3-AddressUse":                true,
	"http://terminology.hl7.org/CodeSystem/v3-DocumentCompletion":        true,
	"http://terminology.hl7.org/CodeSystem/v3-EntityNamePartQualifier":   true,
	"http://terminology.hl7.org/CodeSystem/v3-EntityNamePartQualifierR2": true,
	"http://terminology.hl7.org/CodeSystem/v3-EntityNameUse":             true,
	"http://terminology.hl7.org/CodeSystem/v3-ObservationValue":          true,
	"http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction":     true,
	"http://terminology.hl7.org/CodeSystem/v3-ParticipationMode":         true,
	"http://terminology.hl7.org/CodeSystem/v3-RoleClass":                 true,
	"http://terminology.hl7.org/CodeSystem/v3-RoleCode":                  true,
	"http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration":     true,
}

// languages are the value sets of BCP 47, which is too large to list.
var languages = map[string]bool{
	"http://hl7.org/fhir/ValueSet/languages":     true,
	"http://hl7.org/fhir/ValueSet/all-languages": true,
}

// collectCodes fills the value sets and the code systems.
func (c *compiler) collectCodes() {
	systems := map[string]map[string]bool{}
	for _, v := range c.source.valueSets {
		if v.Codes == nil {
			continue
		}
		for _, code := range *v.Codes {
			if systems[code[0]] == nil {
				systems[code[0]] = map[string]bool{}
			}
			systems[code[0]][code[1]] = true
		}
	}
	for url, list := range supplement {
		systems[url] = map[string]bool{}
		for _, code := range strings.Fields(list) {
			systems[url][code] = true
		}
	}
	for url, set := range systems {
		s := rules.System{URL: url, Complete: !incomplete[url]}
		if s.Complete {
			for code := range set {
				s.Codes = append(s.Codes, code)
			}
			slices.Sort(s.Codes)
		}
		c.table.Systems = append(c.table.Systems, s)
	}
	slices.SortFunc(c.table.Systems, func(a, b rules.System) int { return strings.Compare(a.URL, b.URL) })
	for i, s := range c.table.Systems {
		c.systems[s.URL] = int32(i)
	}
}

// binding keeps a required or extensible binding.
func (c *compiler) binding(n *node, e *rules.Element) {
	if n.Binding == nil {
		return
	}
	switch strength := n.Binding.Strength; {
	case languages[canonical(n.Binding.ValueSet)]:
		e.Binding.Strength = rules.Language
		return
	case strength == "required":
		e.Binding.Strength = rules.Required
	case strength == "extensible":
		e.Binding.Strength = rules.Extensible
	default:
		return
	}
	e.Binding.ValueSet = c.valueSet(n.Binding.ValueSet)
}

// valueSet gives the index of a value set. Its codes are looked up under the
// URL as it stands, with its version or without.
func (c *compiler) valueSet(url string) int32 {
	if at, ok := c.valueSets[url]; ok {
		return at
	}
	found, ok := c.source.valueSets[url]
	if !ok {
		found = c.source.valueSets[canonical(url)]
	}
	out := rules.ValueSet{URL: url}
	// The archive writes some sets that it cannot list as empty; nothing could
	// be a member of such a set, so it is taken as unknown.
	if found.Codes != nil && len(*found.Codes) > 0 {
		out.Known = true
		for _, code := range *found.Codes {
			out.Codes = append(out.Codes, rules.Code{System: c.systems[code[0]], Text: code[1]})
		}
		slices.SortFunc(out.Codes, func(a, b rules.Code) int {
			if a.System != b.System {
				return int(a.System - b.System)
			}
			return strings.Compare(a.Text, b.Text)
		})
		out.Codes = slices.Compact(out.Codes)
	}
	at := int32(len(c.table.ValueSets))
	c.valueSets[url] = at
	c.table.ValueSets = append(c.table.ValueSets, out)
	return at
}
