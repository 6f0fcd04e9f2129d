package upload_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/nehr/portal/upload"
)

func ExampleCheck() {
	_, err := upload.Check([]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`))
	fmt.Println(err)
	// Output: upload refused: unknown
}
