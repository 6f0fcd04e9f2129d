package access_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// other is a consent of another system, of whose provision only the end is said.
func other(policy, provision string) string {
	return strings.Replace(strings.Replace(consent[:strings.Index(consent, `"provision"`)], `"id":"c"`, `"id":"other"`, 1)+"%REST%", "%REST%",
		policy+provision+"}", 1)
}

const optOut = `"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTOUT"}]}`

// TestD092_DenyOfAnotherSystem: what others write to deny is honoured in each form in
// which R4 lets them write it, beside a permit of ours.
func TestD092_DenyOfAnotherSystem(t *testing.T) {
	const actor = `"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"reference":"Practitioner/pera"}}]`
	const custodian = `"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"CST"}]},"reference":{"reference":"Organization/clinic"}}]`
	inner := func(more string) string { return `,"provision":[{"type":"deny"` + more + `}]` }
	for _, test := range []struct {
		name, consent string
		want          bool // still seen
	}{
		{"opted out, and no more said", other(optOut, ``), false},
		{"opted out until yesterday", other(optOut, `,"provision":{"period":{"end":"2026-03-01"}}`), true},
		{"opted out of problems", other(optOut, `,"provision":{"class":[{"system":"urn:nehrbridge:data-class","code":"problems"}]}`), true},
		{"opted out towards another", other(optOut, `,"provision":{`+strings.Replace(actor, "pera", "silva", 1)+`}`), true},
		{"opted in, but not he", other(`"policyRule":{"coding":[{"code":"OPTIN"}]}`, `,"provision":{"period":{"end":"2027-01-01"}`+inner(`,`+actor)+`}`), false},
		{"no policy, but not he", other(`"policyRule":{"text":"as agreed"}`, `,"provision":{"period":{"end":"2027-01-01"}`+inner(`,`+actor)+`}`), false},
		{"opted in, and another not", other(`"policyRule":{"coding":[{"code":"OPTIN"}]}`, `,"provision":{"period":{"end":"2027-01-01"}`+inner(`,`+strings.Replace(actor, "pera", "silva", 1))+`}`), true},
		{"permitted to the custodian, but not he", other(optIn, `,"provision":{"type":"permit",`+custodian+inner(`,`+actor)+`}`), false},
		{"permitted to the custodian, but not vital signs", other(optIn, `,"provision":{"type":"permit",`+custodian+inner(`,"class":[{"system":"urn:nehrbridge:data-class","code":"vitals"}]`)+`}`), true},
		{"permitted to a team, but not vital signs", other(optIn, `,"provision":{"type":"permit","actor":[{"reference":{"reference":"CareTeam/x"}}]`+inner(`,"class":[{"system":"urn:nehrbridge:data-class","code":"vitals"}]`)+`}`), false},
		{"permitted of a class that nobody knows, but not he", other(optIn, `,"provision":{"type":"permit","class":[{"system":"urn:x","code":"y"}]`+inner(`,`+actor)+`}`), false},
		{"permitted for a purpose that nobody knows, but not he", other(optIn, `,"provision":{"type":"permit","purpose":[{"system":"urn:x","code":"y"}]`+inner(`,`+actor)+`}`), false},
		{"permitted of data that are not named, but not he", other(optIn, `,"provision":{"type":"permit","data":[{"meaning":"related","reference":{"display":"all"}}]`+inner(`,`+actor)+`}`), false},
		{"permitted for a time that is none, but not he", other(optIn, `,"provision":{"type":"permit","period":{"end":"soon"}`+inner(`,`+actor)+`}`), false},
		{"permitted in another meaning, but not he", other(optIn, `,"provision":{"type":"permit","modifierExtension":[{"url":"x","valueBoolean":true}]`+inner(`,`+actor)+`}`), false},
		{"permitted until yesterday, but not he", other(optIn, `,"provision":{"type":"permit","period":{"end":"2026-03-01"}`+inner(`,`+actor)+`}`), true},
		{"a type that is none within", other(optIn, `,"provision":{"type":"permit","provision":[{"type":"forbid",`+actor+`}]}`), false},
		{"denied of a deny of a deny", other(optIn, `,"provision":{"type":"permit"`+inner(`,`+strings.Replace(actor, "pera", "silva", 1)+inner(`,`+actor))+`}`), false},
		{"hers by her address", strings.Replace(other(optOut, ``), `"patient":{"reference":"Patient/asha"}`, `"patient":{"reference":"https://nehr.example/fhir/Patient/asha"}`, 1), false},
		{"hers in a version", strings.Replace(other(optOut, ``), `"patient":{"reference":"Patient/asha"}`, `"patient":{"reference":"Patient/asha/_history/2"}`, 1), false},
		{"more provisions than are read, the last is he", other(optIn, `,"provision":{"type":"permit","provision":[`+strings.Repeat(`{"type":"deny",`+strings.Replace(actor, "pera", "silva", 1)+`},`, 300)+`{"type":"deny",`+actor+`}]}`), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := sees(append(rulesOf(t, consent), rulesOf(t, test.consent)...), vitals); got != test.want {
				t.Errorf("seen %v, want %v", got, test.want)
			}
			if sees(rulesOf(t, test.consent), vitals) {
				t.Error("it permits by itself")
			}
		})
	}
}

const optIn = `"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]}`

// TestCodesWithoutASystem: what a code means without its system is not known. It
// permits nothing, and a deny reaches it.
func TestCodesWithoutASystem(t *testing.T) {
	rule := func(effect access.Effect, change func(*access.Rule)) access.Rule {
		if effect == access.Permit {
			return permit(change)
		}
		return deny(change)
	}
	hiv := access.Code{System: nehr.SystemActCode, Code: "HIV"}
	sensitive := permit(func(r *access.Rule) { r.Scope.Sensitive = true })
	coded := func(codes ...access.Code) access.Data {
		d := vitals
		d.Codes = codes
		return d
	}
	loinc := access.Code{System: nehr.SystemLOINC, Code: "718-7"}
	for _, test := range []struct {
		name  string
		rules []access.Rule
		data  access.Data
		want  bool
	}{
		{"a permit of a code, exactly", []access.Rule{rule(access.Permit, func(r *access.Rule) { r.Codes = []access.Code{loinc} })}, coded(loinc), true},
		{"a permit of words, of a coding of words", []access.Rule{rule(access.Permit, func(r *access.Rule) { r.Codes = []access.Code{{}} })}, coded(access.Code{}), false},
		{"a permit of a code without a system", []access.Rule{rule(access.Permit, func(r *access.Rule) { r.Codes = []access.Code{{Code: "x"}} })}, coded(access.Code{Code: "x"}), false},
		{"a deny of a code, without a system", []access.Rule{permit(nil), rule(access.Deny, func(r *access.Rule) { r.Codes = []access.Code{loinc} })}, coded(access.Code{Code: "718-7"}), false},
		{"a deny of a code, of another system", []access.Rule{permit(nil), rule(access.Deny, func(r *access.Rule) { r.Codes = []access.Code{loinc} })}, coded(access.Code{System: "urn:x", Code: "718-7"}), true},
		{"a deny of a code, of words", []access.Rule{permit(nil), rule(access.Deny, func(r *access.Rule) { r.Codes = []access.Code{loinc} })}, coded(access.Code{}), true},
		{"a label without a system", []access.Rule{permit(nil)}, labelled(vitals, access.Code{Code: "N"}), false},
		{"a permit of that label without a system", []access.Rule{permit(func(r *access.Rule) { r.Labels = []access.Code{{Code: "N"}} })}, labelled(vitals, access.Code{Code: "N"}), false},
		{"a permit of all that is sensitive", []access.Rule{sensitive}, labelled(vitals, access.Code{Code: "N"}), true},
		{"a deny of a label, without a system", []access.Rule{sensitive, deny(func(r *access.Rule) { r.Labels = []access.Code{hiv} })}, labelled(vitals, access.Code{Code: "HIV"}), false},
		{"a deny of a label, of a label of words", []access.Rule{sensitive, deny(func(r *access.Rule) { r.Labels = []access.Code{hiv} })}, labelled(vitals, access.Code{}), false},
		{"a deny of a label, of another", []access.Rule{sensitive, deny(func(r *access.Rule) { r.Labels = []access.Code{hiv} })}, labelled(vitals, access.Code{System: nehr.SystemActCode, Code: "PSY"}), true},
	} {
		if got := sees(test.rules, test.data); got != test.want {
			t.Errorf("%s: seen %v, want %v", test.name, got, test.want)
		}
	}
}

// TestLabelsOfDocuments: a document says how confidential it is in elements of its own.
func TestLabelsOfDocuments(t *testing.T) {
	const document = `{"resourceType":"DocumentReference","id":"marked","status":"current","subject":{"reference":"Patient/asha"},"securityLabel":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":%q}]}],"content":[{"attachment":{"url":"Binary/asha-letter-2"}}]}`
	const composition = `{"resourceType":"Composition","id":"marked","status":"final","type":{"text":"x"},"date":"2026-02-10","title":"x","author":[{"reference":"Practitioner/pera"}],"subject":{"reference":"Patient/asha"},"confidentiality":%q}`
	for code, want := range map[string]bool{"N": true, "R": false, "V": false} {
		w := newWorld(t)
		w.put(`{"resourceType":"Binary","id":"asha-letter-2","contentType":"text/plain","data":"c2VjcmV0"}`, fmt.Sprintf(document, code), fmt.Sprintf(composition, code))
		w.grant(access.Scope{})
		v := w.open(drPera, "Patient/asha")
		for _, typ := range []string{"DocumentReference", "Composition"} {
			if _, err := v.Read(t.Context(), typ, "marked"); (err == nil) != want {
				t.Errorf("%s labelled %s: %v", typ, code, err)
			}
		}
		if _, err := v.Binary(t.Context(), "asha-letter-2"); (err == nil) != want {
			t.Errorf("the content of what is labelled %s: %v", code, err)
		}
		w.grant(access.Scope{Sensitive: true})
		if _, err := v.Binary(t.Context(), "asha-letter-2"); err != nil {
			t.Errorf("labelled %s, with a permit that says so: %v", code, err)
		}
	}
	w := newWorld(t)
	w.put(strings.Replace(fmt.Sprintf(document, "NOPAT"), "v3-Confidentiality", "v3-ActCode", 1))
	notFound(t, second(w.open(asha, "Patient/asha").Read(t.Context(), "DocumentReference", "marked")))
}

// TestAttackSelfReferralInDisguise hides who has made a referral.
func TestAttackSelfReferralInDisguise(t *testing.T) {
	task := func(more string) string {
		return `{"resourceType":"Task","id":"self","status":"requested","intent":"order","for":{"reference":"Patient/asha"},"authoredOn":"2026-03-01","owner":{"reference":"Organization/general"}` + more + `}`
	}
	request := func(more string) string {
		return `{"resourceType":"ServiceRequest","id":"self","status":"active","intent":"order","subject":{"reference":"Patient/asha"},"authoredOn":"2026-03-01"` + more + `}`
	}
	const by = `,"requester":{"reference":"Practitioner/pera"}`
	for _, test := range []struct {
		name      string
		resources []string
		want      bool
	}{
		{"a task without a requester for his own request", []string{request(by), task(`,"focus":{"reference":"ServiceRequest/self"}`)}, false},
		{"a task without a requester based on his own request", []string{request(by), task(`,"basedOn":[{"reference":"ServiceRequest/self"}]`)}, false},
		{"a request without a requester, of his own task", []string{request(`,"performer":[{"reference":"Organization/general"}]`), strings.Replace(task(by+`,"focus":{"reference":"ServiceRequest/self"}`), `"owner":{"reference":"Organization/general"}`, `"owner":{"reference":"Organization/base"}`, 1)}, false},
		{"in a version", []string{task(`,"requester":{"reference":"Practitioner/pera/_history/1"}`)}, false},
		{"in the future", []string{strings.Replace(task(`,"requester":{"reference":"Practitioner/midwife"}`), "2026-03-01", "2999-01-01", 1)}, false},
		{"another's request", []string{request(strings.Replace(by, "pera", "midwife", 1)), task(`,"focus":{"reference":"ServiceRequest/self"}`)}, true},
		{"another's task for his request: a way back", []string{request(by), task(strings.Replace(by, "pera", "silva", 1) + `,"basedOn":[{"reference":"ServiceRequest/self"}]`)}, true},
		{"today, where the day has begun already", []string{strings.Replace(task(`,"requester":{"reference":"Practitioner/midwife"}`), "2026-03-01", "2026-03-03", 1)}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(test.resources...)
			_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			if test.want && err != nil {
				t.Errorf("refused: %v", err)
			} else if !test.want {
				denied(t, err, access.ReasonNoRule)
			}
		})
	}
	t.Run("by address", func(t *testing.T) {
		w := newWorld(t)
		w.put(task(fmt.Sprintf(`,"requester":{"reference":"%s/Practitioner/pera"}`, w.client.Base())))
		_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
		denied(t, err, access.ReasonNoRule)
	})
}

// TestHiddenVisitByAddress: a visit that she hides is hidden however it is referred to.
func TestHiddenVisitByAddress(t *testing.T) {
	w := newWorld(t)
	for n, ref := range []string{"Encounter/asha-visit-1", "Encounter/asha-visit-1/_history/1", w.client.Base() + "/Encounter/asha-visit-1"} {
		w.put(observation(fmt.Sprint("placed-", n), "asha", "vital-signs", "85354-9", "2026-02-20", fmt.Sprintf(`,"encounter":{"reference":%q}`, ref)))
	}
	w.grant(access.Scope{})
	v := w.open(drPera, "Patient/asha")
	for n := range 3 {
		if _, err := v.Read(t.Context(), "Observation", fmt.Sprint("placed-", n)); err != nil {
			t.Errorf("before it is hidden: %d: %v", n, err)
		}
	}
	if _, err := w.gate.Hide(t.Context(), asha, access.Party{}, access.Scope{Episode: "Encounter/asha-visit-1"}); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		notFound(t, second(v.Read(t.Context(), "Observation", fmt.Sprint("placed-", n))))
	}
}

// TestConsentByAddress: a consent that names her by an address is hers to see and to
// take back.
func TestConsentByAddress(t *testing.T) {
	w := newWorld(t)
	for id, ref := range map[string]string{"by-address": w.client.Base() + "/Patient/asha", "by-version": "Patient/asha/_history/1"} {
		w.put(strings.Replace(strings.Replace(strings.Replace(consent, "%MORE%", "", 1), `"id":"c"`, `"id":"`+id+`"`, 1), `"patient":{"reference":"Patient/asha"}`, `"patient":{"reference":"`+ref+`"}`, 1))
		all, err := w.gate.Consents(t.Context(), asha, "Patient/asha")
		if err != nil || !slices.ContainsFunc(all, func(c access.Consent) bool { return c.ID == id && c.State == access.Active }) {
			t.Errorf("%s: she does not see it: %+v, %v", id, all, err)
		}
		if err := w.gate.Revoke(t.Context(), asha, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if all, err := w.gate.Consents(t.Context(), beni, "Patient/beni"); err != nil || len(all) != 0 {
		t.Errorf("another sees %d, %v", len(all), err)
	}
}

// TestAttackAnothersGuardian: who consents for her is related to her, and still is.
func TestAttackAnothersGuardian(t *testing.T) {
	for _, test := range []struct {
		name, related string
		want          bool
	}{
		{"her guardian", `{"resourceType":"RelatedPerson","id":"guardian","patient":{"reference":"Patient/asha"}}`, true},
		{"in force", `{"resourceType":"RelatedPerson","id":"guardian","active":true,"patient":{"reference":"Patient/asha"},"period":{"start":"2026-01-01","end":"2026-03-02"}}`, true},
		{"another's guardian", `{"resourceType":"RelatedPerson","id":"guardian","patient":{"reference":"Patient/beni"}}`, false},
		{"no more", `{"resourceType":"RelatedPerson","id":"guardian","active":false,"patient":{"reference":"Patient/asha"}}`, false},
		{"until yesterday", `{"resourceType":"RelatedPerson","id":"guardian","patient":{"reference":"Patient/asha"},"period":{"end":"2026-03-01"}}`, false},
		{"from tomorrow", `{"resourceType":"RelatedPerson","id":"guardian","patient":{"reference":"Patient/asha"},"period":{"start":"2026-03-03"}}`, false},
		{"for a time that is none", `{"resourceType":"RelatedPerson","id":"guardian","patient":{"reference":"Patient/asha"},"period":{"end":"2026-02-30"}}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(test.related, strings.Replace(strings.Replace(consent, "%MORE%", "", 1), `"performer":[{"reference":"Patient/asha"}]`, `"performer":[{"reference":"RelatedPerson/guardian"}]`, 1))
			_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			if test.want && err != nil {
				t.Errorf("refused: %v", err)
			} else if !test.want {
				denied(t, err, access.ReasonNoRule)
			}
		})
	}
}

// TestAttackBreakGlassAtOnce breaks the glass many times at the same moment.
func TestAttackBreakGlassAtOnce(t *testing.T) {
	w := newWorld(t, func(c *access.Config) { c.Policy.BreakGlassPerDay = 3 })
	var all sync.WaitGroup
	for n := range 30 {
		all.Go(func() {
			_, _ = w.gate.BreakGlass(context.Background(), drPera, fmt.Sprintf("Patient/p%d", n), access.EmergencyDisaster, "a bus went into the river")
		})
	}
	all.Wait()
	broken, err := w.gate.BreakGlasses(t.Context(), drPera)
	if err != nil || len(broken) != 3 {
		t.Errorf("broken %d times, %v; want 3", len(broken), err)
	}
}

// TestHideHoldsForEveryClock: what she hides is hidden by a process whose clock is
// behind that of the one that she told.
func TestHideHoldsForEveryClock(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{})
	v := w.open(drPera, "Patient/asha")
	w.now = today.Add(time.Minute)
	if _, err := w.gate.Hide(t.Context(), asha, access.Party{}, access.Scope{Types: []access.Class{access.Vitals}}); err != nil {
		t.Fatal(err)
	}
	w.now = today
	notFound(t, second(v.Read(t.Context(), "Observation", "asha-bp-2")))
	if _, err := v.Read(t.Context(), "MedicationStatement", "asha-iron"); err != nil {
		t.Errorf("what she did not hide: %v", err)
	}
}
