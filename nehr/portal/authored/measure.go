package authored

import (
	"github.com/nehrbridge/nehrbridge/nehr"
)

// Measure is one thing that can be observed.
type Measure struct {
	// Code is its LOINC code, the one that the maps write.
	Code    string
	Display string
	// Parts are the values that it consists of: one, whose code is its own, or the two
	// of a blood pressure.
	Parts    []Part
	Unit     string // UCUM
	UnitText string
	Category nehr.Category
}

// Part is one value of a measure.
type Part struct {
	Code string
	// Low and High bound what is taken for a value, both inclusive: what lies beyond is
	// a slip, and is asked for again.
	Low, High float64
}

const bloodPressure = "85354-9"

// Measures are all of them, in the order in which they are offered. Codes, units and
// categories are those that the maps of this project write, so that what a specialist
// measures stands in one curve with what the midwife did.
var Measures = []Measure{
	{Code: bloodPressure, Display: "Blood Pressure", Unit: "mm[Hg]", UnitText: "mmHg", Category: nehr.CategoryVitalSigns,
		Parts: []Part{{"8480-6", 50, 300}, {"8462-4", 20, 200}}},
	{Code: "8867-4", Display: "Heart rate", Unit: "/min", UnitText: "per minute", Category: nehr.CategoryVitalSigns, Parts: []Part{{"8867-4", 20, 250}}},
	{Code: "8310-5", Display: "Body temperature", Unit: "Cel", UnitText: "degrees Celsius", Category: nehr.CategoryVitalSigns, Parts: []Part{{"8310-5", 30, 45}}},
	{Code: "29463-7", Display: "Body weight", Unit: "kg", UnitText: "kg", Category: nehr.CategoryVitalSigns, Parts: []Part{{"29463-7", 20, 300}}},
	{Code: "718-7", Display: "Hemoglobin [Mass/volume] in Blood", Unit: "g/dL", UnitText: "g/dL", Category: nehr.CategoryLaboratory, Parts: []Part{{"718-7", 2, 25}}},
	{Code: "2339-0", Display: "Glucose [Mass/volume] in Blood", Unit: "mg/dL", UnitText: "mg/dL", Category: nehr.CategoryLaboratory, Parts: []Part{{"2339-0", 20, 800}}},
	{Code: "11881-0", Display: "Uterus Fundal height Tape measure", Unit: "cm", UnitText: "cm", Category: nehr.CategoryExam, Parts: []Part{{"11881-0", 5, 60}}},
	{Code: "55283-6", Display: "Fetal Heart rate", Unit: "/min", UnitText: "per minute", Category: nehr.CategoryExam, Parts: []Part{{"55283-6", 50, 240}}},
}

// MeasureOf gives the measure of a LOINC code, or false.
func MeasureOf(code string) (Measure, bool) {
	for _, m := range Measures {
		if m.Code == code {
			return m, true
		}
	}
	return Measure{}, false
}
