package validate

import "github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"

// PackInfo says which definitions a build judges by.
type PackInfo struct {
	// SHA256 of the archive that the rule table was generated from, in
	// hexadecimal.
	SHA256 string
	// Profiles are the canonical URLs of the profiles of the national guide and
	// of IPS, sorted by package, then URL, with their versions.
	Profiles []ProfileInfo
	// Overlays are the names of the overlays that New accepts.
	Overlays []string
}

// ProfileInfo is one profile of the pack.
type ProfileInfo struct {
	URL     string
	Version string
	Type    string // the type that it constrains, such as Patient
	Package string // national or ips
}

// Pack says which definitions this build judges by (D-101).
func Pack() PackInfo {
	t := load().table
	p := PackInfo{SHA256: t.Archive, Overlays: overlayNames()}
	for _, pack := range []rules.Pack{rules.National, rules.IPS} {
		for _, d := range t.Definitions {
			if d.Pack != pack {
				continue
			}
			name := "national"
			if pack == rules.IPS {
				name = "ips"
			}
			p.Profiles = append(p.Profiles, ProfileInfo{d.URL, d.Version, t.Types[d.Type].Code, name})
		}
	}
	return p
}
