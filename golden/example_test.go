package golden_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/golden"
)

func Example() {
	dir, err := os.MkdirTemp("", "cases")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			fmt.Println(err)
		}
	}
	write("in.json", `{"trackedEntity":"UdaharanaA1","trackedEntityType":"MxdEsVAegt5","enrollments":[
		{"enrollment":"enrolment01","program":"eozjj9UivfS","status":"ACTIVE","enrolledAt":"2025-06-02",
		 "attributes":[{"attribute":"IrUmPkFMDU5","value":"9999MPQRTV9"},{"attribute":"p7zizFkC6Lv","value":"Female"}]}]}`)
	write("select.txt", "Patient.gender")
	write("want.json", `{"resourceType":"Patient","gender":"male"}`)

	report, err := golden.Run(dir, golden.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.OK())
	fmt.Println(report.Results[0].Difference)
	// Output:
	// false
	// want.json: Patient.gender: want "male", got "female"
}
