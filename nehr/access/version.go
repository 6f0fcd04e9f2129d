package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/url"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// watched are the types whose change she is told of while she looks.
var watched = []string{
	"Encounter", "Observation", "Condition", "AllergyIntolerance", "MedicationStatement", "Immunization",
	"ServiceRequest", "Task", "Appointment", "DocumentReference", "Media", "Consent",
}

// Version is another text when something of her record, of what she allows, or of the
// emergencies has changed, and says nothing of it: a hash over the newest of each type
// and how many there are. It is for herself alone. Because it shows nothing, it is not
// in the log; a refusal is.
func (g *Gate) Version(ctx context.Context, a Actor, patient string) (string, error) {
	e := Entry{Action: ActionOpen, Purpose: PatientRequest, Patient: safe(patient)}
	switch {
	case a.Kind != KindPatient || !is(a.Person, "Patient"):
		return "", g.no(ctx, a, e, ReasonActor)
	case a.Person != patient:
		return "", g.no(ctx, a, e, ReasonForeign)
	}
	entries := fhirjson.List()
	for _, typ := range watched {
		q := query{typ: typ, params: url.Values{"patient": {patient}, "_sort": {"-_lastUpdated"}, "_count": {"1"}, "_total": {"accurate"}}}
		entries.Append(fhirjson.Fields(fhirjson.F("request", fhirjson.Fields(
			fhirjson.F("method", fhirjson.Text("GET")), fhirjson.F("url", fhirjson.Text(q.target()))))))
	}
	answer, err := g.c.NEHR.Transaction(ctx, fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("type", fhirjson.Text("batch")),
		fhirjson.F("entry", entries),
	).Encode())
	if err != nil {
		return "", err
	}
	items := answer.Resource.Get("entry").Items()
	if len(items) != len(watched) {
		return "", &client.UnreachableError{Operation: "batch", Reason: fmt.Sprintf("%d answers to %d questions", len(items), len(watched))}
	}
	sum := sha256.New()
	for i, item := range items {
		set := item.Get("resource")
		if set.Get("type").Str() != "searchset" {
			return "", &client.UnreachableError{Operation: "search " + watched[i], Reason: "the answer is not a searchset"}
		}
		part(sum, watched[i], set.Get("total").Scalar())
		for _, found := range set.Get("entry").Items() {
			if r := found.Get("resource"); belongs(r, patient, g.c.NEHR.Base()) {
				part(sum, r.Get("id").Str(), r.Get("meta", "versionId").Str(), r.Get("meta", "lastUpdated").Str())
			}
		}
	}
	opened, err := g.emergencies(ctx, "patient = ?1", []any{patient})
	if err != nil {
		return "", &LogError{Err: err}
	}
	part(sum, number(int64(len(opened))))
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16]), nil
}

// part adds texts to a hash, each with its length: no two lists are one.
func part(sum hash.Hash, texts ...string) {
	for _, t := range texts {
		fmt.Fprintf(sum, "%d:%s", len(t), t)
	}
}
