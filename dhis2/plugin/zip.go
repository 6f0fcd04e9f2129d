package plugin

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
)

// Zip packs the app as POST /api/apps takes it: manifest.webapp in the root. The
// same files give the same bytes, so that what a server has can be compared.
func Zip() ([]byte, error) {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	files := FS()
	// WalkDir goes by name; a header without a time has none.
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pack the plugin: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the plugin: %w", err)
	}
	return packed.Bytes(), nil
}
