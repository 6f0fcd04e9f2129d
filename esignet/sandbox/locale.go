package sandbox

import "strings"

// iso3 turns the two letters of BCP 47 into those of ISO 639-3, which the mock
// identity system stores.
var iso3 = map[string]string{
	"en": "eng", "si": "sin", "ta": "tam", "fr": "fra", "ar": "ara", "hi": "hin", "kn": "kan", "ml": "mal", "te": "tel",
	"bn": "ben", "ur": "urd", "es": "spa", "pt": "por", "de": "deu", "it": "ita", "nl": "nld", "km": "khm", "am": "amh",
	"sw": "swa", "fil": "fil", "id": "ind", "ms": "msa", "th": "tha", "zh": "zho", "ja": "jpn", "ru": "rus", "no": "nor",
}

// toISO3 gives the three letters of a language tag: en-LK and en become eng,
// what is unknown stays.
func toISO3(tag string) string {
	tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
	if three, ok := iso3[tag]; ok {
		return three
	}
	return tag
}

// toISO2 is the way back, for the suffixes of 2.0.
func toISO2(three string) string {
	for two, t := range iso3 {
		if t == three {
			return two
		}
	}
	return three
}

// isISO3 tells whether code is a language as the server's runtime knows it.
func isISO3(code string) bool {
	for _, three := range iso3 {
		if three == code {
			return true
		}
	}
	return false
}
