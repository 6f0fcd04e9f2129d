package nehr_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// oracle asks HL7's instance validator, as ../shared/oracle/validator serves
// it, for the errors of a document.
type oracle struct {
	url    string
	client http.Client
}

func askOracle(t *testing.T) *oracle {
	t.Helper()
	url := os.Getenv("ORACLE_VALIDATOR_URL")
	if url == "" {
		const how = "no validator: build ../shared/oracle/validator with mvn -q -DskipTests package, run java -jar target/validator.jar --serve 18100 and set ORACLE_VALIDATOR_URL=http://127.0.0.1:18100"
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	return &oracle{url: url, client: http.Client{Timeout: 2 * time.Minute}}
}

// errors reports each error of a document as a failure of the test.
func (o *oracle) errors(t *testing.T, doc []byte) {
	t.Helper()
	resp, err := o.client.Post(o.url+"/validate?", "application/fhir+json", bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		ResourceType string
		Errors       int
		Issues       []struct{ Severity, Location, Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.ResourceType == "" {
		t.Fatal("the validator did not read the document")
	}
	for _, i := range answer.Issues {
		if i.Severity == "error" || i.Severity == "fatal" {
			t.Errorf("%s: %s", i.Location, i.Message)
		}
	}
	if answer.Errors > 0 {
		t.Errorf("%d errors in %s", answer.Errors, doc)
	}
}

func TestOracleConstructors(t *testing.T) {
	o := askOracle(t)
	for _, i := range instances(absolute()) {
		t.Run(i.name, func(t *testing.T) {
			doc, err := nehr.Encode(i.resource)
			if err != nil {
				t.Fatal(err)
			}
			o.errors(t, doc)
		})
	}
}

func TestOracleG2Retract(t *testing.T) {
	o := askOracle(t)
	for _, i := range instances(absolute()) {
		if !nehr.Retract(i.resource) {
			continue
		}
		t.Run(i.name, func(t *testing.T) {
			doc, err := nehr.Encode(i.resource)
			if err != nil {
				t.Fatal(err)
			}
			o.errors(t, doc)
		})
	}
}
