package nehr_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// codes lists the constants of each type of codes by the value set of R4 that
// the elements of the type are bound to. Category is bound loosely; the
// validator judges it.
var codes = []struct {
	valueSet string
	have     []any
}{
	{"data-absent-reason|4.0.1", []any{nehr.AbsentUnknown, nehr.AbsentAskedUnknown, nehr.AbsentNotAsked, nehr.AbsentMasked, nehr.AbsentError, nehr.AbsentNotApplicable}},
	{"address-use|4.0.1", []any{nehr.AddressHome, nehr.AddressWork}},
	{"appointmentstatus|4.0.1", []any{nehr.AppointmentProposed, nehr.AppointmentPending, nehr.AppointmentBooked, nehr.AppointmentArrived, nehr.AppointmentFulfilled, nehr.AppointmentCancelled, nehr.AppointmentNoShow, nehr.AppointmentEnteredInError}},
	{"consent-state-codes|4.0.1", []any{nehr.ConsentDraft, nehr.ConsentProposed, nehr.ConsentActive, nehr.ConsentRejected, nehr.ConsentInactive, nehr.ConsentEnteredInError}},
	{"contact-point-system|4.0.1", []any{nehr.ContactPhone, nehr.ContactEmail, nehr.ContactSMS, nehr.ContactURL, nehr.ContactOther}},
	{"contact-point-use|4.0.1", []any{nehr.ContactHome, nehr.ContactWork, nehr.ContactMobile}},
	{"device-status|4.0.1", []any{nehr.DeviceActive, nehr.DeviceInactive, nehr.DeviceEnteredInError}},
	{"encounter-status|4.0.1", []any{nehr.EncounterPlanned, nehr.EncounterArrived, nehr.EncounterInProgress, nehr.EncounterFinished, nehr.EncounterCancelled, nehr.EncounterEnteredInError, nehr.EncounterUnknown}},
	{"administrative-gender|4.0.1", []any{nehr.GenderMale, nehr.GenderFemale, nehr.GenderOther, nehr.GenderUnknown}},
	{"identifier-use|4.0.1", []any{nehr.IdentifierUsual, nehr.IdentifierOfficial, nehr.IdentifierTemp, nehr.IdentifierSecondary, nehr.IdentifierOld}},
	{"immunization-status|4.0.1", []any{nehr.ImmunizationCompleted, nehr.ImmunizationEnteredInError, nehr.ImmunizationNotDone}},
	{"issue-severity|4.0.1", []any{nehr.SeverityFatal, nehr.SeverityError, nehr.SeverityWarning, nehr.SeverityInformation}},
	{"location-status|4.0.1", []any{nehr.LocationActive, nehr.LocationSuspended, nehr.LocationInactive}},
	{"medication-statement-status|4.0.1", []any{nehr.MedicationActive, nehr.MedicationCompleted, nehr.MedicationEnteredInError, nehr.MedicationIntended, nehr.MedicationStopped, nehr.MedicationOnHold, nehr.MedicationUnknown, nehr.MedicationNotTaken}},
	{"name-use|4.0.1", []any{nehr.NameUsual, nehr.NameOfficial, nehr.NameMaiden}},
	{"observation-status|4.0.1", []any{nehr.ObservationRegistered, nehr.ObservationPreliminary, nehr.ObservationFinal, nehr.ObservationAmended, nehr.ObservationCorrected, nehr.ObservationCancelled, nehr.ObservationEnteredInError, nehr.ObservationUnknown}},
	{"participationstatus|4.0.1", []any{nehr.ParticipationAccepted, nehr.ParticipationDeclined, nehr.ParticipationTentative, nehr.ParticipationNeedsAction}},
	{"request-intent|4.0.1", []any{nehr.IntentProposal, nehr.IntentPlan, nehr.IntentOrder}},
	{"request-priority|4.0.1", []any{nehr.PriorityRoutine, nehr.PriorityUrgent, nehr.PriorityASAP, nehr.PriorityStat}},
	{"request-status|4.0.1", []any{nehr.RequestDraft, nehr.RequestActive, nehr.RequestOnHold, nehr.RequestRevoked, nehr.RequestCompleted, nehr.RequestEnteredInError, nehr.RequestUnknown}},
	{"task-status|4.0.1", []any{nehr.TaskDraft, nehr.TaskRequested, nehr.TaskReceived, nehr.TaskAccepted, nehr.TaskRejected, nehr.TaskReady, nehr.TaskCancelled, nehr.TaskInProgress, nehr.TaskOnHold, nehr.TaskFailed, nehr.TaskCompleted, nehr.TaskEnteredInError}},
}

// valueSets gives the codes of the value sets that R4's elements are bound to.
func valueSets(t *testing.T) map[string]struct{ Codes [][2]string } {
	t.Helper()
	zr, err := gzip.NewReader(shared(t, "ig/definitions-with-snapshots.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if err == io.EOF {
			t.Fatal("no valuesets.json")
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name != "valuesets.json" {
			continue
		}
		var all map[string]struct{ Codes [][2]string }
		if err := json.NewDecoder(tr).Decode(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
}

// TestCodesAreR4: every constant is a code of the value set of its type.
func TestCodesAreR4(t *testing.T) {
	all := valueSets(t)
	for _, c := range codes {
		set := map[string]bool{}
		for _, code := range all["http://hl7.org/fhir/ValueSet/"+c.valueSet].Codes {
			set[code[1]] = true
		}
		if len(set) == 0 {
			t.Errorf("no value set %s", c.valueSet)
		}
		for _, code := range c.have {
			if !set[fmt.Sprint(code)] {
				t.Errorf("%s has no %v", c.valueSet, code)
			}
		}
	}
}
