package oracle

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"
)

// Validator is one that answers at ORACLE_VALIDATOR_URL.
type Validator struct {
	url    string
	client http.Client
}

// Ask gives the validator. A test without one skips, or fails where REQUIRE_ALL is 1.
func Ask(t testing.TB) *Validator {
	t.Helper()
	url := os.Getenv("ORACLE_VALIDATOR_URL")
	if url == "" {
		const how = "no validator: build ../shared/oracle/validator with mvn -q -DskipTests package, run java -jar target/validator.jar --serve 18100 and set ORACLE_VALIDATOR_URL=http://127.0.0.1:18100"
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	return &Validator{url: url, client: http.Client{Timeout: 2 * time.Minute}}
}

// Errors are those of a resource (JSON) against the profiles that it claims, each with
// its place in FHIRPath. One that the validator reads as another type ends the test.
func (v *Validator) Errors(t testing.TB, resource []byte) (list []string) {
	t.Helper()
	var sent struct{ ResourceType string }
	if err := json.Unmarshal(resource, &sent); err != nil || sent.ResourceType == "" {
		t.Fatalf("no resource: %v", err)
	}
	res, err := v.client.Post(v.url+"/validate", "application/fhir+json", bytes.NewReader(resource))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		ResourceType string
		Errors       int
		Issues       []struct{ Severity, Location, Message string }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.ResourceType != sent.ResourceType {
		t.Fatalf("the validator read %q, want %q", answer.ResourceType, sent.ResourceType)
	}
	for _, i := range answer.Issues {
		if i.Severity == "error" || i.Severity == "fatal" {
			list = append(list, i.Location+": "+i.Message)
		}
	}
	if len(list) != answer.Errors {
		t.Fatalf("the validator counts %d errors and lists %d", answer.Errors, len(list))
	}
	return list
}
