package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

const phnSecret = "what-the-Route-sends-to-the-registry-of-numbers"

// numbersHouse is an rpHouse whose relying party has the registry beside it, with a
// national record and a Route.
type numbersHouse struct {
	*rpHouse
	nehr string
	at   registry.Place
}

func startNumbers(t *testing.T, more ...string) *numbersHouse {
	t.Helper()
	folder := t.TempDir()
	h := &numbersHouse{nehr: startNEHR(t), at: registry.Place{Program: "eozjj9UivfS", OrgUnit: "SbxClinic01"}}
	env := append([]string{"NEHRBRIDGE_NEHR_URL=" + h.nehr, "NEHRBRIDGE_PHN_ROUTE_SECRET_FILE=" + writeFile(t, folder, "phn", phnSecret+"\n"),
		"NEHRBRIDGE_PHN_POINTS=" + writeFile(t, folder, "points.yaml", "points:\n  SbxClinic01: \"1234\"\n"),
		"NEHRBRIDGE_LEDGER_URL=" + filepath.Join(folder, "registry.db")}, more...)
	h.rpHouse = startRPAs(t, esignetsandbox.V18, "rp", env...)
	status, body := h.ask("admin", "POST", "/api/routes", map[string]any{"code": "nehrbridge-phn", "name": "Personal Health Numbers", "url": h.address + "/phn/**",
		"auth": map[string]any{"type": "api-token", "token": phnSecret}, "authorities": []string{}, "responseTimeoutSeconds": 20, "sharing": map[string]any{"public": "r-------"}})
	if status != 201 {
		t.Fatalf("route: %d %s", status, body)
	}
	return h
}

// phn calls the registry by the Route, as a form does.
func (h *numbersHouse) phn(user, call string, v, into any) (int, string) {
	h.t.Helper()
	status, body := h.ask(user, "POST", "/api/routes/nehrbridge-phn/run/"+call, v)
	if into != nil && status == 200 {
		if err := json.Unmarshal(body, into); err != nil {
			h.t.Fatal(err)
		}
	}
	return status, string(body)
}

// TestD064_Numbers goes by a Route of DHIS2: who may, searches, selects, issues; who
// may not, learns nothing. Logs and metrics hold nothing of her.
func TestD064_Numbers(t *testing.T) {
	h := startNumbers(t)
	known := "1234BBBBBB3"
	record := newRecordClient(t, h.nehr)
	if _, err := record.Update(t.Context(), "Patient", "known", []byte(`{"resourceType":"Patient","id":"known","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"`+known+`"}],
		"name":[{"text":"Kumudini Selvarajah"}],"birthDate":"1993-02-01","telecom":[{"system":"phone","value":"+94771234567"}]}`), ""); err != nil {
		t.Fatal(err)
	}
	her := &registry.Demographics{Name: "Kumudini Selvarajah", BirthDate: "1993-02-01", Phone: "077 123 4567"}

	for user, at := range map[string]registry.Place{"midwife.far": h.at, "midwife.two": {Program: "eozjj9UivfS", OrgUnit: "SbxClinic04"}} {
		status, body := h.phn(user, "search", registry.SearchRequest{Place: at, PHN: known}, nil)
		if status != 403 || !strings.Contains(body, `"code":"forbidden"`) {
			t.Errorf("%s at %s: %d %s", user, at.OrgUnit, status, body)
		}
	}
	var found registry.Searched
	if status, body := h.phn("midwife.one", "search", registry.SearchRequest{Place: h.at, Demographics: her}, &found); status != 200 || len(found.Matches) != 1 || found.Matches[0].Name != "K… S…" {
		t.Fatalf("search: %d %s\n%s", status, body, h.log)
	}
	if status, body := h.phn("midwife.two", "select", registry.SelectRequest{Place: h.at, Search: found.Search, Match: found.Matches[0].Match}, nil); status != 409 {
		t.Errorf("another's search: %d %s", status, body)
	}
	var selected registry.Selected
	if status, body := h.phn("midwife.one", "select", registry.SelectRequest{Place: h.at, Search: found.Search, Match: found.Matches[0].Match}, &selected); status != 200 || selected.PHN != known {
		t.Fatalf("select: %d %s", status, body)
	}
	found = registry.Searched{}
	if status, body := h.phn("midwife.one", "search", registry.SearchRequest{Place: h.at, Demographics: &registry.Demographics{Name: "Anoma", BirthDate: "1999-09-09", Phone: "0712223334"}}, &found); status != 200 || len(found.Matches) != 0 {
		t.Fatalf("search: %d %s", status, body)
	}
	var issued registry.Issued
	if status, body := h.phn("midwife.one", "issue", registry.IssueRequest{Place: h.at, Search: found.Search}, &issued); status != 200 || !strings.HasPrefix(issued.PHN, "1234") || issued.Provisional {
		t.Fatalf("issue: %d %s\n%s", status, body, h.log)
	}
	if _, err := phn.NDHGS2.Parse(issued.PHN); err != nil {
		t.Error(err)
	}
	var card registry.Card
	if status, body := h.phn("midwife.one", "card", registry.CardRequest{Place: h.at, Receipt: issued.Receipt}, &card); status != 200 {
		t.Fatalf("card: %d %s", status, body)
	}
	r, err := http.NewRequest("POST", h.address+"/phn/status", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Forwarded-User": {"midwife.one"}}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("without the secret of the Route: %d", res.StatusCode)
	}

	m := metricsAddress.FindStringSubmatch(h.log.String())
	if m == nil {
		t.Fatal("no metrics")
	}
	if res, err = http.Get("http://" + m[1] + "/metrics"); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, name := range metricFamilies(string(page)) {
		if strings.HasPrefix(name, "nehrbridge_phn_") {
			shown = append(shown, name)
		}
	}
	if diff := cmp.Diff(metricsOf("nehrbridge_phn_"), shown); diff != "" {
		t.Errorf("metrics (-README +shown):\n%s", diff)
	}
	for _, value := range []string{"Kumudini", "Selvarajah", "1993-02", "1234567", known, issued.PHN, "Anoma", "1999-09", "2223334", found.Search, issued.Receipt, card.Code, phnSecret[:20], "midwife"} {
		if strings.Contains(h.log.String(), value) {
			t.Errorf("the log holds %q", value)
		}
		if strings.Contains(string(page), value) {
			t.Errorf("the metrics hold %q", value)
		}
	}
}

// TestNumbers_settings: what is missing or wrong is named.
func TestNumbers_settings(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"nothing else":  {nil, "nehr.url: is not set"},
		"short secret":  {[]string{"NEHRBRIDGE_PHN_ROUTE_SECRET=short", "NEHRBRIDGE_NEHR_URL=http://127.0.0.1:1/fhir", "NEHRBRIDGE_DHIS2_URL=http://127.0.0.1:1", "NEHRBRIDGE_DHIS2_TOKEN=x"}, "32 characters"},
		"wrong point":   {[]string{"NEHRBRIDGE_PHN_SCHEME=demo", "NEHRBRIDGE_PHN_POINTS=" + writeFile(t, folder, "points.yaml", "points: {SbxClinic01: \"1234\"}\n"), "NEHRBRIDGE_NEHR_URL=http://127.0.0.1:1/fhir", "NEHRBRIDGE_DHIS2_URL=http://127.0.0.1:1", "NEHRBRIDGE_DHIS2_TOKEN=x"}, "scheme demo has no such one"},
		"no such file":  {[]string{"NEHRBRIDGE_PHN_POINTS=nowhere.yaml", "NEHRBRIDGE_NEHR_URL=http://127.0.0.1:1/fhir", "NEHRBRIDGE_DHIS2_URL=http://127.0.0.1:1", "NEHRBRIDGE_DHIS2_TOKEN=x"}, "nowhere.yaml"},
		"neither value": {[]string{"NEHRBRIDGE_PHN_PROVISIONAL=maybe"}, "one of false, true"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &lockedBuffer{}
			env := append([]string{"NEHRBRIDGE_PHN_ROUTE_SECRET=" + phnSecret, "NEHRBRIDGE_DATA_DIR=" + t.TempDir(), "NEHRBRIDGE_LISTEN=127.0.0.1:0"}, c.env...)
			if code := run(t.Context(), []string{"rp"}, stdio{strings.NewReader(""), io.Discard, log, env}); code != exitUsage || !strings.Contains(log.String(), c.want) {
				t.Errorf("exit code %d, want %q in\n%s", code, c.want, log)
			}
		})
	}
}

// TestD071_RecheckThroughDHIS2: a provisional number is hers where the record has it of
// a tracked entity of this DHIS2 that holds it.
func TestD071_RecheckThroughDHIS2(t *testing.T) {
	h := startNumbers(t)
	settings, err := config.Load("", []string{"NEHRBRIDGE_DHIS2_URL=" + h.url, "NEHRBRIDGE_DHIS2_USERNAME=admin", "NEHRBRIDGE_DHIS2_PASSWORD=district"})
	if err != nil {
		t.Fatal(err)
	}
	server, err := newDHIS2(settings)
	if err != nil {
		t.Fatal(err)
	}
	entity, number := h.mother(t)
	for name, c := range map[string]struct {
		entity, value string
		want          bool
	}{
		"hers":           {entity, number, true},
		"another number": {entity, "1234BBBBBB3", false},
		"nobody":         {"SbxNobody01", number, false},
		"no UID":         {"../users", number, false},
	} {
		if got, err := hasValue(context.Background(), server, c.entity, c.value); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// mother is the tracked entity of the sandbox, and a number that it has.
func (h *numbersHouse) mother(t *testing.T) (entity, number string) {
	t.Helper()
	status, body := h.ask("admin", "GET", "/api/tracker/trackedEntities?program=eozjj9UivfS&orgUnitMode=ALL&fields=*", nil)
	var page struct {
		Entities []struct {
			UID        string `json:"trackedEntity"`
			Attributes []struct {
				Value string `json:"value"`
			} `json:"attributes"`
		} `json:"trackedEntities"`
	}
	if err := json.Unmarshal(body, &page); err != nil || status != 200 || len(page.Entities) == 0 {
		t.Fatalf("%d %v %s", status, err, body)
	}
	e := page.Entities[0]
	for _, a := range e.Attributes {
		if len(a.Value) >= 8 {
			return e.UID, a.Value
		}
	}
	t.Fatal("she has nothing that could be a number")
	return "", ""
}
