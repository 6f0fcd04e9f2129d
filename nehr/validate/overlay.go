package validate

// OverlayPassportOptional is the overlay of G1: the passport slice (PPN) of the
// national Patient is 0..*, as the hand-edited package of the demonstration has
// it, instead of 1..* as the guide says. Nothing else changes.
const OverlayPassportOptional = "passport-optional"

// overlay is a named difference from the published guide: slices of one profile
// that need not be there.
type overlay struct {
	name    string
	profile string
	slice   string
}

// overlays are those known.
var overlays = []overlay{{
	name:    OverlayPassportOptional,
	profile: "http://fhir.health.gov.lk/ips/StructureDefinition/ips-patient",
	slice:   "PPN",
}}

func overlayNames() []string {
	var list []string
	for _, o := range overlays {
		list = append(list, o.name)
	}
	return list
}

// optional says whether an overlay of this Validator frees a slice.
func (v *Validator) optional(profile int32, slice string) bool {
	if len(v.overlays) == 0 || profile < 0 {
		return false
	}
	url := load().table.Definitions[profile].URL
	for _, o := range v.overlays {
		if o.profile == url && o.slice == slice {
			return true
		}
	}
	return false
}
