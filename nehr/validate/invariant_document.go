package validate

import (
	"bytes"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// documentInvariants are the rules of bundles, compositions and contained
// resources.
var documentInvariants = map[string]invariant{
	"bdl-1": onlyWhen(names.Total, names.Type, "searchset", "history"),
	"bdl-2": func(c *checker, n int32) bool {
		return c.doc.is(n, names.Type, "searchset") || !c.anyEntry(n, names.Search)
	},
	"bdl-3": func(c *checker, n int32) bool {
		return c.entriesHave(n, names.Request, c.oneOf(n, names.Type, "batch", "transaction", "history"))
	},
	"bdl-4": func(c *checker, n int32) bool {
		return c.entriesHave(n, names.Response, c.oneOf(n, names.Type, "batch-response", "transaction-response", "history"))
	},
	"bdl-5": has(names.Resource, names.Request, names.Response),
	"bdl-7": func(c *checker, n int32) bool { return c.doc.is(n, names.Type, "history") || c.fullURLsDiffer(n) },
	"bdl-8": func(c *checker, n int32) bool {
		return !bytes.Contains(c.doc.property(n, names.FullUrl), []byte("/_history/"))
	},
	"bdl-9": func(c *checker, n int32) bool {
		if !c.doc.is(n, names.Type, "document") {
			return true
		}
		identifier := c.doc.get(n, names.Identifier)
		return identifier != 0 && c.doc.has(identifier, names.System) && c.doc.has(identifier, names.Value)
	},
	"bdl-10": func(c *checker, n int32) bool {
		return !c.doc.is(n, names.Type, "document") || c.doc.get(n, names.Timestamp) != 0
	},
	"bdl-11": firstEntry("document", types.Composition),
	"bdl-12": firstEntry("message", types.MessageHeader),
	"bdl-ips-1": func(c *checker, n int32) bool {
		first := true
		return c.each(n, names.Entry, func(entry int32) bool {
			skip := first
			first = false
			return skip || c.entryType(entry) != types.Composition
		})
	},
	"cmp-1": has(names.Text, names.Entry, names.Section),
	"cmp-2": notBoth(names.EmptyReason, names.Entry),
	"dom-2": containedHas(func(c *checker, n int32) bool { return !c.doc.has(n, names.Contained) }),
	"dom-3": containedReferred,
	"dom-4": containedHas(func(c *checker, n int32) bool {
		meta := c.doc.get(n, names.Meta)
		return meta == 0 || !c.doc.has(meta, names.VersionId) && !c.doc.has(meta, names.LastUpdated)
	}),
	"dom-5": containedHas(func(c *checker, n int32) bool {
		meta := c.doc.get(n, names.Meta)
		return meta == 0 || !c.doc.has(meta, names.Security)
	}),
}

// entriesHave: every entry has the element, or none.
func (c *checker) entriesHave(n int32, name uint16, want bool) bool {
	return c.each(n, names.Entry, func(entry int32) bool { return c.doc.has(entry, name) == want })
}

// entryType is the type of an entry's resource, -1 if it has none.
func (c *checker) entryType(entry int32) int32 {
	at := c.doc.get(entry, names.Resource)
	if at == 0 || c.doc.nodes[at].resource < 0 {
		return -1
	}
	return c.doc.resources[c.doc.nodes[at].resource].typ
}

// firstEntry: a bundle of that kind begins with a resource of that type.
func firstEntry(kind string, typ int32) invariant {
	return func(c *checker, n int32) bool {
		if !c.doc.is(n, names.Type, kind) {
			return true
		}
		list := c.doc.get(n, names.Entry)
		return list != 0 && c.doc.first(list) != 0 && c.entryType(c.doc.first(list)) == typ
	}
}

// fullURLsDiffer: no two entries have the same fullUrl and version. The index
// of the root bundle knows it at once; a bundle inside another is compared pair
// by pair, up to a number that no record here comes near.
func (c *checker) fullURLsDiffer(n int32) bool {
	if n == 0 {
		for i := range c.bundle.entries {
			if c.bundle.entries[i].twice {
				return c.versionsDiffer(n)
			}
		}
		return true
	}
	return c.versionsDiffer(n)
}

func (c *checker) versionsDiffer(n int32) bool {
	seen := map[string]bool{}
	return c.each(n, names.Entry, func(entry int32) bool {
		url := c.doc.property(entry, names.FullUrl)
		if url == nil {
			return true
		}
		var version []byte
		if resource := c.doc.get(entry, names.Resource); resource != 0 {
			if meta := c.doc.get(resource, names.Meta); meta != 0 {
				version = c.doc.property(meta, names.VersionId)
			}
		}
		key := string(url) + "\n" + string(version)
		had := seen[key]
		seen[key] = true
		return !had
	})
}

// containedHas: each contained resource has the property that f says.
func containedHas(f invariant) invariant {
	return func(c *checker, n int32) bool {
		return c.each(n, names.Contained, func(inner int32) bool { return f(c, inner) })
	}
}
