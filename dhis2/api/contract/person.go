package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// marker stands in every free text of the test person.
const marker = "nehrbridge contract test"

// person is the test person as she is made: one enrollment with two events of
// one stage.
type person struct {
	te         dhis2.UID
	enrollment dhis2.UID
	event      dhis2.UID
	stage      *dhis2.ProgramStage
	unit       dhis2.UID
	element    dhis2.UID // of event, whose value changes from first to second
	first      string
	second     string
	payload    api.Payload
}

// newUID makes a UID as DHIS2 does, so that what is sent twice is made once.
func newUID() dhis2.UID {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		n := len(letters)
		if i == 0 {
			n = 52
		}
		b[i] = letters[int(b[i])%n]
	}
	return dhis2.MustUID(string(b[:]))
}

// newPerson makes her up from the program's metadata.
func (p *probe) newPerson(ctx context.Context) (*person, error) {
	program, err := p.theProgram(ctx)
	if err != nil {
		return nil, err
	}
	today, err := p.today(ctx)
	if err != nil {
		return nil, err
	}
	h := &person{te: newUID(), enrollment: newUID(), event: newUID(), unit: p.cfg.OrgUnit}
	if h.unit.IsZero() {
		me, err := p.cfg.Server.Me(ctx)
		if err != nil {
			return nil, err
		}
		if len(me.OrganisationUnits) == 0 {
			return nil, errors.New("the user captures nowhere: name an organisation unit")
		}
		h.unit = me.OrganisationUnits[0].ID
	}
	if !h.chooseStage(program) {
		return nil, notAsked("no stage of the program has a data element that the suite knows two values for")
	}
	te := dhis2.TrackedEntity{TrackedEntity: h.te, TrackedEntityType: program.TrackedEntityType.ID, OrgUnit: h.unit}
	free := false // whether a text that says what she is was given
	for _, a := range program.Attributes {
		text := isText(a.Attribute)
		if !a.Mandatory && (free || !text) {
			continue
		}
		values, err := p.valuesFor(a.Attribute, h)
		if err != nil {
			return nil, err
		}
		free = free || text
		te.Attributes = append(te.Attributes, dhis2.Attribute{Attribute: a.Attribute.ID, Value: values[0]})
	}
	event := dhis2.Event{Event: h.event, Program: program.ID, ProgramStage: h.stage.ID, Enrollment: h.enrollment, TrackedEntity: h.te,
		OrgUnit: h.unit, OccurredAt: today, Status: dhis2.EventActive,
		DataValues: []dhis2.DataValue{{DataElement: h.element, Value: h.first}}}
	for _, e := range h.stage.Elements {
		if e.Compulsory && e.DataElement.ID != h.element {
			values, err := p.valuesFor(e.DataElement, h)
			if err != nil {
				return nil, err
			}
			event.DataValues = append(event.DataValues, dhis2.DataValue{DataElement: e.DataElement.ID, Value: values[0]})
		}
	}
	te.Enrollments = []dhis2.Enrollment{{Enrollment: h.enrollment, TrackedEntity: h.te, Program: program.ID, OrgUnit: h.unit,
		EnrolledAt: today, OccurredAt: today, Status: dhis2.EnrollmentActive, Attributes: te.Attributes, Events: []dhis2.Event{event}}}
	h.payload = api.Payload{TrackedEntities: []dhis2.TrackedEntity{te}}
	return h, nil
}

// today is the server's day; where it does not tell one, which is an
// expectation of its own, the day of something that happened.
func (p *probe) today(ctx context.Context) (dhis2.Timestamp, error) {
	info, err := p.cfg.Server.SystemInfo(ctx)
	if err != nil {
		return "", err
	}
	at := info.ServerDate
	if _, err := at.Parse(p.zone(ctx)); err != nil {
		rows, err := p.theRows(ctx)
		if err != nil {
			return "", err
		}
		at = rows[0].CreatedAt
	}
	return at[:min(len("2006-01-02"), len(at))], nil
}

// chooseStage finds a stage with a data element of two known values; one that
// repeats is preferred.
func (h *person) chooseStage(program *dhis2.Program) bool {
	for _, repeats := range []bool{true, false} {
		for i := range program.Stages {
			st := &program.Stages[i]
			if st.Repeatable != repeats {
				continue
			}
			for _, e := range st.Elements {
				if values := valuesOf(e.DataElement, h); len(values) > 1 {
					h.stage, h.element, h.first, h.second = st, e.DataElement.ID, values[0], values[1]
					return true
				}
			}
		}
	}
	return false
}

func (p *probe) valuesFor(e dhis2.DataElement, h *person) ([]string, error) {
	if v, ok := p.cfg.Values[e.ID]; ok {
		return []string{v}, nil
	}
	if e.Pattern == "" {
		if values := valuesOf(e, h); len(values) > 0 {
			return values, nil
		}
	}
	return nil, notAsked(fmt.Sprintf("no value for %s can be made up: give one (DHIS2_VALUES=%s=…)", e.ID, e.ID))
}

func isText(e dhis2.DataElement) bool {
	return e.OptionSet == nil && e.Pattern == "" && (e.ValueType == "TEXT" || e.ValueType == "LONG_TEXT")
}

// valuesOf are values of an element by its type; the UID in a text keeps a
// unique one apart from earlier runs.
func valuesOf(e dhis2.DataElement, h *person) []string {
	if e.OptionSet != nil {
		var codes []string
		for _, o := range e.OptionSet.Options {
			codes = append(codes, o.Code)
		}
		return codes
	}
	switch e.ValueType {
	case "TEXT", "LONG_TEXT":
		return []string{marker + " " + h.te.String(), marker + " " + h.event.String()}
	case "NUMBER", "INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE", "PERCENTAGE":
		return []string{"1", "2"}
	case "INTEGER_NEGATIVE":
		return []string{"-1", "-2"}
	case "UNIT_INTERVAL":
		return []string{"1", "0"}
	case "BOOLEAN":
		return []string{"true", "false"}
	case "TRUE_ONLY":
		return []string{"true"}
	case "DATE":
		return []string{"2000-01-01", "2000-01-02"}
	case "AGE":
		return []string{"2000-01-01"}
	case "DATETIME":
		return []string{"2000-01-01T08:00", "2000-01-01T09:00"}
	case "TIME":
		return []string{"08:00", "09:00"}
	case "LETTER":
		return []string{"x", "y"}
	case "PHONE_NUMBER":
		return []string{"+10000000000"}
	case "EMAIL":
		return []string{"contract-test@example.org"}
	case "URL":
		return []string{"https://example.org/"}
	case "ORGANISATION_UNIT":
		return []string{h.unit.String()}
	case "COORDINATE":
		return []string{"[0,0]"}
	}
	return nil
}
