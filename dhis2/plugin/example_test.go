package plugin_test

import (
	"archive/zip"
	"bytes"
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2/plugin"
)

// What is sent to POST /api/apps, and where DHIS2 then serves it.
func Example() {
	packed, err := plugin.Zip()
	if err != nil {
		fmt.Println(err)
		return
	}
	app, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range app.File {
		fmt.Println(file.Name)
	}
	fmt.Println("https://dhis2.example.org/" + plugin.PagePath + "?field=verify&program=WSGAb5XwJ3Y")
	// Output:
	// apache-2.0.txt
	// callback.html
	// callback.js
	// icon-128.png
	// icon-48.png
	// licences.txt
	// manifest.webapp
	// plugin.css
	// plugin.html
	// plugin.js
	// https://dhis2.example.org/api/apps/nehrbridge/plugin.html?field=verify&program=WSGAb5XwJ3Y
}
