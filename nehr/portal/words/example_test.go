package words_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

func Example() {
	w, _ := words.For("http://loinc.org", "718-7")
	fmt.Println(w.In("en"), words.Judge("718-7", "9.8", "g/dL"))
	// Output: Haemoglobin (iron in the blood) low
}
