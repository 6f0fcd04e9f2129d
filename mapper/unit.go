package mapper

// units holds the UCUM codes that a map may use and the text that people read
// (https://ucum.org). A unit that is not here is refused when the map is
// loaded: a wrong unit is a wrong fact.
var units = map[string]string{
	"wk":          "weeks",
	"d":           "days",
	"h":           "hours",
	"min":         "minutes",
	"mo":          "months",
	"a":           "years",
	"cm":          "cm",
	"mm":          "mm",
	"kg":          "kg",
	"g":           "g",
	"kg/m2":       "kg/m2",
	"mm[Hg]":      "mmHg",
	"mg/dL":       "mg/dL",
	"g/dL":        "g/dL",
	"g/L":         "g/L",
	"mmol/L":      "mmol/L",
	"umol/L":      "umol/L",
	"ng/mL":       "ng/mL",
	"[IU]/mL":     "IU/mL",
	"U/L":         "U/L",
	"%":           "%",
	"/min":        "per minute",
	"Cel":         "degrees Celsius",
	"mL":          "mL",
	"L":           "L",
	"10*3/uL":     "10*3/uL",
	"10*9/L":      "10*9/L",
	"10*12/L":     "10*12/L",
	"fL":          "fL",
	"pg":          "pg",
	"mg":          "mg",
	"ug":          "ug",
	"{tbl}":       "tablets",
	"{score}":     "score",
	"1":           "",
	"/uL":         "per microlitre",
	"{copies}/mL": "copies per mL",
}

// UnitText is the text of a UCUM code, and whether a map may use it.
func UnitText(code string) (string, bool) {
	text, ok := units[code]
	return text, ok
}
