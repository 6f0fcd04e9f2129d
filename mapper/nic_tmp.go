package mapper

import "errors"

func parseNIC(s string) (string, error) {
	if len(s) == 12 && onlyDigits(s) {
		return s, nil
	}
	if len(s) == 10 && onlyDigits(s[:9]) && (s[9]|0x20 == 'v' || s[9]|0x20 == 'x') {
		return s, nil
	}
	return "", errors.New("form")
}
