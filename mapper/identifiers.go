package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addIdentifiers gives the Patient every identifier that DHIS2 holds.
func (r *run) addIdentifiers(p *nehr.Patient, lk bool) {
	add := func(id nehr.Identifier, attribute dhis2.UID) {
		r.trace.attribute(r.subject.Reference, "identifier["+itoa(len(p.Identifier))+"]", attribute)
		p.Identifier = append(p.Identifier, id)
	}
	if a, v, ok := r.attr(AttrPHN); ok {
		add(nehr.PHNIdentifier(v.Text()), a.UID)
	}
	passport := false
	for _, a := range r.plan.attributes {
		v := r.attributes[a.index].value
		if v.Type() == "" {
			continue
		}
		switch a.Kind {
		case AttrNIC:
			if nic, err := nehr.ParseNIC(v.Text()); err != nil {
				r.issue(a.issueOn(Warning, RuleNICForm, "want 9 digits and V or X, or 12 digits: not sent, it may be another number"))
			} else {
				add(nehr.NICIdentifier(nic.String()), a.UID)
			}
		case AttrPassport:
			add(nehr.PassportIdentifier(v.Text()), a.UID)
			passport = true
		case AttrIdentifier:
			add(nehr.Identifier{Use: nehr.IdentifierSecondary, System: a.System, Value: v.Text()}, a.UID)
		case AttrESignetSubject:
			if r.Mapper.subject == "" {
				r.issue(a.issueOn(Information, RuleSubject,
					"not sent: a subject names a person only together with issuer and relying party; set esignet.issuer and esignet.relying_party"))
				continue
			}
			add(nehr.Identifier{Use: nehr.IdentifierSecondary, System: r.Mapper.subject, Value: v.Text()}, a.UID)
		}
	}
	if lk && !passport && r.cfg.Passport == PassportAbsentReason {
		add(nehr.AbsentPassport(nehr.AbsentUnknown), dhis2.UID{})
	}
	add(nehr.Identifier{System: nehr.SystemDHIS2TrackedEntity, Value: r.te.TrackedEntity.String()}, dhis2.UID{})
}
