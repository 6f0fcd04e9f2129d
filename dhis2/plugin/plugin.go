package plugin

import (
	"embed"
	"io/fs"
)

// Name is the app's: DHIS2 serves it below api/apps/nehrbridge/.
const Name = "nehrbridge"

// Version is the app's, as in its manifest.
const Version = "1.0.0"

// Paths of the app's pages, below DHIS2's base address.
const (
	// PagePath is the page of both fields, without its parameters.
	PagePath = "api/apps/" + Name + "/plugin.html"
	// CallbackPath is the redirect URI to register at eSignet.
	CallbackPath = "api/apps/" + Name + "/callback.html"
)

//go:embed built
var built embed.FS

// FS are the files of the app: manifest.webapp, pages, scripts, icons, licences.
func FS() fs.FS {
	files, err := fs.Sub(built, "built")
	if err != nil {
		panic("dhis2/plugin: " + err.Error()) // the name is a constant
	}
	return files
}
