package mapper_test

import (
	"errors"
	"fmt"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// A woman's document becomes a transaction bundle; what could not be sent is
// an issue, which names places and never values.
func Example() {
	maps, err := config.Maps(nil) // the embedded UID maps
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := mapper.New(mapper.Config{Maps: maps})
	if err != nil {
		fmt.Println(err)
		return
	}
	te, err := dhis2.DecodeTrackedEntity([]byte(`{
		"trackedEntity": "Kaa00000001", "trackedEntityType": "MxdEsVAegt5",
		"enrollments": [{
			"enrollment": "Eaa00000001", "program": "eozjj9UivfS", "status": "ACTIVE", "enrolledAt": "2025-09-03T00:00:00.000",
			"attributes": [{"attribute": "IrUmPkFMDU5", "value": "4054123456A"}, {"attribute": "p7zizFkC6Lv", "value": "Female"}],
			"events": [{
				"event": "Vaa00000002", "status": "COMPLETED", "programStage": "GX0z9IXFaso", "occurredAt": "2025-10-02T00:00:00.000",
				"dataValues": [{"dataElement": "cw35l7X4hnV", "value": "10.50"}, {"dataElement": "aDaoKP0DB1c", "value": "tall"}]
			}]
		}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := m.Map(te, nil)
	if refusal, ok := errors.AsType[*mapper.Refusal](err); ok {
		fmt.Println("nothing to send:", refusal.Reason)
		return
	}
	for _, e := range result.Bundle.Entries {
		fmt.Print(e.Resource.ResourceType())
		if o, ok := e.Resource.(*nehr.Observation); ok && o.ValueQuantity != nil {
			fmt.Print(" ", o.Code.Coding[0].Code, " = ", o.ValueQuantity.Value, " ", o.ValueQuantity.Code, " on ", o.EffectiveDateTime)
		}
		fmt.Println()
	}
	for _, i := range result.Issues {
		if i.Severity == mapper.Warning {
			fmt.Println(i)
		}
	}
	// Output:
	// Patient
	// Observation
	// Encounter
	// Observation 718-7 = 10.50 g/dL on 2025-10-02
	// warning value-type tracked entity Kaa00000001 event Vaa00000002 data element aDaoKP0DB1c (Fundal height (cm)) of type INTEGER_POSITIVE: want a whole number above 0 (INTEGER_POSITIVE): not sent
}
