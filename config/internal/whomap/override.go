package whomap

import (
	"regexp"

	"github.com/nehrbridge/nehrbridge/mapper"
)

// override replaces what the rules would make of a data element. Each has its
// reason, which becomes a comment in the map.
type override struct {
	kind     mapper.Kind
	code     *mapper.Code // instead of the metadata's
	plain    bool         // sent under the DHIS2 coding alone: the metadata's code says something else
	also     bool         // the metadata's SNOMED code asks the same question as its LOINC code
	unit     string       // UCUM
	category mapper.Category
	role     mapper.Role
	why      string // why it is not sent, for kind none
	reason   string // why the override stands
}

func loinc(code, display string) *mapper.Code {
	return &mapper.Code{System: mapper.LOINC, Code: code, Display: display}
}

const (
	unitSaid  = "the unit is in the element's description in the metadata"
	unitRange = "the unit follows from the program rule that limits its range"
	wholeDose = "the metadata codes it as unit dose, which names neither the medicine nor its amount"
)

var overrides = map[string]override{
	// Woman's profile and history.
	"w4ky6EkVahL": {also: true, role: mapper.RoleLastPeriod, category: mapper.Survey, reason: "both codes are the date of the last period"},
	"Ru01omP2WCQ": {kind: mapper.KindDueDate, role: mapper.RoleDueDate, category: mapper.Survey,
		reason: "11778-8 and not 11779-6 or 11780-4: the date may come from the last period or from ultrasound, and another element says from which"},
	"w9p8MQDRyMr": {unit: "wk", role: mapper.RoleWeeks, category: mapper.Exam, reason: "the program rule assigns whole weeks since the last period"},
	"PuiTfPfSf86": {kind: mapper.KindCount, also: true, reason: "both codes are the number of pregnancies"},
	"I7dvwZGNgE8": {kind: mapper.KindCount, reason: "here the number of live births and stillbirths, which is what 64708-1 counts"},
	"j3lxVBnaXmy": {kind: mapper.KindCount, reason: "a number of operations"},
	"lbXGlVlv2cI": {plain: true, reason: "without the metadata's code 1182007, which is that of anti-hypertensives"},
	"HJoJdH40oDr": {plain: true, reason: "without the metadata's code 256214007, which is chamomile and not an allergy to it"},
	"kmuwppCwxJJ": {plain: true, reason: "without the metadata's code 227400003, which is ginger and not an allergy to it"},

	// Physical examinations. The first reading of each pressure makes the one
	// blood pressure; a repeated reading is an Observation of its own, because
	// it is another measurement.
	"M4HEOoEFTAT": {kind: mapper.KindSystolic, category: mapper.VitalSigns, reason: "the two become one blood pressure"},
	"dyYdfamSY2Z": {kind: mapper.KindDiastolic, category: mapper.VitalSigns, reason: "the two become one blood pressure"},
	"ZkCYYlI4xe7": {unit: "mm[Hg]", category: mapper.VitalSigns, reason: "a repeated reading is not part of the first blood pressure"},
	"MqZDsOZm4yD": {unit: "mm[Hg]", category: mapper.VitalSigns, reason: "a repeated reading is not part of the first blood pressure"},
	"H90qsZViPcS": {unit: "kg", also: true, category: mapper.VitalSigns, reason: unitSaid},
	"kFwQfziJLEt": {unit: "kg", reason: unitSaid},
	"J3ijwQYXVSV": {unit: "kg", reason: "the unit is in its name"},
	"TcOkQ8Qqmlt": {unit: "cm", also: true, category: mapper.VitalSigns, reason: unitSaid},
	"UZnz5QLRvcr": {unit: "kg/m2", also: true, category: mapper.VitalSigns, reason: "the program rule divides kilograms by square metres"},
	"L6Toy2TrHHq": {unit: "Cel", also: true, category: mapper.VitalSigns, reason: unitSaid},
	"bD4NiKnA2dv": {unit: "Cel", also: true, category: mapper.VitalSigns, reason: unitRange},
	"C47wV4EBLaS": {unit: "/min", code: loinc("8867-4", "Heart rate"), category: mapper.VitalSigns,
		reason: "8867-4 and not 8884-9, which is the rhythm"},
	"CwhmldBP0wn": {unit: "/min", code: loinc("8867-4", "Heart rate"), category: mapper.VitalSigns,
		reason: "8867-4 and not 8884-9, which is the rhythm"},
	"cY03odVgQqq": {unit: "/min", also: true, reason: unitSaid},
	"VLcb1WBMTIH": {unit: "/min", also: true, reason: "a repeated reading of the fetal heart rate"},
	"W4YjeKjlOC1": {unit: "%", category: mapper.VitalSigns, reason: unitSaid},
	"aeG9oHmX3Bs": {unit: "cm", reason: unitSaid},
	"fjZ4KQpS1QS": {unit: "cm", also: true, role: mapper.RoleFundalHeight, reason: unitSaid},
	"PN6HcGjTraL": {kind: mapper.KindCount, reason: "a number of fetuses"},

	// Laboratory tests and imaging.
	"yeZTdZuEZT6": {unit: "g/dL", code: loinc("718-7", "Hemoglobin [Mass/volume] in Blood"), category: mapper.Laboratory, role: mapper.RoleHaemoglobin,
		reason: "718-7 and not SNOMED CT 118246004, which is any laboratory finding; " + unitSaid},
	"wi3jkKJNjr7": {unit: "mg/dL", category: mapper.Laboratory, role: mapper.RoleBloodSugar, reason: unitSaid},
	"IaZ8XZtmpUo": {category: mapper.Laboratory, reason: "neither name, description nor a rule says the unit"},
	"uE79T1mX1D4": {category: mapper.Laboratory, reason: "neither name, description nor a rule says the unit"},

	// Counselling and treatment.
	"maAtPdJhov5": {plain: true, reason: "without the metadata's code 199312002, which it gives to two different risks"},
	"tSzje3cW2hQ": {plain: true, reason: "without the metadata's code 199312002, which it gives to two different risks"},
	"lzrXSuHT1wT": {kind: mapper.KindNone, why: wholeDose, reason: "no guess about a dose"},
	"rHmzXMPtE73": {kind: mapper.KindNone, why: wholeDose, reason: "no guess about a dose"},
	"Kb6kZzUCJi1": {kind: mapper.KindNone, why: wholeDose, reason: "no guess about a dose"},
	"wEiyT62easj": {kind: mapper.KindNone, why: wholeDose, reason: "no guess about a dose"},
	"rK5UixnFwlQ": {kind: mapper.KindNone, why: wholeDose, reason: "no guess about a dose"},
	"PuQr8e9AqY6": {kind: mapper.KindNone, why: wholeDose, reason: "no guess about a dose"},
}

// displays are the official names of codes that the metadata carries without
// a name. A code that is not here is shown by what the form asks.
var displays = map[string]string{
	"8665-2": "Last menstrual period start date", "11778-8": "Delivery date Estimated", "11996-6": "[#] Pregnancies",
	"8310-5": "Body temperature", "8302-2": "Body height", "29463-7": "Body weight", "39156-5": "Body mass index (BMI) [Ratio]",
	"8480-6": "Systolic blood pressure", "8462-4": "Diastolic blood pressure", "55283-6": "Fetal Heart rate",
	"11881-0": "Uterus Fundal height Tape measure", "26515-7": "Platelets [#/volume] in Blood", "26464-8": "Leukocytes [#/volume] in Blood",
	"30952-6":  "Date and time of vaccination",
	"11687002": "Gestational diabetes mellitus", "73211009": "Diabetes mellitus", "46635009": "Diabetes mellitus type 1",
	"44054006": "Diabetes mellitus type 2", "38341003": "Hypertension", "90708001": "Kidney disease", "84757009": "Epilepsy",
	"91175000": "Seizure", "26237000": "Ankle edema", "267038008": "Edema", "267029006": "Pallor", "25064002": "Headache",
	"79922009": "Epigastric pain", "422400008": "Vomiting", "404640003": "Dizziness", "63102001": "Visual disturbance",
	"249045009": "Fetal heart sounds present", "57036006": "Length of gestation", "716186003": "No known allergy",
	"91936005": "Allergy to penicillin", "47821001": "Postpartum hemorrhage", "386725007": "Body temperature",
	"27113001": "Body weight", "50373000": "Body height", "60621009": "Body mass index", "271649006": "Systolic blood pressure",
	"271650006": "Diastolic blood pressure", "249043002": "Fetal heart rate", "249016007": "Fundal height",
	"21840007": "Date of last menstrual period", "161714006": "Estimated date of delivery", "161732006": "Gravida",
	"365812005": "Finding of blood glucose level", "439272007": "Date of procedure", "3457005": "Patient referral",
	"360253007": "Asthma medication", "261665006": "Unknown", "46764007": "Severe pre-eclampsia", "11448-8": "Blood disorders",
}

// labelled are the words that make an answer sensitive (HL7 v3-ActCode).
var labelled = []struct {
	pattern *regexp.Regexp
	label   mapper.Label
}{
	{regexp.MustCompile(`HIV|PrEP|ARVs`), "HIV"},
	{regexp.MustCompile(`(?i)syphilis`), "STD"},
	{regexp.MustCompile(`(?i)violence|abuse|IPV`), "SDV"},
	{regexp.MustCompile(`(?i)alcohol|substance|cocaine|marijuana|injectable`), "SUD"},
}
