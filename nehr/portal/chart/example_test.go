package chart_test

import (
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

func Example() {
	pressure, err := fhirjson.Parse([]byte(`{"resourceType":"Observation","id":"o","status":"final","effectiveDateTime":"2025-08-26",
		"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},
		"valueQuantity":{"value":9.8,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	c := chart.Read(&access.Record{Patient: "Patient/1", Resources: []*fhirjson.Value{pressure}}, "en", time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC), time.UTC)
	f, _ := c.Latest(chart.CodeHaemoglobin)
	fmt.Println(f.Name.Text, "|", f.Value.Text, "|", f.Status)
	// Output: Haemoglobin (iron in the blood) | 9.8 g/dL | low
}
