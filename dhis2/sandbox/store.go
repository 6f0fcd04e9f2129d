package sandbox

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// record is a row of the table of tracked entities. Attribute values belong
// to the tracked entity; only what is printed splits them.
type record struct {
	seq int // primary key: breaks ties of every order
	te  dhis2.TrackedEntity
}

type store struct {
	records []*record // by seq
	byUID   map[dhis2.UID]*record
	owner   map[dhis2.UID]*record // of an enrollment or event
	next    int
}

func newStore() store {
	return store{byUID: map[dhis2.UID]*record{}, owner: map[dhis2.UID]*record{}}
}

// ErrNotFound is returned by the editing methods for what does not exist.
var ErrNotFound = errors.New("dhis2/sandbox: no such object")

func (st *store) put(te dhis2.TrackedEntity) *record {
	r := st.byUID[te.TrackedEntity]
	if r == nil {
		st.next++
		r = &record{seq: st.next}
		st.records = append(st.records, r)
		st.byUID[te.TrackedEntity] = r
	}
	r.te = te
	for _, en := range te.Enrollments {
		st.owner[en.Enrollment] = r
		for _, ev := range en.Events {
			st.owner[ev.Event] = r
		}
	}
	return r
}

func (st *store) purge(uid dhis2.UID) bool {
	r := st.byUID[uid]
	if r == nil {
		return false
	}
	delete(st.byUID, uid)
	for k, o := range st.owner {
		if o == r {
			delete(st.owner, k)
		}
	}
	st.records = slices.DeleteFunc(st.records, func(o *record) bool { return o == r })
	return true
}

func (r *record) enrollment(uid dhis2.UID) *dhis2.Enrollment {
	for i := range r.te.Enrollments {
		if r.te.Enrollments[i].Enrollment == uid {
			return &r.te.Enrollments[i]
		}
	}
	return nil
}

func (r *record) event(uid dhis2.UID) (*dhis2.Enrollment, *dhis2.Event) {
	for i := range r.te.Enrollments {
		en := &r.te.Enrollments[i]
		for j := range en.Events {
			if en.Events[j].Event == uid {
				return en, &en.Events[j]
			}
		}
	}
	return nil, nil
}

func (st *store) findEnrollment(uid dhis2.UID) (*record, *dhis2.Enrollment, error) {
	if r := st.owner[uid]; r != nil {
		if en := r.enrollment(uid); en != nil {
			return r, en, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: enrollment %s", ErrNotFound, uid)
}

func (st *store) findEvent(uid dhis2.UID) (*record, *dhis2.Enrollment, *dhis2.Event, error) {
	if r := st.owner[uid]; r != nil {
		if en, ev := r.event(uid); ev != nil {
			return r, en, ev, nil
		}
	}
	return nil, nil, nil, fmt.Errorf("%w: event %s", ErrNotFound, uid)
}

func (st *store) find(uid dhis2.UID) (*record, error) {
	if r := st.byUID[uid]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%w: tracked entity %s", ErrNotFound, uid)
}
