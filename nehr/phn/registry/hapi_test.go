package registry_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// TestD072_HAPI puts the questions to a real server: a number is found under its
// system and no other, demographics whichever way the name and the telephone are
// written, and a number that is known there is never given.
func TestD072_HAPI(t *testing.T) {
	base := os.Getenv("HAPI_URL")
	if base == "" {
		postgrestest.Missing(t, "no FHIR server: set HAPI_URL to the base of one that may be written to")
	}
	fhir, err := client.New(client.Config{BaseURL: base, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, func(c *registry.Config) { c.Patience = time.Minute })
	h.fhir, h.record.next = fhir, fhir
	numbers := make([]string, 3)
	for i := range numbers {
		bytes := uuid.New() // as random as the server needs to tell runs apart
		n, err := phn.NDHGS2.New("1234", strings.NewReader(strings.ReplaceAll(bytes.String()+uuid.NewString(), "-", "")))
		if err != nil {
			t.Fatal(err)
		}
		numbers[i] = n.String()
	}
	digits := strings.Map(func(r rune) rune { return '0' + r%10 }, strings.ReplaceAll(uuid.NewString(), "-", "")[:8])
	her := registry.Demographics{Name: "Nilmini Perera", BirthDate: "1991-04-05", Phone: "07" + digits}
	put := func(number, rest string) string {
		t.Helper()
		id := uuid.NewString()
		body := `{"resourceType":"Patient","id":"` + id + `","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"` + number + `"}],"birthDate":"1991-04-05",` + rest + `}`
		if _, err := fhir.Update(t.Context(), "Patient", id, []byte(body), ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = fhir.Delete(t.Context(), "Patient", id) }) // the next run has people of its own
		return id
	}
	put(numbers[0], `"name":[{"text":"Nilmini Perera"}],"telecom":[{"system":"phone","value":"+947`+digits+`"}]`)
	put(numbers[1], `"name":[{"given":["Nilmini"],"family":"Fernando"}],"telecom":[{"system":"phone","value":"07`+digits+`"}]`)
	put(numbers[2], `"name":[{"text":"Kumari Perera"}],"telecom":[{"system":"phone","value":"+947`+digits+`"}]`)

	if found := h.search(midwife, numbers[0]); len(found.Matches) != 1 || found.Matches[0].Name != "N… P…" {
		t.Errorf("by number: %+v", found)
	}
	id := uuid.NewString()
	if _, err := fhir.Update(t.Context(), "Patient", id, []byte(`{"resourceType":"Patient","id":"`+id+`","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/nic","value":"`+known+digits+`"}]}`), ""); err != nil {
		t.Fatal(err)
	}
	if found := h.search(midwife, known+digits); len(found.Matches) != 0 {
		t.Errorf("a number of another system: %+v", found)
	}
	found := h.searchFor(midwife, her)
	names := map[string]bool{}
	for _, m := range found.Matches {
		names[m.Name] = true
	}
	if len(found.Matches) != 2 || !names["N… P…"] || !names["N… F…"] {
		t.Errorf("by demographics: %+v", found.Matches)
	}
	draws := 0
	h.service = h.newService(func(c *registry.Config) {
		c.Scheme, c.Patience = repeating{phn.NDHGS2, &draws, numbers[0]}, time.Minute
	})
	draws = 0
	r := registry.IssueRequest{Place: here, Search: found.Search}
	for _, m := range found.Matches {
		r.Rejected = append(r.Rejected, registry.Rejection{Match: m.Match, Reason: "other-person"})
	}
	out, err := h.service.Issue(t.Context(), registry.Caller{User: midwife, Route: "route-1"}, r)
	if err != nil || out.PHN == numbers[0] || draws < 2 {
		t.Errorf("%d draws: %v", draws, err)
	}
}
