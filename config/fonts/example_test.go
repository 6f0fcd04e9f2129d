package fonts_test

import (
	"fmt"
)

func Example() {
	res := ask("/pages/fonts/tamil-400.woff2")
	fmt.Println(res.StatusCode, res.Header.Get("Content-Type"))
	// Output: 200 font/woff2
}
