package mapper

import "github.com/nyaruka/phonenumbers"

// e164 writes a telephone number with its country code (ITU-T E.164). ok is
// false, and the text comes back as it was, where it is no possible number.
func e164(text, region string) (string, bool) {
	n, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return text, false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

func knownRegion(region string) bool { return phonenumbers.GetCountryCodeForRegion(region) != 0 }
