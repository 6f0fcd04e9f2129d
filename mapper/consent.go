package mapper

import "github.com/nehrbridge/nehrbridge/nehr"

// addConsents makes the Consent to reminders: permit when she wants them,
// deny when she does not, none when she was not asked.
func (r *run) addConsents() {
	r.attrs(AttrReminders, func(a *attributePlan, v attributeValue) {
		key, e := r.attributeKey(a, v)
		if e == nil {
			return
		}
		c := nehr.NewConsent()
		c.Scope = &consentScope
		c.Category = consentCategory
		c.Patient = r.subject
		c.DateTime = e.enrolled.Fact(r.zone)
		rule, provision := "OPTOUT", "deny"
		if v.value.Bool() {
			rule, provision = "OPTIN", "permit"
		}
		c.PolicyRule = &nehr.CodeableConcept{Coding: []nehr.Coding{{System: nehr.SystemActCode, Code: rule}}}
		c.Provision = &nehr.Provision{Type: provision, Code: []nehr.CodeableConcept{a.code}}
		ref := r.add(c, key, r.plan.labels, a.labels)
		r.trace.entry(ref.Reference, source{attribute: a.UID, enrollment: e.Enrollment.Enrollment})
	})
}

var (
	consentScope = nehr.Concept("", nehr.Coding{
		System: nehr.SystemConsentScope, Code: "patient-privacy", Display: "Privacy Consent"})
	consentCategory = []nehr.CodeableConcept{nehr.Concept("Reminders", nehr.Coding{
		System: nehr.SystemLOINC, Code: "59284-0", Display: "Consent Document"})}
)
