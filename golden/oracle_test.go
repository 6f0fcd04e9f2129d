package golden_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/golden"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// TestG1_Oracle has HL7's validator judge the bundle of every case: 0 errors.
// A case with mapping.passport: omit may miss the passport that the guide as
// published demands, and nothing else.
func TestG1_Oracle(t *testing.T) {
	url := os.Getenv("ORACLE_VALIDATOR_URL")
	if url == "" {
		const how = "no validator: build ../shared/oracle/validator with mvn -q -DskipTests package, run java -jar target/validator.jar --serve 18100 and set ORACLE_VALIDATOR_URL=http://127.0.0.1:18100"
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	// A case whose bundle another case has too is judged once.
	judged := map[string]error{}
	client := &http.Client{Timeout: time.Minute}
	report, err := golden.Run(".", golden.Options{Check: func(bundle []byte, cfg mapper.Config) error {
		key := string(cfg.Passport) + string(bundle)
		if _, known := judged[key]; !known {
			judged[key] = judge(client, url, bundle, cfg)
		}
		return judged[key]
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range report.Results {
		if res.Status == golden.Broken {
			t.Error(res)
		}
	}
	t.Logf("%d bundles of %d cases judged", len(judged), len(report.Results))
}

// judge asks HL7's validator. The guide as published demands a passport of
// everybody, and one that is missing makes every reference to her an error
// too. So a bundle without it has to fail by that slice, and has to be valid
// once the absence of the number is said: nothing else may be wrong.
func judge(client *http.Client, url string, bundle []byte, cfg mapper.Config) error {
	if cfg.Passport != mapper.PassportOmit {
		return verdict(client, url, bundle)
	}
	err := verdict(client, url, bundle)
	if err == nil || !strings.Contains(err.Error(), "Slice 'Patient.identifier:PPN'") {
		return fmt.Errorf("without a passport the guide as published has to refuse it by the slice PPN, got: %v", err)
	}
	const first = `"identifier":[`
	const absent = first + `{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PPN"}],"text":"Passport number"},` +
		`"system":"http://fhir.health.gov.lk/ips/identifier/passport","_value":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}},`
	return verdict(client, url, bytes.Replace(bundle, []byte(first), []byte(absent), 1))
}

func verdict(client *http.Client, url string, bundle []byte) error {
	resp, err := client.Post(url+"/validate", "application/fhir+json", bytes.NewReader(bundle))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Errors int `json:"errors"`
		Issues []struct{ Severity, Location, MessageID, Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read the verdict: %w", err)
	}
	if answer.Errors == 0 {
		return nil
	}
	var wrong []string
	for _, i := range answer.Issues {
		if i.Severity == "error" || i.Severity == "fatal" {
			wrong = append(wrong, i.Location+": "+i.Message+" ("+i.MessageID+")")
		}
	}
	return fmt.Errorf("%d errors:\n\t%s", answer.Errors, strings.Join(wrong, "\n\t"))
}
