package mapper

import (
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addContacts makes Patient.contact: the person to call, and each person she
// lives with. A cohabitant whose name DHIS2 does not ask has a data-absent
// name, since R4 demands one detail of a contact (pat-1).
func (r *run) addContacts(p *nehr.Patient) {
	url := r.subject.Reference
	var c nehr.PatientContact
	path := "contact[0]"
	if a, v, ok := r.attr(AttrContactName); ok {
		c.Name = &nehr.HumanName{Text: v.Text()}
		r.trace.attribute(url, path+".name", a.UID)
	}
	if a, v, ok := r.attr(AttrContactPhone); ok {
		c.Telecom = []nehr.ContactPoint{r.phone(a, v.Text())}
		r.trace.attribute(url, path+".telecom", a.UID)
	}
	if c.Name != nil || c.Telecom != nil {
		p.Contact = append(p.Contact, c)
	}
	r.attrs(AttrCohabitant, func(a *attributePlan, v attributeValue) {
		if !v.value.Bool() {
			return
		}
		r.trace.attribute(url, "contact["+itoa(len(p.Contact))+"]", a.UID)
		p.Contact = append(p.Contact, nehr.PatientContact{
			Relationship: []nehr.CodeableConcept{nehr.Concept(a.Relationship, a.dhis2)},
			Name:         &nehr.HumanName{Extension: nehr.AbsentExtensions(nehr.AbsentNotAsked)},
		})
	})
}
