package dhis2_test

import (
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// A document keeps what the server said; values and times get their meaning
// from a value type and a zone.
func Example() {
	te, err := dhis2.DecodeTrackedEntity([]byte(`{"trackedEntity":"SbxMother01","enrollments":[{"enrollment":"SbxEnr00001","events":[
	  {"event":"SbxEvent001","occurredAt":"2026-03-02T00:00:00.000","completedAt":"2026-03-02T10:05:30.250",
	   "dataValues":[{"dataElement":"cw35l7X4hnV","value":"10.50"},{"dataElement":"gu4sr8eOZcT","value":"twenty"}]}]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	colombo := time.FixedZone("Asia/Colombo", 19800)
	event := te.Enrollments[0].Events[0]
	occurred, _ := event.OccurredAt.Parse(colombo)
	completed, _ := event.CompletedAt.Parse(colombo)
	fmt.Println(occurred.Fact(colombo), completed.Fact(colombo))

	haemoglobin, err := dhis2.ParseValue(dhis2.Number, dhis2.Clean(event.DataValues[0].Value), colombo)
	fmt.Println(haemoglobin.Text(), err)
	_, err = dhis2.ParseValue(dhis2.IntegerPositive, dhis2.Clean(event.DataValues[1].Value), colombo)
	fmt.Println(err)
	// Output:
	// 2026-03-02 2026-03-02T10:05:30.250+05:30
	// 10.50 <nil>
	// want a whole number above 0 (INTEGER_POSITIVE)
}
