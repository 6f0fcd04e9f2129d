package mapper_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// sample is an answer that each value type allows.
var sample = map[dhis2.ValueType]string{
	dhis2.Text: "text", dhis2.LongText: "first line\nsecond line", dhis2.PhoneNumber: "+94712345678", dhis2.Boolean: "false", dhis2.TrueOnly: "true",
	dhis2.DateType: "2025-09-01", dhis2.DateTimeType: "2025-09-01T08:00", dhis2.Age: "1997-08-01", dhis2.Number: "12.50", dhis2.Integer: "3",
	dhis2.IntegerPositive: "3", dhis2.IntegerZeroOrPositive: "0", dhis2.Percentage: "40", dhis2.UnitInterval: "0.5", dhis2.TimeType: "08:00",
	dhis2.OrganisationUnitType: hospitalUID,
}

// everything answers each element of each stage of a map, one event a stage.
func everything(t testing.TB, name string, te *dhis2.TrackedEntity) *dhis2.TrackedEntity {
	t.Helper()
	te.Enrollments[0].Events = nil
	for i, s := range copyOfMap(t, name).Stages {
		e := event("Vcc0000000"+string(rune('a'+i)), s.UID.String(), "2025-10-02T08:15:00.000")
		e.Program = te.Enrollments[0].Program
		for _, el := range s.Elements {
			answer := sample[el.Type]
			if len(el.Options) > 0 {
				answer = el.Options[0].Code
			}
			e.DataValues = append(e.DataValues, value(el.UID.String(), answer))
		}
		te.Enrollments[0].Events = append(te.Enrollments[0].Events, e)
	}
	return te
}

// bundlesToJudge are bundles of every form that the mapper makes.
func bundlesToJudge(t *testing.T) map[string]*record {
	nobody := referral(value("kLAB3XIylS8", "bleeding"))
	nobody.CompletedBy, nobody.UpdatedBy, nobody.CreatedBy = "", dhis2.User{}, dhis2.User{}
	homeless := full()
	homeless.OrgUnit, homeless.Enrollments[0].OrgUnit = dhis2.UID{}, dhis2.UID{}
	for i := range homeless.Enrollments[0].Events {
		homeless.Enrollments[0].Events[i].OrgUnit = dhis2.UID{}
	}
	bare := mother(visit(value("cw35l7X4hnV", "11")))
	bare.Enrollments[0].Attributes = bare.Enrollments[0].Attributes[:1]
	return map[string]*record{
		"full":            mapped(t, full()),
		"detected issues": mapped(t, everything(t, "lk-anc", mother()), detected),
		"conditional":     mapped(t, full(), func(c *mapper.Config) { c.Write = nehr.Conditional }),
		"no context":      mappedIn(t, full(), nil),
		"nobody":          mapped(t, mother(nobody)),
		"no places":       mapped(t, homeless),
		"no attributes":   mapped(t, bare),
		"no facts":        mapped(t, mother()),
		"address":         mapped(t, set(mother(visit()), addressAttribute, "Akurana")),
		"WHO":             mapped(t, whoMother()),
		"WHO, everything": mapped(t, everything(t, "who-anc", whoMother()), detected),
		"WHO, no context": mappedIn(t, everything(t, "who-anc", whoMother()), nil),
	}
}

// Each bundle is valid, by our validator and by HL7's.
func TestBundlesAreValid(t *testing.T) {
	for name, r := range bundlesToJudge(t) {
		t.Run(name, func(t *testing.T) { valid(t, r.json) })
	}
}

func TestBundlesAreValidByHL7(t *testing.T) {
	url := os.Getenv("ORACLE_VALIDATOR_URL")
	if url == "" {
		const how = "no validator: build ../shared/oracle/validator, run java -jar target/validator.jar --serve 18100 and set ORACLE_VALIDATOR_URL=http://127.0.0.1:18100"
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	client := &http.Client{Timeout: time.Minute}
	for name, r := range bundlesToJudge(t) {
		t.Run(name, func(t *testing.T) {
			resp, err := client.Post(url+"/validate?min-severity=error", "application/fhir+json", bytes.NewReader(r.json))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var verdict struct {
				Errors int `json:"errors"`
				Issues []struct{ Severity, Location, Message string }
			}
			if err := json.NewDecoder(resp.Body).Decode(&verdict); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s, %v", resp.Status, err)
			}
			for _, i := range verdict.Issues {
				if i.Severity == "error" || i.Severity == "fatal" {
					t.Errorf("%s: %s", i.Location, i.Message)
				}
			}
			if verdict.Errors != 0 {
				t.Errorf("%d errors", verdict.Errors)
			}
		})
	}
}
