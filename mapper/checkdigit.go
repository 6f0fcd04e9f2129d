package mapper

import "strings"

// validLOINC checks the form nnnnn-c with LOINC's mod 10 check digit (LOINC
// Users' Guide, appendix "Calculating mod 10 check digits").
func validLOINC(code string) bool {
	number, check, ok := strings.Cut(code, "-")
	if !ok || len(check) != 1 || len(number) < 1 || len(number) > 7 || !onlyDigits(number) || !onlyDigits(check) {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10-sum%10)%10 == int(check[0]-'0')
}

// validSNOMED checks a SNOMED CT concept identifier: 6 to 18 digits, the
// partition identifier of a concept of the international edition (00) and the
// Verhoeff check digit (SNOMED CT Release File Specifications 6.3, 6.4).
// Identifiers of national extensions (partition 10) are refused: readers
// outside that nation cannot look them up (D-010).
func validSNOMED(code string) bool {
	if len(code) < 6 || len(code) > 18 || !onlyDigits(code) || code[0] == '0' {
		return false
	}
	if code[len(code)-3:len(code)-1] != "00" {
		return false
	}
	check := 0
	for i := range len(code) {
		d := int(code[len(code)-1-i] - '0')
		check = verhoeffD[check][verhoeffP[i%8][d]]
	}
	return check == 0
}

// validATC checks a WHO ATC code of level 3 to 5: A11G, A11GA, A11GA01.
func validATC(code string) bool {
	const form = "LDDLLDD"
	if len(code) != 4 && len(code) != 5 && len(code) != 7 {
		return false
	}
	for i := range len(code) {
		c := code[i]
		if (form[i] == 'D') != ('0' <= c && c <= '9') || (form[i] == 'L' && (c < 'A' || c > 'Z')) {
			return false
		}
	}
	return true
}

func onlyDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// The multiplication and permutation tables of Verhoeff's scheme.
var verhoeffD = [10][10]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
	{2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
	{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
	{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
	{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
}

var verhoeffP = [8][10]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
	{5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
	{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
	{2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
}
