package validate

import (
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// workflowInvariants are the rules of appointments, requests, tasks, consents.
var workflowInvariants = map[string]invariant{
	"app-1": has(names.Type, names.Actor),
	"app-2": func(c *checker, n int32) bool { return c.doc.has(n, names.Start) == c.doc.has(n, names.End) },
	"app-3": func(c *checker, n int32) bool {
		return c.doc.has(n, names.Start) && c.doc.has(n, names.End) ||
			c.oneOf(n, names.Status, "proposed", "cancelled", "waitlist")
	},
	"app-4":      onlyWhen(names.CancelationReason, names.Status, "no-show", "cancelled"),
	"apr-1":      has(names.ParticipantType, names.Actor),
	"cpl-3":      notBoth(names.Detail, names.Reference),
	"inv-1@Task": notLater(names.AuthoredOn, names.LastModified),
	"lst-1":      notBoth(names.EmptyReason, names.Entry),
	"lst-2": func(c *checker, n int32) bool {
		return c.doc.is(n, names.Mode, "changes") || !c.anyEntry(n, names.Deleted)
	},
	"lst-3": func(c *checker, n int32) bool {
		return c.doc.is(n, names.Mode, "working") || !c.anyEntry(n, names.Date)
	},
	"ppc-1": has(names.Policy, names.PolicyRule),
	"ppc-2": consentScope("patient-privacy"),
	"ppc-3": consentScope("research"),
	"ppc-4": consentScope("adr"),
	"ppc-5": consentScope("treatment"),
	"prr-1": needs(names.OrderDetail, names.Code),
	"rqg-1": exactlyOne(names.Resource, names.Action),
}

// anyEntry says whether an entry of a List has the element.
func (c *checker) anyEntry(n int32, name uint16) bool {
	return !c.each(n, names.Entry, func(entry int32) bool { return !c.doc.has(entry, name) })
}

// consentScope: a consent of that scope names the patient. The definitions ask
// for a system called "something", so the rule binds nobody; it is kept as it
// stands in them.
func consentScope(code string) invariant {
	return func(c *checker, n int32) bool {
		return c.doc.has(n, names.Patient) || !c.hasCoding(n, names.Scope, "something", code)
	}
}

// recordInvariants are the rules of people, places, and who did what.
var recordInvariants = map[string]invariant{
	"ips-pat-1": has(names.Family, names.Given, names.Text),
	"org-1":     has(names.Identifier, names.Name),
	"pat-1":     has(names.Name, names.Telecom, names.Address, names.Organization),
	"sev-1":     notBoth(names.Name, names.Query),
	"ctm-1": func(c *checker, n int32) bool {
		if !c.doc.has(n, names.OnBehalfOf) {
			return true
		}
		member := c.doc.get(n, names.Member)
		if member == 0 {
			return true
		}
		res := c.resolve(member)
		return res < 0 || c.doc.resources[res].typ == types.Practitioner
	},
}
