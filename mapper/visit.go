package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// written is what the resources of one visit share: who, where, when.
type written struct {
	at           string // occurredAt as a FHIR date or dateTime
	issued       string // completedAt as an instant; "" where it is not known
	practitioner *nehr.Reference
	place        *place
	performer    []nehr.Reference // practitioner and organization
	encounter    *nehr.Reference
	made         []madeFact // which resource each fact became
}

type madeFact struct {
	element dhis2.UID
	ref     *nehr.Reference
}

// addVisit makes the Encounter of a completed event and what was found,
// given and asked for in it.
func (r *run) addVisit(v *visit) {
	v.at = v.occurred.Fact(r.zone)
	if !v.completed.IsZero() {
		v.issued = v.completed.Instant(r.zone)
	}
	v.place = r.placeOf(v.OrgUnit, v.enrollment.OrgUnit, r.te.OrgUnit)
	v.practitioner = r.practitioner(v)
	if v.practitioner != nil {
		v.performer = append(v.performer, *v.practitioner)
	}
	if v.place != nil {
		v.performer = append(v.performer, *v.place.organization)
	}
	r.addEncounter(v)
	r.addBloodPressure(v)
	for _, f := range v.facts {
		var ref *nehr.Reference
		switch f.Kind {
		case KindCondition:
			ref = r.addCondition(v, f)
		case KindMedication:
			ref = r.addMedication(v, f)
		case KindImmunization:
			ref = r.addImmunization(v, f)
		case KindSystolic, KindDiastolic, KindCourse, KindReferralTarget:
			// One resource is made of several facts: addBloodPressure,
			// addCourses, addReferral.
		default:
			ref = r.addObservation(v, f)
		}
		v.became(f.UID, ref)
	}
	if v.stage.Kind == StageReferral {
		r.addReferral(v)
	}
}

func (v *visit) became(element dhis2.UID, ref *nehr.Reference) {
	if ref != nil {
		v.made = append(v.made, madeFact{element, ref})
	}
}

// fact gives the fact of a kind, if the visit has one.
func (v *visit) fact(k Kind) (fact, bool) {
	for _, f := range v.facts {
		if f.Kind == k {
			return f, true
		}
	}
	return fact{}, false
}

// elementKey identifies what is made of one data element in one event, as the
// reference implementation did, so that portals go on finding it.
func (v *visit) elementKey(el dhis2.UID) nehr.Key {
	return nehr.Key{System: nehr.SystemDHIS2DataElementUID, Value: v.Event.Event.String() + "-" + el.String()}
}

func (v *visit) source(el dhis2.UID) source {
	return source{event: v.Event.Event, element: el, enrollment: v.enrollment.Enrollment.Enrollment}
}

// addFact adds the resource of one fact with its labels and its provenance.
func (r *run) addFact(v *visit, f fact, res nehr.Resource) *nehr.Reference {
	ref := r.add(res, v.elementKey(f.UID), v.enrollment.plan.labels, v.stage.labels, f.labels)
	r.trace.entry(ref.Reference, v.source(f.UID))
	return ref
}
