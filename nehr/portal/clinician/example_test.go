package clinician_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
)

func ExampleNew() {
	_, err := clinician.New(clinician.Config{PatientURL: "nowhere", DialCode: "94"})
	fmt.Println(err)
	// Output: nehr/portal/clinician: configuration: Gate, Directory, Writer and Roles are required; PatientURL: want the address of the patient portal; DialCode: want + and a country's code
}
