package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
	"github.com/nehrbridge/nehrbridge/nehr/client"
)

const mapSecret = "what-the-Route-sends-to-have-things-mapped"

// mappingHouse is an rpHouse that maps at a Route, with a national record.
type mappingHouse struct {
	*rpHouse
	record *client.Client
	entity dhis2.UID
	owner  string // organisation unit
}

func startMapping(t *testing.T, command string, more ...string) *mappingHouse {
	t.Helper()
	nehr := startNEHR(t)
	h := &mappingHouse{record: newRecordClient(t, nehr)}
	env := append([]string{"NEHRBRIDGE_NEHR_URL=" + nehr, "NEHRBRIDGE_MAPPING_ROUTE_SECRET_FILE=" + writeFile(t, t.TempDir(), "map", mapSecret+"\n")}, more...)
	h.rpHouse = startRPAs(t, esignetsandbox.V18, command, env...)
	status, body := h.ask("admin", "POST", "/api/routes", map[string]any{"code": "nehrbridge-map", "name": "Mapping", "url": h.address + "/map/**",
		"auth": map[string]any{"type": "api-token", "token": mapSecret}, "authorities": []string{}, "responseTimeoutSeconds": 20, "sharing": map[string]any{"public": "r-------"}})
	if status != 201 {
		t.Fatalf("route: %d %s", status, body)
	}
	var page struct {
		Entities []struct {
			ID      dhis2.UID `json:"trackedEntity"`
			OrgUnit string    `json:"orgUnit"`
		} `json:"trackedEntities"`
	}
	status, body = h.ask("admin", "GET", "/api/tracker/trackedEntities?program=eozjj9UivfS&ouMode=ALL&orgUnitMode=ALL&fields=trackedEntity,orgUnit", nil)
	if err := json.Unmarshal(body, &page); err != nil || status != 200 || len(page.Entities) != 1 {
		t.Fatalf("%d %s", status, body)
	}
	h.entity, h.owner = page.Entities[0].ID, page.Entities[0].OrgUnit
	return h
}

// run calls mapping by the Route.
func (h *mappingHouse) run(user, call string, v any) (int, []byte) {
	h.t.Helper()
	return h.ask(user, "POST", "/api/routes/nehrbridge-map/run/"+call, v)
}

// refused asserts a refusal with the sentences that a form shows.
func (h *mappingHouse) refused(user, call string, v any, status int, code, stage string) {
	h.t.Helper()
	got, body := h.run(user, call, v)
	var p route.Problem
	if err := json.Unmarshal(body, &p); err != nil || got != status || p.Error.Code != code || p.Error.Stage != stage || p.Error.Message.Text["si"] == "" {
		h.t.Errorf("%s: %d %s, want %d %s %s", call, got, body, status, code, stage)
	}
}

// worker gives somebody who captures data where the mother belongs.
func (h *mappingHouse) worker() string {
	h.t.Helper()
	if strings.HasPrefix(h.owner, "SbxClinic04") {
		return "midwife.far"
	}
	return "midwife.one"
}

// stranger is the other one.
func (h *mappingHouse) stranger() string {
	if h.worker() == "midwife.far" {
		return "midwife.one"
	}
	return "midwife.far"
}

// TestD045_D048_MapRoute_claims: values of a form from userinfo: no identifier of the
// issuer becomes a national number, no age is made, and nothing says that somebody
// was verified.
func TestD045_D048_MapRoute_claims(t *testing.T) {
	h := startMapping(t, "rp")
	userinfo := map[string]any{"sub": "a-pseudonym", "name#en": "Kumudini Selvarajah", "gender": "Female", "phone_number": "0771234567", "individual_id": "9900000009", "birthdate": "1993"}
	status, body := h.run("midwife.one", "claims", map[string]any{"program": "eozjj9UivfS", "userinfo": userinfo})
	var result claims.Result
	if err := json.Unmarshal(body, &result); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	got := map[string]string{}
	for _, v := range result.Values {
		got[v.Attribute.String()] = v.Value
	}
	for uid, want := range map[string]string{"CJLJmmp8r9g": "a-pseudonym", "VQl0wK3eqiw": "Kumudini Selvarajah", "p7zizFkC6Lv": "Female", "gGAQeOr1Pgu": "+94771234567"} {
		if got[uid] != want {
			t.Errorf("%s is %q, want %q", uid, got[uid], want)
		}
	}
	missing := map[string]claims.Reason{}
	for _, m := range result.Missing {
		missing[m.Attribute.String()] = m.Reason
	}
	if len(got) != 4 || missing["Yie7mOY913J"] != claims.YearOnly || missing["EOMGwaUTMrU"] != claims.NotGiven {
		t.Errorf("values %v, missing %v", got, missing)
	}
	if strings.Contains(string(body), "9900000009") || strings.Contains(string(body), "NaN") {
		t.Errorf("%s", body)
	}
	status, body = h.run("midwife.one", "claims", map[string]any{"program": "eozjj9UivfS", "userinfo": map[string]any{}})
	if result = (claims.Result{}); json.Unmarshal(body, &result) != nil || status != 200 || len(result.Values) != 0 || len(result.Missing) != 6 {
		t.Errorf("of nothing: %d %s", status, body)
	}

	h.refused("midwife.one", "claims", map[string]any{"program": "IpHINAT79UW", "userinfo": userinfo}, 404, "program", "")
	for _, bad := range []any{"text", nil, []int{1}, 5} {
		h.refused("midwife.one", "claims", map[string]any{"program": "eozjj9UivfS", "userinfo": bad}, 400, "malformed", "")
	}
	h.refused("midwife.one", "claims", map[string]any{"program": "eozjj9UivfS"}, 400, "malformed", "")
	h.refused("midwife.one", "claims", map[string]any{"program": "eozjj9UivfS", "userinfo": userinfo, "write": true}, 400, "malformed", "")
	h.quiet("Kumudini", "Selvarajah", `"1993"`, "1234567", "9900000009", "a-pseudonym")
}

// quiet fails if the log holds something of a person, a secret or a user.
func (h *mappingHouse) quiet(values ...string) {
	h.t.Helper()
	if !strings.Contains(h.log.String(), `"call"`) {
		h.t.Error("no call was logged: the test looks at nothing")
	}
	for _, value := range append(values, mapSecret[:20], "midwife") {
		if strings.Contains(h.log.String(), value) {
			h.t.Errorf("the log holds %q", value)
		}
	}
}

// TestMapRoute_transaction maps a tracked entity of this DHIS2, and a document; who
// may not register people there, learns nothing.
func TestMapRoute_transaction(t *testing.T) {
	h := startMapping(t, "rp")
	var byUID, byDocument mapped
	status, body := h.run(h.worker(), "transaction", map[string]any{"trackedEntity": h.entity})
	if err := json.Unmarshal(body, &byUID); err != nil || status != 200 {
		t.Fatalf("%d %s\n%s", status, body, h.log)
	}
	kind := func(v jsontext.Value) (kind struct {
		Type    string `json:"resourceType"`
		Entries []struct {
			Request struct {
				Method string `json:"method"`
			} `json:"request"`
		} `json:"entry"`
	}) {
		if err := json.Unmarshal(v, &kind); err != nil {
			t.Fatal(err)
		}
		return kind
	}
	if b := kind(byUID.Bundle); b.Type != "Bundle" || len(b.Entries) < 10 || b.Entries[0].Request.Method == "" || kind(byUID.Issues).Type != "OperationOutcome" {
		t.Errorf("%s", body)
	}
	if status, body := h.run(h.worker(), "transaction", map[string]any{"trackedEntity": h.entity, "program": "eozjj9UivfS"}); status != 200 || !strings.Contains(string(body), `"Bundle"`) {
		t.Errorf("with its program: %d", status)
	}
	if n, err := h.record.Search(t.Context(), "Patient", nil); err != nil || len(n.Resources) != 0 {
		t.Errorf("something was written: %v", err)
	}

	status, document := h.ask("admin", "GET", "/api/tracker/trackedEntities/"+h.entity.String()+"?program=eozjj9UivfS&fields=*", nil)
	if status != 200 {
		t.Fatal(status)
	}
	status, body = h.run(h.worker(), "transaction", map[string]any{"document": jsontext.Value(document)})
	if err := json.Unmarshal(body, &byDocument); err != nil || status != 200 {
		t.Fatalf("%d %s\n%s", status, body, h.log)
	}
	if a, b := kind(byUID.Bundle), kind(byDocument.Bundle); len(b.Entries) == 0 || len(b.Entries) > len(a.Entries) {
		t.Errorf("%d entries of the document, %d of the entity", len(b.Entries), len(a.Entries))
	}

	// A user who may not, an entity that is not there, a program that is another: one
	// answer.
	h.refused(h.stranger(), "transaction", map[string]any{"trackedEntity": h.entity}, 404, "entity", "")
	h.refused(h.stranger(), "transaction", map[string]any{"trackedEntity": h.entity, "write": true}, 404, "entity", "")
	h.refused(h.worker(), "transaction", map[string]any{"trackedEntity": "aaaaaaaaaaa"}, 404, "entity", "")
	h.refused(h.worker(), "transaction", map[string]any{"trackedEntity": h.entity, "program": "IpHINAT79UW"}, 404, "entity", "")
	h.refused(h.stranger(), "transaction", map[string]any{"document": jsontext.Value(document)}, 403, "forbidden", "")
	if a, b := h.answer(h.stranger(), h.entity.String()), h.answer(h.worker(), "aaaaaaaaaaa"); a != b {
		t.Errorf("what may not be seen is told from what is not there:\n%s\n%s", a, b)
	}

	h.refused(h.worker(), "transaction", map[string]any{"document": map[string]any{"trackedEntity": h.entity, "trackedEntityType": "MxdEsVAegt5", "orgUnit": h.owner}}, 422, "not_mapped", "not-enrolled")
	bare := map[string]any{"trackedEntity": h.entity, "trackedEntityType": "MxdEsVAegt5", "orgUnit": h.owner, "enrollments": []any{
		map[string]any{"enrollment": "SbxEnroll01", "program": "eozjj9UivfS", "orgUnit": h.owner, "status": "ACTIVE", "enrolledAt": "2026-01-01T00:00:00.000"}}}
	h.refused(h.worker(), "transaction", map[string]any{"document": bare}, 422, "not_mapped", "quarantined")
	h.refused(h.worker(), "transaction", map[string]any{"document": jsontext.Value(document), "write": true}, 400, "malformed", "")
	for _, bad := range []any{map[string]any{}, map[string]any{"trackedEntity": "x"}, map[string]any{"trackedEntity": h.entity, "document": bare}, map[string]any{"document": "x"},
		map[string]any{"document": []int{}}, map[string]any{"document": map[string]any{"enrollments": "x"}}, map[string]any{"trackedEntity": h.entity, "bridge": true}} {
		h.refused(h.worker(), "transaction", bad, 400, "malformed", "")
	}
	var many []any
	for range 11 {
		many = append(many, bare["enrollments"].([]any)[0])
	}
	h.refused(h.worker(), "transaction", map[string]any{"document": map[string]any{"trackedEntity": h.entity, "enrollments": many}}, 413, "too_large", "")
	h.refused(h.worker(), "transaction", map[string]any{"document": map[string]any{"trackedEntity": h.entity, "x": strings.Repeat("a", 1<<20)}}, 413, "too_large", "")

	for _, header := range []http.Header{{"X-Forwarded-User": {h.worker()}}, {"X-Forwarded-User": {h.worker()}, "Authorization": {"ApiToken " + strings.ReplaceAll(rpSecret, " ", "-")}}} {
		r, err := http.NewRequest("POST", h.address+"/map/transaction", strings.NewReader(`{"trackedEntity":"`+h.entity.String()+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 401 {
			t.Errorf("without the secret of this Route: %d", res.StatusCode)
		}
	}
	h.quiet()
	if m := metricsAddress.FindStringSubmatch(h.log.String()); m == nil {
		t.Error("no metrics")
	} else if res, err := http.Get("http://" + m[1] + "/metrics"); err != nil {
		t.Error(err)
	} else {
		defer res.Body.Close()
		if page, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(page), `nehrbridge_map_calls_total{call="transaction", result="done"} 3`) {
			t.Errorf("%v %s", err, page)
		}
	}
}

// answer is the body of what a user is told of an entity.
func (h *mappingHouse) answer(user, entity string) string {
	h.t.Helper()
	_, body := h.run(user, "transaction", map[string]any{"trackedEntity": entity})
	return string(body)
}

// TestMapRoute_write: what a Route says has changed goes the agent's own way: carried
// at once, taken back when it is deleted, set aside when it cannot be sent. In rp
// nothing else carries; in serve, it is the same ledger.
func TestMapRoute_write(t *testing.T) {
	for _, command := range []string{"rp", "serve"} {
		t.Run(command, func(t *testing.T) {
			h := startMapping(t, command, "NEHRBRIDGE_DHIS2_POLL=15m") // nobody else sees the change
			write := func() (w written) {
				t.Helper()
				await(t, "the ledger", func() bool {
					status, body := h.run(h.worker(), "transaction", map[string]any{"trackedEntity": h.entity, "write": true})
					if status == 503 {
						return false // the servers were not reached yet
					}
					if err := json.Unmarshal(body, &w); err != nil || status != 200 {
						t.Fatalf("%d %s\n%s", status, body, h.log)
					}
					return true
				})
				return w
			}
			patient := func() string {
				t.Helper()
				found, err := h.record.Search(t.Context(), "Patient", nil)
				if err != nil || len(found.Resources) != 1 {
					t.Fatalf("not one Patient, %v\n%s", err, h.log)
				}
				return string(found.Resources[0].Encode())
			}
			if w := write(); w.Outcome != "carried" {
				t.Fatalf("%+v\n%s", w, h.log)
			}
			before := patient()
			if w := write(); w.Outcome != "carried" || patient() != before {
				t.Errorf("the same again: %+v", w)
			}
			if err := h.dhis2.SetAttribute(h.entity, dhis2.MustUID("gGAQeOr1Pgu"), "+94700000077"); err != nil {
				t.Fatal(err)
			}
			if w := write(); w.Outcome != "carried" || !strings.Contains(patient(), "+94700000077") {
				t.Errorf("after an edit: %+v %s", w, patient())
			}
			if err := h.dhis2.SetAttribute(h.entity, dhis2.MustUID("gGAQeOr1Pgu"), "+94700000078"); err != nil {
				t.Fatal(err)
			}
			h.refused(h.stranger(), "transaction", map[string]any{"trackedEntity": h.entity, "write": true}, 404, "entity", "")
			if strings.Contains(patient(), "+94700000078") {
				t.Error("written for a user who may not")
			}
			if err := h.dhis2.Delete(h.entity); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(patient(), "urn:dhis2:trackedEntity") {
				t.Error("her Patient is not known as hers: the next look would find nothing")
			}
			if w := write(); w.Outcome != "carried" || strings.Contains(patient(), "urn:dhis2:trackedEntity") {
				t.Errorf("after it was deleted: %+v", w)
			}
			h.quiet("+9470000007")
			if code := h.stop(); code != exitDone {
				t.Errorf("exit code %d\n%s", code, h.log)
			}
		})
	}
}
