package validate_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

func Example() {
	v, err := validate.New(validate.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome := v.Validate([]byte(`{
		"resourceType": "Observation",
		"status": "final",
		"code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
		"effectiveDateTime": "2025-03-03T09:30:00",
		"valueQuantity": {"value": 11.2, "system": "http://unitsofmeasure.org", "code": "gram"}
	}`))
	for _, issue := range outcome.Issues {
		fmt.Println(issue.Severity, issue.Location, issue.Rule)
	}
	// Output:
	// error Observation.effective.ofType(dateTime) format-dateTime
	// error Observation.value.ofType(Quantity) ucum
}
