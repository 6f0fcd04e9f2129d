package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// secrets puts the text of the files in the place of the secrets.
func (l *loader) secrets() {
	for _, k := range keys {
		if !k.secret {
			continue
		}
		file, given := l.values[k.name+fileSuffix]
		if !given {
			continue
		}
		delete(l.values, k.name+fileSuffix)
		if _, both := l.values[k.name]; both {
			l.problem(k.name, file.place, "both "+k.name+" and "+k.name+fileSuffix+" are set: keep one")
			continue
		}
		info, err := os.Stat(file.text)
		if err != nil {
			l.problem(k.name+fileSuffix, file.place, "cannot be read: "+reason(err))
			continue
		}
		if info.Mode().Perm()&0o077 != 0 {
			l.problem(k.name+fileSuffix, file.place, fmt.Sprintf("others can read the file (mode %04o): chmod 600, or mount the secret with mode 0400", info.Mode().Perm()))
			continue
		}
		data, err := readBounded(file.text)
		text := strings.TrimRight(string(data), "\r\n")
		switch {
		case err != nil:
			l.problem(k.name+fileSuffix, file.place, "cannot be read: "+reason(err))
		case text == "":
			l.problem(k.name+fileSuffix, file.place, "the file is empty")
		default:
			l.values[k.name] = value{text: text, place: file.place}
		}
	}
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSettingsSize {
		return nil, errors.New("larger than 1 MiB")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
}
