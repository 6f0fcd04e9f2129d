package authored_test

import (
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

func ExampleSentence() {
	fmt.Println(authored.Sentence(authored.Content{Kind: authored.Observation, Day: "2026-03-02", Measure: "85354-9", Values: []string{"148", "96"}, Text: "Sitting."}, "en", time.UTC))
	// Output: 2 Mar 2026: Blood pressure: 148/96 mmHg. Sitting.
}
