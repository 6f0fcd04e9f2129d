package record_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/record"
)

func TestD038_TwoMatchesGoToReview(t *testing.T) {
	worlds(t, func(w *world) {
		a := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`]}`)
		b := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`]}`)
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		r, ok := errors.AsType[*record.ReviewError](err)
		if !ok || !r.Review() || len(r.IDs) != 2 || !strings.Contains(a+b, r.IDs[0]) {
			w.Fatalf("got %v, want a review of %s and %s", err, a, b)
		}
		if strings.Contains(err.Error(), "P"+w.run) {
			w.Errorf("the error quotes the number: %v", err)
		}
		if len(w.spy.transactions) != 0 {
			w.Error("something was sent")
		}
	})
}

func TestD038_TwoTrackedEntitiesWithOneNumber(t *testing.T) {
	worlds(t, func(w *world) {
		with := func(te string) record.Desired {
			d := w.mother("10.5", "")
			d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`, `"identifier":[`+ident("urn:dhis2:trackedEntity", te+w.run)+`,`, 1))
			return d
		}
		first := w.write(with("a"))
		_, err := w.writer.Write(w.ctx, with("b"))
		if r, ok := errors.AsType[*record.ReviewError](err); !ok || r.IDs[0] != first.Entries[atPatient].ID {
			w.Errorf("got %v, want a review", err)
		}
		w.counts(w.write(with("a")), 0, 0, 6)
	})
}

func TestD038_ReplacedRecord(t *testing.T) {
	worlds(t, func(w *world) {
		survivor := w.put("Patient", `{"resourceType":"Patient","name":[{"text":"Survivor"}]}`)
		w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`],"link":[{"other":{"reference":"Patient/`+survivor+`"},"type":"replaced-by"}]}`)
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		if r, ok := errors.AsType[*record.ReviewError](err); !ok || len(r.IDs) != 2 || r.IDs[1] != survivor {
			w.Errorf("got %v, want a review that names the survivor", err)
		}
		if len(w.spy.transactions) != 0 {
			w.Error("something was sent")
		}
	})
}

func TestFormThatTheServerChangesIsNoUpdate(t *testing.T) {
	worlds(t, func(w *world) {
		// HAPI drops a field that R4 does not know: what stands never equals what
		// is desired, and still no version may be made or counted.
		d := w.mother("10.5", "")
		d.Entries[atObservation].Resource = []byte(strings.Replace(string(d.Entries[atObservation].Resource), `"status"`, `"unknownField":"x","status"`, 1))
		w.write(d)
		w.counts(w.write(d), 0, 0, 6)
	})
}

func TestD041_OtherSystemsFieldsStay(t *testing.T) {
	worlds(t, func(w *world) {
		id := w.put("Patient", `{"resourceType":"Patient","meta":{"tag":[{"system":"urn:r","code":"vip"}]},"active":true,
			"identifier":[{"use":"official","system":"`+phn+`","value":"P`+w.run+`","period":{"start":"2020-01-01"}},{"system":"urn:insurer","value":"I1"},{`+ppnType+`,"system":"urn:passport:lk","value":"N1234567"},{"system":"`+nic+`","value":"old"}],
			"name":[{"text":"Before"},{"use":"maiden","text":"Maiden"}],"birthDate":"1990-01-01","gender":"female",
			"telecom":[{"system":"email","value":"a@b.lk"},{"system":"phone","value":"+94111","rank":1}],
			"contact":[{"name":{"text":"Brother"}}],"maritalStatus":{"text":"M"},"extension":[{"url":"http://r/ext","valueString":"x"}]}`)
		d := w.mother("10.5", `,"_birthDate":`+absent+`,"telecom":[{"system":"phone","value":"+94222"},{"system":"phone","value":"+94111","use":"mobile"}],"contact":[{"name":{"text":"Husband"}}],"active":false,"meta":{"profile":["http://example.org/p"]}`)
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`, `"identifier":[`+ident(nic, "new")+`,{`+ppnType+`,"system":"http://fhir.health.gov.lk/ips/identifier/passport","_value":`+absent+`},`, 1))
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"gender":"female"`, `"gender":"unknown"`, 1))
		w.counts(w.write(d), 5, 1, 0)
		p := w.read("Patient", id)
		for path, want := range map[string]string{
			"identifier.value":        "P" + w.run + " I1 N1234567 new",
			"identifier.period.start": "2020-01-01",
			"identifier.use":          "official",
			"name.text":               "Test " + w.run + " Maiden",
			"birthDate":               "1990-01-01",
			"gender":                  "female",
			"active":                  "true",
			"telecom.value":           "a@b.lk +94111 +94222",
			"telecom.rank":            "1",
			"telecom.use":             "mobile",
			"contact.name.text":       "Brother Husband",
			"maritalStatus.text":      "M",
			"extension.url":           "http://r/ext",
			"meta.tag.code":           "vip",
			"meta.profile":            "http://example.org/p",
		} {
			var got []string
			for _, v := range p.All(path) {
				got = append(got, v.Scalar())
			}
			if strings.Join(got, " ") != want {
				w.Errorf("%s is %q, want %q", path, strings.Join(got, " "), want)
			}
		}
		if p.Get("_birthDate") != nil {
			w.Error("a known birth date has a reason for its absence beside it")
		}
		w.counts(w.write(d), 0, 0, 6)
	})
}

func TestD041_WhatWeSaidOnceAndSayNoMoreGoes(t *testing.T) {
	worlds(t, func(w *world) {
		d := w.mother("10.5", `,"birthDate":"1990-01-01","telecom":[{"system":"phone","value":"+94111"}],"contact":[{"name":{"text":"Husband"}}],"address":[{"text":"Here"}]`)
		first := w.write(d)
		id := first.Entries[atPatient].ID
		stood := w.read("Patient", id)
		stood.Delete("meta")
		stood.Get("telecom").Append(parse(w.T, `{"system":"phone","value":"+94999"}`))
		stood.Set("address", parse(w.T, `[{"text":"Registry's"}]`))
		w.put("Patient", string(stood.Encode()))
		d = w.mother("10.5", "")
		d.Entries[atPatient].Written = first.Entries[atPatient].Body
		w.counts(w.write(d), 0, 1, 5)
		p := w.read("Patient", id)
		if p.Get("birthDate") != nil || p.Get("contact") != nil || len(p.All("telecom")) != 1 || p.All("telecom.value")[0].Str() != "+94999" || p.All("address.text")[0].Str() != "Registry's" {
			w.Errorf("got %s", p.Encode())
		}
	})
}

func TestD043_ConditionsArePercentEncoded(t *testing.T) {
	worlds(t, func(w *world) {
		value := "P,|& ශ්" + w.run
		p := entry(false, "Patient", phn, value, "")
		r := w.write(record.Desired{Entries: []record.Entry{p}})
		w.counts(r, 1, 0, 0)
		tx := parse(w.T, w.spy.transactions[0])
		condition := tx.All("entry.request.ifNoneExist")[0].Str()
		if strings.ContainsAny(condition, "|, &") || strings.Contains(condition, "ශ") {
			w.Errorf("ifNoneExist is not percent-encoded: %s", condition)
		}
		w.counts(w.write(record.Desired{Entries: []record.Entry{p}}), 0, 0, 1)
	})
}

func TestD102_SharedPlacesAreNotOverwritten(t *testing.T) {
	worlds(t, func(w *world) {
		hin := "http://fhir.health.gov.lk/ips/identifier/hin"
		id := w.put("Organization", `{"resourceType":"Organization","identifier":[`+ident(hin, "H"+w.run)+`,`+ident("urn:dhis2:organisationUnit:uid", "otherserver")+`],"name":"Registry name","telecom":[{"system":"phone","value":"+94"}],"type":[{"text":"hospital"}]}`)
		o := entry(false, "Organization", hin, "H"+w.run, `,"name":"Clinic"`)
		o.Resource = []byte(strings.Replace(string(o.Resource), `"identifier":[`, `"identifier":[`+ident("urn:dhis2:organisationUnit:uid", "U"+w.run)+`,`, 1))
		l := entry(false, "Location", "urn:dhis2:organisationUnit:uid", "U"+w.run, `,"name":"Clinic","managingOrganization":{"reference":"`+o.FullURL+`"}`)
		r := w.write(record.Desired{Entries: []record.Entry{l, o}})
		w.counts(r, 1, 1, 0)
		if r.Entries[1].ID != id {
			w.Fatalf("the facility with the number was not taken: %s, want %s", r.Entries[1].ID, id)
		}
		got := w.read("Organization", id)
		if len(got.All("identifier")) != 3 || got.All("type.text")[0].Str() != "hospital" || got.All("telecom.value")[0].Str() != "+94" {
			w.Errorf("got %s", got.Encode())
		}
		for _, id := range []string{r.Entries[0].ID, r.Entries[1].ID} {
			if id == "org-1" || id == "location-1" {
				w.Error("a fixed id was written")
			}
		}
		w.counts(w.write(record.Desired{Entries: []record.Entry{l, o}}), 0, 0, 2)
	})
}

func TestD102_FacilityThatGetsItsNumberLater(t *testing.T) {
	worlds(t, func(w *world) {
		const hin, unit = "http://fhir.health.gov.lk/ips/identifier/hin", "urn:dhis2:organisationUnit:uid"
		before := entry(false, "Organization", unit, "U"+w.run, `,"name":"Clinic"`)
		before.Resource = []byte(strings.Replace(string(before.Resource), `"identifier":[`, `"identifier":[{"system":"`+hin+`","_value":`+absent+`},`, 1))
		first := w.write(record.Desired{Entries: []record.Entry{before}})
		after := entry(false, "Organization", hin, "H"+w.run, `,"name":"Clinic"`)
		after.Resource = []byte(strings.Replace(string(after.Resource), `"identifier":[`, `"identifier":[`+ident(unit, "U"+w.run)+`,`, 1))
		r := w.write(record.Desired{Entries: []record.Entry{after}})
		w.counts(r, 0, 1, 0)
		if r.Entries[0].ID != first.Entries[0].ID {
			w.Error("the facility was written a second time")
		}
		if got := w.read("Organization", r.Entries[0].ID); len(got.All("identifier")) != 2 || len(got.All("identifier.value")) != 2 || len(got.All("identifier._value")) != 0 {
			w.Errorf("got %s", got.Encode())
		}
		// Another number is another facility, whatever our own identifier says.
		other := entry(false, "Organization", hin, "X"+w.run, `,"name":"Clinic"`)
		other.Resource = []byte(strings.Replace(string(other.Resource), `"identifier":[`, `"identifier":[`+ident(unit, "U"+w.run)+`,`, 1))
		w.counts(w.write(record.Desired{Entries: []record.Entry{other}}), 1, 0, 0)
	})
}

func TestG11_IdentityStaysOnThePatient(t *testing.T) {
	worlds(t, func(w *world) {
		sub := "https://esignet.example/rp"
		d := w.mother("10.5", "")
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`, `"identifier":[{"use":"secondary","system":"`+sub+`","value":"S`+w.run+`"},`, 1))
		r := w.write(d)
		p := w.read("Patient", r.Entries[atPatient].ID)
		if len(p.All("identifier")) != 2 || p.Get("link") != nil {
			w.Errorf("PHN and subject must stand on the Patient, without a link: %s", p.Encode())
		}
		// The registry links her record to another; that is its business.
		other := w.put("Patient", `{"resourceType":"Patient","name":[{"text":"Other"}]}`)
		p.Delete("meta")
		p.Set("link", parse(w.T, `[{"other":{"reference":"Patient/`+other+`"},"type":"refer"}]`))
		w.put("Patient", string(p.Encode()))
		w.counts(w.write(d), 0, 0, 6)
		if w.read("Patient", r.Entries[atPatient].ID).Get("link") == nil {
			w.Error("the registry's link is gone")
		}
	})
}
