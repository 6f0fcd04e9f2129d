package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestJourneyBreakGlass: somebody who cannot be asked is seen for a day, after words;
// she sees at once who it was and why, what she hid stays hidden, and she asks about it.
func TestJourneyBreakGlass(t *testing.T) {
	window := signInPage{t: t, ctx: browser.Start(t), axe: browser.Axe(t), name: "emergency"}
	demo := startDemo(t)
	her := demoVerified[0]
	mother := openPortal(t, window, demo, demo.Portal, "mother", her.ID)
	mother.enter()
	mother.hides("in an emergency, without your permission")

	// She hides what was measured in the laboratory, from everybody.
	mother.open("/consents/hide")
	mother.shot("hide")
	mother.fill("#what", "laboratory")
	mother.do(chromedp.Click(chromedp.CSS(`form[action$="/consents/hide"] button`)))
	mother.open("/consents")
	mother.shot("hidden")
	mother.shows("laboratory results")

	// Without words, and with too few, nothing opens.
	specialist := openPortal(t, window, demo, demo.Clinician, "specialist", demoDoctorID)
	specialist.enter()
	specialist.find(t, her.entity)
	specialist.act(chromedp.Click(chromedp.Search("//summary[contains(., 'cannot be asked and is in danger')]")))
	specialist.shot("gate")
	const words = "She bleeds heavily and cannot speak"
	emergency := func(words string) {
		t.Helper()
		// What a browser would refuse by itself is sent all the same.
		evaluate[bool](t, specialist.ctx, `(document.querySelector('form[action$="/gate/emergency"]').noValidate = true)`)
		specialist.act(chromedp.Click(chromedp.CSS(`form[action$="/gate/emergency"] input[name="code"]`)))
		specialist.fill("#words", words)
		specialist.do(chromedp.Click(chromedp.CSS(`form[action$="/gate/emergency"] button`)))
	}
	emergency("urgent")
	specialist.shows("at least 20 characters")
	specialist.hides(her.Name)
	specialist.shot("refused")
	emergency(words)
	specialist.open("/summary")
	specialist.shows(her.Name, "mmHg", "withheld")
	specialist.hides("Haemoglobin", "g/dL")
	specialist.shot("summary")
	specialist.open("/emergencies")
	specialist.shows(words)
	specialist.hides(her.Name)
	specialist.shot("own")

	// She sees it with her next click, and what was written.
	mother.open("/home")
	mother.shows("in an emergency, without your permission", demoDoctorName, demoHospitalName)
	mother.shot("home")
	mother.open("/access?only=emergency")
	mother.shows(words, demoDoctorName)
	mother.shot("log")
	mother.do(chromedp.Click(chromedp.CSS(`a[href*="/corrections?entry="]`)))
	mother.fill("textarea", "I do not know this doctor")
	mother.shot("question")
	mother.do(chromedp.Click(chromedp.CSS(`main form button:not([name])`)))
	mother.open("/corrections")
	mother.shows("I do not know this doctor")
	mother.shot("asked")

	// The operator answers.
	var asked correctionLine
	mustDo(t, json.Unmarshal(ofDemo(t, demo, "corrections", "list"), &asked))
	if asked.Words != "I do not know this doctor" || asked.Entry == 0 || asked.State != "requested" {
		t.Errorf("the operator reads %+v", asked)
	}
	ofDemo(t, demo, "corrections", "reply", asked.ID, "--state", "completed", "--text", "He had night duty, and you could not speak.")
	if left := ofDemo(t, demo, "corrections", "list"); len(left) > 0 {
		t.Errorf("the operator still reads %s", left)
	}
	mother.open("/corrections")
	mother.shows("He had night duty, and you could not speak.")
	ofDemo(t, demo, "access-log", "verify")
}

// ofDemo runs a command with the settings of a demo and gives what it prints.
func ofDemo(t *testing.T, demo demoAddresses, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"--config", demo.Config}, args...), stdio{strings.NewReader(""), &out, &errs, nil}); code != exitDone {
		t.Fatalf("%v: exit code %d\n%s", args, code, errs.String())
	}
	return bytes.TrimSpace(out.Bytes())
}

// TestJourneyReferral: what DHIS2 refers to a hospital waits in its list, opens that
// pregnancy and no more, is accepted, gets a day and a letter back; the mother sees each
// step, and the next change in DHIS2 undoes none.
func TestJourneyReferral(t *testing.T) {
	window := signInPage{t: t, ctx: browser.Start(t), axe: browser.Axe(t), name: "referral"}
	demo := startDemo(t)
	her := demoVerified[1]
	mother := openPortal(t, window, demo, demo.Portal, "mother", her.ID)
	mother.enter()
	mother.open("/care")
	mother.shows("Sent", demoHospitalName)
	mother.shot("sent")
	step := func(want string) {
		t.Helper()
		mother.open("/care")
		if got := mother.text("[aria-current=step]"); got != want {
			t.Errorf("she sees the step %q, want %q\n%s", got, want, mother.said())
		}
		mother.shot(strings.ToLower(want))
	}

	specialist := openPortal(t, window, demo, demo.Clinician, "specialist", demoDoctorID)
	specialist.enter()
	specialist.open("/inbox")
	specialist.shows("N. U.")
	specialist.hides(her.Name)
	specialist.shot("inbox")
	specialist.opens("N. U.")
	specialist.shot("referral")
	specialist.open("/summary")
	specialist.shows(her.Name)
	specialist.shot("summary")
	specialist.open("/referral")
	specialist.do(chromedp.Click(chromedp.CSS(`button[value="accept"]`)))
	step("Accepted")

	day := time.Now().AddDate(0, 0, 10)
	specialist.open("/referral")
	specialist.fill("#when", day.Format(time.DateOnly)+"T09:30")
	specialist.do(chromedp.Click(chromedp.CSS(`button[value="schedule"]`)))
	specialist.shot("scheduled")
	mother.open("/care")
	mother.shows(day.Format("2 Jan 2006") + ", 09:30")
	mother.shot("visit")

	// A change in DHIS2 is carried on, and changes nothing of what the hospital said.
	visit := latestVisit(t, inDHIS2(t, demo, her.entity))
	askDHIS2(t, demo, "POST", "tracker?async=false", map[string]any{"events": []any{map[string]any{
		"event": visit.Event, "program": visit.Program, "programStage": visit.ProgramStage, "enrollment": visit.Enrollment, "orgUnit": visit.OrgUnit,
		"status": visit.Status, "occurredAt": visit.OccurredAt, "dataValues": []any{map[string]any{"dataElement": systolic, "value": "173"}}}}}, nil)
	await(t, "the correction on her page", func() bool {
		mother.open("/home")
		return strings.Contains(mother.text("main"), "173/")
	})
	step("Accepted")
	mother.shows(day.Format("2 Jan 2006") + ", 09:30")

	// The letter back ends the referral, and what it opened.
	specialist.open("/referral")
	specialist.fill("#findings", "Pressure is raised, no albumin")
	specialist.fill("#advice", "See her every week")
	specialist.do(chromedp.Click(chromedp.CSS(`button[value="complete"]`)))
	specialist.shows("See her every week", her.Name)
	specialist.shot("letter")
	step("Done")
	mother.shows("Pressure is raised, no albumin", "See her every week")
	specialist.open("/summary")
	specialist.shows("May you see this record?")
	specialist.hides(her.Name, "173/")
	specialist.shot("over")

	// The midwife reads it at the referral, in DHIS2, once.
	letters := func() (n int) {
		for _, en := range inDHIS2(t, demo, her.entity).Enrollments {
			for _, ev := range en.Events {
				for _, note := range ev.Notes {
					if strings.Contains(note.Value, "See her every week") {
						n++
					}
				}
			}
		}
		return n
	}
	await(t, "the letter in DHIS2", func() bool { return letters() > 0 })
	if n := letters(); n != 1 {
		t.Errorf("DHIS2 shows the letter %d times", n)
	}
}

// opens opens a referral of the list by its initials.
func (p portalTab) opens(initials string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search("//li[starts-with(normalize-space(), '" + initials + "')]//button")))
}
