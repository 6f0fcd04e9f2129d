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
		text, err := readSecret(file.text)
		if err != nil {
			l.problem(k.name+fileSuffix, file.place, err.Error())
			continue
		}
		l.values[k.name] = value{text: text, place: file.place}
	}
}

// ReadSecret reads a secret from a file that only its owner can read, without the
// end of its last line.
func ReadSecret(file string) (Secret, error) {
	text, err := readSecret(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return Secret(text), nil
}

func readSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", errors.New("cannot be read: " + reason(err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others can read the file (mode %04o): chmod 600, or mount the secret with mode 0400", info.Mode().Perm())
	}
	data, err := readBounded(file)
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		return "", errors.New("cannot be read: " + reason(err))
	case text == "":
		return "", errors.New("the file is empty")
	}
	return text, nil
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
