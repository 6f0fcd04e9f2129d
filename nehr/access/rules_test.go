package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// consent is one that permits; parts of it are replaced in the tests.
const consent = `{"resourceType":"Consent","id":"c","status":"active",
	"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
	"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],
	"patient":{"reference":"Patient/asha"},"performer":[{"reference":"Patient/asha"}],
	"provision":{"type":"permit","period":{"end":"2027-01-01"},"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"reference":"PractitionerRole/pera-general"}}]%MORE%}}`

func rulesOf(t testing.TB, c string) []access.Rule {
	t.Helper()
	v, err := fhirjson.Parse([]byte(strings.Replace(c, "%MORE%", "", 1)))
	if err != nil {
		t.Fatalf("%v in %s", err, c)
	}
	return access.RulesOf(v, "Patient/asha", nil)
}

func sees(rules []access.Rule, d access.Data) bool {
	return access.Decide(access.Request{Actor: drPera, Patient: "Patient/asha", Purpose: access.Treatment, At: today, Data: &d}, rules, access.Policy{}).Permitted
}

func TestConsentAsRules(t *testing.T) {
	replace := func(old, new string) string {
		if !strings.Contains(consent, old) {
			t.Fatalf("the consent has no %s", old)
		}
		return strings.Replace(consent, old, new, 1)
	}
	more := func(s string) string { return strings.Replace(consent, "%MORE%", s, 1) }
	for _, test := range []struct {
		name, consent string
		want          bool
	}{
		{"as it is", consent, true},
		{"draft", replace(`"status":"active"`, `"status":"draft"`), false},
		{"proposed", replace(`"status":"active"`, `"status":"proposed"`), false},
		{"inactive", replace(`"status":"active"`, `"status":"inactive"`), false},
		{"entered in error", replace(`"status":"active"`, `"status":"entered-in-error"`), false},
		{"of another patient", replace(`"patient":{"reference":"Patient/asha"}`, `"patient":{"reference":"Patient/beni"}`), false},
		{"of research", replace("patient-privacy", "research"), false},
		{"without who consents", replace(`"performer":[{"reference":"Patient/asha"}],`, ``), false},
		{"consented by a clinician", replace(`"performer":[{"reference":"Patient/asha"}]`, `"performer":[{"reference":"Practitioner/pera"}]`), false},
		{"consented by her guardian", replace(`"performer":[{"reference":"Patient/asha"}]`, `"performer":[{"reference":"RelatedPerson/mother"}]`), true},
		{"not verified", replace(`"status":"active"`, `"status":"active","verification":[{"verified":false}]`), false},
		{"changed in meaning", replace(`"status":"active"`, `"status":"active","modifierExtension":[{"url":"x","valueBoolean":true}]`), false},
		{"changed in meaning within", more(`,"modifierExtension":[{"url":"x","valueBoolean":true}]`), false},
		{"without an end", replace(`"period":{"end":"2027-01-01"},`, ``), false},
		{"ended", replace("2027-01-01", "2026-03-01"), false},
		{"ends today", replace("2027-01-01", "2026-03-02"), true},
		{"an end that is none", replace("2027-01-01", "soon"), false},
		{"to the custodian", replace("IRCP", "CST"), false},
		{"to a team", replace("PractitionerRole/pera-general", "CareTeam/x"), false},
		{"to everybody", strings.Replace(consent, consent[strings.Index(consent, `,"actor"`):strings.Index(consent, `%MORE%`)], "", 1), false},
		{"for treatment", more(`,"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]`), true},
		{"for research", more(`,"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]`), false},
		{"for a purpose of another system", more(`,"purpose":[{"system":"urn:x","code":"TREAT"}]`), false},
		{"of vital signs", more(`,"class":[{"system":"urn:nehrbridge:data-class","code":"vitals"}]`), true},
		{"of Observations", more(`,"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]`), true},
		{"of Conditions", more(`,"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Condition"}]`), false},
		{"of a class that nobody knows", more(`,"class":[{"system":"urn:x","code":"vitals"}]`), false},
		{"of a code", more(`,"code":[{"coding":[{"system":"http://loinc.org","code":"x"}]}]`), false},
		{"of words", more(`,"code":[{"text":"everything"}]`), false},
		{"of what is sensitive alone", more(`,"securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]`), false},
		{"of its episode", more(`,"data":[{"meaning":"related","reference":{"reference":"Encounter/v"}}]`), true},
		{"of another", more(`,"data":[{"meaning":"related","reference":{"reference":"Encounter/w"}}]`), false},
		{"of data that are not named", more(`,"data":[{"meaning":"related","reference":{"display":"all"}}]`), false},
		{"of a time", more(`,"dataPeriod":{"start":"2026-03-01","end":"2026-03-03"}`), true},
		{"of a time before", more(`,"dataPeriod":{"end":"2026-03-01"}`), false},
		{"of a time that is none", more(`,"dataPeriod":{"end":"ever"}`), false},
		{"to see", more(`,"action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"access"}]}]`), true},
		{"to correct", more(`,"action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"correct"}]}]`), false},
		{"to something else", more(`,"action":[{"coding":[{"system":"urn:x","code":"access"}]}]`), false},
		{"but not vital signs", more(`,"provision":[{"type":"deny","class":[{"system":"urn:nehrbridge:data-class","code":"vitals"}]}]`), false},
		{"but not problems", more(`,"provision":[{"type":"deny","class":[{"system":"urn:nehrbridge:data-class","code":"problems"}]}]`), true},
		{"but not what nobody knows", more(`,"provision":[{"type":"deny","class":[{"system":"urn:x","code":"y"}]}]`), false},
		{"a type that is none", replace(`"type":"permit"`, `"type":"maybe"`), false},
		{"a permit in a deny", strings.Replace(replace(`"type":"permit"`, `"type":"deny"`), "%MORE%", `,"provision":[{"type":"permit"}]`, 1), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := sees(rulesOf(t, test.consent), vitals); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestDenyThatIsNotUnderstood holds that a deny is wider, not narrower, where it
// says something that this program does not know.
func TestDenyThatIsNotUnderstood(t *testing.T) {
	yes := rulesOf(t, consent)
	no := strings.Replace(consent, `"type":"permit"`, `"type":"deny"`, 1)
	for name, test := range map[string]struct {
		more string
		want bool // still seen
	}{
		"nothing more":       {"", false},
		"an unknown class":   {`,"class":[{"system":"urn:x","code":"y"}]`, false},
		"another class":      {`,"class":[{"system":"urn:nehrbridge:data-class","code":"problems"}]`, true},
		"words":              {`,"code":[{"text":"x"}]`, false},
		"another code":       {`,"code":[{"coding":[{"system":"urn:dhis2:attribute","code":"x"}]}]`, true},
		"an unknown purpose": {`,"purpose":[{"system":"urn:x","code":"y"}]`, false},
		"research":           {`,"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]`, true},
		"data not named":     {`,"data":[{"meaning":"related","reference":{"display":"x"}}]`, false},
		"a period not read":  {`,"dataPeriod":{"start":"x"}`, false},
		"an unknown action":  {`,"action":[{"coding":[{"system":"urn:x","code":"y"}]}]`, false},
		"what is sensitive":  {`,"securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]`, true},
		"a changed meaning":  {`,"modifierExtension":[{"url":"x","valueBoolean":true}]`, false},
	} {
		if got := sees(append(rulesOf(t, strings.Replace(no, "%MORE%", test.more, 1)), yes...), vitals); got != test.want {
			t.Errorf("%s: seen %v, want %v", name, got, test.want)
		}
	}
	team := strings.Replace(no, "PractitionerRole/pera-general", "CareTeam/x", 1)
	if sees(append(rulesOf(t, team), yes...), vitals) {
		t.Error("a deny to a team, of which nobody knows who is in it, does not hold for him")
	}
	patient := strings.Replace(no, "PractitionerRole/pera-general", "RelatedPerson/x", 1)
	if !sees(append(rulesOf(t, patient), yes...), vitals) {
		t.Error("a deny to a relative holds for a clinician")
	}
}

// FuzzRules holds that no document makes the reading panic, that one which is not
// active or not hers gives no rule, and that no permit is without party.
func FuzzRules(f *testing.F) {
	for _, more := range []string{"", `,"class":[{"system":"urn:nehrbridge:data-class","code":"vitals"}]`, `,"provision":[{"type":"deny","provision":[{"type":"deny"}]}]`, `,"dataPeriod":{"start":"2026","end":"2026-02"}`, `,"securityLabel":[{"code":"R"}]`} {
		f.Add([]byte(strings.Replace(consent, "%MORE%", more, 1)))
	}
	f.Add([]byte(`{"resourceType":"Consent","provision":[1,2,{"type":["permit"]}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		v, err := fhirjson.Parse(document)
		if err != nil {
			return
		}
		rules := access.RulesOf(v, "Patient/asha", time.UTC)
		if len(rules) > 0 && (v.Get("status").Str() != "active" || v.Get("patient", "reference").Str() != "Patient/asha") {
			t.Fatal("a consent that is not active, or another's, gives rules")
		}
		for _, a := range []access.Actor{beni, {Kind: access.KindClinician}, {}} {
			if access.Decide(access.Request{Actor: a, Patient: "Patient/asha", Purpose: access.Treatment, At: today, Data: &vitals}, rules, access.Policy{}).Permitted {
				t.Fatal("a consent lets in who is nobody")
			}
		}
		access.DataOf(v, access.NewFrame([]*fhirjson.Value{v}, nil), nil)
	})
}

func TestDates(t *testing.T) {
	colombo := time.FixedZone("", 5*3600+1800)
	for _, test := range []struct{ json, start, end string }{
		{`"effectiveDateTime":"2026-03"`, "2026-03-01T00:00:00+05:30", "2026-03-31T23:59:59.999999999+05:30"},
		{`"effectiveDateTime":"2026"`, "2026-01-01T00:00:00+05:30", "2026-12-31T23:59:59.999999999+05:30"},
		{`"effectiveDateTime":"2026-03-02T10:00:00Z"`, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"},
		{`"effectivePeriod":{"start":"2026-03-02","end":"2026-03-03"}`, "2026-03-02T00:00:00+05:30", "2026-03-03T23:59:59.999999999+05:30"},
		{`"effectivePeriod":{"start":"2026-03-02"}`, "2026-03-02T00:00:00+05:30", "2026-03-02T23:59:59.999999999+05:30"},
		{`"effectivePeriod":{"end":"2026-03-02"}`, "2026-03-02T00:00:00+05:30", "2026-03-02T23:59:59.999999999+05:30"},
		{`"issued":"then"`, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	} {
		v, err := fhirjson.Parse(fmt.Appendf(nil, `{"resourceType":"Observation","id":"o",%s}`, test.json))
		if err != nil {
			t.Fatal(err)
		}
		d := access.DataOf(v, nil, colombo)
		if got := d.Start.Format(time.RFC3339Nano) + " " + d.End.Format(time.RFC3339Nano); got != test.start+" "+test.end {
			t.Errorf("%s: got %s, want %s %s", test.json, got, test.start, test.end)
		}
	}
}
