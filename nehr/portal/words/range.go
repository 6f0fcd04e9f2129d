package words

import (
	"strconv"
)

// Status is how a value stands to what is usual in pregnancy.
type Status string

// The states of a value. They are words on a page, no diagnosis.
const (
	Usual  Status = "usual"
	Low    Status = "low"
	High   Status = "high"
	Danger Status = "danger" // needs care today
	// Unknown: there is no usual range, or the value has another unit.
	Unknown Status = ""
)

// Range is what is usual in pregnancy for one measurement.
type Range struct {
	Unit string // UCUM, which a value must have to be held against it
	// Low and High are the usual values, both inclusive; empty does not limit.
	Low, High string
	// Below VeryLow, and from VeryHigh on, are danger signs.
	VeryLow, VeryHigh string
	// Source says where the figures are from.
	Source string
	// Page is the key of the sentence that explains the measurement.
	Page string
}

const (
	loinc = "http://loinc.org"
	who16 = "WHO recommendations on antenatal care for a positive pregnancy experience, 2016"
)

// ranges are by LOINC code. Ranges that depend on the week (fundal height) have none
// here: a figure without its week would be wrong.
var ranges = map[string]Range{
	// Anaemia in pregnancy below 11 g/dL, severe below 7 (WHO 2011,
	// WHO/NMH/NHD/MNM/11.1). There is no upper figure in it.
	"718-7": {Unit: "g/dL", Low: "11", VeryLow: "7", Source: "WHO haemoglobin concentrations for the diagnosis of anaemia, 2011", Page: "about_haemoglobin"},
	// Hypertension in pregnancy from 140/90, severe from 160/110 (WHO 2011, on
	// pre-eclampsia and eclampsia). Below 90/60 is low.
	"8480-6": {Unit: "mm[Hg]", Low: "90", High: "139", VeryHigh: "160", Source: "WHO recommendations for pre-eclampsia and eclampsia, 2011", Page: "about_pressure"},
	"8462-4": {Unit: "mm[Hg]", Low: "60", High: "89", VeryHigh: "110", Source: "WHO recommendations for pre-eclampsia and eclampsia, 2011", Page: "about_pressure"},
	// The form does not say whether she had fasted. At any time of the day 200 and
	// more is diabetes in pregnancy (WHO 2013, 11.1 mmol/L at random with symptoms or
	// 2 h after 75 g); 140 is the lower bound of the 2 h value of WHO 1999 and asks
	// for a test.
	"2339-0": {Unit: "mg/dL", Low: "60", High: "139", VeryHigh: "200", Source: who16, Page: "about_sugar"},
}

// RangeOf gives the usual range for a LOINC code, or false.
func RangeOf(code string) (Range, bool) {
	r, known := ranges[code]
	return r, known
}

// Judge holds a value of a LOINC code, with its UCUM unit, against what is usual.
func Judge(code, value, unit string) Status {
	r, known := ranges[code]
	if !known || unit != r.Unit {
		return Unknown
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || v < 0 {
		return Unknown
	}
	bound := func(s string, beyond func(v, bound float64) bool) bool {
		b, err := strconv.ParseFloat(s, 64)
		return err == nil && beyond(v, b)
	}
	below := func(v, b float64) bool { return v < b }
	above := func(v, b float64) bool { return v > b }
	switch {
	case bound(r.VeryLow, below), bound(r.VeryHigh, func(v, b float64) bool { return v >= b }):
		return Danger
	case bound(r.Low, below):
		return Low
	case bound(r.High, above):
		return High
	}
	return Usual
}
