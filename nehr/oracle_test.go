package nehr_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/golden/oracle"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// valid fails the test for each error of a document.
func valid(t *testing.T, o *oracle.Validator, doc []byte) {
	t.Helper()
	list := o.Errors(t, doc)
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
	o := oracle.Ask(t)
	for _, r := range []nehr.Resource{nehr.NewPatientLK(), nehr.NewGenericObservation(), nehr.NewAppointment(nehr.AppointmentBooked)} {
		if list := o.Errors(t, []byte(encode(t, r))); len(list) == 0 {
			t.Errorf("%s of which nothing is set is valid", r.ResourceType())
		}
	}
	// G2: what retraction is for.
	c := nehr.NewMedicalHistory()
	nehr.Retract(c)
	c.Meta.Profile = []string{nehr.ProfileLKMedicalHistory}
	if list := o.Errors(t, []byte(encode(t, c))); len(list) == 0 {
		t.Error("medical-history holds without clinicalStatus")
	}
}

func TestOracleConstructors(t *testing.T) {
	o := oracle.Ask(t)
	for _, i := range instances(absolute()) {
		t.Run(i.name, func(t *testing.T) { valid(t, o, []byte(encode(t, i.resource))) })
	}
}

func TestOracleG2Retract(t *testing.T) {
	o := oracle.Ask(t)
	for _, i := range instances(absolute()) {
		if nehr.Retract(i.resource) {
			t.Run(i.name, func(t *testing.T) { valid(t, o, []byte(encode(t, i.resource))) })
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
	o := oracle.Ask(t)
	for _, mode := range []nehr.WriteMode{nehr.ByID, nehr.Conditional} {
		b := national()
		b.Write = mode
		_, doc := read(t, b)
		valid(t, o, doc)
	}
}
