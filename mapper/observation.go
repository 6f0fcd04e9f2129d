package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addObservation makes the Observation of one fact; nil where its value
// cannot be sent.
func (r *run) addObservation(v *visit, f fact) *nehr.Reference {
	o := r.newObservation(v.enrollment.plan.guide(), &f.observed, f.Kind)
	if !r.setValue(o, &f.Element, &f.observed, f.Kind, f.value, v.issueOn(f.elementPlan, Warning, "", "")) {
		return nil
	}
	o.Subject = r.subject
	o.Encounter = v.encounter
	o.EffectiveDateTime = v.at
	o.Issued = v.issued
	o.Performer = v.performer
	o.Device = r.observingDevice(v.enrollment.plan.guide(), f.Kind)
	return r.addFact(v, f, o)
}

// newObservation chooses the profile: that of the due date, the national one
// for everything else; with IPS alone the laboratory one, else none. A code
// whose binding the profile requires stands alone, since validating servers
// refuse a second coding.
func (r *run) newObservation(g Guide, el *observed, k Kind) *nehr.Observation {
	var o *nehr.Observation
	switch {
	case k == KindDueDate:
		o = nehr.NewPregnancyEDD("")
		o.Code = el.standard
	case g == GuideLK:
		o = nehr.NewGenericObservation()
		o.Code = el.code
	case isLaboratory(el.category):
		o = nehr.NewLaboratoryResult()
		o.Code = el.code
	default:
		o = nehr.NewObservation()
		o.Code = el.code
	}
	if len(el.category) > 0 {
		o.Category = el.category
	}
	return o
}

func isLaboratory(category []nehr.CodeableConcept) bool {
	return len(category) == 1 && category[0].Has(nehr.SystemObservationCategory, string(nehr.CategoryLaboratory))
}

// observingDevice is the DHIS2 instance, except where IPS forbids a device.
func (r *run) observingDevice(g Guide, k Kind) *nehr.Reference {
	if k == KindDueDate {
		return nil
	}
	if g == GuideLK {
		return r.deviceRef()
	}
	return r.device
}

// setValue writes the value in the form that the kind demands. It reports
// whether there is one to send; if not, it says why.
func (r *run) setValue(o *nehr.Observation, e *Element, el *observed, k Kind, v dhis2.Value, at Issue) bool {
	drop := func(rule Rule, text string) bool {
		at.Rule, at.Text = rule, text
		r.issue(at)
		return false
	}
	switch k {
	case KindQuantity:
		if e.Unit == "" {
			return drop(RuleNoUnit, "the map names no unit: a number without unit is not sent")
		}
		d, err := nehr.ParseDecimal(v.Text())
		if err != nil {
			return drop(RuleValueType, "want a decimal number: not sent")
		}
		o.ValueQuantity = nehr.UCUMQuantity(d, el.unit, e.Unit)
	case KindCount:
		o.ValueInteger = new(v.Integer())
	case KindDate, KindDueDate:
		o.ValueDateTime = v.Date().String()
		if v.Type() == dhis2.DateTimeType {
			o.ValueDateTime = v.DateTime().Fact(r.zone)
		}
	case KindText, KindReferralReason:
		o.ValueString = v.Text()
	case KindFinding:
		o.ValueCodeableConcept = either(v, &present, &absent)
	case KindTest:
		o.ValueCodeableConcept = either(v, &positive, &negative)
	case KindQuestion:
		o.ValueCodeableConcept = either(v, &yes, &no)
	case KindCoded:
		text, known := e.option(v.Text())
		if !known {
			at.Rule, at.Text = RuleUnmappedOption, "the map does not name this option: sent as text"
			r.issue(at)
			o.ValueCodeableConcept = &nehr.CodeableConcept{Text: v.Text()}
			return true
		}
		o.ValueCodeableConcept = new(nehr.Concept(text, nehr.Coding{System: el.optionSet, Code: v.Text(), Display: text}))
	default:
		return drop(RuleValueType, "no Observation is made of this kind")
	}
	return true
}

func either(v dhis2.Value, yes, no *nehr.CodeableConcept) *nehr.CodeableConcept {
	if v.Bool() {
		return yes
	}
	return no
}

// The answers of booleans. "Ankle oedema: no" reads as a finding to many
// programs, so that the answer is always coded (D-018). Shared: nobody changes
// them after they were made.
var (
	present  = sct("52101004", "Present")
	absent   = sct("2667000", "Absent")
	positive = sct("10828004", "Positive")
	negative = sct("260385009", "Negative")
	yes      = sct("373066001", "Yes")
	no       = sct("373067000", "No")
)

func sct(code, display string) nehr.CodeableConcept {
	return nehr.Concept("", nehr.Coding{System: nehr.SystemSNOMED, Code: code, Display: display})
}
