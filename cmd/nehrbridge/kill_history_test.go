package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// history changes a DHIS2 at random, and knows what it should say by then. Its
// decisions follow from the seed alone.
type history struct {
	random *rand.Rand
	dhis2  *dhis2sandbox.Server
	women  []*woman
	unborn []dhis2.TrackedEntity // not created yet
	fresh  int                   // numbers and UIDs given out
	steps  map[string]int        // how often each kind was done
}

// woman is what the history knows of a tracked entity.
type woman struct {
	uid         dhis2.UID
	number      string          // personal health number now; "" for none
	numbers     map[string]bool // that she ever had
	lender      *woman          // whose number she has; nil for one of her own
	borrowed    bool            // had a number of another once
	enrollments []*enrollment
	deleted     bool
	withdrawn   bool // had no enrollment left once: see deleteEnrollment
}

type enrollment struct {
	uid     dhis2.UID
	deleted bool
	events  []*event
}

type event struct {
	uid     dhis2.UID
	stage   dhis2.UID
	status  dhis2.EventStatus
	deleted bool
}

// numberAttribute is the personal health number.
var numberAttribute = dhis2.MustUID("IrUmPkFMDU5")

// newHistory fills a DHIS2 with some of the demo's mothers; the others are
// created on the way.
func newHistory(server *dhis2sandbox.Server, seed uint64) (*history, error) {
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 120, Seed: seed, Now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)})
	if err != nil {
		return nil, err
	}
	h := &history{random: rand.New(rand.NewPCG(seed, 1)), dhis2: server, steps: map[string]int{}}
	const first = 50
	women := slices.DeleteFunc(set.TrackedEntities, func(te dhis2.TrackedEntity) bool { return te.Deleted })
	set.TrackedEntities, h.unborn = women[:first], women[first:]
	if err := server.Load(set); err != nil {
		return nil, err
	}
	for _, te := range set.TrackedEntities {
		h.know(te)
	}
	return h, nil
}

func (h *history) know(te dhis2.TrackedEntity) {
	w := &woman{uid: te.TrackedEntity, numbers: map[string]bool{}}
	for _, a := range te.Attributes {
		if a.Attribute == numberAttribute {
			w.number, w.numbers[a.Value] = a.Value, true
		}
	}
	for _, en := range te.Enrollments {
		e := &enrollment{uid: en.Enrollment}
		for _, ev := range en.Events {
			e.events = append(e.events, &event{uid: ev.Event, stage: ev.ProgramStage, status: ev.Status})
		}
		w.enrollments = append(w.enrollments, e)
	}
	h.women = append(h.women, w)
}

// step does one thing, or a burst of them to one woman.
func (h *history) step() error {
	living := slices.DeleteFunc(slices.Clone(h.women), func(w *woman) bool { return w.deleted })
	w := living[h.random.IntN(len(living))]
	kinds := []struct {
		weight int
		name   string
		do     func(*woman) error
	}{
		{14, "value", h.value},
		{4, "attribute", h.attribute},
		{4, "status of an event", h.status},
		{2, "date of an event", h.moveEvent},
		{2, "delete an event", h.deleteEvent},
		{3, "status of an enrollment", h.enrollmentStatus},
		{1, "delete an enrollment", h.deleteEnrollment},
		{1, "enrol again", h.reenrol},
		{4, "change the number", h.changeNumber},
		{3, "add a visit or referral", h.addEvent},
		{2, "create", func(*woman) error { return h.create() }},
		{1, "delete", func(w *woman) error { return h.delete(w, len(living)) }},
		{4, "burst", h.burst},
		{2, "bumps late or lost", h.bumps},
	}
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	at := h.random.IntN(total)
	for _, k := range kinds {
		if at -= k.weight; at < 0 {
			h.steps[k.name]++
			if err := k.do(w); err != nil {
				return fmt.Errorf("%s of %s: %w", k.name, w.uid, err)
			}
			break
		}
	}
	return nil
}

// one draws an element of a list; false when it is empty.
func one[T any](h *history, list []T) (T, bool) {
	if len(list) == 0 {
		var none T
		return none, false
	}
	return list[h.random.IntN(len(list))], true
}

// open is an enrollment of hers that is not deleted.
func (h *history) open(w *woman) (*enrollment, bool) {
	return one(h, slices.DeleteFunc(slices.Clone(w.enrollments), func(e *enrollment) bool { return e.deleted }))
}

// event is one of hers that is not deleted.
func (h *history) event(w *woman) (*event, bool) {
	e, ok := h.open(w)
	if !ok {
		return nil, false
	}
	return one(h, slices.DeleteFunc(slices.Clone(e.events), func(e *event) bool { return e.deleted }))
}

// form are the lines of the stages and attributes of the program.
var form = dhis2sandbox.ANC()

// value edits, clears or turns a value.
func (h *history) value(w *woman) error {
	e, ok := h.event(w)
	if !ok {
		return nil
	}
	for _, stage := range form.Stages {
		if stage.ID == e.stage {
			line, _ := one(h, stage.Elements)
			return h.dhis2.SetValue(e.uid, line.DataElement.ID, h.draw(line.DataElement.ValueType))
		}
	}
	return nil
}

// draw is a value of a type, often none.
func (h *history) draw(of dhis2.ValueType) string {
	if h.random.IntN(4) == 0 {
		return ""
	}
	n := h.random.IntN(40)
	switch of {
	case dhis2.Boolean:
		return [...]string{"true", "false"}[n%2]
	case dhis2.TrueOnly:
		return "true"
	case dhis2.DateType:
		return dhis2Day(2025, 1+n%12, 1+n%28)
	case dhis2.Number:
		return fmt.Sprintf("%d.%d", 7+n%8, n%10)
	case dhis2.Text, dhis2.LongText:
		return fmt.Sprintf("Invented text %d", n)
	case dhis2.PhoneNumber:
		return fmt.Sprintf("+94 71 000 %04d", n)
	}
	return fmt.Sprint(1 + n)
}

func dhis2Day(year, month, day int) string {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// attribute edits or clears one of hers, but not her number.
func (h *history) attribute(w *woman) error {
	line, _ := one(h, form.Attributes)
	a := line.Attribute
	if a.ID == numberAttribute {
		return nil
	}
	value := h.draw(a.ValueType)
	switch {
	case a.OptionSet != nil && value != "":
		option, _ := one(h, a.OptionSet.Options)
		value = option.Code
	case value == "" && line.Mandatory:
		value = "Sample Name"
	}
	return h.dhis2.SetAttribute(w.uid, a.ID, value)
}

// status completes, un-completes, plans or skips an event.
func (h *history) status(w *woman) error {
	e, ok := h.event(w)
	if !ok {
		return nil
	}
	all := []dhis2.EventStatus{dhis2.EventCompleted, dhis2.EventCompleted, dhis2.EventActive, dhis2.EventScheduled, dhis2.EventSkipped}
	e.status, _ = one(h, all)
	return h.dhis2.SetEventStatus(e.uid, e.status)
}

func (h *history) moveEvent(w *woman) error {
	e, ok := h.event(w)
	if !ok {
		return nil
	}
	clock := [...]string{"T00:00:00.000", "T09:30:00.000"}[h.random.IntN(2)]
	return h.dhis2.MoveEvent(e.uid, dhis2.Timestamp(dhis2Day(2025, 1+h.random.IntN(12), 1+h.random.IntN(28))+clock))
}

func (h *history) deleteEvent(w *woman) error {
	e, ok := h.event(w)
	if !ok {
		return nil
	}
	e.deleted = true
	return h.dhis2.DeleteEvent(e.uid)
}

func (h *history) enrollmentStatus(w *woman) error {
	e, ok := h.open(w)
	if !ok {
		return nil
	}
	status, _ := one(h, []dhis2.EnrollmentStatus{dhis2.EnrollmentActive, dhis2.EnrollmentCompleted, dhis2.EnrollmentCancelled})
	return h.dhis2.SetEnrollmentStatus(e.uid, status)
}

// deleteEnrollment deletes one, but not always the last. With that her Patient
// is left to the registry, and what stands there is the registry's from then
// on: then her number does not change any more, and she never had another's,
// because nobody could say what of a record was hers.
func (h *history) deleteEnrollment(w *woman) error {
	e, ok := h.open(w)
	if !ok {
		return nil
	}
	e.deleted = true
	if !w.enrolled() {
		if !h.leaves(w) {
			e.deleted = false
			return nil
		}
		w.withdrawn = true
	}
	return h.dhis2.DeleteEnrollment(e.uid)
}

func (w *woman) enrolled() bool {
	return slices.ContainsFunc(w.enrollments, func(e *enrollment) bool { return !e.deleted })
}

// leaves tells whether it is certain which record she leaves behind: one that
// nobody else writes to.
func (h *history) leaves(w *woman) bool {
	return !w.borrowed && w.number != "" &&
		!slices.ContainsFunc(h.women, func(o *woman) bool { return o != w && o.number == w.number })
}

// uid is one that nobody has.
func (h *history) uid(prefix string) dhis2.UID {
	h.fresh++
	return dhis2.MustUID(fmt.Sprintf("%s%0*d", prefix, 11-len(prefix), h.fresh))
}

// reenrol adds an enrollment, to one who has none or beside another.
func (h *history) reenrol(w *woman) error {
	e := &enrollment{uid: h.uid("KillEnr")}
	if err := h.dhis2.AddEnrollment(w.uid, dhis2.Enrollment{
		Enrollment: e.uid, Program: dhis2sandbox.ANCProgram, OrgUnit: dhis2.MustUID("SbxClinic01"),
		EnrolledAt: "2026-01-05T00:00:00.000", OccurredAt: "2026-01-05T00:00:00.000",
	}); err != nil {
		return err
	}
	w.enrollments = append(w.enrollments, e)
	return h.addTo(e)
}

func (h *history) addEvent(w *woman) error {
	e, ok := h.open(w)
	if !ok {
		return nil
	}
	return h.addTo(e)
}

// addTo adds a completed visit or a referral with some answers.
func (h *history) addTo(e *enrollment) error {
	stage := form.Stages[1+h.random.IntN(2)]
	ev := dhis2.Event{Event: h.uid("KillEv"), ProgramStage: stage.ID, Status: dhis2.EventCompleted,
		OccurredAt: dhis2.Timestamp(dhis2Day(2026, 1+h.random.IntN(2), 1+h.random.IntN(28)) + "T00:00:00.000")}
	for _, line := range stage.Elements {
		if v := h.draw(line.DataElement.ValueType); v != "" {
			ev.DataValues = append(ev.DataValues, dhis2.DataValue{DataElement: line.DataElement.ID, Value: v})
		}
	}
	e.events = append(e.events, &event{uid: ev.Event, stage: stage.ID, status: ev.Status})
	return h.dhis2.AddEvent(e.uid, ev)
}

// create puts another mother into DHIS2.
func (h *history) create() error {
	if len(h.unborn) == 0 {
		return nil
	}
	te := h.unborn[0]
	h.unborn = h.unborn[1:]
	te.UpdatedAt = "" // now
	h.know(te)
	return h.dhis2.Put(te)
}

func (h *history) delete(w *woman, living int) error {
	if living < 6 || !h.leaves(w) {
		return nil
	}
	w.deleted = true
	return h.dhis2.Delete(w.uid)
}

// changeNumber gives her a new number, her own back, one that another had or
// has, or takes it away.
func (h *history) changeNumber(w *woman) error {
	if w.withdrawn {
		return nil
	}
	switch h.random.IntN(6) {
	case 0:
		return h.setNumber(w, "", nil)
	case 1, 2: // one that another had, or has
		other, _ := one(h, h.women)
		var free []string
		for n := range other.numbers {
			free = append(free, n)
		}
		slices.Sort(free)
		if n, ok := one(h, free); ok && other != w && !other.deleted && !other.withdrawn {
			return h.setNumber(w, n, other)
		}
	}
	return h.setNumber(w, h.freshNumber(), nil)
}

func (h *history) freshNumber() string {
	h.fresh++
	return fmt.Sprintf("KILL%07d", h.fresh)
}

func (h *history) setNumber(w *woman, number string, lender *woman) error {
	w.number, w.lender = number, lender
	w.borrowed = w.borrowed || lender != nil
	if number != "" && lender == nil {
		w.numbers[number] = true
	}
	return h.dhis2.SetAttribute(w.uid, numberAttribute, number)
}

// burst edits one woman again and again, as a midwife who fills in a form.
func (h *history) burst(w *woman) error {
	for range 3 + h.random.IntN(15) {
		if err := h.value(w); err != nil {
			return err
		}
	}
	return nil
}

// bumps changes events while the time of their tracked entity is written later
// or, as when DHIS2 is killed in between, never.
func (h *history) bumps(w *woman) error {
	h.dhis2.HoldBumps()
	for range 1 + h.random.IntN(3) {
		if err := h.value(w); err != nil {
			return err
		}
	}
	if h.random.IntN(2) == 0 {
		h.dhis2.LoseBumps()
	} else {
		h.dhis2.ReleaseBumps()
	}
	return nil
}

// settle ends the history in a state of which everything is certain: everybody
// has a number that nobody else has. One that another had before is kept if
// that other has one of her own now, so that none waits for one that waits.
func (h *history) settle() error {
	taken := map[string]bool{}
	for _, w := range h.women {
		if !w.deleted && w.lender == nil {
			taken[w.number] = true
		}
	}
	for _, w := range h.women {
		switch {
		case w.deleted || w.lender == nil && w.number != "":
		case w.lender != nil && w.lender.lender == nil && !w.lender.deleted && !w.lender.withdrawn && w.lender.number != "" && !taken[w.number]:
			taken[w.number] = true
			h.steps["a number that another had, at the end"]++
		default:
			if err := h.setNumber(w, h.freshNumber(), nil); err != nil {
				return err
			}
		}
	}
	return nil
}
