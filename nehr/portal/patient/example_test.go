package patient_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

func ExampleNew() {
	_, err := patient.New(patient.Config{})
	fmt.Println(err)
	// Output: nehr/portal/patient: configuration: Gate, Directory and Claims are required
}
