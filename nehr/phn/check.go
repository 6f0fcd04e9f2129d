package phn

import "strings"

// regenstrief is the check digit of the Regenstrief Institute: Luhn's, where a
// letter weighs its ASCII code less 48. From the right every second character
// starting with the last is doubled, less 9 for each whole five in it.
func regenstrief(payload string) byte {
	sum := 0
	for i := 0; i < len(payload); i++ {
		v := int(payload[len(payload)-1-i]) - '0'
		if i%2 == 0 {
			v = 2*v - v/5*9
		}
		sum += v
	}
	return byte('0' + (10-sum%10)%10)
}

// luhn26 is Luhn's check character modulo 26: characters weigh their place in
// the demo's alphabet, and doubled ones the sum of their two digits to base 26.
func luhn26(payload string) byte {
	const n = len(demoAlphabet)
	sum := 0
	for i := 0; i < len(payload); i++ {
		v := strings.IndexByte(demoAlphabet, payload[len(payload)-1-i])
		if i%2 == 0 {
			v = 2*v/n + 2*v%n
		}
		sum += v
	}
	return demoAlphabet[(n-sum%n)%n]
}

// luhn10 is the check digit of CHIMS: Luhn's, where letters weigh 10 to 35 and
// what is doubled loses 9 once, not for each digit.
func luhn10(payload string) byte {
	sum := 0
	for i := 0; i < len(payload); i++ {
		c := payload[len(payload)-1-i]
		v := int(c) - '0'
		if !isDigit(c) {
			v = int(c) - 'A' + 10
		}
		if i%2 == 0 {
			if v *= 2; v >= 10 {
				v -= 9
			}
		}
		sum += v
	}
	return byte('0' + sum*9%10)
}
