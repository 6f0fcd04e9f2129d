package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/internal/telephone"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
)

// patientKey is what identifies her at the server: the PHN where the map has
// one, else the UID of the tracked entity. Without a usable PHN nothing is
// sent: all women without one would become one Patient (D-036).
func (r *run) patientKey() (nehr.Key, error) {
	mapped := false
	for _, p := range r.plan.attributes {
		mapped = mapped || p.Kind == AttrPHN
	}
	if !mapped {
		return nehr.Key{System: nehr.SystemDHIS2TrackedEntity, Value: r.te.TrackedEntity.String()}, nil
	}
	p, v, ok := r.attr(AttrPHN)
	if !ok {
		return nehr.Key{}, &Refusal{r.te.TrackedEntity, Quarantined,
			"it has no personal health number (PHN): issue one in DHIS2, nothing was sent"}
	}
	text := v.Text()
	if _, err := phn.ParseAny(text); err != nil {
		return nehr.Key{}, &Refusal{r.te.TrackedEntity, Quarantined,
			"its personal health number (PHN) cannot be one: want 4 to 32 letters, digits or hyphens, no placeholder; nothing was sent"}
	}
	if _, err := r.form.Parse(text); err != nil {
		if r.scheme != nil {
			return nehr.Key{}, &Refusal{r.te.TrackedEntity, Quarantined,
				"its personal health number (PHN) has not the form that phn.scheme demands; nothing was sent"}
		}
		r.issue(p.issueOn(Information, RulePHNForm, "the number has not the national form (point of issue, six characters, check digit): sent as it is"))
	}
	return nehr.Key{System: nehr.SystemPHN, Value: text}, nil
}

// addPatient makes the Patient.
func (r *run) addPatient(key nehr.Key) {
	var p *nehr.Patient
	lk := r.plan.guide() == GuideLK
	if lk {
		p = nehr.NewPatientLK()
		p.RegisteredBy(r.deviceRef())
	} else {
		p = nehr.NewPatientIPS()
	}
	url := r.subject.Reference
	r.addIdentifiers(p, lk)
	p.Name = []nehr.HumanName{r.name(lk)}
	r.addTelecom(p)
	r.addGender(p)
	r.addBirthDate(p)
	if a, v, ok := r.attr(AttrAddress); ok {
		p.Address = []nehr.Address{address(v.Text(), r.plan.guide())}
		r.trace.attribute(url, "address[0]", a.UID)
	}
	r.addContacts(p)
	r.attributeLabels(p)
	r.frame = append([]nehr.Entry{{FullURL: url, Resource: p, Key: key}}, r.frame...)
	r.trace.entry(url, source{})
}

// attributeLabels puts the sensitivity of attributes that became part of the
// Patient on it. The program's own label does not go there: the Patient is
// shared, and the label would tell everybody what she is treated for.
func (r *run) attributeLabels(p *nehr.Patient) {
	for _, a := range r.plan.attributes {
		if r.attributes[a.index].value.Type() != "" && a.Kind != AttrObservation && a.Kind != AttrReminders {
			p.Label(a.labels...)
		}
	}
}

func (r *run) addGender(p *nehr.Patient) {
	p.Gender = nehr.GenderUnknown
	a, v, ok := r.attr(AttrGender)
	if !ok {
		for _, a := range r.plan.attributes {
			if a.Kind == AttrGender {
				r.issue(a.issueOn(Information, RuleGender, "no value: the gender is unknown"))
			}
		}
		return
	}
	g, known := a.gender(v.Text())
	if !known {
		r.issue(a.issueOn(Warning, RuleGender, "the map's table does not name this option: the gender is unknown"))
		return
	}
	p.Gender = g
	r.trace.attribute(r.subject.Reference, "gender", a.UID)
}

func (r *run) addBirthDate(p *nehr.Patient) {
	if a, v, ok := r.attr(AttrBirthDate); ok {
		p.BirthDate = v.Date().String()
		r.trace.attribute(r.subject.Reference, "birthDate", a.UID)
		return
	}
	// A value that was there and could not be read was reported by
	// readAttributes; the reason tells the two apart.
	p.BirthDateExt = absentUnknown
	for _, i := range r.issues {
		if i.Rule == RuleValueType && !i.Attribute.IsZero() && r.kindOf(i.Attribute) == AttrBirthDate {
			p.BirthDateExt = nehr.Absent(nehr.AbsentError)
			return
		}
	}
	r.issue(Issue{Severity: Information, Rule: RuleBirthDate, Text: "no birth date: it is data-absent"})
}

func (r *run) kindOf(uid dhis2.UID) AttributeKind {
	if a := r.plan.attribute[uid]; a != nil {
		return a.Kind
	}
	return ""
}

func (r *run) addTelecom(p *nehr.Patient) {
	if a, v, ok := r.attr(AttrPhone); ok {
		p.Telecom = []nehr.ContactPoint{r.phone(a, v.Text())}
		r.trace.attribute(r.subject.Reference, "telecom[0]", a.UID)
	}
}

// phone is a telephone number in E.164, or as written where it is none.
func (r *run) phone(a *attributePlan, text string) nehr.ContactPoint {
	number, ok := telephone.E164(text, r.cfg.PhoneRegion)
	if !ok {
		r.issue(a.issueOn(Warning, RulePhone, "not a telephone number of "+r.cfg.PhoneRegion+" or with a country code: kept as written"))
	}
	return nehr.ContactPoint{System: nehr.ContactPhone, Value: number}
}
