package access_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// TestWhoseAppointment holds that one who takes part without being a patient does
// not hide her appointment, and that one who may be a patient does.
func TestWhoseAppointment(t *testing.T) {
	for name, test := range map[string]struct {
		actor string
		shown bool
	}{
		"a practitioner":                {`{"reference":"Practitioner/pera"}`, true},
		"a relative":                    {`{"reference":"RelatedPerson/sister"}`, true},
		"somebody by name":              {`{"display":"the midwife on duty"}`, true},
		"another patient":               {`{"reference":"Patient/beni"}`, false},
		"a patient by identifier":       {`{"type":"Patient","identifier":{"system":"urn:x","value":"1"}}`, false},
		"somebody by identifier":        {`{"identifier":{"system":"urn:x","value":"1"}}`, false},
		"something that is no resource": {`{"reference":"#contained"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put(`{"resourceType":"RelatedPerson","id":"sister","patient":{"reference":"Patient/asha"}}`,
				fmt.Sprintf(`{"resourceType":"Appointment","id":"together","status":"booked","participant":[{"actor":{"reference":"Patient/asha"},"status":"accepted"},{"actor":%s,"status":"accepted"}]}`, test.actor))
			_, err := w.open(asha, "Patient/asha").Read(t.Context(), "Appointment", "together")
			if shown := err == nil; shown != test.shown || !shown && !errors.Is(err, access.ErrNotFound) {
				t.Errorf("shown %v, %v; want %v", shown, err, test.shown)
			}
		})
	}
}
