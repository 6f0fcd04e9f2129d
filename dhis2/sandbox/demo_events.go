package sandbox

import (
	"fmt"
	"strconv"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// enrollment makes one pregnancy: the registration, a visit each four weeks,
// an appointment, and for some a referral.
func (m *mother) enrollment(te *dhis2.TrackedEntity, day dhis2.Date, status dhis2.EnrollmentStatus, unit dhis2.UID) dhis2.Enrollment {
	en := dhis2.Enrollment{
		Enrollment:    dhis2.MustUID(fmt.Sprintf("SbxEnr%d%04d", len(te.Enrollments), m.i)),
		TrackedEntity: te.TrackedEntity, Program: ANCProgram, OrgUnit: unit, Status: status,
		EnrolledAt: at(day, midnight), OccurredAt: at(day, midnight),
		CreatedAt: at(day, "08:16:00.000"), UpdatedAt: at(day, "08:16:00.000"),
		CreatedBy: m.user(0), UpdatedBy: m.user(0),
	}
	poa := 8 + m.i%9 // weeks of amenorrhoea at registration
	last := day.AddDays(-7 * poa)
	en.Events = append(en.Events, m.registration(&en, day, last, poa))
	visits := 1 + m.i%4
	next := day
	for n := range visits {
		next = day.AddDays(14 + 28*n)
		if !next.Before(m.today) {
			break
		}
		en.Events = append(en.Events, m.visit(&en, next, next.Sub(last)/7, n, n == visits-1))
	}
	if status == dhis2.EnrollmentActive {
		en.Events = append(en.Events, m.appointment(&en))
	}
	if m.i%5 == 2 {
		en.Events = append(en.Events, m.referral(&en, day.AddDays(15)))
	}
	for _, ev := range en.Events {
		later(&en.UpdatedAt, ev.UpdatedAt)
	}
	if status != dhis2.EnrollmentActive {
		en.CompletedAt, en.CompletedBy = en.UpdatedAt, m.user(1).Username
	}
	return en
}

// newEvent makes a completed event of a day. Every third one has a time.
func (m *mother) newEvent(en *dhis2.Enrollment, stage dhis2.UID, day dhis2.Date) dhis2.Event {
	m.visits++
	clock := midnight
	if (m.i+m.visits)%3 == 0 {
		clock = "09:40:00.000"
	}
	by := m.user(m.visits)
	return dhis2.Event{
		Event:  dhis2.MustUID(fmt.Sprintf("SbxEv%02d%04d", m.visits, m.i)),
		Status: dhis2.EventCompleted, Program: en.Program, ProgramStage: stage, Enrollment: en.Enrollment,
		TrackedEntity: en.TrackedEntity, OrgUnit: en.OrgUnit,
		OccurredAt: at(day, clock), ScheduledAt: at(day, midnight),
		CreatedAt: at(day, "09:55:00.000"), UpdatedAt: at(day, "10:05:30.250"),
		CompletedAt: at(day, "10:05:30.250"), CompletedBy: by.Username, CreatedBy: by, UpdatedBy: by,
		FollowUp: m.i%10 == 9,
	}
}

// answers fills an event; a blank answer is none.
func answers(ev *dhis2.Event, values map[string]string, order []field) {
	for _, f := range order {
		if v := values[f.uid]; v != "" {
			ev.DataValues = append(ev.DataValues, dhis2.DataValue{
				DataElement: dhis2.MustUID(f.uid), Value: v, CreatedAt: ev.CreatedAt, UpdatedAt: ev.UpdatedAt,
				CreatedBy: ev.CreatedBy, UpdatedBy: ev.UpdatedBy,
			})
		}
	}
}

func (m *mother) registration(en *dhis2.Enrollment, day, last dhis2.Date, poa int) dhis2.Event {
	ev := m.newEvent(en, ANCRegistration, day)
	parity := m.i % 4
	values := map[string]string{
		"vuDExM32SZ6": last.String(),
		"r5TIiovGHdi": last.AddDays(280).String(),
		"No3jJWIR7bn": strconv.Itoa(poa),
		"TRkCMVFhrmr": strconv.Itoa(parity + 1),
		"NPnDmeGBLsl": strconv.Itoa(parity),
		"OMe6LMsusv4": strconv.Itoa(parity),
	}
	if parity > 0 {
		values["BqkEw3MQDNI"] = strconv.Itoa(1 + m.i%6)
	}
	for k, uid := range []string{"YuZEbIjLLKZ", "n2rSTrjRQ8O", "R4EnBNPKblS", "D5khklwbOPt", "H8VPisy6Ket",
		"plTkCmySMzT", "OGGnIEQSH1O", "MQ2Hi22F8Uj", "J3eLUAZkM6M", "RpRCMceQhks"} {
		// Every answer three times as often "false" as "true", as in a clinic.
		values[uid] = [...]string{"false", "true", "false", "", "false"}[(m.i+2*k)%5]
	}
	answers(&ev, values, registrationFields)
	return ev
}

func (m *mother) visit(en *dhis2.Enrollment, day dhis2.Date, weeks, n int, last bool) dhis2.Event {
	ev := m.newEvent(en, ANCVisit, day)
	values := map[string]string{
		"gu4sr8eOZcT": strconv.Itoa(weeks),
		"Y3xF4qecAVw": strconv.Itoa(100 + m.rand.IntN(35)),
		"QMCuOLLRHHD": strconv.Itoa(60 + m.rand.IntN(25)),
		"Sx8XEKmdhFf": tri(m.i + n), "k7K4aO0RXew": tri(m.i + n + 1), "mLZ4hxy2pGQ": tri(m.i + n + 2),
		"yQk0w6KiXHJ": tri(m.i + 2*n), "VlLlBQbxmE5": tri(m.i + 2*n + 1),
		"CbZCIisQAzv": strconv.Itoa(80 + m.rand.IntN(50)),
		"cw35l7X4hnV": fmt.Sprintf("%d.%d", 9+m.rand.IntN(4), m.rand.IntN(10)),
		"p7yWXAO6ag7": only(m.i%2 == 0 || !last), // for the odd ones the course ends
		"GCHralHLuAB": only(m.i%3 == 0),
		"Kh4Xr0VkC8w": only(weeks >= 14),
		"la93qSXMNCI": tri(m.i + n + 1),
	}
	if m.i%7 == 5 {
		delete(values, "QMCuOLLRHHD") // one half of a blood pressure
	}
	if weeks >= 16 {
		values["aDaoKP0DB1c"] = strconv.Itoa(weeks - 1 + m.rand.IntN(3))
		values["Ei55u2kvdzm"], values["xTsKEMPT2so"] = "true", only(m.i%3 != 1)
	}
	if m.i%4 == 1 {
		values["XMMTan4EEsB"] = "Invented finding of the sandbox.\nSecond line."
	}
	if values["la93qSXMNCI"] == "true" {
		values["kLAB3XIylS8"] = "Invented reason for the demo"
	}
	answers(&ev, values, visitFields)
	return ev
}

// appointment is the next visit: to come, overdue, or skipped.
func (m *mother) appointment(en *dhis2.Enrollment) dhis2.Event {
	day, status := m.today.AddDays(7+m.i%10), dhis2.EventScheduled
	switch m.i % 5 {
	case 3:
		day, status = m.today.AddDays(-5), dhis2.EventOverdue
	case 4:
		day, status = m.today.AddDays(-20), dhis2.EventSkipped
	}
	made := m.today.AddDays(-30)
	ev := m.newEvent(en, ANCVisit, made)
	ev.Status, ev.OccurredAt, ev.CompletedAt, ev.CompletedBy = status, "", "", ""
	ev.ScheduledAt = at(day, midnight)
	if m.i%2 == 0 {
		ev.ScheduledAt = at(day, "08:30:00.000")
	}
	return ev
}

// referral is to a specialist; every other one gives no reason.
func (m *mother) referral(en *dhis2.Enrollment, day dhis2.Date) dhis2.Event {
	ev := m.newEvent(en, ANCReferral, day)
	values := map[string]string{
		"ARt4vJRNFmX": "Invented complaint for the demo",
		"Y3xF4qecAVw": "148", "QMCuOLLRHHD": "96", "xTsKEMPT2so": "true",
		"aq7pHlVvpsO": "Invented examination finding",
		"JU6L76XajgD": "Invented investigation result",
		"B6mWJ74OY4e": "Invented recommendation",
		"XwlSz3I5QMA": "Invented plan",
	}
	if m.i%2 == 0 {
		values["kLAB3XIylS8"] = "Raised blood pressure (invented)"
	}
	answers(&ev, values, referralFields)
	return ev
}
