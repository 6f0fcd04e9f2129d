package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// finding is an Observation as Dr Pera writes it; more is put into it.
func finding(t testing.TB, id, patient, category, more string) *fhirjson.Value {
	t.Helper()
	return parsed(t, observation(id, patient, category, "718-7", "2026-03-02", `,"performer":[{"reference":"Practitioner/pera"},{"reference":"Organization/general"}]`+more))
}

func parsed(t testing.TB, text string) *fhirjson.Value {
	t.Helper()
	v, err := fhirjson.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func visitOfPera(t testing.TB, more string) *fhirjson.Value {
	return parsed(t, `{"resourceType":"Encounter","id":"pera-visit","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/asha"},
		"participant":[{"individual":{"reference":"Practitioner/pera"}}],"period":{"start":"2026-03-02","end":"2026-03-02"}`+more+`}`)
}

func provenance(t testing.TB, target string) *fhirjson.Value {
	return parsed(t, fmt.Sprintf(`{"resourceType":"Provenance","id":"pera-provenance","target":[{"reference":%q}],"recorded":"2026-03-02T09:00:00Z",
		"agent":[{"who":{"reference":"Practitioner/pera"},"onBehalfOf":{"reference":"Organization/general"}}]}`, target))
}

func writings(resources ...*fhirjson.Value) (all []access.Writing) {
	for _, r := range resources {
		all = append(all, access.Writing{Resource: r})
	}
	return all
}

// newest is the last entry of Asha's log before she looked at it.
func (w *world) newest() access.Entry { return w.log(asha)[1] }

func TestWrite(t *testing.T) {
	w := newWorld(t)
	consent := w.grant(access.Scope{Types: []access.Class{access.Laboratory, access.Documents}})
	v := w.open(drPera, "Patient/asha")
	at := `,"encounter":{"reference":"Encounter/pera-visit"}`
	all := writings(visitOfPera(t, ""), finding(t, "pera-hb", "asha", "laboratory", at), provenance(t, "Observation/pera-hb"))

	done, err := v.Write(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	if done.Versions["Observation/pera-hb"] != "1" || !slices.Contains(done.Episodes, "enrolSecon2") || !slices.Contains(done.Episodes, "Encounter/pera-visit") {
		t.Errorf("written: %+v", done)
	}
	e := w.newest()
	if !e.Permitted || e.Action != access.ActionCreate || e.Type != "Observation" || e.ID != "pera-hb" || e.Person != drPera.Person || !slices.Equal(e.Sources, []string{"Consent/" + consent}) {
		t.Errorf("logged: %+v", e)
	}

	// An answer that was lost: the same again writes nothing.
	again, err := v.Write(t.Context(), all)
	if err != nil || again.Versions["Observation/pera-hb"] != "1" {
		t.Errorf("again: %+v, %v", again, err)
	}
	// Another content in its place needs the version that it replaces.
	changed := finding(t, "pera-hb", "asha", "laboratory", at+`,"note":[{"text":"measured again"}]`)
	_, err = v.Write(t.Context(), writings(changed))
	denied(t, err, access.ReasonState)
	_, err = v.Write(t.Context(), []access.Writing{{Resource: changed, Replaces: "7"}})
	denied(t, err, access.ReasonState)
	done, err = v.Write(t.Context(), []access.Writing{{Resource: changed, Replaces: "1"}})
	if err != nil || done.Versions["Observation/pera-hb"] != "2" {
		t.Errorf("amended: %+v, %v", done, err)
	}
	if e := w.newest(); e.Action != access.ActionUpdate || !e.Permitted {
		t.Errorf("logged: %+v", e)
	}
}

// TestAttackWrites: nothing is written of another, about another, or that may not be
// seen, and each try is in her log.
func TestAttackWrites(t *testing.T) {
	lab := access.Scope{Types: []access.Class{access.Laboratory}}
	own := func(t testing.TB, more string) *fhirjson.Value {
		return finding(t, "pera-hb", "asha", "laboratory", more)
	}
	// What is about another stands in her log.
	hers := map[string]bool{"about another patient": true, "over what is another's": true, "at another's visit": true, "derived from what is another's": true}
	many := func(t testing.TB) (all []*fhirjson.Value) {
		for i := range 21 {
			all = append(all, finding(t, fmt.Sprintf("hb-%d", i), "asha", "laboratory", ""))
		}
		return all
	}
	for _, tt := range []struct {
		name  string
		actor access.Actor
		scope access.Scope
		why   access.Reason
		write func(testing.TB) []*fhirjson.Value
	}{
		{"of a class that she did not open", drPera, lab, access.ReasonNoRule, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{finding(t, "pera-bp", "asha", "vital-signs", "")}
		}},
		{"one of two of a class that she did not open", drPera, lab, access.ReasonNoRule, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, ""), finding(t, "pera-bp", "asha", "vital-signs", "")}
		}},
		{"labelled as sensitive", drPera, lab, access.ReasonSensitive, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}`)}
		}},
		{"about another patient", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{finding(t, "pera-hb", "beni", "laboratory", "")}
		}},
		{"about nobody", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			r := own(t, "")
			r.Delete("subject")
			return []*fhirjson.Value{r}
		}},
		{"in the name of another", drSilva, access.Scope{}, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value { return []*fhirjson.Value{own(t, "")} }},
		{"in nobody's name", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			r := own(t, "")
			r.Delete("performer")
			return []*fhirjson.Value{r}
		}},
		{"in the name of the facility alone", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			r := own(t, "")
			r.Set("performer", fhirjson.List(fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/general")))))
			return []*fhirjson.Value{r}
		}},
		{"over what another wrote", drPera, access.Scope{}, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{finding(t, "asha-hb-2", "asha", "laboratory", "")}
		}},
		{"over what is another's", drPera, access.Scope{}, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{finding(t, "beni-hb-2", "asha", "laboratory", "")}
		}},
		{"at another's visit", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, `,"encounter":{"reference":"Encounter/beni-visit-2"}`)}
		}},
		{"derived from what is another's", drPera, access.Scope{}, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, `,"derivedFrom":[{"reference":"Observation/beni-hb-2"}]`)}
		}},
		{"derived from what is withheld", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, `,"derivedFrom":[{"reference":"Observation/asha-hiv"}]`)}
		}},
		{"focused on another", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, `,"focus":[{"reference":"Patient/beni"}]`)}
		}},
		{"with the content of another's document", drPera, access.Scope{}, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{parsed(t, `{"resourceType":"DocumentReference","id":"pera-letter","status":"current","subject":{"reference":"Patient/asha"},"date":"2026-03-02T09:00:00Z",
				"author":[{"reference":"Practitioner/pera"}],"content":[{"attachment":{"contentType":"text/plain","url":"Binary/beni-letter"}}]}`)}
		}},
		{"with a content that lies elsewhere", drPera, access.Scope{}, access.ReasonParameter, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{parsed(t, `{"resourceType":"DocumentReference","id":"pera-letter","status":"current","subject":{"reference":"Patient/asha"},"date":"2026-03-02T09:00:00Z",
				"author":[{"reference":"Practitioner/pera"}],"content":[{"attachment":{"contentType":"text/html","url":"https://elsewhere.example/Binary/x"}}]}`)}
		}},
		{"a reference elsewhere", drPera, lab, access.ReasonParameter, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, `,"derivedFrom":[{"reference":"https://elsewhere.example/fhir/Observation/1"}]`)}
		}},
		{"an id that leads elsewhere", drPera, lab, access.ReasonParameter, func(t testing.TB) []*fhirjson.Value {
			r := own(t, "")
			r.Set("id", fhirjson.Text("1?identifier=x"))
			return []*fhirjson.Value{r}
		}},
		{"a consent", drPera, access.Scope{}, access.ReasonParameter, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, ""), parsed(t, `{"resourceType":"Consent","id":"x","status":"active","patient":{"reference":"Patient/asha"}}`)}
		}},
		{"a visit alone", drPera, access.Scope{}, access.ReasonParameter, func(t testing.TB) []*fhirjson.Value { return []*fhirjson.Value{visitOfPera(t, "")} }},
		{"twice the same", drPera, lab, access.ReasonParameter, func(t testing.TB) []*fhirjson.Value { return []*fhirjson.Value{own(t, ""), own(t, "")} }},
		{"a provenance of another's", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, ""), provenance(t, "Observation/beni-hb-2")}
		}},
		{"a content that no document names", drPera, lab, access.ReasonForeign, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{own(t, ""), parsed(t, `{"resourceType":"Binary","id":"asha-letter","contentType":"text/plain","data":"eA==","securityContext":{"reference":"Patient/asha"}}`)}
		}},
		{"over the content of a document", drPera, access.Scope{}, access.ReasonState, func(t testing.TB) []*fhirjson.Value {
			return []*fhirjson.Value{parsed(t, `{"resourceType":"Binary","id":"asha-letter","contentType":"text/plain","data":"eA==","securityContext":{"reference":"Patient/asha"}}`),
				parsed(t, `{"resourceType":"DocumentReference","id":"pera-letter","status":"current","subject":{"reference":"Patient/asha"},"date":"2026-03-02T09:00:00Z",
				"author":[{"reference":"Practitioner/pera"}],"content":[{"attachment":{"contentType":"text/plain","url":"Binary/asha-letter"}}]}`)}
		}},
		{"too many", drPera, lab, access.ReasonParameter, many},
		{"nothing", drPera, lab, access.ReasonParameter, func(testing.TB) []*fhirjson.Value { return nil }},
		{"by herself", asha, access.Scope{}, access.ReasonActor, func(t testing.TB) []*fhirjson.Value { return []*fhirjson.Value{own(t, "")} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.grant(tt.scope)
			if tt.actor.Person == drSilva.Person {
				if _, err := w.gate.Standing(t.Context(), asha, access.Party{Role: drSilva.Role}, access.Scope{Until: w.now.Add(time.Hour)}); err != nil {
					t.Fatal(err)
				}
			}
			_, err := w.open(tt.actor, "Patient/asha").Write(t.Context(), writings(tt.write(t)...))
			denied(t, err, tt.why)
			whose := asha
			if hers[tt.name] {
				whose = beni
			}
			// The newest before the look at the log itself.
			if e := w.log(whose)[1]; e.Permitted || e.Action != access.ActionCreate || e.Reason != tt.why || e.Person != tt.actor.Person {
				t.Errorf("logged: %+v", e)
			}
			if _, err := w.client.Read(t.Context(), "Observation", "pera-hb"); err == nil {
				t.Error("it was written")
			}
		})
	}
}

func TestWriteAfterRevoking(t *testing.T) {
	w := newWorld(t)
	consent := w.grant(access.Scope{})
	v := w.open(drPera, "Patient/asha")
	if err := w.gate.Revoke(t.Context(), asha, consent); err != nil {
		t.Fatal(err)
	}
	_, err := v.Write(t.Context(), writings(finding(t, "pera-hb", "asha", "laboratory", "")))
	denied(t, err, access.ReasonNoRule)
}

// TestWriteKnownAfterRevoking: an answer was lost, and she revoked meanwhile. What was
// written stands, and its author is told; nothing more is written.
func TestWriteKnownAfterRevoking(t *testing.T) {
	w := newWorld(t)
	consent := w.grant(access.Scope{})
	all := writings(visitOfPera(t, ""), finding(t, "pera-hb", "asha", "laboratory", `,"encounter":{"reference":"Encounter/pera-visit"}`))
	if _, err := w.gate.Write(t.Context(), drPera, "Patient/asha", access.Treatment, all); err != nil {
		t.Fatal(err)
	}
	if err := w.gate.Revoke(t.Context(), asha, consent); err != nil {
		t.Fatal(err)
	}
	done, err := w.gate.Write(t.Context(), drPera, "Patient/asha", access.Treatment, all)
	if err != nil || done.Versions["Observation/pera-hb"] != "1" {
		t.Errorf("%+v, %v", done, err)
	}
	if e := w.newest(); e.Permitted || e.Reason != access.ReasonNoRule {
		t.Errorf("logged: %+v", e)
	}
	all[1].Resource.Set("note", fhirjson.List(fhirjson.Fields(fhirjson.F("text", fhirjson.Text("more")))))
	_, err = w.gate.Write(t.Context(), drPera, "Patient/asha", access.Treatment, all)
	denied(t, err, access.ReasonNoRule)
}

// TestWriteByReferral: what a referral led to belongs to it, and the clinician who
// wrote it sees it.
func TestWriteByReferral(t *testing.T) {
	w := newWorld(t)
	w.put(`{"resourceType":"ServiceRequest","id":"asha-request","status":"active","intent":"order","subject":{"reference":"Patient/asha"},"authoredOn":"2025-10-10",
		"requester":{"reference":"Practitioner/midwife"},"performer":[{"reference":"Organization/general"}]}`)
	v := w.open(drPera, "Patient/asha")
	at := `,"encounter":{"reference":"Encounter/pera-visit"}`
	_, err := v.Write(t.Context(), writings(visitOfPera(t, ""), finding(t, "pera-hb", "asha", "laboratory", at)))
	denied(t, err, access.ReasonNoRule) // it is of no pregnancy, and says not that it answers the referral
	all := writings(visitOfPera(t, `,"basedOn":[{"reference":"ServiceRequest/asha-request"}]`), finding(t, "pera-hb", "asha", "laboratory", at))
	if _, err := v.Write(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Read(t.Context(), "Observation", "pera-hb"); err != nil {
		t.Errorf("its author does not see it: %v", err)
	}
	if got := string(w.gate.Bundle(all)); !strings.Contains(got, `"method":"PUT","url":"Encounter/pera-visit"`) {
		t.Errorf("bundle: %s", got)
	}
}
