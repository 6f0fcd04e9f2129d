package summary

import (
	"encoding/xml"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// plainBound is how much of a foreign narrative is told, in bytes.
const plainBound = 4096

// additional is what a person wrote into the narrative of a resource and what stands
// nowhere else in it (Narrative.status additional or extensions): its words, without
// any of its markup. Narrative that was generated says nothing new.
func additional(r *fhirjson.Value) string {
	if status := r.Get("text", "status").Str(); status != "additional" && status != "extensions" {
		return ""
	}
	return plain(r.Get("text", "div").Str())
}

// plain gives the words of XHTML.
func plain(div string) string {
	dec := xml.NewDecoder(strings.NewReader(div))
	dec.Strict, dec.Entity = false, xml.HTMLEntity
	var words []string
	silent, size := 0, 0
	for {
		token, err := dec.RawToken()
		if err != nil {
			return strings.Join(words, " ")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if unspoken(t.Name.Local) {
				silent++
			}
		case xml.EndElement:
			if unspoken(t.Name.Local) {
				silent = max(silent-1, 0)
			}
		case xml.CharData:
			for _, w := range strings.Fields(clean(string(t))) {
				if silent > 0 {
					continue
				}
				if size += len(w) + 1; size > plainBound {
					return strings.Join(append(words, "…"), " ")
				}
				words = append(words, w)
			}
		}
	}
}

func unspoken(element string) bool {
	return strings.EqualFold(element, "script") || strings.EqualFold(element, "style")
}
