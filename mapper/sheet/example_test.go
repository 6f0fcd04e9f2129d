package sheet_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/sheet"
)

func ExampleWrite() {
	var page bytes.Buffer
	if err := sheet.Write(&page, &mapper.Map{Name: "small", Title: "A small map"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(page.String(), "<h1>A small map: what is sent to the health record</h1>"))
	// Output:
	// true
}
