package patient_test

import (
	"net/http"
	"strings"
	"testing"

	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// real gives a world with the gate itself.
func real(t testing.TB) (*world, *access.Gate) {
	t.Helper()
	var gate *access.Gate
	w := startAt(t, nil, func(w *world) patient.Gate {
		var err error
		if gate, err = access.New(access.Config{DB: w.db, NEHR: w.nehr, Now: w.clock.Now}); err != nil {
			t.Fatal(err)
		}
		return patient.Through(gate)
	})
	w.own(w.record, her)
	return w, gate
}

// TestD094_ALowerAssuranceSignsNobodyIn: whoever proved less at eSignet than is demanded
// gets in nowhere, though eSignet is content.
func TestD094_ALowerAssuranceSignsNobodyIn(t *testing.T) {
	w, _ := real(t)
	b := w.visitor()
	w.people.Misbehave(esignetsandbox.WrongACR)
	if p := b.signIn(her); p.status != http.StatusUnprocessableEntity {
		t.Errorf("the callback: %d to %q", p.status, p.header.Get("Location"))
	}
	if p := b.get("/home"); p.status != http.StatusUnauthorized || strings.Contains(p.body, "Nilmini") {
		t.Errorf("home: %d", p.status)
	}
	w.people.Misbehave()
	if p := b.signIn(her); p.header.Get("Location") != "/home" {
		t.Errorf("at the assurance that is demanded: %d to %q", p.status, p.header.Get("Location"))
	}
}

// TestD095_MovedToAnother: what was put into the wrong record and is put right is gone
// from it on her next click, and stands in the other; what she says is not hers is not
// shown to her again, after a new sign-in either.
func TestD095_MovedToAnother(t *testing.T) {
	w, _ := real(t)
	others := w.another("Other Udaharana")
	w.own(others, other)
	mother, second := w.visitor(), w.visitor()
	mother.signIn(her)
	second.signIn(other)
	const marked = "Marked illness"
	condition := func(of string) {
		w.put(`{"resourceType":"Condition","id":"moved","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"` + marked + `"},"subject":{"reference":"` + of + `"}}`)
	}
	shows := func(when string, hers, theirs bool) {
		t.Helper()
		for name, c := range map[string]struct {
			b    *visitor
			want bool
		}{"hers": {mother, hers}, "the other's": {second, theirs}} {
			if p := c.b.get("/health"); p.status != http.StatusOK || strings.Contains(p.body, marked) != c.want {
				t.Errorf("%s, in %s: %d, shown %v", when, name, p.status, strings.Contains(p.body, marked))
			}
		}
	}
	shows("before", false, false)
	condition(w.record)
	shows("in the wrong record", true, false)
	condition(others)
	shows("put right", false, true)
	w.put(`{"resourceType":"Condition","id":"moved","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]},"code":{"text":"` + marked + `"},"subject":{"reference":"` + others + `"}}`)
	shows("taken back", false, false)
	condition(w.record)
	if p := mother.submit("/profile", "/dispute"); p.status != http.StatusOK {
		t.Fatalf("this is not me: %d", p.status)
	}
	for range 2 {
		if p := mother.get("/health"); p.status == http.StatusOK || strings.Contains(p.body, marked) {
			t.Errorf("after she said that it is not hers: %d", p.status)
		}
		if p := mother.signIn(her); p.header.Get("Location") != "/link" {
			t.Errorf("a new sign-in leads to %q", p.header.Get("Location"))
		}
	}
}

// TestD099_ClearedAndCorrected: each state of a list becomes what the record says by
// then: not asked, none, some, taken back, hidden.
func TestD099_ClearedAndCorrected(t *testing.T) {
	w, gate := real(t)
	b := w.visitor()
	b.signIn(her)
	const notAsked, none = "does not mean that there are none", "Somebody asked you, and there are none."
	clinical := "active"
	allergy := func(id, code, verification string) {
		w.put(`{"resourceType":"AllergyIntolerance","id":"` + id + `","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"` + clinical + `"}]},
			"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"` + verification + `"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"` + code + `"}]},"patient":{"reference":"` + w.record + `"}}`)
	}
	const refuted = "you do not have it"
	state := func(when string, asked, isNone, listed bool) {
		t.Helper()
		body := b.get("/health").body
		_, section, _ := strings.Cut(body, "Allergies")
		section, _, _ = strings.Cut(section, "<h2")
		if strings.Contains(section, refuted) != (when == "that was refuted") {
			t.Errorf("%s: an allergy that she has not is not told apart", when)
		}
		if strings.Contains(section, notAsked) == asked || strings.Contains(section, none) != isNone || strings.Contains(section, "penicillin") != listed {
			t.Errorf("%s: %s", when, section)
		}
	}
	state("nobody asked", false, false, false)
	allergy("none", "716186003", "confirmed")
	state("somebody found none", true, true, false)
	allergy("one", "91936005", "confirmed")
	state("and one later", true, false, true)
	allergy("one", "91936005", "refuted")
	state("that was refuted", true, false, true)
	allergy("one", "91936005", "entered-in-error")
	state("that was a mistake", true, true, false)
	allergy("none", "716186003", "refuted")
	state("that there are none was refuted", false, false, false)
	clinical = "inactive"
	allergy("none", "716186003", "confirmed")
	state("there were none once", false, false, false)
	clinical = "active"
	allergy("none", "716186003", "entered-in-error")
	state("as was that there are none", false, false, false)
	allergy("one", "91936005", "confirmed")
	state("and is one after all", true, false, true)
	if verdict, err := gate.Verify(t.Context()); err != nil || verdict.Broken != 0 {
		t.Errorf("%+v, %v", verdict, err)
	}
}

// TestD100_EachStateOfLinkingIsSaidInWords: she is never shown a counter of what is
// linked or waits, but what her state is and what to do.
func TestD100_EachStateOfLinkingIsSaidInWords(t *testing.T) {
	w, _ := real(t)
	for _, step := range []struct {
		name string
		do   func(*visitor) page
		says []string
	}{
		{"no record", func(b *visitor) page { b.signIn(other); return b.get("/link") }, []string{"we do not know yet which record is yours", "Ask your midwife or clinic"}},
		{"several", func(b *visitor) page {
			w.own(w.another("Second Udaharana"), her)
			b.signIn(her)
			return b.get("/records")
		}, []string{"More than one record bears your identity", "This is not me"}},
		{"not hers", func(b *visitor) page {
			b.signIn(her)
			b.submit("/records", "/records", "record", w.record)
			return b.submit("/profile", "/dispute")
		}, []string{"It is not shown to you again", "tell your midwife or clinic"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			p := step.do(w.visitor())
			contains(t, step.name, p.body, step.says...)
			for _, jargon := range []string{"pending", "linked", "matched", w.record, "Patient/"} {
				if step.name != "several" && strings.Contains(p.body, jargon) {
					t.Errorf("says %q", jargon)
				}
			}
		})
	}
}

// TestG11_TheSubjectStandsOnThePatient: a Patient of the registry's cross-reference has
// links and no identity: it is nobody's record, and does not open the one that it names.
func TestG11_TheSubjectStandsOnThePatient(t *testing.T) {
	w, _ := real(t)
	_, id, _ := strings.Cut(w.record, "/")
	w.put(`{"resourceType":"Patient","id":"crossref","meta":{"profile":["http://fhir.health.gov.lk/ips/StructureDefinition/patient-identity-cross-reference"]},"link":[{"other":{"reference":"Patient/` + id + `"},"type":"refer"}]}`)
	b := w.visitor()
	if p := b.signIn(her); p.header.Get("Location") != "/home" {
		t.Errorf("her own record, beside a cross-reference: %q", p.header.Get("Location"))
	}
	strange := w.visitor()
	if p := strange.signIn(other); p.header.Get("Location") != "/link" {
		t.Errorf("somebody without a record: %q", p.header.Get("Location"))
	}
	// Replaced by another, it is no record that anybody signs in to.
	a, err := w.nehr.Read(t.Context(), "Patient", id)
	if err != nil {
		t.Fatal(err)
	}
	a.Resource.Set("active", fhirjson.Bool(false))
	a.Resource.Set("link", fhirjson.List(fhirjson.Fields(fhirjson.F("other", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Patient/crossref")))), fhirjson.F("type", fhirjson.Text("replaced-by")))))
	if _, err := w.nehr.Update(t.Context(), "Patient", id, a.Resource.Encode(), a.Version); err != nil {
		t.Fatal(err)
	}
	again := w.visitor()
	if p := again.signIn(her); p.header.Get("Location") != "/link" {
		t.Errorf("a record that was replaced: %q", p.header.Get("Location"))
	}
}
