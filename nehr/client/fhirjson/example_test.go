package fhirjson_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

func Example() {
	v, err := fhirjson.Parse([]byte(`{"resourceType":"Observation","valueQuantity":{"value":10.50}}`))
	if err != nil {
		panic(err)
	}
	v.SetFirst(1, "id", fhirjson.Text("o1"))
	fmt.Println(string(v.Encode()))
	// Output: {"resourceType":"Observation","id":"o1","valueQuantity":{"value":10.50}}
}
