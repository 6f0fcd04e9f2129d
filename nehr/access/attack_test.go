package access_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// objects are what Beni has, one of each kind.
var objects = []string{"Patient/beni", "Encounter/beni-visit-2", "Observation/beni-bp-2", "Observation/beni-hiv", "Condition/beni-problem",
	"MedicationStatement/beni-iron", "DocumentReference/beni-document", "Appointment/beni-next"}

// TestAttackAnothersRecord asks for what is Beni's in every way the gate has:
// as another patient, and as a clinician who may see Asha only.
func TestAttackAnothersRecord(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{Sensitive: true})
	for _, a := range []access.Actor{asha, drPera} {
		t.Run(string(a.Kind), func(t *testing.T) {
			v := w.open(a, "Patient/asha")
			for name, p := range map[string]access.Purpose{"to treat": access.Treatment, "at her request": access.PatientRequest, "in an emergency": access.Emergency, "without purpose": "", "for research": "HRESCH"} {
				t.Run("open her record "+name, func(t *testing.T) {
					if v, err := w.gate.Open(t.Context(), a, "Patient/beni", p); v != nil || !isDenied(err) {
						t.Errorf("got %v", err)
					}
				})
			}
			for _, object := range objects {
				typ, id, _ := strings.Cut(object, "/")
				t.Run("read "+object, func(t *testing.T) { notFound(t, second(v.Read(t.Context(), typ, id))) })
				t.Run("history of "+object, func(t *testing.T) { notFound(t, second(v.History(t.Context(), typ, id))) })
				t.Run("search by id "+object, func(t *testing.T) { nothing(t, v, typ, url.Values{"_id": {id}}) })
				t.Run("search by patient "+object, func(t *testing.T) { nothing(t, v, typ, url.Values{"patient": {"Patient/beni"}}) })
				t.Run("search by both "+object, func(t *testing.T) {
					nothing(t, v, typ, url.Values{"patient": {"Patient/asha", "Patient/beni"}})
				})
				t.Run("search by either "+object, func(t *testing.T) { nothing(t, v, typ, url.Values{"patient": {"Patient/asha,Patient/beni"}}) })
				t.Run("search by subject "+object, func(t *testing.T) { nothing(t, v, typ, url.Values{"subject": {"Patient/beni"}}) })
				t.Run("count "+object, func(t *testing.T) {
					if n, err := v.Count(t.Context(), typ, url.Values{"_id": {id}}); err == nil && n != 0 {
						t.Errorf("%d", n)
					}
				})
			}
			t.Run("binary", func(t *testing.T) { notFound(t, second(v.Binary(t.Context(), "beni-letter"))) })
			t.Run("binary as a resource", func(t *testing.T) { notFound(t, second(v.Read(t.Context(), "Binary", "beni-letter"))) })
			for _, id := range []string{"../Patient/beni", "asha/../beni", "beni?", "beni#", "beni%2f", "asha/_history/1", "beni\n", "", "*", "$everything", strings.Repeat("a", 65)} {
				t.Run(fmt.Sprintf("read Patient/%q", id), func(t *testing.T) { notFound(t, second(v.Read(t.Context(), "Patient", id))) })
				t.Run(fmt.Sprintf("binary %q", id), func(t *testing.T) { notFound(t, second(v.Binary(t.Context(), id))) })
			}
			for _, typ := range []string{"AuditEvent", "Consent", "Provenance", "Bundle", "Basic", "Group", "List", "Person", "metadata", "Patient/beni", "$export", "_history", "", "Patient?x="} {
				t.Run(fmt.Sprintf("type %q", typ), func(t *testing.T) {
					notFound(t, second(v.Read(t.Context(), typ, "beni")))
					if found, err := v.Search(t.Context(), typ, nil); len(found) > 0 || !isDenied(err) {
						t.Errorf("search: %d, %v", len(found), err)
					}
				})
			}
		})
	}
	t.Run("each attempt at her objects stands in her log", func(t *testing.T) {
		tried := map[string]bool{}
		for _, e := range w.log(beni) {
			if e.Permitted && e.Person != beni.Person {
				t.Errorf("entry %d: %s saw something", e.Seq, e.Person)
			}
			tried[e.Type+"/"+e.ID] = true
		}
		for _, o := range objects {
			if !tried[o] {
				t.Errorf("%s: nobody is said to have tried", o)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func isDenied(err error) bool {
	_, ok := errors.AsType[*access.DeniedError](err)
	return ok
}

func notFound(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, access.ErrNotFound) {
		t.Errorf("got %v, want that it is not there", err)
	}
}

// nothing holds that a search finds nothing of another's.
func nothing(t *testing.T, v *access.View, typ string, params url.Values) {
	t.Helper()
	found, err := v.Search(t.Context(), typ, params)
	if err != nil && !isDenied(err) {
		t.Errorf("got %v", err)
	}
	for _, r := range found {
		if strings.HasPrefix(r.Get("id").Str(), "beni") {
			t.Errorf("found %s", r.Get("id").Str())
		}
	}
}

// TestAttackParameters tries to reach beyond the record by parameters.
func TestAttackParameters(t *testing.T) {
	w := newWorld(t)
	v := w.open(asha, "Patient/asha")
	for _, query := range []string{
		"_has:Observation:patient:code=1234-5", "_include=Observation:subject", "_include=*", "_include:iterate=Observation:subject", "_revinclude=Observation:subject",
		"_revinclude:iterate=Provenance:target", "subject.name=Secret-beni", "subject:Patient.name=Secret-beni", "patient.identifier=x", "encounter.subject=Patient/beni",
		"patient:missing=true", "patient:not=Patient/asha", "subject:Patient=beni", "code:in=http://x", "code:not=x", "_filter=subject eq Patient/beni", "_query=all",
		"_list=x", "_text=secret", "_content=secret", "_elements=subject", "_summary=count", "_summary=data", "_contained=both", "_containedType=container", "_total=accurate",
		"_type=Patient", "_getpages=x", "_getpagesoffset=20", "_bundletype=searchset", "_page=2", "_offset=1", "_format=ndjson", "_since=2020", "_security=R", "_tag=x", "_profile=x", "_source=x",
		"performer=Practitioner/pera", "_sort=subject.name", "_sort=_id%3Bdrop", "_count=all", "_count=-1", "code=", "general-practitioner=Practitioner/pera", "%00=x",
	} {
		t.Run(query, func(t *testing.T) {
			params, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			w.requests.Store(0)
			found, err := v.Search(t.Context(), "Observation", params)
			if len(found) > 0 || !isDenied(err) {
				t.Errorf("%d found, %v; want a refusal", len(found), err)
			}
			if w.requests.Load() != 0 {
				t.Error("the NEHR was asked")
			}
		})
	}
}

// TestAttackServerThatTellsTooMuch holds that what the NEHR answers beside what it
// was asked for is not shown: resources of others among hers, or changed owners.
func TestAttackServerThatTellsTooMuch(t *testing.T) {
	w := newWorld(t)
	w.put(
		`{"resourceType":"Observation","id":"moved","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/beni"}}`,
		`{"resourceType":"Appointment","id":"both","status":"booked","participant":[{"actor":{"reference":"Patient/asha"},"status":"accepted"},{"actor":{"reference":"Patient/beni"},"status":"accepted"}]}`,
		`{"resourceType":"DocumentReference","id":"points","status":"current","subject":{"reference":"Patient/beni"},"content":[{"attachment":{"url":"Binary/asha-letter"}}]}`,
		`{"resourceType":"Binary","id":"of-beni","contentType":"text/plain","data":"c2VjcmV0","securityContext":{"reference":"Patient/beni"}}`,
		`{"resourceType":"DocumentReference","id":"reaches","status":"current","subject":{"reference":"Patient/asha"},"content":[{"attachment":{"url":"Binary/of-beni"}}]}`,
		`{"resourceType":"Device","id":"of-beni","patient":{"reference":"Patient/beni"}}`,
		`{"resourceType":"Observation","id":"by-device","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/asha"},"device":{"reference":"Device/of-beni"}}`,
	)
	w.put(`{"resourceType":"Observation","id":"moved","status":"final","code":{"text":"y"},"subject":{"reference":"Patient/asha"}}`)
	v := w.open(asha, "Patient/asha")
	t.Run("an appointment of two patients", func(t *testing.T) {
		r, err := v.Record(t.Context())
		if err != nil || ids(r)["both"] {
			t.Errorf("shown, %v", err)
		}
		notFound(t, second(v.Read(t.Context(), "Appointment", "both")))
	})
	t.Run("versions from when it was another's", func(t *testing.T) {
		versions, err := v.History(t.Context(), "Observation", "moved")
		if err != nil || len(versions) != 1 || versions[0].Get("subject", "reference").Str() != "Patient/asha" {
			t.Errorf("%d versions, %v", len(versions), err)
		}
	})
	t.Run("a document of another's that points at hers", func(t *testing.T) {
		notFound(t, second(w.open(beni, "Patient/beni").Binary(t.Context(), "of-asha")))
	})
	t.Run("a document of hers that points at another's content", func(t *testing.T) {
		notFound(t, second(v.Binary(t.Context(), "of-beni")))
	})
	t.Run("a device of another", func(t *testing.T) {
		notFound(t, second(v.Read(t.Context(), "Device", "of-beni")))
		r, err := v.Record(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range r.Resources {
			if x.Get("resourceType").Str() == "Device" {
				t.Error("shown in her record")
			}
		}
	})
}

// TestAttackActors are people who claim to be somebody.
func TestAttackActors(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{})
	w.task("requested", "Organization/general", "")
	for name, a := range map[string]access.Actor{
		"a patient who says that she is a clinician":       {Kind: access.KindClinician, Person: "Patient/beni", Role: drPera.Role, Facility: drPera.Facility},
		"a clinician who says that he is a patient":        {Kind: access.KindPatient, Person: drPera.Person},
		"a clinician as her":                               {Kind: access.KindClinician, Person: "Patient/asha"},
		"nobody":                                           {},
		"a clinician without a person":                     {Kind: access.KindClinician, Role: drPera.Role, Facility: drPera.Facility},
		"a patient without a person":                       {Kind: access.KindPatient},
		"a patient by URL":                                 {Kind: access.KindPatient, Person: "https://elsewhere.example/Patient/asha"},
		"a patient with a version":                         {Kind: access.KindPatient, Person: "Patient/asha/_history/1"},
		"a patient in other letters":                       {Kind: access.KindPatient, Person: "patient/asha"},
		"a system":                                         {Kind: access.KindSystem, Person: "Patient/asha"},
		"an administrator":                                 {Kind: "administrator", Person: "Practitioner/admin"},
		"a clinician with another role and facility":       {Kind: access.KindClinician, Person: drPera.Person, Role: drSilva.Role, Facility: drSilva.Facility},
		"a clinician of another facility, in his old role": {Kind: access.KindClinician, Person: drSilva.Person, Role: drSilva.Role, Facility: "Organization/base"},
	} {
		for _, p := range []access.Purpose{access.Treatment, access.PatientRequest, access.Emergency} {
			t.Run(fmt.Sprintf("%s (%s)", name, p), func(t *testing.T) {
				if v, err := w.gate.Open(t.Context(), a, "Patient/asha", p); v != nil || !isDenied(err) {
					t.Errorf("opened, %v", err)
				}
			})
		}
	}
}

// TestAttackSelfReferral makes oneself the one that a patient is referred to.
func TestAttackSelfReferral(t *testing.T) {
	for _, requester := range []string{drPera.Person, drPera.Role, drPera.Facility} {
		t.Run(requester, func(t *testing.T) {
			w := newWorld(t)
			w.put(fmt.Sprintf(`{"resourceType":"Task","id":"self","status":"requested","intent":"order","for":{"reference":"Patient/asha"},"authoredOn":"2026-03-01","requester":{"reference":%q},"owner":{"reference":%q}}`, requester, drPera.Facility))
			_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			denied(t, err, access.ReasonNoRule)
		})
	}
}

// TestAttackForgedConsents are Consents that let nobody in.
func TestAttackForgedConsents(t *testing.T) {
	const form = `{"resourceType":"Consent","id":"forged","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/asha"}%s,"provision":{"type":"permit","period":{"end":"2027-01-01"}%s}}`
	actor := func(ref string) string { return fmt.Sprintf(`,"actor":[{"reference":{"reference":%q}}]`, ref) }
	for name, forged := range map[string]string{
		"consented by the clinician": fmt.Sprintf(form, `,"performer":[{"reference":"Practitioner/pera"}]`, actor(drPera.Role)),
		"consented by another":       fmt.Sprintf(form, `,"performer":[{"reference":"Patient/beni"}]`, actor(drPera.Role)),
		"consented by nobody":        fmt.Sprintf(form, ``, actor(drPera.Role)),
		"to everybody":               fmt.Sprintf(form, `,"performer":[{"reference":"Patient/asha"}]`, ``),
		"to a queue of patients":     fmt.Sprintf(form, `,"performer":[{"reference":"Patient/asha"}]`, actor("Patient/beni")),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put(forged)
			_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			denied(t, err, access.ReasonNoRule)
		})
	}
}

// TestAttackAnothersConsents works on Asha's consents as somebody else.
func TestAttackAnothersConsents(t *testing.T) {
	w := newWorld(t)
	scope := access.Scope{Until: today.Add(time.Hour)}
	asked := w.asked(scope)
	given := w.grant(access.Scope{})
	for _, a := range []access.Actor{beni, drPera, {}} {
		t.Run("approve as "+a.Person, func(t *testing.T) { refusedOrMissing(t, w.gate.Answer(t.Context(), a, asked, scope, true)) })
		t.Run("refuse as "+a.Person, func(t *testing.T) { refusedOrMissing(t, w.gate.Answer(t.Context(), a, asked, scope, false)) })
		t.Run("revoke as "+a.Person, func(t *testing.T) { refusedOrMissing(t, w.gate.Revoke(t.Context(), a, given)) })
	}
	t.Run("list as another patient", func(t *testing.T) {
		all, err := w.gate.Consents(t.Context(), beni, "Patient/asha")
		if len(all) > 0 || !isDenied(err) {
			t.Errorf("%d, %v", len(all), err)
		}
	})
	t.Run("list as nobody", func(t *testing.T) {
		all, err := w.gate.Consents(t.Context(), access.Actor{}, "Patient/asha")
		if len(all) > 0 || !isDenied(err) {
			t.Errorf("%d, %v", len(all), err)
		}
	})
	for _, id := range []string{"", "../Patient/asha", "no-such", "a/b", strings.Repeat("x", 65)} {
		t.Run(fmt.Sprintf("answer %q", id), func(t *testing.T) { refusedOrMissing(t, w.gate.Answer(t.Context(), asha, id, scope, true)) })
		t.Run(fmt.Sprintf("revoke %q", id), func(t *testing.T) { refusedOrMissing(t, w.gate.Revoke(t.Context(), asha, id)) })
	}
	t.Run("a consent to reminders is not hers to revoke here", func(t *testing.T) {
		w.put(`{"resourceType":"Consent","id":"reminders","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"text":"Reminders"}],"patient":{"reference":"Patient/asha"},"provision":{"type":"deny","code":[{"coding":[{"system":"urn:dhis2:attribute","code":"x"}]}]}}`)
		refusedOrMissing(t, w.gate.Revoke(t.Context(), asha, "reminders"))
		if _, err := w.open(drPera, "Patient/asha").Read(t.Context(), "Observation", "asha-bp-2"); err != nil {
			t.Errorf("it hides her record: %v", err)
		}
	})
	all, err := w.gate.Consents(t.Context(), asha, "Patient/asha")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d consents, %v", len(all), err)
	}
	for _, c := range all {
		if c.ID == asked && c.State != access.Asked || c.ID == given && c.State != access.Active {
			t.Errorf("%s is %s", c.ID, c.State)
		}
	}
}

func refusedOrMissing(t *testing.T, err error) {
	t.Helper()
	if !isDenied(err) && !errors.Is(err, access.ErrNotFound) {
		t.Errorf("got %v, want a refusal", err)
	}
}

// TestAttackLogInjection holds that nothing of what is sent gets into the log but
// references and names.
func TestAttackLogInjection(t *testing.T) {
	w := newWorld(t)
	evil := "Patient/x\n{\"seq\":1}"
	_, err := w.gate.Open(t.Context(), access.Actor{Kind: access.KindPatient, Person: evil, Role: evil, Facility: evil}, evil, "TREAT")
	denied(t, err, access.ReasonForeign)
	v := w.open(asha, "Patient/asha")
	refusedOrMissing(t, second(v.Read(t.Context(), "Observation\n", "199012345678")))
	refusedOrMissing(t, second(v.Read(t.Context(), "Observation", "Asha Perera")))
	refusedOrMissing(t, second(v.Search(t.Context(), "Observation", url.Values{"name=Perera": {"x"}, "_has:x": {"Perera"}})))
	refusedOrMissing(t, v.Audit(t.Context(), access.ActionCreate, "Perera"))
	refusedOrMissing(t, v.Audit(t.Context(), "Perera", ""))
	for _, e := range w.log(asha) {
		text := fmt.Sprintf("%+v", e)
		for _, s := range []string{"Perera", "199012345678", "{\"seq\"", "\n"} {
			if strings.Contains(text, s) {
				t.Errorf("entry %d has %q", e.Seq, s)
			}
		}
	}
	if verdict, err := w.gate.Verify(t.Context()); err != nil || verdict.Broken != 0 {
		t.Errorf("%+v, %v", verdict, err)
	}
}

// TestAttackNext holds that no link of the NEHR reaches the reader.
func TestAttackNext(t *testing.T) {
	w := newWorld(t)
	var more []string
	for i := range 1100 {
		more = append(more, observation(fmt.Sprint("many-", i), "asha", "vital-signs", "85354-9", "2026-02-10", ""))
	}
	w.put(more...)
	found, err := w.open(asha, "Patient/asha").Search(t.Context(), "Observation", url.Values{"_count": {"2"}})
	if err != nil || len(found) != 1100+6 {
		t.Fatalf("%d found, %v", len(found), err)
	}
	for _, r := range found {
		if r.Get("resourceType").Str() != "Observation" {
			t.Error("something else came with it")
		}
	}
	if strings.Contains(string(fhirjson.List(found...).Encode()), "_getpages") {
		t.Error("a link of the server came with it")
	}
}
