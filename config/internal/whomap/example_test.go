package whomap

import "fmt"

// The metadata's names make sense only below the question that they answer.
func Example() {
	asthma := element{stage: profileStage, code: "ANC.B6.DE123", uid: "asm7hh6JqXO", name: "ANC.B6. Asthma", valueType: "TRUE_ONLY", snomed: "360253007"}
	d := (&generator{}).decide(asthma)
	fmt.Println(named(asthma), "→", d.kind, d.code.System, d.code.Code)
	// Output:
	// Current medication: Asthma → finding snomed 360253007
}
