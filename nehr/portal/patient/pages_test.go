package patient_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// contains tells what of a list a page does not say.
func contains(t *testing.T, where, body string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("%s does not say %q", where, s)
		}
	}
}

// TestSignedInSheSeesHerRecord: her subject is on a record, which opens by itself, and
// each page shows what the golden case says.
func TestSignedInSheSeesHerRecord(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.visitor()
	if p := b.signIn(her); p.status != http.StatusSeeOther || p.header.Get("Location") != "/home" {
		t.Fatalf("after the sign-in: %d %s", p.status, p.header.Get("Location"))
	}
	for path, want := range map[string][]string{
		"/home": {"Hello, Nilmini Udaharana", "23 Sep 2025", "6 Jan 2026", "21 weeks and 6 days", "150/98 mmHg", "Higher than usual", "9.8 g/dL", "Lower than usual", "101 mg/dL", "As usual",
			"raised pressure with albumin", "a one-time code sent to you", "Nobody else looked"},
		"/timeline": {"Visits in your record: 4", "Pregnancy, birth expected 6 Jan 2026", "Antenatal clinic visit", "1 Jul 2025"},
		"/results":  {"<svg", "polyline", "112/", "11.20 g/dL", "Protein (albumin) in urine", "Found"},
		"/health":   {"Diabetes", "Rubella", "Folic acid", "Nothing is written down"},
		"/care":     {"raised pressure with albumin", "nobody has taken it over yet", "23 Sep 2025"},
		"/access":   {"Nobody, as far as"}, "/consents": {"Nobody asks for your permission"}, "/profile": {"9 Mar 1996", "+94710000001"}, "/privacy": {"midwife"},
	} {
		p := b.get(path)
		if p.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, p.status, p.body)
			continue
		}
		contains(t, path, strings.ReplaceAll(p.body, "&#43;", "+"), want...)
		if strings.Contains(p.body, ">[") || strings.Contains(p.body, "%!") || strings.Contains(p.body, "12:00 AM") {
			t.Errorf("%s has a text that is not there", path)
		}
	}
}

// TestD044_ASubjectIsHersOnlyWithItsIssuer: the same subject under another issuer, or
// another relying party, opens no record.
func TestD044_ASubjectIsHersOnlyWithItsIssuer(t *testing.T) {
	w := start(t, func(e *fhirjson.Value) {
		if e.Get("resourceType").Str() != "Patient" {
			return
		}
		for _, system := range []string{"urn:esignet:sub", "https://other.example#" + relyingParty, "#" + relyingParty} {
			e.Get("identifier").Append(fhirjson.Fields(fhirjson.F("system", fhirjson.Text(system)),
				fhirjson.F("value", fhirjson.Text(esignetsandbox.Subject(her, relyingParty)))))
		}
	})
	b := w.visitor()
	if p := b.signIn(her); p.header.Get("Location") != "/link" {
		t.Fatalf("led to %s", p.header.Get("Location"))
	}
	if p := b.get("/home"); p.header.Get("Location") != "/link" {
		t.Errorf("home: %d %s", p.status, p.header.Get("Location"))
	}
}

// TestSheClaimsHerRecord: with the number and the code of her card, once; the link holds
// at the next sign-in; another person cannot use the code again.
func TestSheClaimsHerRecord(t *testing.T) {
	w := start(t, nil)
	code, _, err := w.codes.Issue(t.Context(), phn)
	if err != nil {
		t.Fatal(err)
	}
	b := w.visitor()
	b.signIn(her)
	if p := b.submit("/link", "/link", "number", phn, "code", "2222-2222"); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "do not open a record") {
		t.Errorf("a wrong code: %d", p.status)
	}
	if p := b.submit("/link", "/link", "number", "<b>", "code", ""); p.status != http.StatusUnprocessableEntity {
		t.Errorf("no number: %d", p.status)
	}
	if p := b.submit("/link", "/link", "number", " 9999-mpqrtv9", "code", strings.ToLower(code)); p.header.Get("Location") != "/home" {
		t.Fatalf("the right code: %d %s", p.status, p.body)
	}
	contains(t, "home", b.get("/home").body, "Nilmini Udaharana")
	again := w.visitor()
	if p := again.signIn(her); p.header.Get("Location") != "/home" {
		t.Errorf("the link did not hold: %s", p.header.Get("Location"))
	}
	thief := w.visitor()
	thief.signIn(other)
	if p := thief.submit("/link", "/link", "number", phn, "code", code); p.status != http.StatusUnprocessableEntity {
		t.Errorf("the code opened twice: %d", p.status)
	}
	for range 5 {
		thief.submit("/link", "/link", "number", phn, "code", "2222-2222")
	}
	if p := thief.submit("/link", "/link", "number", phn, "code", "2222-2222"); !strings.Contains(p.body, "too many tries") {
		t.Errorf("guessing has no end: %d", p.status)
	}
}

// TestADisputedRecordIsNotShownAgain: she says that it is not hers; it stays away,
// though it bears her subject, until a code of its card opens it.
func TestADisputedRecordIsNotShownAgain(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	if p := b.submit("/profile", "/dispute"); p.status != http.StatusOK || !strings.Contains(p.body, "not shown to you again") {
		t.Fatalf("%d %s", p.status, p.body)
	}
	for _, one := range []*visitor{b, w.visitor()} {
		if one != b {
			one.signIn(her)
		}
		if p := one.get("/home"); p.header.Get("Location") != "/link" {
			t.Errorf("home: %d", p.status)
		}
	}
	code, _, err := w.codes.Issue(t.Context(), phn)
	if err != nil {
		t.Fatal(err)
	}
	if p := b.submit("/link", "/link", "number", phn, "code", code); p.header.Get("Location") != "/home" {
		t.Errorf("the card: %d", p.status)
	}
}

// TestD095_RecordsAreNeverMixed: two records bear her subject; she chooses, and sees
// one.
func TestD095_RecordsAreNeverMixed(t *testing.T) {
	w := start(t, nil)
	second := w.another("Second Udaharana")
	w.own(w.record, her)
	w.own(second, her)
	b := w.visitor()
	if p := b.signIn(her); p.header.Get("Location") != "/records" {
		t.Fatalf("led to %s", p.header.Get("Location"))
	}
	if p := b.get("/home"); p.header.Get("Location") != "/records" {
		t.Errorf("home before a choice: %d", p.status)
	}
	contains(t, "the choice", b.get("/records").body, "Nilmini Udaharana", "Second Udaharana", "2 Jan 1990")
	b.submit("/records", "/records", "record", second)
	for _, path := range []string{"/home", "/timeline", "/results", "/health", "/care", "/profile"} {
		p := b.get(path)
		if p.status != http.StatusOK || strings.Contains(p.body, "Nilmini") || strings.Contains(p.body, "Diabetes") || strings.Contains(p.body, "150/98") {
			t.Errorf("%s mixes two records, or shows none: %d", path, p.status)
		}
	}
	b.submit("/records", "/records", "record", w.record)
	contains(t, "home", b.get("/home").body, "Nilmini Udaharana")
}

// TestD094_OneWayInAtOneAssurance: eSignet at the configured level is the only way in,
// and each page says how she signed in.
func TestD094_OneWayInAtOneAssurance(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.visitor()
	landing := b.get("/").body
	if strings.Contains(landing, `type="password"`) || strings.Contains(landing, `type="email"`) || strings.Contains(landing, "<input") {
		t.Error("the landing page has another way in")
	}
	for _, path := range []string{"/login", "/register", "/password", "/sign-in/email"} {
		if p := b.get(path); p.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	to := b.get("/sign-in").header.Get("Location")
	if !strings.HasPrefix(to, w.issuer) {
		t.Errorf("sign-in leads to %s", to)
	}
	b.signIn(her)
	for _, path := range []string{"/home", "/consents", "/profile"} {
		contains(t, path, b.get(path).body, "You signed in with", "a one-time code sent to you")
	}
}

// TestD096_NoJargonAndDatesAsSpoken: no display of a code system, no date in another
// form, in any language.
func TestD096_NoJargonAndDatesAsSpoken(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	iso := regexp.MustCompile(`\b20\d\d-\d\d-\d\d\b|\b\d{1,2}/\d{1,2}/20\d\d\b`)
	script := map[string]*regexp.Regexp{"en": regexp.MustCompile("[a-z]"), "si": regexp.MustCompile(`\p{Sinhala}`), "ta": regexp.MustCompile(`\p{Tamil}`)}
	for lang, letters := range script {
		if p := b.get("/home?lang=" + lang); p.status != http.StatusSeeOther || p.header.Get("Location") != "/home" {
			t.Fatalf("the choice of a language: %d", p.status)
		}
		for _, path := range []string{"/home", "/timeline", "/results", "/health", "/care", "/access", "/consents", "/profile", "/privacy"} {
			body := b.get(path).body
			contains(t, path, body, `<html lang="`+lang+`"`)
			for _, jargon := range []string{"[#]", "[Mass/volume]", "(finding)", "Hemoglobin [", "Delivery date Estimated", "12:00 AM", "Pallor<", "antigen only", ">["} {
				if strings.Contains(body, jargon) {
					t.Errorf("%s %s says %q", lang, path, jargon)
				}
			}
			if found := iso.FindString(body); found != "" {
				t.Errorf("%s %s has the date %s", lang, path, found)
			}
			if !letters.MatchString(body) {
				t.Errorf("%s %s is not in its language", lang, path)
			}
		}
	}
}

// TestD097_CountsAreThoseOfTheList: each visit stands once, those without a date in a
// group of their own.
func TestD097_CountsAreThoseOfTheList(t *testing.T) {
	first := true
	w := start(t, func(e *fhirjson.Value) {
		if e.Get("resourceType").Str() == "Encounter" && first {
			first = false
			e.Delete("period")
		}
	})
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	body := b.get("/timeline").body
	contains(t, "timeline", body, "Visits in your record: 4", "Visits without a date", "date not known")
	if n := strings.Count(body, "<li><h3>"); n != 4 {
		t.Errorf("%d visits are listed", n)
	}
}

// TestD098_LanguageDownloadLogAndConsents: what the reference portal lacked is there.
func TestD098_LanguageDownloadLogAndConsents(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	w.gate.entries = []access.Entry{
		{Seq: 1, At: w.clock.Now().Add(-time.Hour), Actor: access.KindClinician, Person: "Practitioner/none", Patient: w.record, Purpose: access.Treatment, Action: access.ActionRecord, Permitted: true},
		{Seq: 2, At: w.clock.Now().Add(-time.Hour), Actor: access.KindClinician, Patient: w.record, Purpose: access.Emergency, Action: access.ActionBreakGlass, Permitted: true, Reason: access.ReasonEmergency},
		{Seq: 3, At: w.clock.Now().Add(-300 * 24 * time.Hour), Actor: access.KindClinician, Patient: w.record, Purpose: access.Treatment, Action: access.ActionSearch, Permitted: false},
		{Seq: 4, At: w.clock.Now(), Actor: access.KindPatient, Patient: w.record, Purpose: access.PatientRequest, Action: access.ActionRecord, Permitted: true},
		{Seq: 5, At: w.clock.Now(), Actor: access.KindClinician, Patient: "Patient/another", Purpose: access.Treatment, Action: access.ActionRecord, Permitted: true},
	}
	b := w.visitor()
	b.signIn(her)
	contains(t, "home", b.get("/home").body, "in the last 30 days: 2")
	for path, n := range map[string]int{"/access": 3, "/access?days=30": 2, "/access?only=emergency": 1, "/access?only=denied": 1, "/access?only=own": 4, "/access?days=x&only=y": 3} {
		if got := strings.Count(b.get(path).body, "<li><strong dir"); got != n {
			t.Errorf("%s lists %d, want %d", path, got, n)
		}
	}
	csv := b.get("/access.csv")
	if csv.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(csv.header.Get("Content-Disposition"), "attachment") || strings.Count(csv.body, "\n") != 4 {
		t.Errorf("csv: %v\n%s", csv.header, csv.body)
	}
	if js := b.get("/access.json?only=own"); strings.Count(js.body, `"time"`) != 4 {
		t.Errorf("json: %s", js.body)
	}
}

// TestD099_NoneIsNotNotAsked: what nobody asked, what was asked and is none, and what is
// hidden are told apart.
func TestD099_NoneIsNotNotAsked(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	if body := b.get("/health").body; strings.Count(body, "does not mean that there are none") != 1 {
		t.Error("allergies that nobody asked for read as none")
	}
	_, err := w.nehr.Create(t.Context(), "Condition", []byte(`{"resourceType":"Condition","subject":{"reference":"`+w.record+`"},"code":{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-known-problems"}]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	finding := func(code, value string) {
		t.Helper()
		_, err := w.nehr.Create(t.Context(), "Observation", []byte(`{"resourceType":"Observation","status":"final","subject":{"reference":"`+w.record+`"},"effectiveDateTime":"2025-07-01",
			"code":{"coding":[{"system":"http://snomed.info/sct","code":"`+code+`"}]},"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"`+value+`"}]}}`), nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	finding("91936005", "2667000") // she was asked about penicillin, and about nothing else
	contains(t, "one allergy denied", b.get("/health").body, "does not mean that there are none")
	finding("716186003", "52101004")
	contains(t, "no known allergy", b.get("/health").body, "Somebody asked you, and there are none.")
	finding("91936005", "52101004")
	contains(t, "an allergy", b.get("/health").body, "Allergy to penicillin</strong>")
	w.gate.withheld = access.Withheld{Any: true, Classes: []access.Class{access.Medicines}}
	body := b.get("/health").body
	contains(t, "health", body, "Some of these are hidden", "Some parts are not shown here", "Diabetes")
	if strings.Contains(body, "no-known-problems") {
		t.Error("a statement of none is listed as an illness")
	}
}

// TestWhatIsDeniedIsNotSaid: a vaccine that was not given, a medicine that was not taken
// and an illness that was refuted are never named without that, nor what was entered in
// error at all.
func TestWhatIsDeniedIsNotSaid(t *testing.T) {
	w := start(t, func(e *fhirjson.Value) {
		switch e.Get("resourceType").Str() {
		case "Immunization":
			e.Set("status", fhirjson.Text("not-done"))
		case "MedicationStatement":
			e.Set("status", fhirjson.Text("not-taken"))
		case "Condition":
			e.Delete("clinicalStatus")
			e.Get("verificationStatus", "coding").Items()[0].Set("code", fhirjson.Text("refuted"))
		case "Observation":
			if e.Get("valueQuantity", "code").Str() == "g/dL" {
				e.Set("status", fhirjson.Text("entered-in-error"))
			}
		}
	})
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	for _, path := range []string{"/health", "/timeline"} {
		body := b.get(path).body
		for name, status := range map[string]string{"Rubella (German measles) vaccine": "not given", "Folic acid": "not taken", "Diabetes": "you do not have it"} {
			at := strings.Index(body, name)
			if at < 0 || !strings.Contains(body[at:min(len(body), at+160)], status) {
				t.Errorf("%s says %s without %q", path, name, status)
			}
		}
	}
	for _, path := range []string{"/home", "/timeline", "/results"} {
		if body := b.get(path).body; strings.Contains(body, "9.8 g/dL") || strings.Contains(body, "11.20 g/dL") {
			t.Errorf("%s shows what was entered in error", path)
		}
	}
}

// TestConsents: she gives less than was asked, refuses, and takes back; the gate is told
// exactly that.
func TestConsents(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	until := w.clock.Now().Add(20 * 24 * time.Hour)
	w.gate.consents = []access.Consent{
		{ID: "c1", State: access.Asked, Effect: access.Permit, Patient: w.record, Readable: true, Why: "Second opinion", At: w.clock.Now(), Scope: access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, Sensitive: true, Until: until}},
		{ID: "c2", State: access.Asked, Effect: access.Permit, Patient: w.record, Readable: true, At: w.clock.Now(), Scope: access.Scope{Until: until}},
		{ID: "c3", State: access.Active, Effect: access.Permit, Patient: w.record, Readable: true, At: w.clock.Now(), Scope: access.Scope{Until: until}},
	}
	b := w.visitor()
	b.signIn(her)
	contains(t, "home", b.get("/home").body, "wait for your answer: 2")
	contains(t, "consents", b.get("/consents").body, "Second opinion", "laboratory results", "7 days")
	for name, fields := range map[string][]string{
		"nothing": {"until", "0"}, "what was not asked": {"class", "documents", "until", "0"}, "longer": {"class", "vitals", "until", "400"},
		"twice": {"class", "vitals", "class", "vitals", "until", "0"},
	} {
		if p := b.submit("/consents", "/consents/answer", append(fields, "id", "c1", "answer", "approve")...); p.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	if p := b.submit("/consents", "/consents/answer", "id", "c1", "answer", "approve", "class", "vitals", "until", "7"); p.status != http.StatusOK {
		t.Fatalf("approve: %d", p.status)
	}
	if len(w.gate.answers) != 1 {
		t.Fatalf("%d answers", len(w.gate.answers))
	}
	got := w.gate.answers[0]
	if len(got.Types) != 1 || got.Types[0] != access.Vitals || got.Sensitive || !got.Until.Before(until) || !got.Within(access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, Sensitive: true, Until: until}) {
		t.Errorf("approved %+v", got)
	}
	if p := b.submit("/consents", "/consents/answer", "id", "c1", "answer", "approve", "class", "vitals", "until", "0"); p.status != http.StatusConflict {
		t.Errorf("answered twice: %d", p.status)
	}
	b.submit("/consents", "/consents/answer", "id", "c2", "answer", "deny")
	b.submit("/consents", "/consents/revoke", "id", "c3")
	states := []access.State{w.gate.consents[0].State, w.gate.consents[1].State, w.gate.consents[2].State}
	if states[0] != access.Active || states[1] != access.Refused || states[2] != access.Withdrawn {
		t.Errorf("states %v", states)
	}
}

// TestTroubleIsToldInWords: what the gate and the record refuse becomes a page of its
// own, without a value and without a cause; the last copy is shown as such.
func TestTroubleIsToldInWords(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"denied": {&access.DeniedError{Reason: access.ReasonPolicy}, http.StatusForbidden},
		"gone":   {access.ErrNotFound, http.StatusNotFound},
		"log":    {&access.LogError{Err: errors.New("disk")}, http.StatusServiceUnavailable},
		"slow":   {context.DeadlineExceeded, http.StatusServiceUnavailable},
	} {
		w.gate.fail = c.err
		for _, path := range []string{"/home", "/timeline", "/access", "/access.csv", "/consents"} {
			if p := b.get(path); p.status != c.status || strings.Contains(p.body, "Nilmini") || strings.Contains(p.body, "disk") {
				t.Errorf("%s %s: %d", name, path, p.status)
			}
		}
	}
	w.gate.fail, w.gate.stale = nil, true
	contains(t, "the last copy", b.get("/home").body, "This is what it said on 1 Sep 2025, 13:30")
}
