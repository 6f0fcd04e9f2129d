package access_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/nehrbridge/nehrbridge/golden/oracle"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestOracleWritten: HL7's validator has no error in any kind of AuditEvent and
// Consent that the gate writes, permitted and refused, with references and bare. The
// package of IHE BALP is not among the guides that it is given, so the profiles that
// the events claim are taken off, and TestBALP holds them; what is left is base R4.
func TestOracleWritten(t *testing.T) {
	o := oracle.Ask(t)
	w := newWorld(t)
	w.everything()
	w.task("requested", "Organization/general", "")
	w.open(drPera, "Patient/asha")
	_, err := w.gate.Open(t.Context(), drSilva, "Patient/beni", access.Emergency)
	denied(t, err, access.ReasonNoRule)
	_, err = w.gate.Find(t.Context(), drSilva, access.Lookup{Number: "9999MPQRTV9"})
	notFound(t, err)
	w.check(second(w.gate.Inbox(t.Context(), drPera)))
	w.check(w.gate.NotMine(t.Context(), drSilva, "Patient/beni"))
	w.check(second(w.gate.Correct(t.Context(), asha, access.Correction{About: "Observation/asha-bp-2", Words: "It was the other arm"})))
	w.check(second(w.gate.Corrections(t.Context(), asha)))
	w.check(second(w.gate.AllCorrections(t.Context(), access.Actor{Kind: access.KindSystem})))
	w.check(second(w.open(drPera, "Patient/asha").Write(t.Context(), []access.Writing{{Resource: finding(t, "pera-bp", "asha", "vital-signs", "")}})))
	w.forwarded()
	judged, claimed := map[string]bool{}, 0
	for _, typ := range []string{"AuditEvent", "Consent"} {
		found, err := w.client.Search(t.Context(), typ, url.Values{"_count": {"500"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found.Resources {
			key := typ + " " + r.Get("status").Str() + r.Get("provision", "type").Str()
			if typ == "AuditEvent" {
				details := r.All("extension.extension")
				bare := slices.ContainsFunc(r.All("entity.what"), func(v *fhirjson.Value) bool { return v.Get("identifier") != nil })
				key = fmt.Sprint(details[2].Get("valueString").Str(), " ", r.Get("outcome").Str(), " ", len(r.Get("agent").Items()), len(r.Get("entity").Items()), bare)
			}
			if len(r.All("meta.profile")) > 0 {
				claimed++
			}
			if judged[key] {
				continue
			}
			judged[key] = true
			r.Delete("meta")
			if len(judged) == 1 { // what it keeps to is looked at
				broken := r.Clone()
				broken.Delete("recorded")
				if len(o.Errors(t, broken.Encode())) == 0 {
					t.Error("an AuditEvent without a time is taken")
				}
			}
			for _, e := range o.Errors(t, r.Encode()) {
				t.Errorf("%s: %s", key, e)
			}
		}
	}
	if len(judged) < 30 || claimed == 0 {
		t.Errorf("%d kinds were judged, %d events claim a profile", len(judged), claimed)
	}
	t.Logf("%d kinds judged", len(judged))
}
