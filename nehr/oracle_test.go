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

// errors lists the errors of a document.
func (o *oracle) errors(t *testing.T, doc []byte) (list []string) {
	t.Helper()
	resp, err := o.client.Post(o.url+"/validate", "application/fhir+json", bytes.NewReader(doc))
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
			list = append(list, i.Location+": "+i.Message)
		}
	}
	if len(list) != answer.Errors {
		t.Fatalf("the validator counts %d errors and lists %d", answer.Errors, len(list))
	}
	return list
}

// valid fails the test for each error of a document.
func (o *oracle) valid(t *testing.T, doc []byte) {
	t.Helper()
	list := o.errors(t, doc)
	for _, e := range list {
		t.Error(e)
	}
	if len(list) > 0 {
		t.Logf("%s", doc)
	}
}

// TestOracleCanSayNo: a profile that is not kept is an error, so that the
// other tests here say something.
func TestOracleCanSayNo(t *testing.T) {
	o := askOracle(t)
	for _, r := range []nehr.Resource{nehr.NewPatientLK(), nehr.NewGenericObservation(), nehr.NewAppointment(nehr.AppointmentBooked)} {
		if list := o.errors(t, []byte(encode(t, r))); len(list) == 0 {
			t.Errorf("%s of which nothing is set is valid", r.ResourceType())
		}
	}
	// G2: what retraction is for.
	c := nehr.NewMedicalHistory()
	nehr.Retract(c)
	c.Meta.Profile = []string{nehr.ProfileLKMedicalHistory}
	if list := o.errors(t, []byte(encode(t, c))); len(list) == 0 {
		t.Error("medical-history holds without clinicalStatus")
	}
}

func TestOracleConstructors(t *testing.T) {
	o := askOracle(t)
	for _, i := range instances(absolute()) {
		t.Run(i.name, func(t *testing.T) { o.valid(t, []byte(encode(t, i.resource))) })
	}
}

func TestOracleG2Retract(t *testing.T) {
	o := askOracle(t)
	for _, i := range instances(absolute()) {
		if nehr.Retract(i.resource) {
			t.Run(i.name, func(t *testing.T) { o.valid(t, []byte(encode(t, i.resource))) })
		}
	}
}

// national is a transaction that claims hims-transactional-bundle, with every
// resource of the Sri Lanka program and all references inside the bundle.
func national() *nehr.Bundle {
	key := func(typ string) nehr.Key { return nehr.Key{System: nehr.SystemDHIS2Event, Value: "of-" + typ} }
	ref := func(typ string) *nehr.Reference { return nehr.Ref(nehr.FullURL(typ, key(typ)), "") }
	f := frame{patient: ref("Patient"), visit: ref("Encounter"), nurse: ref("Practitioner"), clinic: ref("Organization"),
		place: ref("Location"), device: ref("Device"), request: ref("ServiceRequest")}
	b := &nehr.Bundle{
		Profile:    nehr.ProfileLKTransaction,
		Identifier: nehr.Key{System: nehr.SystemHIMSTransaction, Value: "PQfMcpmXeFE"},
		Timestamp:  instant,
	}
	seen := map[string]bool{}
	for n, i := range instances(f) {
		typ := i.resource.ResourceType()
		framed := typ == "Patient" || typ == "Encounter" || typ == "Practitioner" || typ == "Organization" || typ == "Location" || typ == "Device"
		if framed && seen[typ] || typ == "OperationOutcome" || typ == "Provenance" {
			continue // the first of the frame is the national one
		}
		k := key(typ)
		if seen[typ] {
			k.Value += string(rune('a' + n))
		}
		seen[typ] = true
		b.Entries = append(b.Entries, nehr.Entry{FullURL: nehr.FullURL(typ, k), Resource: i.resource, Key: k, Owned: !framed || typ == "Encounter"})
	}
	return b
}

func TestOracleBundle(t *testing.T) {
	o := askOracle(t)
	for _, mode := range []nehr.WriteMode{nehr.ByID, nehr.Conditional} {
		b := national()
		b.Write = mode
		_, doc := read(t, b)
		o.valid(t, doc)
	}
}
